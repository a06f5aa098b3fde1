#!/usr/bin/env python3
"""The 128x128 pixels of a data set, as the original pipeline reads them.

    python3 make_subset_pixels.py FOLDER > subset_pixels.tsv

One line a class: its name, the number of pictures, and the CRC-32 of their RGB bytes and of their JPEGs, each over
all pictures in order. Made with Pillow 13.0.0.
"""
import io
import os
import sys
import zlib

from PIL import Image

print("# Made by make_subset_pixels.py with Pillow", Image.__version__)
for name in sorted(os.listdir(sys.argv[1])):
    files = sorted(os.listdir(os.path.join(sys.argv[1], name)))
    pixels = jpegs = 0
    for f in files:
        with Image.open(os.path.join(sys.argv[1], name, f)) as image:
            small = image.resize((128, 128))
        pixels = zlib.crc32(small.tobytes(), pixels)
        file = io.BytesIO()
        small.save(file, "JPEG")
        jpegs = zlib.crc32(file.getvalue(), jpegs)
    print(name, len(files), f"{pixels:08x}", f"{jpegs:08x}", sep="\t")
