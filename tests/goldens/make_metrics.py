#!/usr/bin/env python3
"""Writes metrics.json beside this file: figures of classifiers. Needs scikit-learn 1.9.1, torch 2.13.0 and numpy."""
import json
import os
import re
import warnings

import numpy as np
import torch
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.metrics import (accuracy_score, classification_report, confusion_matrix, f1_score, log_loss,
                             precision_recall_fscore_support, top_k_accuracy_score)

HERE = os.path.dirname(os.path.abspath(__file__))
warnings.simplefilter("ignore", UndefinedMetricWarning)  # what zero_division="warn" does beside giving 0
rng = np.random.default_rng(10)


def ece(confidence, right, bins=15):
    """Guo et al. 2017: bins (m / 15, (m + 1) / 15]."""
    total = 0.0
    place = np.digitize(confidence, np.arange(1, bins) / bins, right=True)
    for m in range(bins):
        inside = place == m
        if inside.any():
            total += inside.mean() * abs(right[inside].mean() - confidence[inside].mean())
    return total


def case(name, names, labels, logits, digits=2):
    classes = len(names)
    labels = np.asarray(labels)
    written = np.asarray(logits, float).ravel().tolist()
    logits = np.asarray(logits, np.float32)
    double = torch.from_numpy(logits).double()
    probabilities = torch.softmax(double, 1).numpy()
    predicted = np.argmax(logits, 1)  # the first of equals
    assert (predicted == torch.from_numpy(logits).max(1).indices.numpy()).all()
    ranked = np.argsort(-logits, 1, kind="stable")

    def top(k):
        return float((ranked[:, :k] == labels[:, None]).any(1).mean())

    loss = torch.nn.functional.cross_entropy(double, torch.from_numpy(labels)).item()
    untied = all(len(set(row)) == classes for row in logits)  # scikit-learn ranks equals from the last class
    if untied and classes > 2:
        for k in (1, 2, min(5, classes - 1)):
            assert abs(top(k) - top_k_accuracy_score(labels, logits, k=k, labels=range(classes))) < 1e-15, name
    if "certain" not in name:
        assert abs(loss - log_loss(labels, probabilities, labels=range(classes))) < 1e-12, name

    return {
        **report(name, names, labels, predicted, digits),
        "logits": written,
        "top2": top(2), "top5": top(5), "loss": loss,
        "ece": float(ece(probabilities.max(1), predicted == labels)),
    }


def report(name, names, labels, predicted, digits=2):
    classes = len(names)
    present = sorted(set(labels) | set(predicted))
    p, r, f, s = precision_recall_fscore_support(labels, predicted)
    averages = {}
    for average in ("micro", "macro", "weighted"):
        averages[average] = [float(x) for x in
                             precision_recall_fscore_support(labels, predicted, average=average)[:3]]
        assert averages[average][2] == f1_score(labels, predicted, average=average)
    text = classification_report(labels, predicted, target_names=[names[c] for c in present], digits=digits)
    if not (predicted == labels).any():  # then scikit-learn prints supports as "1.0", by an accident of dtypes
        text = re.sub(r"(\d+)\.0\n", r"  \1\n", text)
    return {
        "name": name, "classes": names, "labels": labels.tolist(), "predicted": predicted.tolist(), "digits": digits,
        "confusion": confusion_matrix(labels, predicted, labels=range(classes)).ravel().tolist(),
        "per_class": [[int(c), float(p[i]), float(r[i]), float(f[i]), int(s[i])] for i, c in enumerate(present)],
        "accuracy": float(accuracy_score(labels, predicted)), **averages,
        "report": text,
    }


def drawn(name, classes, n, skill, truths=None, hidden=(), names=None, digits=2):
    """Noisy logits that favour the truth; classes of `hidden` are never predicted."""
    labels = rng.choice(classes if truths is None else truths, n)
    logits = rng.normal(0, 2, (n, classes))
    logits[np.arange(n), labels] += skill
    logits[:, list(hidden)] -= 25
    logits = np.round(logits, 4)  # short numbers in the file
    return case(name, names or [f"class {c}" for c in range(classes)], labels, logits, digits)


def one_hot(predicted, classes, height=3.0):
    return height * np.eye(classes)[predicted]


many = rng.choice(150, 1000)
cases = [
    drawn("usual", 6, 60, 3),
    drawn("as many classes as the Simpsons", 42, 200, 4),
    report("more classes than numpy sums in one go", [f"class {c}" for c in range(150)], many,
           np.where(rng.random(1000) < 0.7, many, rng.permutation(many))),
    drawn("classes never predicted", 5, 40, 2, hidden=(1, 4)),
    drawn("classes absent from the truth", 7, 30, 1, truths=[0, 2, 5]),
    drawn("classes absent from both", 9, 30, 2, truths=[0, 2, 3], hidden=(1, 4, 5, 8)),
    drawn("two classes", 2, 25, 1, names=["no", "yes"]),
    drawn("long and foreign names", 4, 30, 2, names=["ü", "Ελλάδα", "Лиса", "abraham_grampa_simpson"], digits=4),
    drawn("many digits", 3, 11, 1, digits=15),
    case("perfect", ["a", "b", "c"], [0, 1, 2, 1], one_hot([0, 1, 2, 1], 3)),
    case("all wrong", ["a", "b", "c"], [0, 1, 2, 1], one_hot([1, 2, 0, 0], 3)),
    case("one picture, right", ["a", "b"], [1], one_hot([1], 2)),
    case("one picture, wrong", ["a", "b", "c"], [2], one_hot([1], 3)),
    case("ties", ["a", "b", "c", "d"], [0, 1, 2, 3, 3, 0], [[1, 1, 1, 1]] * 3 + [[0, 2, 2, 1], [0, 2, 1, 2], [1, 1, 0, 0]]),
    case("ties of three: 1/3 is a border of bins", ["a", "b", "c"], [0, 1, 2], [[0, 0, 0]] * 3),
    case("certain, and wrong", ["a", "b", "c"], [0, 1], [[0, 900, 0], [0, 0, -900]]),
]
with open(f"{HERE}/metrics.json", "w") as out:
    print("[", ",\n".join(json.dumps(c, ensure_ascii=False) for c in cases), "]", sep="\n", file=out)
