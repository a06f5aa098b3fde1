"""How far the first step on a GPU is from float64: BART in each precision beside PyTorch in each of its modes.

    python3 gpu_parity.py BART [DEVICE]      BART: the program; DEVICE: cuda (the default), cuda:1 or cpu

BART draws 32 pictures and trains one step on all of them, so that the order in the batch does not matter, without
dropout. Its gradients are read from the checkpoint, in which the first moment of Adam is a tenth of them. PyTorch takes
the same step from the same weights, in float64 on the processor and in its modes on the device."""
import json
import pathlib
import struct
import subprocess
import sys
import tempfile

import numpy
import torch
from PIL import Image
from torch import nn

CLASSES, PER_CLASS = 4, 8
TRAIN = ["--test-size", "0", "--bs", str(CLASSES * PER_CLASS), "--dropout", "0,0,0,0,0,0", "--quiet"]


def safetensors(path):
    data = path.read_bytes()
    size = struct.unpack("<Q", data[:8])[0]
    types = {"F32": numpy.float32, "F64": numpy.float64, "I64": numpy.int64}
    tensors = {}
    for name, entry in json.loads(data[8:8 + size]).items():
        if name == "__metadata__" or entry["dtype"] not in types:
            continue
        begin, end = entry["data_offsets"]
        flat = numpy.frombuffer(data[8 + size + begin:8 + size + end], types[entry["dtype"]])
        tensors[name] = torch.from_numpy(flat.reshape(entry["shape"]).copy())
    return tensors


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        channels = 3
        for number, width in enumerate((32, 64, 128, 256), 1):
            block = nn.Sequential(
                nn.Conv2d(channels, width, 3, padding="same"), nn.BatchNorm2d(width), nn.ReLU(),
                nn.Conv2d(width, width, 3, padding="same"), nn.BatchNorm2d(width), nn.ReLU(), nn.MaxPool2d(2))
            setattr(self, f"block{number}", block)
            channels = width
        self.classification_head = nn.Sequential(
            nn.Flatten(), nn.Linear(256 * 8 * 8, 512), nn.ReLU(), nn.Dropout(0), nn.Linear(512, 256), nn.ReLU(),
            nn.Dropout(0), nn.Linear(256, CLASSES))

    def forward(self, x):
        return self.classification_head(self.block4(self.block3(self.block2(self.block1(x)))))


def step(state, pictures, labels, device, dtype=torch.float32, channels_last=False, bf16=False, tf32=False):
    torch.backends.cudnn.allow_tf32 = tf32
    torch.backends.cuda.matmul.allow_tf32 = False  # PyTorch's default
    layout = torch.channels_last if channels_last else torch.contiguous_format
    network = Network()
    network.load_state_dict(state)
    network = network.to(device, dtype).to(memory_format=layout)
    x = (pictures.to(device).to(dtype) / 255).to(memory_format=layout)
    with torch.autocast(device.split(":")[0], torch.bfloat16, enabled=bf16):
        loss = nn.functional.cross_entropy(network(x), labels.to(device))
    loss.backward()
    gradients = {name: value.grad.double().cpu() for name, value in network.named_parameters()}
    return loss.item(), gradients


def bart_step(bart, folder, precision, device):
    out = folder / precision
    subprocess.run([bart, "train", "faces", *TRAIN, "--no-report", "--max-steps", "1", "--precision", precision,
                    "--device", device, "--out", out.name], cwd=folder, check=True)
    loss = float((out / "bart-run" / "steps.csv").read_text().splitlines()[1].split(",")[2])
    tensors = safetensors(next((out / "bart-run").glob("checkpoint-*.safetensors")))
    begin = "adam.exp_avg."
    # Adam: exp_avg = 0 + (1 - 0.9) * gradient, with float(1 - 0.9).
    factor = float(numpy.float32(1 - 0.9))
    return loss, {name[len(begin):]: value.double() / factor for name, value in tensors.items()
                  if name.startswith(begin)}


def main():
    bart = str(pathlib.Path(sys.argv[1]).resolve())
    device = sys.argv[2] if len(sys.argv) > 2 else "cuda"
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        sample = ["sample", "faces", "--classes", str(CLASSES), "--per-class", str(PER_CLASS), "--quiet"]
        subprocess.run([bart, *sample], cwd=folder, check=True)
        subprocess.run([bart, "train", "faces", *TRAIN, "--no-report", "--epochs", "0", "--device", "cpu", "--out",
                        "start"], cwd=folder, check=True)
        state = torch.load(folder / "start" / "BART-10M.pth", weights_only=True)
        pixels, labels = [], []
        for label, name in enumerate(sorted(path.name for path in (folder / "faces").iterdir() if path.is_dir())):
            for path in sorted((folder / "faces" / name).iterdir()):
                pixels.append(numpy.asarray(Image.open(path).resize((128, 128))))
                labels.append(label)
        pictures = torch.from_numpy(numpy.stack(pixels)).permute(0, 3, 1, 2)
        labels = torch.tensor(labels)
        truth_loss, truth = step(state, pictures, labels, "cpu", torch.float64)
        steps = {"PyTorch f32": step(state, pictures, labels, device),
                 "PyTorch f32, channels_last": step(state, pictures, labels, device, channels_last=True),
                 "PyTorch bf16 (autocast)": step(state, pictures, labels, device, bf16=True)}
        precisions = ["f32", "bf16"]
        if device != "cpu":
            steps["PyTorch TF32"] = step(state, pictures, labels, device, tf32=True)
            precisions.append("tf32")
        for precision in precisions:
            steps[f"BART {precision}"] = bart_step(bart, folder, precision, device)

    # The bias of a convolution before a BatchNorm has a gradient of zero, so that only its rounding is computed.
    names = [name for name in truth if not (name.startswith("block") and name.endswith((".0.bias", ".3.bias")))]
    width = max(map(len, names))
    print(f"{'relative L2 distance from float64':{width}}", *(f"{name:>26}" for name in steps), sep="  ")
    print(f"{'loss':{width}}", *(f"{abs(loss - truth_loss) / truth_loss:26.1e}" for loss, _ in steps.values()), sep="  ")
    for name in names:
        distances = [(found[name] - truth[name]).norm() / truth[name].norm() for _, found in steps.values()]
        print(f"{name:{width}}", *(f"{distance:26.1e}" for distance in distances), sep="  ")


main()
