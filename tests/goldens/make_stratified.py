#!/usr/bin/env python3
"""Writes the goldens of stratified splits beside this file. Needs scikit-learn 1.9.1 and numpy."""
import os

import numpy as np
from sklearn.model_selection import train_test_split

from torch_network import crc32

HERE = os.path.dirname(os.path.abspath(__file__))
# Pictures per class. The labels are mixed as the test mixes them: class by class first, then picture
# k of the data set is entry (k * step) % n of that list, step being coprime to n.
COUNTS = ["2,2", "2,3,4", "10,10,10", "1,5", "7,7,7,7,7,7,7", "60,60,60,60,60,60,60,60,60,60",
          "50,49,48,3,2,2,17", "913,29,623,106,1342,98,1193,986,47,469,8,457,27,27,121,2246,498,1206,310,3"]


def labels_of(counts):
    ordered = np.repeat(np.arange(len(counts)), counts)
    n = len(ordered)
    step = next(s for s in range(n // 3 + 1, n + 2) if np.gcd(s, n) == 1)
    return ordered[np.arange(n) * step % n]


def indices(values):
    return crc32(np.array(values, "<u4"))


with open(f"{HERE}/stratified_splits.tsv", "w") as out:
    print("# pictures per class\ttest size\tseed\ttest pictures\tCRC-32 of the training indices\tof the test indices",
          file=out)
    for text in COUNTS:
        labels = labels_of([int(c) for c in text.split(",")])
        for size in (0.1, 0.2, 0.25, 0.5, 0.9):
            for seed in (0, 10, 4294967295):
                try:
                    train, test = train_test_split(np.arange(len(labels)), test_size=size, random_state=seed,
                                                   stratify=labels)
                except ValueError:
                    print(text, size, seed, "refused", sep="\t", file=out)
                    continue
                print(text, size, seed, len(test), indices(train), indices(test), sep="\t", file=out)
