#!/usr/bin/env python3
"""Writes grad_cam.tsv beside this file: Grad-CAM by PyTorch's autograd in float64. Needs torch 2.13.0 (CPU)."""
import os

import torch
from torch import nn

from torch_network import Network

HERE = os.path.dirname(os.path.abspath(__file__))
# As in tests/explain/grad_cam_test.cpp.
NETWORKS = {
    "default_32": dict(classes=5, image_size=32),
    "no_hidden": dict(classes=3, image_size=24, blocks=[(6, .25), (20, .25)], hidden=[]),
}


def picture(size):
    y, x, c = torch.meshgrid(torch.arange(size), torch.arange(size), torch.arange(3), indexing="ij")
    return ((x * 7 + y * 13 + c * 29 + x * y) % 256).permute(2, 0, 1)[None].double() / 255


def uneven(model):
    """BatchNorms as a training leaves them: none of their values what they began with."""
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            i = torch.arange(module.num_features).double()
            module.running_mean[:] = (i % 7) / 64 - 3 / 64
            module.running_var[:] = (i % 5) / 8 + 1 / 2
            module.weight.data[:] = (i % 11) / 16 + 3 / 4
            module.bias.data[:] = (i % 13) / 32 - 1 / 8


with open(f"{HERE}/grad_cam.tsv", "w") as out:
    print("# network\tclass\tits logit\tthe map from the top left, not normalized", file=out)
    for name, arguments in NETWORKS.items():
        torch.manual_seed(10)
        model = Network(**arguments)
        uneven(model)
        model = model.double().eval()
        last = [m for m in model.children() if isinstance(m[0], nn.Conv2d)][-1]
        kept = {}
        last[5].register_forward_hook(lambda module, inputs, output: kept.update(features=output))
        logits = model(picture(arguments["image_size"]))[0]
        for c, logit in enumerate(logits):
            gradient = torch.autograd.grad(logit, kept["features"], retain_graph=True)[0]
            alpha = gradient.mean((2, 3), keepdim=True)
            heat = (alpha * kept["features"]).sum(1).relu()[0]
            print(name, c, f"{logit.item():.9g}", " ".join(f"{v:.9g}" for v in heat.flatten().tolist()), sep="\t", file=out)
