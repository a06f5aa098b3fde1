#!/usr/bin/env python3
"""Goldens of the ONNX export: files that ONNX's checker approves of and whose answers onnxruntime and PyTorch share.

    python3 make_onnx.py PATH/TO/bart

A small network of BART's kind with random parameters is saved as onnx_small.safetensors, converted by bart as it
is, with preprocessing and with float16 weights, and kept only if onnxruntime's probabilities are PyTorch's within
1e-5 on random pictures of many sizes, resized by Pillow. The tests then want these bytes.

Needs: torch, safetensors, onnx, onnxruntime, Pillow, numpy.
"""
import json, os, shutil, subprocess, sys, tempfile
import numpy as np, onnx, onnxruntime, torch
from PIL import Image
from safetensors.torch import save_file
from torch import nn

HERE = os.path.dirname(os.path.abspath(__file__))
SIZE = 8
CLASSES = ["Ann \"the\" First", "Bo", "Łucja"]


def block(cin, cout):
    return nn.Sequential(
        nn.Conv2d(cin, cout, 3, padding="same"), nn.BatchNorm2d(cout), nn.ReLU(),
        nn.Conv2d(cout, cout, 3, padding="same"), nn.BatchNorm2d(cout), nn.ReLU(), nn.MaxPool2d(2, 2), nn.Dropout2d())


class Small(nn.Module):
    def __init__(self):
        super().__init__()
        self.block1, self.block2 = block(3, 2), block(2, 3)
        self.classification_head = nn.Sequential(
            nn.Flatten(), nn.Linear(SIZE * SIZE // 16 * 3, 5), nn.ReLU(), nn.Dropout(), nn.Linear(5, len(CLASSES)))

    def forward(self, x):
        return self.classification_head(self.block2(self.block1(x)))


def main():
    bart = os.path.abspath(sys.argv[1])
    torch.manual_seed(3)
    model = Small().eval()
    with torch.no_grad():
        for name, value in model.state_dict().items():
            if name.endswith("running_var"):
                value.uniform_(0.1, 0.5)
            elif name.endswith("num_batches_tracked"):
                value.fill_(7)
            elif "running_mean" in name or value.dim() == 1:
                value.uniform_(-0.5, 0.5)
            else:
                value.uniform_(-1, 1)

    def probabilities(picture):
        x = torch.tensor(np.array(picture), dtype=torch.float32).permute(2, 0, 1)[None] / 255.0
        with torch.no_grad():
            return model(x).softmax(1).numpy(), x.numpy()

    rng = np.random.default_rng(5)
    pictures = [Image.fromarray(rng.integers(0, 256, (h, w, 3), dtype=np.uint8))
                for h, w in [(8, 8), (5, 3), (1, 1), (40, 12), (12, 40), (300, 9), (9, 300), (200, 131), (8, 64)]]
    with tempfile.TemporaryDirectory() as folder:
        save_file(model.state_dict(), f"{folder}/onnx_small.safetensors", metadata={"classes": json.dumps(CLASSES)})
        for name, flags in [("plain", []), ("preprocessing", ["--with-preprocessing"]), ("half", ["--half"])]:
            out = f"{folder}/onnx_small_{name}.onnx"
            subprocess.run([bart, "convert", "onnx_small.safetensors", out, "--opset", "17"] + flags, cwd=folder, check=True)
            onnx.checker.check_model(onnx.load(out), full_check=True)
            session = onnxruntime.InferenceSession(out, providers=["CPUExecutionProvider"])
            named = json.loads(session.get_modelmeta().custom_metadata_map["classes"])
            assert named == CLASSES
            farthest = 0
            for picture in pictures:
                expected, x = probabilities(picture.resize((SIZE, SIZE)))
                feed = {"image": np.array(picture)} if name == "preprocessing" else {"images": x}
                farthest = max(farthest, np.abs(session.run(None, feed)[0] - expected).max())
            print(f"{name}: {os.path.getsize(out)} bytes, farthest probability {farthest:.1e}")
            assert farthest < (1e-2 if name == "half" else 1e-5)
            if name != "preprocessing":
                batch = np.concatenate([probabilities(p.resize((SIZE, SIZE)))[1] for p in pictures])
                assert session.run(None, {"images": batch})[0].shape == (len(pictures), len(CLASSES))
        for file in os.listdir(folder):
            if file.startswith("onnx_small"):
                shutil.copy(f"{folder}/{file}", HERE)


if __name__ == "__main__":
    main()
