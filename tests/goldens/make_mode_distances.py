"""Writes torch_mode_distance.tsv: how far PyTorch's faster modes are from its float64 in the first step on
simpsons_subset, relative L2, tensor by tensor.

    python3 make_mode_distances.py FLOAT64.npz CHANNELS_LAST.npz BF16.npz

Each is step1.npz of the reference run on simpsons_subset (--steps 1): with --double, with --channels-last, and with the
forward pass under torch.autocast("cpu", dtype=torch.bfloat16). Made with torch 2.13.0 on a Zen 4."""
import os
import sys

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
truth, *modes = (np.load(path) for path in sys.argv[1:])


def is_noise(name):  # the bias of a convolution in front of a BatchNorm has no true gradient
    return name.startswith("block") and name.endswith((".0.bias", ".3.bias"))


with open(f"{HERE}/torch_mode_distance.tsv", "w") as out:
    out.write("# mode\tkind\ttensor\trelative L2 distance from PyTorch's float64\n")
    for mode, values in zip(("channels_last", "bf16"), modes):
        for name in truth.files:
            if name in ("input", "target") or is_noise(name):
                continue
            exact = truth[name].astype(float)
            distance = np.linalg.norm(values[name].astype(float) - exact) / np.linalg.norm(exact)
            kind, tensor = ("logits", "step1") if name == "logits" else ("gradient", name)
            out.write(f"{mode}\t{kind}\t{tensor}\t{distance:.3e}\n")
