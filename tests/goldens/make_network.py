#!/usr/bin/env python3
"""Writes network_initial_state.tsv and network_dropout.tsv beside this file. Needs torch 2.13.0 (CPU)."""
import os

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from torch_network import Network, crc32

HERE = os.path.dirname(os.path.abspath(__file__))
# As in tests/network/initial_state_test.cpp.
NETWORKS = {
    "default_42_seed_10": (10, dict(classes=42)),
    "two_blocks_seed_0": (0, dict(classes=3, image_size=20, blocks=[(5, .25), (7, .5)], hidden=[(11, .5)])),
    "no_hidden_seed_4294967295": (2 ** 32 - 1, dict(classes=2, image_size=8, blocks=[(6, 0.)], hidden=[])),
}
with open(f"{HERE}/network_initial_state.tsv", "w") as out:
    print("# network\ttensor\tshape\tCRC-32 of its values (float32; int64 for num_batches_tracked)", file=out)
    for name, (seed, arguments) in NETWORKS.items():
        torch.manual_seed(seed)
        for key, value in Network(**arguments).state_dict().items():
            print(name, key, "x".join(map(str, value.shape)), crc32(value.numpy()), sep="\t", file=out)
    for name, (seed, arguments) in NETWORKS.items():
        model = Network(**arguments)
        torch.manual_seed(seed)
        layers = [m for m in model.modules() if isinstance(m, (nn.Conv2d, nn.Linear))]
        for layer in layers:
            nn.init.kaiming_uniform_(layer.weight, nonlinearity="relu")
            nn.init.zeros_(layer.bias)
        nn.init.zeros_(layers[-1].weight)
        for key, value in model.state_dict().items():
            print("he_" + name, key, "x".join(map(str, value.shape)), crc32(value.numpy()), sep="\t", file=out)

# Training on 1657 pictures in batches of 32, then a validation, then training goes on: the dropout layers alone
# (nothing else draws from the global generator), fed with ones, so that a zero is a mask's.
torch.manual_seed(10)
model = Network(42)
layers = [m for m in model.modules() if isinstance(m, (nn.Dropout2d, nn.Dropout))]
shapes = [(32, 64, 64), (64, 32, 32), (128, 16, 16), (256, 8, 8), (512,), (256,)]
validation = DataLoader(TensorDataset(torch.zeros(415)), batch_size=32, shuffle=False)
with open(f"{HERE}/network_dropout.tsv", "w") as out:
    print("# step\tbatch size\tCRC-32 of the keep flags of each dropout layer", file=out)
    step = 0
    for epoch in range(2):
        for n in [32] * 51 + [25]:
            step += 1
            masks = [layer(torch.ones(n, *shape)) != 0 for layer, shape in zip(layers, shapes)]
            masks = [m[:, :, 0, 0] if m.dim() == 4 else m for m in masks]
            if step in (1, 2, 52, 53):
                print(step, n, *(crc32(m.numpy().astype("uint8")) for m in masks), sep="\t", file=out)
        for _ in validation:
            pass
