#!/usr/bin/env python3
"""What Pillow makes of unusual and broken picture files.

    python3 make_odd_pictures.py FOLDER > odd_pictures.tsv

One line a file, sorted by name: the name; format and mode; width, height and CRC-32 of the RGB bytes as stored;
the orientation that exif_transpose acts on; width, height and CRC-32 of the RGB bytes after exif_transpose.
Or the name, "error", and Pillow's exception. Made with Pillow 13.0.0.
"""
import os
import sys
import warnings
import zlib

from PIL import Image, ImageOps

warnings.simplefilter("ignore")
folder = sys.argv[1]


def facts(image):
    rgb = image.convert("RGB")
    return rgb.width, rgb.height, f"{zlib.crc32(rgb.tobytes()):08x}"


print("# Made by make_odd_pictures.py with Pillow", Image.__version__)
for name in sorted(os.listdir(folder)):
    if name.endswith(".tsv"):
        continue
    path = os.path.join(folder, name)
    try:
        with Image.open(path) as image:
            mode = image.mode
            stored = facts(image)
            form = image.format
        with Image.open(path) as image:
            turned = facts(ImageOps.exif_transpose(image))
        with Image.open(path) as image:
            image.load()
            orientation = image.getexif().get(0x0112, 1)
        print(name, form, mode, *stored, orientation, *turned, sep="\t")
    except Exception as e:
        print(name, "error", f"{type(e).__name__}: {e}".replace(path, "the file"), sep="\t")
