"""BART's ONNX export in OpenVINO: mode f32 or bf16, one compiled model for each batch size."""
import openvino

from common import SIZE, answer, checked_picture, inference_figures, job, noise, probabilities

task = job()
core = openvino.Core()
requests = {}
for batch_size in (task["bs"], 1):
    model = core.read_model(task["onnx"])
    model.reshape([batch_size, 3, SIZE, SIZE])
    compiled = core.compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": task["mode"], "PERFORMANCE_HINT": "LATENCY",
                                                 "INFERENCE_NUM_THREADS": task["threads"]})
    requests[batch_size] = compiled.create_infer_request()


def evaluate(x):
    return next(iter(requests[len(x)].infer([x]).values()))


batch = noise(task["bs"])
answer(version=openvino.__version__, probabilities=probabilities(evaluate(checked_picture(task["pixels"]))),
       **inference_figures(evaluate, batch, batch[:1].copy(), task["rounds"]))
