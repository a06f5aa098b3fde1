"""BART's ONNX export in onnxruntime."""
import onnxruntime

from common import answer, checked_picture, flat, inference_figures, job, noise, onnxruntime_network

task = job()
evaluate = onnxruntime_network(task["onnx"], task["threads"])
batch = noise(task["bs"])
answer(version=onnxruntime.__version__, probabilities=flat(evaluate(checked_picture(task["pixels"]))),
       **inference_figures(evaluate, batch, batch[:1].copy(), task["rounds"]))
