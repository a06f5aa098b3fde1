"""BART's ONNX export in OpenVINO: mode f32 or bf16, one compiled model for each batch size."""
import openvino

from common import SIZE, answer, checked_picture, flat, inference_figures, job, noise, openvino_network

task = job()
networks = {size: openvino_network(task["onnx"], size, task["threads"], task["mode"]) for size in (task["bs"], 1)}


def evaluate(x):
    return networks[len(x)](x)


batch = noise(task["bs"])
answer(version=openvino.__version__, probabilities=flat(evaluate(checked_picture(task["pixels"]))),
       **inference_figures(evaluate, batch, batch[:1].copy(), task["rounds"]))
