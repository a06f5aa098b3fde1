#!/usr/bin/env python3
"""Compares what BART and Pillow 13 make of the files in a folder.

    picture_facts FOLDER | compare_with_pillow.py FOLDER

Every file that Pillow opens without a warning must give Pillow's pixels. Prints how many did, and each file that did
not, by kind; ends with 1 where there is one. Pillow's own limits stay as they are (no LOAD_TRUNCATED_IMAGES).
"""
import collections
import os
import sys
import warnings
import zlib

from PIL import Image, features

folder = sys.argv[1]
counts = collections.Counter()
differences = collections.defaultdict(list)
for line in sys.stdin:
    name, *bart = line.rstrip("\n").split("\t")
    form = "?"
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            with Image.open(os.path.join(folder, name)) as image:
                form = f"{image.format} {image.mode}"
                rgb = image.convert("RGB")
            pillow = [str(rgb.width), str(rgb.height), f"{zlib.crc32(rgb.tobytes()):08x}"]
        except Exception as error:
            pillow = ["error", f"{type(error).__name__}: {error}".replace("\n", " ")]
    if caught:
        counts["Pillow warns"] += 1
        continue
    both = ("refused" if pillow[0] == "error" else "read", "refused" if bart[0] == "error" else "read")
    if both == ("read", "read"):
        same = pillow == bart
        counts["same pixels" if same else "other pixels"] += 1
        if not same:
            differences[f"other pixels, {form}"].append((name, pillow, bart))
    elif both == ("refused", "refused"):
        counts["both refuse"] += 1
    elif both[0] == "read":
        counts["only Pillow reads"] += 1
        differences[f"only Pillow reads, {form}"].append((name, bart[1]))
    else:
        counts["only BART reads"] += 1
        differences[f"(allowed) only BART reads"].append((name, pillow[1]))

print(f"Pillow {Image.__version__}, libjpeg-turbo {features.version('libjpeg_turbo')}")
for what, n in sorted(counts.items()):
    print(f"{n:6} {what}")
for kind, files in sorted(differences.items()):
    print(f"{kind}: {len(files)}")
    for file in files[:40]:
        print("   ", *file)
sys.exit(any(not kind.startswith("(allowed)") for kind in differences))
