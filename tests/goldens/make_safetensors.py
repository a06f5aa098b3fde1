#!/usr/bin/env python3
"""safetensors_types.safetensors: one tensor of each type that BART reads, written by the safetensors package itself.

    python3 make_safetensors.py

The values are exact in every type: 0.5 i - 3 as floating point, i as integers.  Needs: torch, safetensors.
"""
import os
import torch
from safetensors.torch import save_file

HERE = os.path.dirname(os.path.abspath(__file__))


def main():
    tensors = {}
    for name in ["float64", "float32", "float16", "bfloat16"]:
        tensors[name] = (torch.arange(6).to(torch.float64) * 0.5 - 3).to(getattr(torch, name)).reshape(2, 3)
    for name in ["int64", "int32", "int16", "int8", "uint8"]:
        tensors[name] = torch.arange(6).to(getattr(torch, name))
    tensors["scalar"] = torch.tensor(7)
    save_file(tensors, f"{HERE}/safetensors_types.safetensors", metadata={"who": "Łucja"})


if __name__ == "__main__":
    main()
