#!/usr/bin/env python3
"""Writes the goldens of label issues beside this file. Needs cleanlab 2.9.0 and numpy."""
import os
import zlib

import numpy as np
from cleanlab.count import compute_confident_joint, get_confident_thresholds
from cleanlab.filter import find_label_issues

# Where cleanlab rounds the confident joint, equal remainders are common, and which of them is raised depends on how numpy
# sorts on this processor (with vector instructions or without). Here, as in BART, equal ones keep their order.
argsort = np.argsort
np.argsort = lambda values: argsort(values, kind="stable")

HERE = os.path.dirname(os.path.abspath(__file__))
# Pictures, classes, how many of 100 labels are wrong, how strongly the probabilities point to the true class.
SETS = [(40, 2, 10, 2), (60, 3, 20, 3), (400, 10, 8, 12), (400, 10, 30, 3), (900, 20, 15, 25), (2072, 42, 5, 60),
        (2072, 42, 20, 20), (300, 42, 10, 40)]


def crc32(array):
    return f"{zlib.crc32(np.ascontiguousarray(array).tobytes()):x}"


def numbers(seed):
    """Numerical Recipes' generator, which the test has, too."""
    state = seed
    while True:
        state = (state * 1664525 + 1013904223) % 2**32
        yield state >> 8


def case(n, classes, noise, strength, seed):
    number = numbers(seed)
    labels, rows = [], []
    for i in range(n):
        truth = next(number) % classes
        label = next(number) % classes if next(number) % 100 < noise else truth
        row = [next(number) % 1000 + 1 for _ in range(classes)]
        row[truth] += strength * (next(number) % 1000)
        labels.append(label)
        rows.append(np.array(row, float) / sum(row))
    return np.array(labels), np.array(rows)


with open(f"{HERE}/label_issues.tsv", "w") as out:
    print("# pictures\tclasses\twrong labels in 100\tstrength\tseed\tfirst threshold\tCRC-32 of the confident joint\t"
          "issues\tCRC-32 of them by self-confidence\tby normalized margin\tthe first five by self-confidence", file=out)
    for seed, (n, classes, noise, strength) in enumerate(SETS, 1):
        labels, rows = case(n, classes, noise, strength, seed)
        lists = []
        for ranking in ("self_confidence", "normalized_margin"):
            by = find_label_issues(labels, rows, return_indices_ranked_by=ranking, n_jobs=1)
            lists.append(by)
        joint = compute_confident_joint(labels, rows)
        print(n, classes, noise, strength, seed, repr(float(get_confident_thresholds(labels, rows)[0])),
              crc32(joint.astype("<i8")), len(lists[0]), *(crc32(by.astype("<u4")) for by in lists),
              ",".join(str(i) for i in lists[0][:5]) or "none", sep="\t", file=out)
