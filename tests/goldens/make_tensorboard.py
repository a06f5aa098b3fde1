"""Writes tensorboard.tsv: the bytes of an event file, as TensorBoard's own writer and messages make them.

Needs tensorboard (2.21). Usage: make_tensorboard.py > tensorboard.tsv
"""
import io

from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary, SummaryMetadata
from tensorboard.compat.proto.tensor_pb2 import TensorProto
from tensorboard.compat.proto.tensor_shape_pb2 import TensorShapeProto
from tensorboard.plugins.hparams.api_pb2 import Experiment, HParamInfo, MetricInfo, MetricName
from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData, SessionEndInfo, SessionStartInfo
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


def text(wall_time, tag, markdown):
    metadata = SummaryMetadata(plugin_data=SummaryMetadata.PluginData(plugin_name="text"))
    tensor = TensorProto(dtype="DT_STRING", string_val=[markdown.encode()],
                         tensor_shape=TensorShapeProto(dim=[TensorShapeProto.Dim(size=1)]))
    value = Summary.Value(tag=tag + "/text_summary", metadata=metadata, tensor=tensor)
    return record(Event(wall_time=wall_time, summary=Summary(value=[value])))


def image(wall_time, step, tag, width, height, file):
    shown = Summary.Image(height=height, width=width, colorspace=3, encoded_image_string=file)
    return record(Event(wall_time=wall_time, step=step, summary=Summary(value=[Summary.Value(tag=tag, image=shown)])))


def settings(wall_time, numbers, texts, tags):
    experiment = Experiment(metric_infos=[MetricInfo(name=MetricName(tag=tag)) for tag in tags])
    session = SessionStartInfo(start_time_secs=wall_time)
    for name, value in numbers:
        experiment.hparam_infos.append(HParamInfo(name=name, type="DATA_TYPE_FLOAT64"))
        session.hparams[name].number_value = value
    for name, value in texts:
        experiment.hparam_infos.append(HParamInfo(name=name, type="DATA_TYPE_STRING"))
        session.hparams[name].string_value = value

    def value(tag, content):
        plugin = SummaryMetadata.PluginData(plugin_name="hparams", content=content.SerializeToString())
        return Summary.Value(tag=tag, metadata=SummaryMetadata(plugin_data=plugin))

    return record(Event(wall_time=wall_time, summary=Summary(value=[
        value("_hparams_/experiment", HParamsPluginData(experiment=experiment)),
        value("_hparams_/session_start_info", HParamsPluginData(session_start_info=session))])))


def session_end(wall_time, status):
    content = HParamsPluginData(session_end_info=SessionEndInfo(status=status, end_time_secs=wall_time))
    plugin = SummaryMetadata.PluginData(plugin_name="hparams", content=content.SerializeToString())
    value = Summary.Value(tag="_hparams_/session_end_info", metadata=SummaryMetadata(plugin_data=plugin))
    return record(Event(wall_time=wall_time, summary=Summary(value=[value])))


# A map of two settings has no order of its own, so there is one of each kind.
print("setting", settings(1764000006.0, [("learning_rate", 0.001)], [], ["loss/train"]), sep="\t")
print("setting_text", settings(1764000006.5, [], [("split", "original")], []), sep="\t")
print("text", text(1764000004.0, "settings", "| a | b |"), sep="\t")
print("image", image(1764000005.0, 3, "confusion_matrix", 300, 200, b"\x89PNG bytes"), sep="\t")
print("long", scalars(1764000003.0, 7, [("x" * 200, -1.5)]), sep="\t")
print("session_end", session_end(1764000007.0, "STATUS_SUCCESS"), sep="\t")
print("session_end_failed", session_end(1764000007.5, "STATUS_FAILURE"), sep="\t")
