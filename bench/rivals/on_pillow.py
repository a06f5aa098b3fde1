"""Read, decode and resize a folder with Pillow, one thread, after one round that brings the files into the system's cache."""
import PIL
from PIL import Image

from common import SIZE, answer, job, median_seconds, picture_files

task = job()


def resized(path):
    with Image.open(path) as picture:
        return picture.convert("RGB").resize((SIZE, SIZE))


if task["do"] == "pixels":
    with open(task["pixels"], "wb") as file:
        file.write(resized(task["picture"]).tobytes())
    answer(version=PIL.__version__)
else:
    files = picture_files(task["folder"])
    for path in files:
        with open(path, "rb") as file:
            file.read()
    seconds = median_seconds(lambda: [resized(path).tobytes() for path in files], 1, warm_up=0)
    answer(version=PIL.__version__, pictures=len(files) / seconds)
