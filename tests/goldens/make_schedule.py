#!/usr/bin/env python3
"""Writes schedule.tsv beside this file: learning rates of PyTorch's schedulers. Needs torch 2.13.0 (CPU)."""
import os
import warnings

import torch
from torch.optim import lr_scheduler as s

HERE = os.path.dirname(os.path.abspath(__file__))
warnings.simplefilter("ignore")


def rates(kind, peak, warm_up, total):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=peak)
    rest = total - warm_up
    if kind == "one_cycle":
        scheduler = s.OneCycleLR(optimizer, max_lr=peak, total_steps=total, cycle_momentum=False)
    else:
        scheduler = {"constant": lambda: s.ConstantLR(optimizer, factor=1.0),
                     "cosine": lambda: s.CosineAnnealingLR(optimizer, T_max=rest),
                     "step": lambda: s.StepLR(optimizer, step_size=-(-rest // 3), gamma=0.1)}[kind]
        if warm_up:
            rising = s.LinearLR(optimizer, start_factor=1 / warm_up, total_iters=max(warm_up - 1, 1))
            scheduler = s.SequentialLR(optimizer, [rising, scheduler()], milestones=[warm_up])
        else:
            scheduler = scheduler()
    result = []
    for _ in range(total):
        result.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        if len(result) < total:
            scheduler.step()
    return result


with open(f"{HERE}/schedule.tsv", "w") as out:
    print("# kind\tpeak\twarm-up steps\tsteps\tstep\trate", file=out)
    for kind, peak, warm_up, total in [
            ("constant", .001, 0, 10), ("constant", .01, 4, 12), ("cosine", .002, 0, 10),
            ("cosine", .002, 80, 1000), ("one_cycle", .004, 0, 1000), ("one_cycle", .01, 0, 20),
            ("step", .1, 0, 1000), ("step", .1, 10, 100), ("step", .1, 0, 4)]:
        for step, rate in enumerate(rates(kind, peak, warm_up, total), 1):
            if total <= 20 or step in (1, 2, total - 1, total) or step % (total // 10 + 1) == 0:
                print(kind, peak, warm_up, total, step, repr(rate), sep="\t", file=out)
