#!/usr/bin/env python3
"""Writes augment.tsv beside this file: what tests/augment expects, computed a second time with numpy alone.

Python's floats are IEEE doubles and its +, -, *, /, sqrt and floor are theirs, so that the numbers of a change come
out the same to the last bit. The pictures are noise of the same generator.
"""
import math
import os
import zlib

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
MASK = 2 ** 32 - 1


def philox(counter, key):
    c, (k0, k1) = list(counter), key
    for _ in range(10):
        a, b = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [(b >> 32) ^ c[1] ^ k0, b & MASK, (a >> 32) ^ c[3] ^ k1, a & MASK]
        k0, k1 = (k0 + 0x9E3779B9) & MASK, (k1 + 0xBB67AE85) & MASK
    return c


class Random:
    def __init__(self, seed, epoch, picture, purpose=1):
        self.words = (w for block in range(2 ** 32) for w in philox([block, picture, epoch, 0], [seed, purpose]))

    def next(self):
        return next(self.words)

    def between(self, low, high):
        return low + (high - low) * (self.next() * 2.0 ** -32)


def sine(x):
    total = 0.0
    for k in range(25, 2, -2):
        total = (1 + total) * (-x * x / (k * (k - 1)))
    return x * (1 + total)


def cosine(x):
    total = 0.0
    for k in range(26, 1, -2):
        total = (1 + total) * (-x * x / (k * (k - 1)))
    return 1 + total


def rounded(v):
    return math.floor(v + 0.5)


def draw(a, r, start, to):
    """The change as a list of integers, in the order of PictureChange's members."""
    mirrored = r.between(0, 1) < a["mirror"]
    window = r.between(*a["window"])
    stretch = math.sqrt(r.between(*a["aspect"]))
    angle = math.pi / 180 * r.between(-a["rotation"], a["rotation"])
    slant = math.pi / 180 * r.between(-a["shear"], a["shear"])
    right, down = (r.between(-a["shift"], a["shift"]) for _ in range(2))
    width, height = window * stretch * (-1 if mirrored else 1), window / stretch
    shear, c, s = sine(slant) / cosine(slant), cosine(angle), sine(angle)
    xx, xy, yx, yy = c * width, (c * shear - s) * height, s * width, (s * shear + c) * height
    first, step = 0.5 / to - 0.5, 65536.0 * start / to
    affine = [rounded(65536 * (start * (xx * first + xy * first + right + 0.5) - 0.5)), rounded(xx * step),
              rounded(xy * step), rounded(65536 * (start * (yx * first + yy * first + down + 0.5) - 0.5)),
              rounded(yx * step), rounded(yy * step)]

    brightness, contrast, saturation = (r.between(1 - a[k], 1 + a[k]) for k in ("brightness", "contrast", "saturation"))
    turn = 2 * math.pi * r.between(-a["hue"], a["hue"])
    luma, u, v = (0.299, 0.587, 0.114), 0.492, 0.877
    along, across = saturation * cosine(turn), saturation * sine(turn)
    colours = [0] * 9
    for i in range(3):
        red, blue = (i == 0) - luma[i], (i == 2) - luma[i]
        turned_red = along * red + across * (u / v) * blue
        turned_blue = along * blue - across * (v / u) * red
        turned = (turned_red, -(luma[0] * turned_red + luma[2] * turned_blue) / luma[1], turned_blue)
        for o in range(3):
            colours[3 * o + i] = rounded(4096 * (contrast * brightness * (luma[i] + turned[o])))
    offset = rounded(4096 * (127.5 * (1 - contrast)))

    erase = r.between(0, 1) < a["erase"]
    area, ratio, upright = r.between(0.02, 0.33), r.between(0.3, 1), r.next() >> 31 != 0
    longer, shorter = math.sqrt(area / ratio), math.sqrt(area * ratio)
    pixels = lambda share: min(max(rounded(share * to), 1), to)
    w, h = pixels(shorter if upright else longer), pixels(longer if upright else shorter)
    left, top = int(r.between(0, to - w + 1)), int(r.between(0, to - h + 1))
    paint = r.next()
    return (affine + colours + [offset, left, top, left + w if erase else left, top + h if erase else top]
            + [paint >> (8 * i) & 255 for i in range(3)])


def apply(change, picture, to):
    x0, xx, xy, y0, yx, yy, *colours = change[:15]
    offset, left, top, right, bottom, *paint = change[15:]
    side = picture.shape[0]
    y, x = np.mgrid[:to, :to]
    at_x, at_y = x0 + x * xx + y * xy, y0 + x * yx + y * yy

    def reflected(at):
        return np.clip(np.where(at < 0, -1 - at, np.where(at >= side, 2 * side - 1 - at, at)), 0, side - 1)

    def between(a, b, fraction):
        return (a * (256 - fraction) + b * fraction + 128) >> 8

    columns, rows = [[reflected((at >> 16) + i) for i in (0, 1)] for at in (at_x, at_y)]
    fx, fy = (at_x >> 8 & 255)[..., None], (at_y >> 8 & 255)[..., None]
    p = picture.astype(np.int64)
    upper, lower = (between(p[row, columns[0]], p[row, columns[1]], fx) for row in rows)
    out = between(upper, lower, fy) @ np.array(colours).reshape(3, 3).T
    out = np.clip((out + offset + 2048) >> 12, 0, 255).astype(np.uint8)
    out[top:bottom, left:right] = paint
    return out


def noise(side, seed):
    r = Random(seed, 0, 0)
    return np.array([r.next() & 255 for _ in range(side * side * 3)], np.uint8).reshape(side, side, 3)


# As in tests/augment.
MILD = dict(mirror=.5, window=(.75, 1.15), aspect=(.85, 1.18), rotation=12, shear=8, shift=.1, brightness=.25,
            contrast=.25, saturation=.25, hue=.02, erase=.25)
STRONG = dict(mirror=.5, window=(.5, 1.5), aspect=(.7, 1.4), rotation=60, shear=20, shift=.2, brightness=.4,
              contrast=.4, saturation=.6, hue=.2, erase=.5)
with open(f"{HERE}/augment.tsv", "w") as out:
    print("# what\tCRC-32 (of int32 in the order of PictureChange's members, or of the pictures' bytes)", file=out)
    numbers = np.array([draw(MILD, Random(10, 1, i), 160, 128) for i in range(2000)], "<i4")
    print("changes", f"{zlib.crc32(numbers.tobytes()):x}", sep="\t", file=out)
    pictures = b""
    for side, to in ((160, 128), (47, 33), (20, 32)):
        picture = noise(side, 4)
        pictures += b"".join(apply(draw(STRONG, Random(3, 5, i), side, to), picture, to).tobytes() for i in range(16))
    print("pictures", f"{zlib.crc32(pictures):x}", sep="\t", file=out)
