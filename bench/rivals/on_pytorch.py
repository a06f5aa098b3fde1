"""BART's network in PyTorch. A mode is f32 or bf16 (autocast), then cl for channels_last, then _-separated words: compile
(torch.compile), freeze (its constants folded), script (traced and optimized for inference), fused (the fused Adam)."""
from contextlib import nullcontext

from common import SIZE, answer, checked_picture, inference_figures, job, median_seconds, picture_files, probabilities


def network(classes):
    """With the parameter names of BART's .pth."""
    from torch import nn

    def block(inputs, outputs, dropout):
        layers = []
        for channels in (inputs, outputs):
            layers += [nn.Conv2d(channels, outputs, 3, padding="same"), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)]
        return nn.Sequential(*layers, nn.MaxPool2d(2, 2), nn.Dropout2d(dropout))

    class Bart(nn.Module):
        def __init__(self):
            super().__init__()
            self.block1, self.block2 = block(3, 32, 0.25), block(32, 64, 0.25)
            self.block3, self.block4 = block(64, 128, 0.4), block(128, 256, 0.4)
            self.classification_head = nn.Sequential(
                nn.Flatten(), nn.Linear(SIZE // 16 * (SIZE // 16) * 256, 512), nn.ReLU(inplace=True), nn.Dropout(0.5),
                nn.Linear(512, 256), nn.ReLU(inplace=True), nn.Dropout(0.5), nn.Linear(256, classes))

        def forward(self, x):
            return self.classification_head(self.block4(self.block3(self.block2(self.block1(x)))))

    return Bart()


class Mode:
    """The network, its optimizer and its memory format in one mode."""

    def __init__(self, mode, classes, threads):
        import torch
        torch.set_num_threads(threads)
        torch.manual_seed(10)
        words = mode.split("_")
        self.torch = torch
        self.words = words
        self.bf16 = words[0].startswith("bf16")
        self.memory_format = torch.channels_last if words[0].endswith("cl") else torch.contiguous_format
        self.model = network(classes).to(memory_format=self.memory_format)
        self.adam = torch.optim.Adam(self.model.parameters(), lr=1e-3, fused="fused" in words)
        self.loss = torch.nn.CrossEntropyLoss()
        self.call = torch.compile(self.model) if "compile" in words else self.model

    def input(self, x):
        return x.contiguous(memory_format=self.memory_format)

    def autocast(self):
        return self.torch.autocast("cpu", dtype=self.torch.bfloat16) if self.bf16 else nullcontext()

    def step(self, x, y):
        self.adam.zero_grad(set_to_none=True)
        with self.autocast():
            loss = self.loss(self.call(x), y)
        loss.backward()
        self.adam.step()
        return loss.item()

    def prepare_inference(self, example):
        self.model.eval()
        if "freeze" in self.words:
            import torch._inductor.config
            torch = self.torch
            torch._inductor.config.freezing = True
        if "script" in self.words:
            with self.torch.inference_mode(), self.autocast():
                self.call = self.torch.jit.optimize_for_inference(self.torch.jit.trace(self.model, example))

    def evaluate(self, x):
        with self.torch.inference_mode(), self.autocast():
            return self.call(x)


def training(task):
    mode = Mode(task["mode"], task["classes"], task["threads"])
    torch = mode.torch
    x = mode.input(torch.rand(task["bs"], 3, SIZE, SIZE))
    y = torch.randint(0, task["classes"], (task["bs"],))
    answer(training=task["bs"] / median_seconds(lambda: mode.step(x, y), task["rounds"]))


def inference(task):
    mode = Mode(task["mode"], task["classes"], task["threads"])
    torch = mode.torch
    mode.model.load_state_dict(torch.load(task["pth"], weights_only=True))
    x = mode.input(torch.rand(task["bs"], 3, SIZE, SIZE))
    mode.prepare_inference(x)
    shown = mode.input(torch.from_numpy(checked_picture(task["pixels"])))
    said = probabilities(mode.evaluate(shown).float().numpy())
    figures = inference_figures(mode.evaluate, x, mode.input(x[:1].clone()), task["rounds"])
    answer(probabilities=said, **figures)


def memory(task):
    """A training on a folder that keeps no more in memory than it must: uint8 pixels, and floats of one batch."""
    import numpy
    from PIL import Image
    files = picture_files(task["folder"])
    names = sorted({path.split("/")[-2] for path in files})
    pixels = numpy.empty((len(files), SIZE, SIZE, 3), dtype=numpy.uint8)
    for i, path in enumerate(files):
        with Image.open(path) as picture:
            pixels[i] = numpy.asarray(picture.convert("RGB").resize((SIZE, SIZE)))
    mode = Mode(task["mode"], len(names), task["threads"])
    torch = mode.torch
    labels = torch.tensor([names.index(path.split("/")[-2]) for path in files])
    order = torch.randperm(len(files))
    for step in range(3):
        rows = order[step * task["bs"]:(step + 1) * task["bs"]]
        x = torch.from_numpy(pixels[rows.numpy()]).permute(0, 3, 1, 2).float() / 255
        mode.step(mode.input(x), labels[rows])
    answer(trained=True)


def start(task):
    """From the start of the process to the first answer: imports, weights, one picture."""
    import torch
    from PIL import Image
    torch.set_num_threads(task["threads"])
    state = torch.load(task["pth"], weights_only=True)
    model = network(task["classes"])
    model.load_state_dict(state)
    model.eval()
    with Image.open(task["picture"]) as image:
        image = image.convert("RGB").resize((SIZE, SIZE))
    x = torch.frombuffer(bytearray(image.tobytes()), dtype=torch.uint8).reshape(1, SIZE, SIZE, 3)
    with torch.inference_mode():
        answer(label=model(x.permute(0, 3, 1, 2).float() / 255).argmax().item())


def version(_):
    import torch
    answer(version=torch.__version__, instructions=torch.backends.cpu.get_cpu_capability())


if __name__ == "__main__":
    task = job()
    {"training": training, "inference": inference, "memory": memory, "start": start, "version": version}[task["do"]](task)
