#!/usr/bin/env python3
"""Writes the first inputs of the fuzz targets, from the golden files and by hand, into fuzz/corpus/.

    python3 fuzz/make_corpus.py

Needs no more than Python. Pictures, .pth and .joblib need no more seeds than tests/goldens/, which their targets read
too. What the fuzzer found and lies in corpus/ beside these is kept by hand.
"""
import json
import pathlib
import struct
import zipfile
import zlib

here = pathlib.Path(__file__).resolve().parent
goldens = here.parent / "tests" / "goldens"


def write(target, name, content):
    folder = here / "corpus" / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())


def safetensors(header, data=b""):
    return struct.pack("<Q", len(header)) + header.encode() + data


def png(*chunks):
    checked = lambda name, data: struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
    return b"\x89PNG\r\n\x1a\n" + b"".join(checked(name, data) for name, data in chunks)


def plain(name):
    return (goldens / name).read_bytes()


for name in ("types", "plain_dict", "protocol4", "old", "hostile/memo_bomb_entry", "hostile/stride_huge", "hostile/hidden"):
    with zipfile.ZipFile(goldens / "formats" / f"{name}.pth") as archive:
        pickled = next(entry for entry in archive.namelist() if entry.endswith("data.pkl"))
        write("pth_pickle", pathlib.Path(name).name, archive.read(pickled))

for target in ("safetensors", "model"):
    write(target, "network.safetensors", plain("onnx_small.safetensors"))
write("safetensors", "types.safetensors", plain("safetensors_types.safetensors"))
write("safetensors", "empty.safetensors", safetensors("{}"))
write("safetensors", "metadata.safetensors", safetensors('{"__metadata__":{"classes":"[\\"a\\"]","\\u00e9":"\\n"}}'))
for type, size in (("F64", 8), ("F32", 4), ("F16", 2), ("BF16", 2), ("I64", 8), ("I32", 4), ("I16", 2), ("I8", 1), ("U8", 1)):
    header = json.dumps({"a": {"dtype": type, "shape": [2, 1], "data_offsets": [0, 2 * size]}})
    write("safetensors", f"{type.lower()}.safetensors", safetensors(header, bytes(range(2 * size))))

for target in ("onnx", "model"):
    write(target, "plain.onnx", plain("onnx_small_plain.onnx"))
    write(target, "half.onnx", plain("onnx_small_half.onnx"))
write("model", "network.pth", plain("formats/encoded.pth"))

write("classes_json", "two", '["a", "b"]')
write("classes_json", "escaped", r'["\"\\\/\b\f\n\r\t", "\u00e9\ud83d\ude00", "é😀", ""]')
write("classes_json", "others", '[1, -2.5e3, true, null, {"a": []}]')
write("classes_json", "deep", "[" * 1000)

# Crashed: a palette after a header whose bits and colors do not go together.
write("png", "palette_without_mode.png", png((b"IHDR", struct.pack(">IIBBBBB", 1, 1, 13, 2, 3, 0, 0)), (b"PLTE", bytes(3))))

run = {"command": "bart train faces", "data": {"folder": "faces", "pictures": 600}, "options": {"ignore_exif": False, "seed": 10},
       "results": {"status": "finished", "losses": [3.5, 1e-9]}}
write("run_json", "finished", json.dumps(run, indent=2))
write("run_json", "running", json.dumps(run).replace("finished", "running"))
write("run_json", "types", '{"data":{"folder":[]},"options":{"ignore_exif":1},"results":{"status":null}}')

machine = {"cpu": "one", "instructions": "avx2", "threads": 2, "memory_bytes": 1 << 34, "system": "Linux"}
options = {"batch_size": 32, "learning_rate": 0.001, "epochs": 2, "max_steps": None, "seed": 10, "split": "original", "test_size": 0.2,
           "validation_size": 0.0, "image_size": 32, "ignore_exif": False}
data = {"folder": "faces", "pictures": 10, "classes": ["a", "b"], "sizes": 3, "bytes": 9000, "train": 8, "validation": 0, "test": 2,
        "skipped": [{"file": "a/1.jpg", "reason": "truncated JPEG"}], "converted": [{"file": "a/2.png", "mode": "L"}]}
epoch = {"epoch": 1, "loss": 1.5, "train_accuracy_percent": 50.0, "validation_accuracy_percent": 50.0, "validation_macro_f1": 0.25,
         "validation_loss": 1.25, "train_seconds": 0.5, "validation_seconds": 0.125}
results = {"status": "finished", "started": "2026-01-01T00:00:00Z", "written": "2026-01-01T00:00:09Z", "epochs": [epoch],
           "peak_memory_bytes": 1 << 28}
run = {"command": "bart train faces", "version": "0.1.0", "machine": machine, "options": options, "data": data, "results": results}
write("run", "finished", json.dumps(run, indent=2) + "\0step,epoch,loss\n1,1,1.62484229\n2,1,1.5008378\n")
options["max_steps"], results["epochs"] = 5, []
write("run", "no_epoch", json.dumps(run) + "\0step,epoch,loss\n")
write("run", "no_steps", json.dumps(run))

def text(bytes):
    return struct.pack("<H", len(bytes)) + bytes


def cached(file, mode_or_reason, slot, broken=False):
    return text(file) + text(mode_or_reason) + struct.pack("<QqQIiiB", 2048, 1700000000, 7, slot, 9, 12, broken)


def cache_index(slots, *pictures):
    # The target puts the checksum right.
    return b"BARTPIX1" + bytes(8) + text(b"jpeg 1") + struct.pack("<II", slots, len(pictures)) + b"".join(pictures)


write("pixel_cache", "two", cache_index(3, cached(b"a/1.jpg", b"RGB", 0), cached(b"b/2.png", b"L", 2)))
write("pixel_cache", "broken", cache_index(0, cached(b"a/1.jpg", b"truncated JPEG", 9, True)))
write("pixel_cache", "empty", cache_index(0))

write("csv", "test_pictures", "picture,file,bytes\n0.jpg,a/1.jpg,2048\n1.jpg,\"b, c/\"\"2\"\".jpg\",99\n")
write("csv_listing", "plain", "a/1.jpg,a\nb/2.jpg,b\n")
write("csv_listing", "header", "id,Label,Filename,Split\n1,a,x.jpg,TRAIN\n2,b,y.jpg,val\n")
write("csv_listing", "quoted", '\ufefffile;label\r\n"a; ""b"".jpg";"two\nlines"\r\n\r\nc.jpg;d')
write("csv_listing", "tabs", "x.jpg\ta b\ny.jpg\tc")
write("csv_listing", "twice", "x.jpg,a\ny.jpg,b\nx.jpg,a\n")
write("csv", "line_ends", "a,b\r\n\"c\r\nd\",\r\n\r\n,\r")
write("csv", "open_quote", '"a,b\nc')

# Requests to bart serve; the first byte says in which pieces they come, 0: at once.
dot = png((b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)), (b"IDAT", zlib.compress(b"\0\x10\x20\x30")), (b"IEND", b""))


def request(name, target, body=b"", *fields, method="POST", pieces=0):
    head = [f"{method} {target} HTTP/1.1", "Host: localhost", *fields]
    if method == "POST" and not any(field.startswith("Transfer-Encoding") for field in fields):
        head.append(f"Content-Length: {len(body)}")
    write("http_request", name, bytes([pieces]) + "\r\n".join(head + ["", ""]).encode() + body)


request("picture", "/v1/predict?top_k=2&explain=1&input=1", dot, "Content-Type: image/png")
form = b"".join(b'--b\r\nContent-Disposition: form-data; name="p"; filename="%s"\r\nContent-Type: image/png\r\n\r\n%s\r\n' % (name, dot)
                for name in (b"a.png", b'\\"b')) + b"--b--\r\n"
request("form", "/v1/predict", form, "Content-Type: multipart/form-data; boundary=b")
# The Content-Type on a line before the body.
write("multipart", "form", b"multipart/form-data; boundary=b\n" + form)
write("multipart", "around", b'Multipart/Form-Data; x=y; boundary="b c"\nbefore\r\n--b c \t\r\nContent-Disposition: form-data; '
      b'name=a;filename=\r\nContent-Transfer-Encoding: binary\r\n\r\n\r\n--b c--after')
write("multipart", "no_end", b"multipart/form-data; boundary=b\n--b\r\n\r\n--b\r\nContent-Disposition: form-data; name=\"")
chunks = b"".join(b"%x;a=b\r\n%s\r\n" % (len(dot[i:i + 9]), dot[i:i + 9]) for i in range(0, len(dot), 9)) + b"0\r\nX: y\r\n\r\n"
request("chunks", "/v1/predict", chunks, "Transfer-Encoding: chunked", "Expect: 100-continue", pieces=5)
tensor = struct.pack("<I", len(dot)) + dot
infer = json.dumps({"id": "i", "inputs": [{"name": "picture", "shape": [1], "datatype": "BYTES", "parameters": {"binary_data_size": len(tensor)}}],
                    "outputs": [{"name": "class", "parameters": {"binary_data": True}}, {"name": "probabilities"}]}).encode()
request("infer_binary", "/v2/models/bart/infer", infer + tensor, f"Inference-Header-Content-Length: {len(infer)}")
request("infer_pixels", "/v2/models/bart/versions/1/infer",
        json.dumps({"inputs": [{"name": "pixels", "shape": [1, 2, 2, 3], "datatype": "UINT8", "data": [[[1, 2, 3], [4, 5, 6]], [[7, 8, 9], [0, 255, 1]]]}]}).encode())
request("infer_base64", "/v2/models/bart/infer", b'{"inputs":[{"name":"picture","shape":[1,1],"datatype":"BYTES","data":["iVBORw0KGgo="]}]}')
request("get", "/v1/model/examples/0?a=%20+b", method="GET", pieces=3)
request("preflight", "/v1/predict", b"", "Origin: https://a.example", "Access-Control-Request-Method: POST", method="OPTIONS")
request("lengths", "/v1/predict", b"hello", "Transfer-Encoding: chunked", "Content-Length: 4")
