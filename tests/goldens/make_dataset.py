#!/usr/bin/env python3
"""Writes the goldens of splits, batch orders and the Simpsons subset beside this file.

    python3 make_dataset.py SUBSET FACTS

SUBSET is the folder of pictures, FACTS the facts.json of a run of at least 3 epochs of bart_reference.py on it.
Needs torch 2.13.0 (CPU), scikit-learn 1.9.1, numpy, Pillow 13.
"""
import json, os, sys

import numpy as np
import torch
from PIL import Image
from sklearn.model_selection import train_test_split
from torch.utils.data import DataLoader, TensorDataset

from torch_network import crc32

HERE = os.path.dirname(os.path.abspath(__file__))


def indices(values):
    return crc32(np.array(values, "<u4"))


with open(f"{HERE}/dataset_splits.tsv", "w") as out:
    print("# n\ttest size\tseed\ttest pictures\tCRC-32 of the training indices\tof the test indices", file=out)
    for n in (2, 3, 5, 10, 15, 100, 2072, 16764):
        for size in (0.1, 0.2, 0.25, 0.3, 0.5, 0.9):
            for seed in (0, 10):
                try:
                    train, test = train_test_split(np.arange(n), test_size=size, random_state=seed)
                except ValueError:
                    print(n, size, seed, "refused", sep="\t", file=out)
                    continue
                print(n, size, seed, len(test), indices(train), indices(test), sep="\t", file=out)

with open(f"{HERE}/dataset_batch_order.tsv", "w") as out:
    print("# seed\tn\tbatch size (no influence)\tCRC-32 of the indices of each of 3 epochs", file=out)
    for seed in (0, 10):
        for n, batch in ((1, 32), (2, 1), (31, 32), (32, 32), (33, 32), (64, 32), (1657, 32), (13411, 64)):
            g = torch.Generator()
            g.manual_seed(seed)
            loader = DataLoader(TensorDataset(torch.arange(n)), batch_size=batch, shuffle=True, generator=g)
            epochs = [indices(torch.cat([i for i, in loader]).numpy()) for _ in range(3)]
            print(seed, n, batch, *epochs, sep="\t", file=out)

subset, facts = sys.argv[1], json.load(open(sys.argv[2]))
with open(f"{HERE}/subset_dataset.tsv", "w") as out:
    print("# fact\tvalue", file=out)
    for name in facts["classes"]:
        print("class", name, sep="\t", file=out)
    print("labels", crc32(np.array(facts["labels"], "<i4")), sep="\t", file=out)
    print("train", indices(facts["train"]), sep="\t", file=out)
    print("test", indices(facts["test"]), sep="\t", file=out)
    sizes = facts["sizes"]
    print("sizes", "x".join(map(str, sizes[0][:2])), "x".join(map(str, sizes[1][:2])), sizes[2], sep="\t", file=out)
    batches = facts["batches"]
    per_epoch = -(-len(facts["train"]) // 32)
    for batch in batches[:3 * per_epoch]:
        print("batch", len(batch), indices(batch), sep="\t", file=out)
with open(f"{HERE}/subset_pictures.tsv", "w") as out:
    print("# file, in order\tCRC-32 of its pixels at 128x128", file=out)
    for name in facts["files"]:
        with Image.open(f"{subset}/{name}") as image:
            print(name, crc32(np.array(image.resize((128, 128)))), sep="\t", file=out)
