"""A folder of JPEGs to results.json with BART's ONNX export in onnxruntime or OpenVINO: mode DECODER-RUNTIME, where the
decoder is pillow (Pillow's decode and resize, the pixels that BART has) or turbo (libjpeg-turbo by simplejpeg with its
reduced-size decoding, resized by Pillow). Pictures are decoded by a pool of threads while the network computes."""
import json
import os
from concurrent.futures import ThreadPoolExecutor

import numpy
from PIL import Image

from common import SIZE, answer, job, onnxruntime_network, openvino_network, picture_files

task = job()
decoder, runtime = task["mode"].split("-")


def decoded(path):
    if decoder == "turbo":
        import simplejpeg
        with open(path, "rb") as file:
            pixels = simplejpeg.decode_jpeg(file.read(), min_height=SIZE, min_width=SIZE)
        picture = Image.fromarray(pixels)
    else:
        picture = Image.open(path).convert("RGB")
    return numpy.asarray(picture.resize((SIZE, SIZE))).transpose(2, 0, 1)


if runtime == "onnxruntime":
    evaluate = onnxruntime_network(task["onnx"], task["threads"])
else:
    network = openvino_network(task["onnx"], task["bs"], task["threads"], "f32")

    def evaluate(x):
        full = x if len(x) == task["bs"] else numpy.resize(x, (task["bs"], *x.shape[1:]))
        return network(full)[:len(x)]

files = picture_files(task["folder"])
results = {}
with ThreadPoolExecutor(task["threads"]) as pool:
    batches = [files[i:i + task["bs"]] for i in range(0, len(files), task["bs"])]
    ahead = [pool.submit(decoded, path) for path in batches[0]]
    for number, batch in enumerate(batches):
        pixels = numpy.stack([future.result() for future in ahead])
        ahead = [pool.submit(decoded, path) for path in batches[number + 1]] if number + 1 < len(batches) else []
        for path, row in zip(batch, evaluate(pixels.astype(numpy.float32) / 255)):
            results[path] = task["names"][int(row.argmax())]
with open(os.path.join(task["scratch"], "results.json"), "w", encoding="utf-8") as file:
    json.dump(results, file)
answer(pictures=len(results))
