"""BART's network behind HTTP, for bench/against_servers: on_http.py SERVER RUNTIME PORT PTH ONNX THREADS, where
SERVER is fastapi or litserve and RUNTIME is pytorch or onnxruntime. POST /v1/predict takes the bytes of a picture,
LitServe's as {"picture": base64}, and answers the probabilities of the classes; GET /readyz (LitServe: /health) answers when the
model is there."""
import base64
import io
import sys

import numpy
from PIL import Image

from common import SIZE, onnxruntime_network

server, runtime, port, pth, onnx, threads = sys.argv[1:]


def load():
    """A function from pictures, float32 [n, 3, SIZE, SIZE], to probabilities."""
    if runtime == "onnxruntime":
        return onnxruntime_network(onnx, int(threads))
    import torch
    from on_pytorch import network
    torch.set_num_threads(int(threads))
    state = torch.load(pth, map_location="cpu", weights_only=True)
    module = network(state["classification_head.7.bias"].numel())
    module.load_state_dict(state)
    module.eval()

    def evaluate(x):
        with torch.inference_mode():
            return torch.softmax(module(torch.from_numpy(x)), 1).numpy()
    return evaluate


def decoded(body):
    pixels = numpy.asarray(Image.open(io.BytesIO(body)).convert("RGB").resize((SIZE, SIZE)), dtype=numpy.float32)
    return numpy.ascontiguousarray(pixels.transpose(2, 0, 1)[None] / 255)


def serve_fastapi():
    import uvicorn
    from fastapi import FastAPI, Request
    from fastapi.concurrency import run_in_threadpool
    app, evaluate = FastAPI(), load()

    @app.get("/readyz")
    def ready():
        return {}

    @app.post("/v1/predict")
    async def predict(request: Request):
        body = await request.body()
        return {"probabilities": await run_in_threadpool(lambda: evaluate(decoded(body))[0].tolist())}

    uvicorn.run(app, host="127.0.0.1", port=int(port), log_level="warning", access_log=False)


if server == "litserve":
    import litserve

    class Api(litserve.LitAPI):  # another process imports it
        def setup(self, device):
            self.evaluate = load()

        def decode_request(self, request):  # LitServe takes no other body than JSON or a form
            return decoded(base64.b64decode(request["picture"]))

        def batch(self, inputs):
            return numpy.concatenate(inputs)

        def predict(self, x):
            return self.evaluate(x)

        def unbatch(self, outputs):
            return list(outputs)

        def encode_response(self, output):
            return {"probabilities": numpy.asarray(output).reshape(-1).tolist()}


if __name__ == "__main__":
    if server == "fastapi":
        serve_fastapi()
    else:
        litserve.LitServer(Api(api_path="/v1/predict"), accelerator="cpu").run(
            host="127.0.0.1", port=int(port), log_level="warning", generate_client_file=False)
