"""PyTorch's training rate on a GPU in each of its modes: python3 on_gpu.py BATCH..."""
import statistics
import sys
import time

try:
    import torch
    from torch import nn
except ImportError:
    sys.exit("there is no torch for this python3: PyTorch is not measured")
if not torch.cuda.is_available():
    sys.exit("this torch finds no GPU: PyTorch is not measured")


def network():
    layers, channels = [], 3
    for width, rate in ((32, 0.25), (64, 0.25), (128, 0.4), (256, 0.4)):
        for inputs in (channels, width):
            layers += [nn.Conv2d(inputs, width, 3, padding="same"), nn.BatchNorm2d(width), nn.ReLU()]
        layers += [nn.MaxPool2d(2), nn.Dropout2d(rate)]
        channels = width
    layers.append(nn.Flatten())
    features = 256 * 8 * 8
    for width in (512, 256):
        layers += [nn.Linear(features, width), nn.ReLU(), nn.Dropout(0.5)]
        features = width
    return nn.Sequential(*layers, nn.Linear(features, 42))


def rate(batch, channels_last, bf16, compiled, tf32):
    torch.manual_seed(10)
    torch.backends.cudnn.benchmark = True
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = tf32
    layout = torch.channels_last if channels_last else torch.contiguous_format
    model = network().cuda().to(memory_format=layout)
    optimizer = torch.optim.Adam(model.parameters(), capturable=True, fused=True)
    pictures = torch.randint(256, (batch, 3, 128, 128), dtype=torch.uint8).pin_memory()
    labels = torch.randint(42, (batch,)).pin_memory()
    loss_of = nn.CrossEntropyLoss()

    def loss(x, y):
        with torch.autocast("cuda", torch.bfloat16, enabled=bf16):
            return loss_of(model(x), y)

    run = torch.compile(loss, mode="reduce-overhead") if compiled else loss
    seconds = []
    for _ in range(40):
        torch.cuda.synchronize()
        start = time.perf_counter()
        x = pictures.cuda(non_blocking=True).float().div(255).to(memory_format=layout)
        optimizer.zero_grad(set_to_none=True)
        value = run(x, labels.cuda(non_blocking=True))
        value.backward()
        optimizer.step()
        value.item()
        seconds.append(time.perf_counter() - start)
    return batch / statistics.median(seconds[10:])


print(torch.cuda.get_device_name(0), "torch", torch.__version__)
modes = {
    "eager f32": (False, False, False, False),
    "eager TF32": (False, False, False, True),
    "channels_last TF32": (True, False, False, True),
    "channels_last bf16": (True, True, False, True),
    "compiled TF32, CUDA graphs": (True, False, True, True),
    "compiled bf16, CUDA graphs": (True, True, True, True),
}
for size in (int(word) for word in sys.argv[1:]):
    for name, mode in modes.items():
        print(f"{name:28} batch {size:4}: training {rate(size, *mode):9.0f} images/s", flush=True)
