#!/usr/bin/env python3
"""Writes optimizers.tsv beside this file: parameters after steps of torch.optim.AdamW and SGD. Needs torch 2.13.0 (CPU).

Parameters and gradients are words of MT19937, as tests/engine/adam_test.cpp draws them.
"""
import os

import numpy as np
import torch

HERE = os.path.dirname(os.path.abspath(__file__))
COUNT, STEPS = 48, 50
SCALE = np.ldexp(np.float32(1), -(np.arange(COUNT) % 24)).astype(np.float32)


def words(random):
    drawn = random.randint(0, 2 ** 32, COUNT, dtype=np.uint32).astype(np.float32)
    return drawn * np.float32(2 ** -32) - np.float32(.5)


with open(f"{HERE}/optimizers.tsv", "w") as out:
    print("# optimizer\tsteps\tthe parameters' bits as 32-bit hexadecimal numbers", file=out)
    for name, make in {
        "adamw": lambda p: torch.optim.AdamW(p, lr=2e-3, betas=(.9, .99), eps=1e-8, weight_decay=.05, foreach=False),
        "adamw_without_decay": lambda p: torch.optim.AdamW(p, lr=2e-3, betas=(.9, .99), weight_decay=0, foreach=False),
        "sgd": lambda p: torch.optim.SGD(p, lr=.05, momentum=.9, nesterov=True, weight_decay=5e-4, foreach=False),
    }.items():
        random = np.random.RandomState(1)
        parameter = torch.nn.Parameter(torch.from_numpy(words(random)))
        optimizer = make([parameter])
        for step in range(1, STEPS + 1):
            parameter.grad = torch.from_numpy(words(random) * SCALE)
            optimizer.step()
            if step in (1, 2, 10, STEPS):
                bits = parameter.detach().numpy().view(np.uint32)
                print(name, step, *(f"{b:08x}" for b in bits), sep="\t", file=out)
