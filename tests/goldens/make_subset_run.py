#!/usr/bin/env python3
"""Writes the goldens of whole runs on the Simpsons subset, from runs of the reference script.

    python3 make_subset_run.py FLOAT64_RUN FLOAT32_RUN CHANNELS_LAST_RUN

Each argument is the OUT folder of bart_reference.py on the subset: --double, plain, --channels-last.
Writes, beside this script:
  subset_losses.csv         the loss of each step, as long as all three runs have it
  subset_test_pictures.csv  name, size and CRC-32 of inference_images/*.jpg
"""
import json, pathlib, re, sys, zlib

here = pathlib.Path(__file__).parent
runs = [json.load(open(f"{run}/facts.json"))["losses"] for run in sys.argv[1:4]]
with open(here / "subset_losses.csv", "w") as out:
    out.write("step,float64,torch_f32,torch_f32_channels_last\n")
    for step, losses in enumerate(zip(*runs), 1):
        out.write(f"{step}," + ",".join(f"{loss:.10g}" for loss in losses) + "\n")

pictures = sorted(pathlib.Path(sys.argv[2], "inference_images").glob("*.jpg"),
                  key=lambda path: int(re.search(r"\d+", path.name)[0]))
with open(here / "subset_test_pictures.csv", "w") as out:
    out.write("file,bytes,crc32\n")
    for path in pictures:
        data = path.read_bytes()
        out.write(f"{path.name},{len(data)},{zlib.crc32(data):08x}\n")
