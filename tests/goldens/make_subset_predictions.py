#!/usr/bin/env python3
"""Writes what PyTorch predicts for the subset's test pictures with a network that anyone can rebuild.

    python3 make_subset_predictions.py REFERENCE_SCRIPT RUN

REFERENCE_SCRIPT is bart_reference.py, RUN an OUT folder of it on the subset (its init.npz and inference_images are
read). The network has the initial weights of seed 10, with two changes that make its answers differ from picture to
picture: running statistics as they are after the first 64 test pictures, and the last layer's weight times 30.
Writes, beside this script:
  subset_statistics.csv   the running statistics, in hexadecimal floats
  subset_predictions.csv  file, predicted class index, and the probabilities of that class and of 0, 10, 20, 30, 40
"""
import importlib.util, pathlib, re, sys
import numpy as np, torch
from PIL import Image

spec = importlib.util.spec_from_file_location("bart_reference", sys.argv[1])
reference = importlib.util.module_from_spec(spec)
spec.loader.exec_module(reference)
here = pathlib.Path(__file__).parent
run = pathlib.Path(sys.argv[2])

model = reference.Bart(42)
model.load_state_dict({k: torch.from_numpy(v) for k, v in np.load(run / "init.npz").items()})
files = sorted((run / "inference_images").glob("*.jpg"), key=lambda path: int(re.search(r"\d+", path.name)[0]))
pixels = np.stack([np.array(Image.open(path).resize((128, 128))) for path in files])
x = torch.tensor(pixels, dtype=torch.float32).permute(0, 3, 1, 2).contiguous() / 255.0

with torch.no_grad():
    model.classification_head[7].weight *= 30
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = 1.0
    model.train()
    model(x[:64])
    model.eval()
    probabilities = torch.cat([model(part).softmax(1) for part in x.split(32)])

with open(here / "subset_statistics.csv", "w") as out:
    out.write("tensor,values\n")
    for name, tensor in model.state_dict().items():
        if name.endswith(("running_mean", "running_var")):
            out.write(name + "," + " ".join(float(v).hex() for v in tensor) + "\n")
with open(here / "subset_predictions.csv", "w") as out:
    out.write("file,class,p,p0,p10,p20,p30,p40\n")
    for path, row in zip(files, probabilities):
        c = int(row.argmax())
        out.write(f"{path.name},{c}," + ",".join(f"{row[i]:.9g}" for i in (c, 0, 10, 20, 30, 40)) + "\n")
print("classes predicted:", len(set(probabilities.argmax(1).tolist())), "smallest margin:",
      float((probabilities.topk(2).values[:, 0] - probabilities.topk(2).values[:, 1]).min()))
