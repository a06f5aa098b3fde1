"""BART's ONNX export in ncnn, converted by pnnx: mode f32 or bf16 (storage). It takes pictures one by one."""
import os
import subprocess
import sys

import ncnn
import numpy

from common import SIZE, answer, checked_picture, flat, job, median_seconds, noise

task = job()
param = os.path.join(task["scratch"], "model.ncnn.param")
if not os.path.exists(param):
    fixed = os.path.join(task["scratch"], "model.onnx")
    if not os.path.exists(fixed):
        os.symlink(os.path.abspath(task["onnx"]), fixed)
    converter = os.path.join(os.path.dirname(sys.executable), "pnnx")
    subprocess.run([converter, "model.onnx", f"inputshape=[1,3,{SIZE},{SIZE}]"], check=True, cwd=task["scratch"],
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
network = ncnn.Net()
network.opt.num_threads = task["threads"]
network.opt.use_bf16_storage = task["mode"] == "bf16"
network.load_param(param)
network.load_model(param.replace(".param", ".bin"))


def evaluate(x):
    extractor = network.create_extractor()
    extractor.input("in0", ncnn.Mat(x))
    return numpy.array(extractor.extract("out0")[1])


said = flat(evaluate(checked_picture(task["pixels"])[0]))
seconds = median_seconds(lambda x=noise(1)[0]: evaluate(x), 5 * task["rounds"], warm_up=5)
answer(version=ncnn.__version__, probabilities=said, inference=1 / seconds, single=seconds)
