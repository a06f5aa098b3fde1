"""BART's ONNX export in MNN, converted by mnnconvert: mode f32 (precision "high") or bf16 (precision "low")."""
import os
import subprocess
import sys

import MNN
import MNN.expr as expressions
import MNN.nn as nn

from common import SIZE, answer, checked_picture, flat, inference_figures, job, noise

task = job()
converted = os.path.join(task["scratch"], "model.mnn")
if not os.path.exists(converted):
    converter = os.path.join(os.path.dirname(sys.executable), "mnnconvert")
    subprocess.run([converter, "-f", "ONNX", "--modelFile", task["onnx"], "--MNNModel", converted, "--bizCode", "bart"],
                   check=True, stdout=subprocess.DEVNULL)
runtime = nn.create_runtime_manager(({"precision": {"f32": "high", "bf16": "low"}[task["mode"]], "backend": "CPU",
                                      "numThread": task["threads"]},))
network = nn.load_module_from_file(converted, [], [], runtime_manager=runtime)


def input_of(x):
    plain = expressions.const(x.ravel().tolist(), [len(x), 3, SIZE, SIZE], expressions.NCHW)
    return [expressions.convert(plain, expressions.NC4HW4)]


def evaluate(x):
    return expressions.convert(network.onForward(x[1])[0], expressions.NCHW).read()


class Input(tuple):
    """A batch and MNN's copy of it; its length is the batch size."""

    def __len__(self):
        return tuple.__getitem__(self, 0)


def laid_out(x):
    return Input((x.shape[0], input_of(x)))


batch = noise(task["bs"])
answer(version=MNN.version(), probabilities=flat(evaluate(laid_out(checked_picture(task["pixels"])))),
       **inference_figures(evaluate, laid_out(batch), laid_out(batch[:1]), task["rounds"]))
