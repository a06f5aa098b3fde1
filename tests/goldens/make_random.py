#!/usr/bin/env python3
"""Writes random.tsv beside this file: what numpy 2 and torch 2.13.0 (CPU) draw. Needs both."""
import os

import numpy as np
import torch

from torch_network import crc32

with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "random.tsv"), "w") as out:
    print("# draw\tseed\targuments ...\tn\tCRC-32 of the values, little-endian", file=out)

    def generator(seed):
        g = torch.Generator()
        g.manual_seed(seed)
        return g

    for seed in (0, 1, 10, 4294967295):
        for n in (1, 2, 3, 64, 1000, 16764, 100003):
            print("numpy_permutation", seed, n, crc32(np.random.RandomState(seed).permutation(n).astype("<u4")),
                  sep="\t", file=out)
            print("torch_randperm", seed, n, crc32(torch.randperm(n, generator=generator(seed)).numpy().astype("<u4")),
                  sep="\t", file=out)
        for n in (1, 15, 16, 17, 10001):  # PyTorch's kernels change at 16 values for some distributions
            values = [torch.empty((), dtype=torch.int64).random_(generator=g).item() for g in [generator(seed)]
                      for _ in range(n)]
            print("torch_random63", seed, n, crc32(np.array(values, "<u8")), sep="\t", file=out)
            for low, high in ((-0.19245008972987526, 0.19245008972987526), (0, 1), (-3.7, 11.3)):
                values = torch.empty(n).uniform_(low, high, generator=generator(seed)).numpy()
                print("torch_uniform", seed, np.float32(low).astype(float).hex(), np.float32(high).astype(float).hex(), n,
                      crc32(values), sep="\t", file=out)
            for keep in (0.5, 0.6, 0.75, 1e-3):
                values = torch.empty(n).bernoulli_(keep, generator=generator(seed)).numpy()
                print("torch_bernoulli", seed, float(keep).hex(), n, crc32(values.astype("uint8")), sep="\t", file=out)
