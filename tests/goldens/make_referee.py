#!/usr/bin/env python3
"""Writes what PyTorch's float64 computes, for the referee, and how far its float32 is from that, for the engine.

    python3 make_referee.py FLOAT64_RUN FLOAT32_RUN

FLOAT64_RUN and FLOAT32_RUN are OUT folders of bart_reference.py on the Simpsons subset (--double --steps 1, and
plain). Writes, beside this script:
  referee_generated.tsv      small networks on generated batches: three steps of Adam
  referee_subset.tsv         the whole network on the first batch of the subset
  torch_f32_distance.tsv     relative L2 distance of float32 from float64, tensor by tensor; of generated batches the
                             largest of several batches, since one small tensor may be close by luck. The batches
                             are those where no choice of step 1 (ReLU, max-pool) is a near tie: a float32
                             that chooses differently is no worse, but its gradients part by much more
Needs torch 2.13.0 (CPU) and numpy.

A tensor stands there as its L2 norm, its sum, 16 projections on vectors of signs (bits 0 to 15 of the words of
MT19937 with seed 1, set: minus) and 4 of its values (at quarters of its length). If two tensors differ by d, the
mean square of the differences of the projections is about |d|^2.
"""
import os, sys

import numpy as np
import torch
from torch import nn

from torch_network import Network

HERE = os.path.dirname(os.path.abspath(__file__))
BATCHES = 6  # of each case, for the distances
MARGIN = 5e-6  # of a choice, in units of about the values' deviation; float32 errs by some 1e-7
STEPS = 3
CASES = {  # batch, classes, image size, blocks, hidden
    "three_blocks": (6, 5, 24, [(4, .25), (6, .25), (8, .4)], [(10, .5), (7, .5)]),
    "one_picture": (1, 2, 8, [(16, .25)], []),
    "odd_channels": (7, 3, 12, [(3, .3), (33, .4)], [(5, .5)]),
    "wide": (8, 10, 32, [(32, .25), (64, .4)], [(48, .5)]),
    "no_dropout": (3, 4, 16, [(8, 0.)], [(16, 0.)]),
    "default_blocks": (4, 42, 16, [(32, .25), (64, .25), (128, .4), (256, .4)], [(512, .5), (256, .5)]),
}


def batches(seed, n, classes, size):
    """Pictures [n, size, size, 3] and labels [n] from the words of MT19937(seed), batch after batch."""
    words = np.random.RandomState(seed)._bit_generator
    for _ in range(STEPS):
        pictures = (words.random_raw(n * size * size * 3) & 255).astype(np.uint8).reshape(n, size, size, 3)
        yield pictures, (words.random_raw(n) % classes).astype(np.int64)


def run(dtype, seed, n, classes, size, blocks, hidden):
    """Facts of STEPS steps: {(kind, name): array}."""
    torch.manual_seed(seed)
    model = Network(classes, size, blocks, hidden).to(dtype)
    adam, loss_of = torch.optim.Adam(model.parameters(), lr=1e-3), nn.CrossEntropyLoss()
    facts, losses = {}, []
    for step, (pictures, labels) in enumerate(batches(seed, n, classes, size)):
        x = (torch.tensor(pictures, dtype=torch.float32).permute(0, 3, 1, 2).contiguous() / 255.0).to(dtype)
        adam.zero_grad()
        logits = model(x)
        loss = loss_of(logits, torch.tensor(labels))
        loss.backward()
        losses.append(loss.item())
        if step == 0:
            facts["logits", "step1"] = logits.detach().numpy()
            facts.update((("gradient", k), p.grad.numpy().copy()) for k, p in model.named_parameters())
            facts.update((("statistics", k), b.numpy().copy()) for k, b in model.named_buffers() if "running" in k)
            model.eval()
            with torch.no_grad():
                facts["logits", "evaluation"] = model(x).numpy()
            model.train()
        adam.step()
    facts["losses", "steps"] = np.array(losses)
    facts.update((("final", k), v.numpy().copy()) for k, v in model.state_dict().items() if "tracked" not in k)
    return facts


def condensed(array):
    a = np.asarray(array, np.float64).ravel()
    words = np.random.RandomState(1)._bit_generator.random_raw(a.size)
    projections = [np.sum(np.where((words >> np.uint64(k)) & np.uint64(1), -a, a)) for k in range(16)]
    samples = [a[a.size * k // 4] for k in range(4)]
    return [np.linalg.norm(a), np.sum(a), *projections, *samples]


def numbers(values):
    return " ".join(repr(float(v)) for v in np.ravel(values))


def write(out, case, facts):
    for (kind, name), array in facts.items():
        values = array if kind in ("logits", "losses") else condensed(array)
        print(case, kind, name, numbers(values), sep="\t", file=out)


def smallest_margin(seed, n, classes, size, blocks, hidden):
    """How close the closest choice of step 1 is."""
    torch.manual_seed(seed)
    model = Network(classes, size, blocks, hidden).double()
    margins = []

    def relu(module, inputs):
        margins.append(inputs[0].abs().min().item())

    def pool(module, inputs):
        windows = nn.functional.unfold(inputs[0].flatten(0, 1)[:, None], 2, stride=2).sort(dim=1, descending=True)[0]
        gaps = (windows[:, 0] - windows[:, 1])[windows[:, 0] > 0]
        margins.append(gaps.min().item())

    for module in model.modules():
        if isinstance(module, nn.ReLU):
            module.register_forward_pre_hook(relu)
        if isinstance(module, nn.MaxPool2d):
            module.register_forward_pre_hook(pool)
    pictures, _ = next(batches(seed, n, classes, size))
    model((torch.tensor(pictures, dtype=torch.float32).permute(0, 3, 1, 2) / 255.0).double())
    return min(margins)


def is_noise(name):
    """The bias of a convolution that feeds a BatchNorm: its true gradient is zero."""
    return name.startswith("block") and name.split(".")[1] in "03" and name.endswith("bias")


def distance(a, truth):
    return np.linalg.norm(a.astype(np.float64) - truth) / np.linalg.norm(truth)


f64, f32 = (np.load(f"{folder}/step1.npz") for folder in sys.argv[1:3])
with open(f"{HERE}/torch_f32_distance.tsv", "w") as distances, open(f"{HERE}/referee_generated.tsv", "w") as out:
    print("# case\tkind\ttensor\trelative L2 distance of PyTorch's float32 from its float64", file=distances)
    for name in f64.files:
        if name not in ("input", "target") and not is_noise(name):
            kind = ("logits", "step1") if name == "logits" else ("gradient", name)
            print("subset", *kind, f"{distance(f32[name], f64[name]):.3e}", sep="\t", file=distances)
    print("# case\tarchitecture\tbatch, classes, image size, blocks, hidden layers (width:dropout)", file=out)
    print("# case\tkind\tname\tvalues (of the first seed; tensors condensed as make_referee.py says)", file=out)
    for case, (n, classes, size, blocks, hidden) in CASES.items():
        layers = [",".join(f"{w}:{p}" for w, p in group) or "-" for group in (blocks, hidden)]
        print(case, "architecture", f"{n} {classes} {size} {layers[0]} {layers[1]}", sep="\t", file=out)
        seeds = []
        while len(seeds) < BATCHES:
            seed = seeds[-1] + 1 if seeds else 0
            while smallest_margin(seed, n, classes, size, blocks, hidden) < MARGIN:
                seed += 1
            seeds.append(seed)
        print(case, "seeds", *seeds, sep="\t", file=out)
        largest = {}
        for seed in seeds:
            truth = run(torch.float64, seed, n, classes, size, blocks, hidden)
            single = run(torch.float32, seed, n, classes, size, blocks, hidden)
            if seed == seeds[0]:
                write(out, case, truth)
            for key in truth:
                if key[0] != "final" and not is_noise(key[1]):
                    largest[key] = max(largest.get(key, 0), distance(single[key], truth[key]))
        for (kind, name), value in largest.items():
            print(case, kind, name, f"{value:.3e}", sep="\t", file=distances)

with open(f"{HERE}/referee_subset.tsv", "w") as out:
    print("# case\tkind\tname\tvalues (tensors condensed as make_referee.py says)", file=out)
    loss = nn.CrossEntropyLoss()(torch.tensor(f64["logits"]), torch.tensor(f64["target"]))
    write(out, "subset", {("losses", "steps"): np.array([loss.item()]), ("logits", "step1"): f64["logits"],
                          **{("gradient", k): f64[k] for k in f64.files if "." in k}})
