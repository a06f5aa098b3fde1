#!/usr/bin/env python3
"""Draws the small picture files of every format and mode that the tests decode.

    python3 make_small_pictures.py FOLDER        (tests/goldens/pictures)
    python3 make_odd_pictures.py FOLDER > small_pictures.tsv

Made with Pillow 13.0.0.
"""
import io
import os
import struct
import sys
import zlib

import numpy as np
from PIL import Image

folder = sys.argv[1]
os.makedirs(folder, exist_ok=True)
W, H = 21, 13


def gradient(channels, dtype=np.uint8, top=255):
    y, x = np.mgrid[0:H, 0:W]
    planes = [(x * top // (W - 1)), (y * top // (H - 1)), ((x * 7 + y * 11) % (top + 1)), ((x + y) * top // (W + H - 2))]
    a = np.stack(planes[:channels], -1).astype(dtype)
    return a[..., 0] if channels == 1 else a


def save(name, image, **options):
    image.save(os.path.join(folder, name), **options)


def write(name, data):
    open(os.path.join(folder, name), "wb").write(data)


rgb, rgba, gray = Image.fromarray(gradient(3)), Image.fromarray(gradient(4)), Image.fromarray(gradient(1))
palette = rgb.quantize(16)
bits = gray.convert("1")
la = Image.merge("LA", (gray, rgba.getchannel("A")))

# JPEG: subsampling, progressive, gray, CMYK, restart markers, every orientation, one in XMP only
for s, n in enumerate(("444", "422", "420")):
    save(f"{n}.jpg", rgb, subsampling=s, quality=90)
save("progressive.jpg", rgb, progressive=True)
save("gray.jpg", gray)
save("cmyk.jpg", Image.fromarray(gradient(4), "CMYK"))
save("restart.jpg", rgb, restart_marker_blocks=1)
for o in range(1, 9):
    exif = Image.Exif()
    exif[0x0112] = o
    save(f"orientation_{o}.jpg", rgb, exif=exif)
save("orientation_xmp.jpg", rgb, xmp=b'<rdf:Description tiff:Orientation="6"/>')
whole = open(os.path.join(folder, "420.jpg"), "rb").read()
write("truncated.jpg", whole[: len(whole) - 40])
write("no_end.jpg", whole[:-2])
write("header_only.jpg", whole[:200])
write("second_start.jpg", whole[:-2] + b"\xff\xd8\xff\xd9")
damaged = bytearray(whole)
damaged[-60:-50] = b"\xff\x00" * 5
write("damaged.jpg", bytes(damaged))

# PNG: every mode that Pillow writes, and those that it only reads
for name, image in dict(rgb=rgb, rgba=rgba, gray=gray, la=la, palette=palette, bits=bits).items():
    save(f"{name}.png", image)
save("gray16.png", Image.fromarray(gradient(1, np.uint16, 600)))
save("transparent.png", palette, transparency=3)
exif = Image.Exif()
exif[0x0112] = 5
save("orientation.png", rgb, exif=exif)


def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(bits, color, rows, interlace=0, extra=b""):
    header = struct.pack(">IIBBBBB", W, H, bits, color, 0, 0, interlace)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + extra + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b""))


def packed(values, bits):
    rows = []
    for row in np.atleast_2d(values):
        text = "".join(format(int(v), f"0{bits}b") for v in row.reshape(-1))
        text += "0" * (-len(text) % 8)
        rows.append(b"\0" + bytes(int(text[i : i + 8], 2) for i in range(0, len(text), 8)))
    return b"".join(rows)


def adam7(values, bits):
    passes = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
    parts = [values[y::dy, x::dx] for x, y, dx, dy in passes]
    return b"".join(packed(p, bits) for p in parts if p.size)


for b in (2, 4):
    write(f"gray{b}.png", png(b, 0, packed(gradient(1, np.uint16, 2**b - 1), b)))
    write(f"gray{b}_interlaced.png", png(b, 0, adam7(gradient(1, np.uint16, 2**b - 1), b), 1))
write("rgb16.png", png(16, 2, packed(gradient(3, np.uint16, 65535), 16)))
write("la16.png", png(16, 4, packed(gradient(2, np.uint16, 65535), 16)))
write("rgba16_interlaced.png", png(16, 6, adam7(gradient(4, np.uint16, 65535), 16), 1))
write("rgb_interlaced.png", png(8, 2, adam7(gradient(3), 8), 1))
colors = bytes(range(0, 3 * 3))
write("short_palette.png", png(2, 3, packed(gradient(1, np.uint16, 3), 2), 0, chunk(b"PLTE", colors)))
stream = io.BytesIO()
rgb.save(stream, "PNG")
write("truncated.png", stream.getvalue()[:-60])
write("wrong_checksum.png", stream.getvalue()[:29] + b"\0\0\0\0" + stream.getvalue()[33:])
write("half_a_picture.png", png(8, 2, packed(gradient(3)[:6], 8)))
start = png(8, 2, b"")
at = start.index(b"IDAT") - 4
write("dictionary.png", start[:at] + chunk(b"IDAT", b"\x78\x20" + b"dict" + bytes(40)) + chunk(b"IEND", b""))
save("animated.png", rgb, save_all=True, append_images=[rgba.convert("RGB").rotate(180)])


def png_chunks(data):
    at = 8
    while at < len(data):
        size = 12 + int.from_bytes(data[at:at + 4], "big")
        yield data[at + 4:at + 8], data[at:at + size]
        at += size


# Animations that are none for Pillow: nothing says so before the picture's data.
animated = list(png_chunks(open(os.path.join(folder, "animated.png"), "rb").read()))
control = next(chunk for name, chunk in animated if name == b"acTL")
body = [chunk for name, chunk in animated if name != b"acTL"]
names = [name for name, _ in animated if name != b"acTL"]
start = b"\x89PNG\r\n\x1a\n"
write("frames_alone.png", start + b"".join(body))
after = names.index(b"IDAT") + 1
write("late_control.png", start + b"".join(body[:after] + [control] + body[after:]))
write("frames_out_of_order.png", start + b"".join(body[:after] + body[after + 1:]))

# WebP
save("lossy.webp", rgb, quality=80)
save("lossless.webp", rgb, lossless=True)
save("alpha.webp", rgba, quality=80)
save("animated.webp", rgba, save_all=True, append_images=[rgba.rotate(180)])
save("orientation.webp", rgb, exif=exif)
stream = io.BytesIO()
rgb.save(stream, "WEBP")
write("truncated.webp", stream.getvalue()[:-40])

# BMP
for name, image in dict(rgb=rgb, rgba=rgba, gray=gray, palette=palette, bits=bits).items():
    save(f"{name}.bmp", image)


def bmp(bits, body, compression=0, colors=b"", masks=b"", height=H, count=0):
    offset = 14 + 40 + len(masks) + len(colors)
    info = struct.pack("<IiiHHIIiiII", 40, W, height, 1, bits, compression, len(body), 2835, 2835, count, 0)
    return b"BM" + struct.pack("<IHHI", offset + len(body), 0, 0, offset) + info + masks + colors + body


def rows_of(values, size):
    rows = (np.ascontiguousarray(r).tobytes() for r in values)
    return b"".join(r + b"\0" * (-len(r) % 4) for r in rows)


words = gradient(1, np.uint16, 65535)
write("rgb555.bmp", bmp(16, rows_of(words & 0x7FFF, 2)))
write("rgb565.bmp", bmp(16, rows_of(words, 2), 3, masks=struct.pack("<III", 0xF800, 0x7E0, 0x1F)))
write("top_down.bmp", bmp(24, rows_of(gradient(3), 3), height=-H))
table = b"".join(bytes((i * 16, 255 - i * 16, i * 3, 0)) for i in range(16))
write("palette4.bmp", bmp(4, b"".join(r[1:] + b"\0" * (-(len(r) - 1) % 4) for r in
                                      (packed(gradient(1, np.uint16, 15)[y], 4) for y in range(H))), colors=table, count=16))
rle8 = b"".join(bytes((10, y, 0, 4, 1, 2, 3, 4, 7, 15 - y, 0, 0)) for y in range(H)) + b"\0\1"
write("rle8.bmp", bmp(8, rle8, 1, table, count=16))
rle4 = b"".join(bytes((10, 0x3A, 0, 5, 0x12, 0x34, 0x50, 0, 6, y, 0, 0)) for y in range(H)) + b"\0\1"
write("rle4.bmp", bmp(4, rle4, 2, table, count=16))
core = b"BM" + struct.pack("<IHHI", 0, 0, 0, 26 + 48) + struct.pack("<IHHHH", 12, W, H, 1, 8)
write("os2.bmp", core + b"".join(table[4 * i : 4 * i + 3] for i in range(16)) + b"\0" * 0 + rows_of(gradient(1, np.uint8, 15), 1))
write("truncated.bmp", bmp(24, rows_of(gradient(3), 3)[:-100]))

# GIF
save("palette.gif", palette)
save("gray.gif", gray)
save("interlaced.gif", palette, interlace=1)
save("transparent.gif", palette, transparency=2)
save("animated.gif", palette, save_all=True, append_images=[palette.rotate(180)])
stream = io.BytesIO()
palette.save(stream, "GIF")
write("truncated.gif", stream.getvalue()[:-60])
gif = bytearray(stream.getvalue())
gif[6:10] = struct.pack("<HH", W + 9, H + 5)  # a larger canvas
write("canvas.gif", bytes(gif))

# PNM
save("rgb.ppm", rgb)
save("gray.pgm", gray)
save("bits.pbm", bits)
save("gray16.pgm", Image.fromarray(gradient(1, np.uint16, 600)))
write("plain.ppm", b"P3 # comment\n4 2\n9\n" + b" ".join(b"%d" % (i % 10) for i in range(24)))
write("plain.pbm", b"P1\n5 2\n10110\n0 1 0 1 1\n")
write("scaled.pgm", b"P5\n" + b"%d %d\n100\n" % (W, H) + gradient(1, np.uint8, 100).tobytes())

# ICO
save("png.ico", rgba.resize((16, 16)), sizes=[(16, 16)])
save("bmp.ico", rgba.resize((16, 16)), sizes=[(16, 16)], bitmap_format="bmp")

# TIFF
for name, compression in dict(raw=None, lzw="tiff_lzw", deflate="tiff_adobe_deflate", packbits="packbits", jpeg="jpeg").items():
    save(f"{name}.tif", rgb, compression=compression)
save("group4.tif", bits, compression="group4")
save("alpha_lzw.tif", rgba, compression="tiff_lzw")
save("gray16.tif", Image.fromarray(gradient(1, np.uint16, 600)), compression="tiff_lzw")
save("real.tif", Image.fromarray(gradient(1, np.float32, 300) - 20))
save("cmyk.tif", Image.fromarray(gradient(4), "CMYK"))
save("palette.tif", palette)
save("la.tif", la)
save("orientation.tif", rgb, tiffinfo={0x0112: 6})


def tiff(tags, body):
    """A big-endian file: the body at byte 8, then the directory, whose tags are SHORTs or {} of them."""
    tail, entries = b"", []
    at = 8 + len(body) + 2 + 12 * len(tags) + 4
    for tag, value in sorted(tags.items()):
        values = value if isinstance(value, list) else [value]
        data = struct.pack(f">{len(values)}H", *values)
        if len(data) > 4:
            entries.append(struct.pack(">HHII", tag, 3, len(values), at + len(tail)))
            tail += data
        else:
            entries.append(struct.pack(">HHI", tag, 3, len(values)) + data.ljust(4, b"\0"))
    return b"MM\0*" + struct.pack(">I", 8 + len(body)) + body + struct.pack(">H", len(tags)) + b"".join(entries) + bytes(4) + tail


size = {256: W, 257: H, 277: 3, 262: 2, 278: H}
write("big_endian16.tif", tiff({**size, 258: [16] * 3, 273: 8}, gradient(3, ">u2", 65535).tobytes()))
planes = [gradient(3)[..., c].tobytes() for c in range(3)]
write("planes.tif", tiff({**size, 258: [8] * 3, 284: 2, 273: [8, 8 + W * H, 8 + 2 * W * H]}, b"".join(planes)))
tile = np.zeros((16, 32, 3), np.uint8)
tile[:H, :W] = gradient(3)
write("tiles.tif", tiff({**size, 258: [8] * 3, 322: 16, 323: 16, 324: [8, 8 + 768]}, tile[:, :16].tobytes() + tile[:, 16:].tobytes()))
write("truncated.tif", tiff({**size, 258: [8] * 3, 273: 400}, gradient(3).tobytes()))
write("ycbcr.tif", tiff({**size, 258: [8] * 3, 262: 6, 273: 8}, gradient(3).tobytes()))
# Taller than its only strip: what is below stays zero as stored.
short = {**size, 257: H + 5}
write("short_cmyk.tif", tiff({**short, 258: [8] * 4, 262: 5, 277: 4, 273: 8}, gradient(4).tobytes()))
write("short_inverted.tif", tiff({**short, 258: 8, 262: 0, 277: 1, 273: 8}, gradient(1).tobytes()))
write("short_palette.tif", tiff({**short, 258: 8, 262: 3, 277: 1, 273: 8, 320: list(range(10000, 10768))}, gradient(1).tobytes()))
write("short_rgb.tif", tiff({**short, 258: [8] * 3, 273: 8}, gradient(3).tobytes()))
write("short_ycbcr.tif", tiff({**short, 258: [8] * 3, 262: 6, 273: 8}, gradient(3).tobytes()))
# Two strips, each stated three times: the last one in the file counts.
thrice = b"".join(gradient(1).tobytes()[::step] * abs(step) for step in (1, -1, 3))
write("strips_thrice.tif", tiff({**size, 258: 8, 262: 1, 277: 1, 278: 7, 273: [8 + W * H, 8 + W * 7, 8 + W * H * 2, 8 + W * 8, 8, 8 + W * 9]}, thrice))
write("two_photometrics.tif", tiff({**size, 258: 8, 262: [1, 1], 277: 1, 273: 8}, gradient(1).tobytes()))

# AVIF
save("rgb.avif", rgb, quality=70)
save("alpha.avif", rgba, quality=70)
