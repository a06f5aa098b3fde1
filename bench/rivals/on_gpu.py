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


def median_rate(amount, work):
    """The amount per second of a call, which is repeated."""
    seconds = []
    for _ in range(20):
        torch.cuda.synchronize()
        start = time.perf_counter()
        work()
        torch.cuda.synchronize()
        seconds.append(time.perf_counter() - start)
    return amount / statistics.median(seconds[5:])


def print_limit():
    """The fastest product of large matrices (cuBLAS) and copy of this GPU."""
    n = 8192
    for name, dtype, tf32 in (("f32", torch.float32, False), ("TF32", torch.float32, True), ("bf16", torch.bfloat16, True)):
        torch.backends.cuda.matmul.allow_tf32 = tf32
        a, b = (torch.randn(n, n, device="cuda", dtype=dtype) for _ in range(2))
        print(f"product of {n} x {n} in {name}: {median_rate(2e-12 * n ** 3, lambda: a @ b):.0f} TFLOP/s")
    x = torch.empty(1 << 30, dtype=torch.uint8, device="cuda")
    y = torch.empty_like(x)
    print(f"copy: {median_rate(2e-9 * len(x), lambda: y.copy_(x)):.0f} GB/s, read plus written")


print(torch.cuda.get_device_name(0), "torch", torch.__version__)
print_limit()
modes = {
    "eager f32": (False, False, False, False),
    "eager TF32": (False, False, False, True),
    "channels_last TF32": (True, False, False, True),
    "channels_last bf16": (True, True, False, True),
    "compiled f32, CUDA graphs": (True, False, True, False),
    "compiled TF32, CUDA graphs": (True, False, True, True),
    "compiled bf16, CUDA graphs": (True, True, True, True),
}
for size in (int(word) for word in sys.argv[1:]):
    for name, mode in modes.items():
        print(f"{name:28} batch {size:4}: training {rate(size, *mode):9.0f} images/s", flush=True)
