#!/usr/bin/env python3
"""Pillow's resize and JPEG encoder on noise that the test makes too.

    python3 make_resize.py > resize.tsv

One line: width, height, new width, new height, CRC-32 of the resized RGB bytes, size and CRC-32 of their JPEG.
Made with Pillow 13.0.0.
"""
import io
import zlib

import numpy as np
from PIL import Image

SIZES = [
    (1, 1, 128, 128), (1, 300, 128, 128), (300, 1, 128, 128), (128, 128, 128, 128), (128, 500, 128, 128),
    (500, 128, 128, 128), (256, 384, 128, 128), (256, 385, 128, 128), (256, 386, 128, 128), (100, 90, 128, 128),
    (129, 127, 128, 128), (640, 480, 128, 128), (333, 777, 128, 128), (777, 333, 128, 128), (2000, 3, 128, 128),
    (3, 2000, 128, 128), (20000, 2, 16, 16), (2, 20000, 16, 16), (50000, 1, 1, 1), (1, 50000, 1, 1), (64, 64, 1, 1),
    (5, 7, 333, 2), (7, 5, 2, 333), (3, 3, 400, 400), (17, 19, 18, 20), (200, 100, 100, 200), (100, 200, 200, 100),
    (100, 400, 300, 16), (97, 89, 64, 48), (256, 256, 128, 128), (1072, 1912, 128, 128), (33, 65, 32, 64),
    # Axes whose weights are too many to be kept in a table.
    (5_000_000, 1, 128, 128), (1, 5_000_000, 128, 128), (3, 4_300_000, 64, 32), (4_300_000, 3, 32, 16), (3, 1, 3_000_000, 1), (1, 3, 1, 3_000_000),
]

print("# Made by make_resize.py with Pillow", Image.__version__)
for w, h, new_w, new_h in SIZES:
    i = np.arange(w * h * 3, dtype=np.uint32)
    noise = ((i * np.uint32(2654435761) ^ (i >> np.uint32(7))) >> np.uint32(24)).astype(np.uint8).reshape(h, w, 3)
    image = Image.fromarray(noise).resize((new_w, new_h))
    file = io.BytesIO()
    if max(image.size) <= 65535:
        image.save(file, "JPEG")
    file = file.getvalue()
    print(w, h, new_w, new_h, f"{zlib.crc32(image.tobytes()):08x}", len(file), f"{zlib.crc32(file):08x}", sep="\t")
