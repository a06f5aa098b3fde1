#!/usr/bin/env python3
"""Makes goldens/formats/checkpoints/: the weights of one small network as training programs save them.

    python3 make_checkpoints.py     (torch 2.13.0, numpy 2.4.6)

checkpoints.tsv: file, and the CRC-32 of what it holds: floats as float32, integers as int64, in the network's order.
refused.tsv: file, and a part of the sentence that says why it is refused.
"""
import copy
import zlib
from pathlib import Path

import numpy as np
import torch

from torch_network import Network

HERE = Path(__file__).parent / "formats" / "checkpoints"
HERE.mkdir(parents=True, exist_ok=True)
rows = []


def network():
    torch.manual_seed(10)
    return Network(3, image_size=8, blocks=[(2, .25), (3, .25)], hidden=[(5, .5)])


def checksum(state):
    values = b""
    for tensor in state.values():
        values += tensor.detach().to(torch.float32 if tensor.is_floating_point() else torch.int64).contiguous().numpy().tobytes()
    return f"{zlib.crc32(values):08x}"


def save(name, content, state):
    torch.save(content, HERE / f"{name}.pth")
    rows.append((f"{name}.pth", checksum(state)))


def prefixed(prefix, state):
    return {prefix + name: tensor for name, tensor in state.items()}


model = network()
state = model.state_dict()
optimizer = torch.optim.Adam(model.parameters())
model(torch.rand(2, 3, 8, 8)).sum().backward()
optimizer.step()
state = model.state_dict()

save("data_parallel", torch.nn.DataParallel(model).state_dict(), state)
save("compiled", torch.compile(model).state_dict(), state)
save("both_prefixes", prefixed("module._orig_mod.", state), state)
save("averaged", torch.optim.swa_utils.AveragedModel(model).state_dict(), state)
save("training", {"epoch": 3, "model_state_dict": state, "optimizer_state_dict": optimizer.state_dict(), "loss": 0.5}, state)
save("model_and_optimizer", {"model": prefixed("module.", state), "optimizer": optimizer.state_dict(), "args": {"lr": 1e-3, "resume": None}}, state)
save("lightning", {"epoch": 3, "global_step": 9, "pytorch-lightning_version": "2.5.0", "state_dict": prefixed("model.", state), "loops": {},
                   "callbacks": {}, "optimizer_states": [optimizer.state_dict()], "lr_schedulers": [], "hyper_parameters": {"classes": 3}}, state)
save("with_average", {"epoch": 3, "arch": "bart", "state_dict": state, "state_dict_ema": network().state_dict(), "optimizer": optimizer.state_dict()}, state)
save("other_name", {"weights": state, "step": 5}, state)
save("nested", {"model": {"state_dict": state, "name": "bart"}, "optimizer": optimizer.state_dict()}, state)
save("parameters", dict(model.named_parameters()) | dict(model.named_buffers()), state)
for dtype in (torch.float16, torch.bfloat16, torch.float64):
    converted = copy.deepcopy(model).to(dtype).state_dict()
    save(str(dtype).removeprefix("torch."), converted, converted)
save("channels_last", model.to(memory_format=torch.channels_last).state_dict(), state)
transposed = {name: tensor.t().contiguous().t() if tensor.dim() == 2 else tensor for name, tensor in state.items()}
save("transposed", transposed, state)
large = torch.zeros(1_000)
large[777:780] = state["block1.0.bias"].new_tensor([0.5, 0.25, 0.125])
views = dict(state)
views["block2.0.bias"] = torch.as_strided(large, (3,), (1,), 777)
save("view", {k: v.clone() if k != "block2.0.bias" else v[:3] for k, v in views.items()}, views)

save("loss_beside", {"epoch": 3, "model_state_dict": state, "optimizer_state_dict": optimizer.state_dict(), "loss": torch.tensor(.5)}, state)
save("accuracy_beside", {"net": state, "acc": torch.tensor(93.5), "epoch": 3}, state)
save("generator_beside", {"model": state, "rng": {"torch": torch.get_rng_state()[:8], "python": [1, 2]}, "seed": torch.tensor(1)}, state)
save("loss_weights", {"state_dict": {"loss.weight": torch.ones(3), **prefixed("model.", state), "val_metrics.acc.correct": torch.tensor(9)}}, state)
halves = {name: tensor.half() for name, tensor in state.items()}
save("all_half", halves, {name: half if tensor.is_floating_point() else tensor for (name, half), tensor in zip(halves.items(), state.values())})
no_counters = {name: tensor for name, tensor in state.items() if not name.endswith("num_batches_tracked")}
save("no_counters", no_counters, {name: tensor if name in no_counters else torch.zeros_like(tensor) for name, tensor in state.items()})

refused = []


def save_refused(name, content, why):
    torch.save(content, HERE / f"{name}.pth")
    refused.append((f"{name}.pth", why))


save_refused("a_number_in_it", {"state_dict": {**state, "_extra": 3}, "ema": network().state_dict()}, "entry '_extra' is no tensor")
save_refused("a_number_in_one_of_two", {"net": {**state, "_extra": 3}, "ema": network().state_dict()}, "several state_dicts (ema, net)")
save_refused("teacher_and_student", prefixed("student.", state) | prefixed("teacher.", network().state_dict()), "several networks, student. and teacher.")
save_refused("head_outside", prefixed("backbone.", state) | {"head.weight": torch.ones(2, 3)}, "tensor head.weight is not of the network")

with open(HERE.parent / "refused.tsv", "w") as f:
    f.write("# file\tpart of the sentence\n")
    f.writelines("\t".join(row) + "\n" for row in refused)
with open(HERE.parent / "checkpoints.tsv", "w") as f:
    f.write("# file\tCRC-32 of its values\n")
    f.writelines("\t".join(row) + "\n" for row in rows)
