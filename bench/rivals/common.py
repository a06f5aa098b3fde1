"""What every rival's process shares: its job comes as JSON on the command line, its answer goes to stdout as JSON."""
import json
import statistics
import sys
import time

SIZE = 128  # height and width of the network's input


def job():
    return json.loads(sys.argv[1])


def answer(**figures):
    print(json.dumps(figures), flush=True)


def median_seconds(work, rounds, warm_up=3):
    for _ in range(warm_up):
        work()
    seconds = []
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


def inference_figures(evaluate, batch, one, rounds):
    """Images per second of a batch, and seconds of one picture; `evaluate` waits for the result."""
    return {"inference": len(batch) / median_seconds(lambda: evaluate(batch), rounds),
            "single": median_seconds(lambda: evaluate(one), 5 * rounds, warm_up=5)}


def checked_picture(pixels_file):
    """The picture on which all answers are compared: float32 [1, 3, SIZE, SIZE] from uint8 [SIZE, SIZE, 3]."""
    import numpy
    pixels = numpy.fromfile(pixels_file, dtype=numpy.uint8).reshape(1, SIZE, SIZE, 3)
    return numpy.ascontiguousarray(pixels.transpose(0, 3, 1, 2).astype(numpy.float32) / 255)


def probabilities(logits):
    import numpy
    logits = numpy.asarray(logits, dtype=numpy.float64).reshape(-1)
    exponentials = numpy.exp(logits - logits.max())
    return (exponentials / exponentials.sum()).tolist()


def flat(values):
    """What BART's ONNX export answers for one picture: probabilities already."""
    import numpy
    return numpy.asarray(values, dtype=numpy.float64).reshape(-1).tolist()


def noise(batch_size):
    import numpy
    return numpy.random.default_rng(10).random((batch_size, 3, SIZE, SIZE), dtype=numpy.float32)


def onnxruntime_network(path, threads):
    """A function from pictures to probabilities."""
    import onnxruntime
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return lambda x: session.run(None, {name: x})[0]


def openvino_network(path, batch_size, threads, precision):
    """A function from exactly batch_size pictures to probabilities."""
    import openvino
    core = openvino.Core()
    model = core.read_model(path)
    model.reshape([batch_size, 3, SIZE, SIZE])
    request = core.compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": precision, "PERFORMANCE_HINT": "LATENCY",
                                                "INFERENCE_NUM_THREADS": threads}).create_infer_request()
    return lambda x: next(iter(request.infer([x]).values()))


def picture_files(folder):
    import os
    return [os.path.join(folder, name, file) for name in sorted(os.listdir(folder))
            if os.path.isdir(os.path.join(folder, name))
            for file in sorted(os.listdir(os.path.join(folder, name))) if not file.startswith(".")]
