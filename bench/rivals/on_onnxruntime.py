"""BART's ONNX export in onnxruntime."""
import onnxruntime

from common import answer, checked_picture, inference_figures, job, noise, probabilities

task = job()
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = task["threads"]
session = onnxruntime.InferenceSession(task["onnx"], options, providers=["CPUExecutionProvider"])
name = session.get_inputs()[0].name


def evaluate(x):
    return session.run(None, {name: x})[0]


batch = noise(task["bs"])
answer(version=onnxruntime.__version__, probabilities=probabilities(evaluate(checked_picture(task["pixels"]))),
       **inference_figures(evaluate, batch, batch[:1].copy(), task["rounds"]))
