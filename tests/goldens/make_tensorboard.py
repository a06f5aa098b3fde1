"""Writes tensorboard.tsv: the bytes of an event file, as TensorBoard's own writer and messages make them.

Needs tensorboard (2.21). Usage: make_tensorboard.py > tensorboard.tsv
"""
import io

from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.record_writer import RecordWriter


class Kept(io.BytesIO):
    def close(self):
        pass


def record(event):
    file = Kept()
    RecordWriter(file).write(event.SerializeToString())
    return file.getvalue().hex()


def scalars(wall_time, step, pairs):
    values = [Summary.Value(tag=tag, simple_value=value) for tag, value in pairs]
    return record(Event(wall_time=wall_time, step=step, summary=Summary(value=values)))


print("# record\tbytes of the framed record, hexadecimal")
print("start", record(Event(wall_time=1764000000.25, file_version="brain.Event:2")), sep="\t")
print("one", scalars(1764000001.5, 1, [("loss/step", 3.8010864)]), sep="\t")
print("many", scalars(1764000002.75, 123456789, [("loss/train", 0.1), ("accuracy/validation", 98.5)]), sep="\t")
print("zero", scalars(1764000000.5, 0, [("loss/step", 0.0)]), sep="\t")
print("long", scalars(1764000003.0, 7, [("x" * 200, -1.5)]), sep="\t")
