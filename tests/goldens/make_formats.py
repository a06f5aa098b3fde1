#!/usr/bin/env python3
"""Makes goldens/formats/: files of PyTorch, joblib and scikit-learn, and hostile ones, for the tests of .pth and .joblib.

    python3 make_formats.py     (torch 2.13.0, scikit-learn 1.9.1, joblib 1.6.0, numpy 2.4.6)

  encoded.pth, encoded.joblib   what BART must write, byte for byte; loaded here as its users would
  *.pth with types.tsv          what BART must read: name, kind, shape, values
  *.joblib with classes.tsv     what BART must read: file, classes
  hostile/ with hostile.tsv     what BART must refuse: file, a part of the sentence
"""
import collections
import io
import pickle
import struct
import warnings
import zipfile
from pathlib import Path

import joblib
import numpy as np
import torch
from sklearn.preprocessing import LabelEncoder

from torch_network import Network

HERE = Path(__file__).parent / "formats"
HOSTILE = HERE / "hostile"
NAMES = ["Ned Flanders", "Zoë", "Łódź", "Ямал", "北京", "😀 emoji", "𝔅art"]


def write_encoded():
    torch.manual_seed(10)
    model = Network(3, image_size=8, blocks=[(2, .25), (3, .25)], hidden=[(5, .5)])
    torch.save(model.state_dict(), HERE / "BART-10M.pth")  # the archive's folder has the file's name
    (HERE / "BART-10M.pth").rename(HERE / "encoded.pth")
    Network(3, 8, [(2, .25), (3, .25)], [(5, .5)]).load_state_dict(torch.load(HERE / "encoded.pth", weights_only=True), strict=True)
    encoder = LabelEncoder().fit(NAMES)
    joblib.dump(encoder, HERE / "encoded.joblib")
    warnings.simplefilter("error")
    assert list(joblib.load(HERE / "encoded.joblib").inverse_transform(range(len(NAMES)))) == sorted(NAMES)


def types():
    numbers = torch.arange(24, dtype=torch.float32).reshape(2, 3, 4) - 7.25
    shared = torch.arange(6, dtype=torch.float32)
    state = collections.OrderedDict(
        float64=torch.tensor([0.1, -1e300, 1e-310, 3.0], dtype=torch.float64),
        float32=torch.tensor([0.1, -0.0, float("inf"), 1e-45]),
        float16=torch.tensor([0.1, -65504, 6e-8, float("-inf")], dtype=torch.float16),
        bfloat16=torch.tensor([0.1, -3e38, 1e-40], dtype=torch.bfloat16),
        int64=torch.tensor([-2**63, 2**63 - 1]), int32=torch.tensor([-2**31, 5], dtype=torch.int32),
        int16=torch.tensor([-2**15, 5], dtype=torch.int16), int8=torch.tensor([-128, 5], dtype=torch.int8),
        uint8=torch.tensor([255, 5], dtype=torch.uint8), boolean=torch.tensor([True, False]),
        scalar=torch.tensor(7), float_scalar=torch.tensor(2.5), empty=torch.zeros(3, 0, 2),
        transposed=numbers.permute(2, 0, 1), sliced=numbers[1:, ::2, 1:3], half_transposed=numbers.half().permute(1, 2, 0),
        channels_last=torch.arange(24, dtype=torch.float32).reshape(1, 2, 3, 4).contiguous(memory_format=torch.channels_last),
        expanded=torch.tensor([[1.5], [2.5]]).expand(2, 3), shared_a=shared[:4], shared_b=shared[2:],
        parameter=torch.nn.Parameter(torch.tensor([1., 2.])))
    state["Żółw.😀"] = torch.tensor([1.])
    return state


def rewrite(source, target, change, compression=zipfile.ZIP_STORED):
    with zipfile.ZipFile(source) as a, zipfile.ZipFile(target, "w", compression) as b:
        for info in a.infolist():
            content = change(info.filename, a.read(info))
            if content is not None:
                b.writestr(zipfile.ZipInfo(info.filename), content, compression)


def write_types():
    state = types()
    torch.save(state, HERE / "types.pth")
    torch.save(dict(state), HERE / "plain_dict.pth")
    torch.save(state, HERE / "protocol4.pth", pickle_protocol=4)
    rewrite(HERE / "types.pth", HERE / "deflated.pth", lambda name, content: content, zipfile.ZIP_DEFLATED)
    # As PyTorch 1.6 wrote it: fewer records, no byteorder.
    rewrite(HERE / "types.pth", HERE / "old.pth", lambda name, content: None if "." in name.split("/", 1)[1].replace("data.pkl", "") or "byteorder" in name else content)
    torch.save({"w": torch.as_strided(torch.arange(4.), (1,), (2**63 - 1,), 2)}, HERE / "unit_stride.pth")
    imaginary = torch.complex(torch.zeros(2, 2), torch.tensor([[1., -2.], [.5, 0.]])).conj().imag  # [[-1, 2], [-.5, -0]]
    torch.save({"imaginary": imaginary, "integers": torch._neg_view(torch.tensor([1, -3])),
                "plain": torch.ones(1)}, HERE / "negative.pth")
    keys = {}  # storage key to size of an element, in torch.save's order of first use
    for tensor in state.values():
        keys.setdefault(tensor.untyped_storage()._cdata, (len(keys), tensor.element_size()))
    width = dict(keys.values())

    def swap(name, content):
        part = name.split("/", 1)[1]
        if part == "byteorder":
            return b"big"
        if not part.startswith("data/"):
            return content
        w = width[int(part[5:])]
        return np.frombuffer(content, f"V{w}").view(np.uint8).reshape(-1, w)[:, ::-1].tobytes()
    rewrite(HERE / "types.pth", HERE / "big_endian.pth", swap)
    for file in ("types", "plain_dict", "protocol4", "deflated", "old", "big_endian"):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            again = torch.load(HERE / f"{file}.pth", weights_only=file != "protocol4")
        assert all(torch.equal(again[k], state[k]) for k in state), file
    with open(HERE / "types.tsv", "w") as f:
        f.write("# name\tkind\tshape\tvalues in C order, as float32 or int64\n")
        for name, tensor in state.items():
            value = tensor.detach().to(torch.float32 if tensor.is_floating_point() else torch.int64).contiguous()
            kind = "float" if tensor.is_floating_point() else "int"
            numbers = [float(v).hex() if kind == "float" else str(v) for v in value.flatten().tolist()]
            f.write("\t".join([name, kind, " ".join(map(str, value.shape)), " ".join(numbers)]) + "\n")


def write_joblib():
    encoder, objects = LabelEncoder().fit(NAMES), LabelEncoder().fit(np.array(NAMES, dtype=object))
    big = LabelEncoder().fit(NAMES)
    big.classes_ = big.classes_.astype(big.classes_.dtype.newbyteorder(">"))
    files = dict(unicode=(encoder, {}), object=(objects, {}), big=(big, {}), zlib=(encoder, dict(compress=3)),
                 gzip=(encoder, dict(compress=("gzip", 3))), object_zlib=(objects, dict(compress=3)),
                 protocol2=(encoder, dict(protocol=2)), protocol5=(encoder, dict(protocol=5)))
    with open(HERE / "classes.tsv", "w") as f:
        f.write("# file\tclasses\n")
        for name, (value, how) in files.items():
            joblib.dump(value, HERE / f"{name}.joblib", **how)
            assert list(joblib.load(HERE / f"{name}.joblib").classes_) == sorted(NAMES)
            f.write("\t".join([f"{name}.joblib", *sorted(NAMES)]) + "\n")
        (HERE / "pickled.joblib").write_bytes(pickle.dumps(encoder, protocol=4))
        f.write("\t".join(["pickled.joblib", *sorted(NAMES)]) + "\n")
    for method in ("bz2", "lzma", "xz"):
        hostile(f"{method}.joblib", None, "lzma" if method == "lzma" else method)
        joblib.dump(encoder, HOSTILE / f"{method}.joblib", compress=(method, 3))
    joblib.dump(LabelEncoder().fit([3, 5]), hostile("numbers.joblib", None, "not text"))
    joblib.dump(LabelEncoder(), hostile("unfitted.joblib", None, "no fitted LabelEncoder"))
    joblib.dump({"classes_": encoder.classes_}, hostile("dictionary.joblib", None, "no fitted LabelEncoder"))
    joblib.dump([np.zeros(2)], hostile("other_array.joblib", None, "not text"))


expectations = []


def hostile(name, content, sentence):
    expectations.append((name, sentence))
    if content is not None:
        (HOSTILE / name).write_bytes(content)
    return HOSTILE / name


def archive(pickled, records={"data/0": b"\0" * 16}, **more):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", more.get("compression", zipfile.ZIP_STORED)) as z:
        z.writestr(zipfile.ZipInfo("archive/data.pkl"), pickled, more.get("compression"))
        for name, content in records.items():
            z.writestr(zipfile.ZipInfo(f"archive/{name}"), content, more.get("compression"))
        z.writestr(zipfile.ZipInfo("archive/version"), b"3\n")
    return file.getvalue()


def integer(value):
    return b"J" + struct.pack("<i", value) if -2**31 <= value < 2**31 else pickle.dumps(value, 2)[2:-1]


def text(value):
    return b"X" + struct.pack("<I", len(value)) + value.encode()


def tensor(count=4, offset=0, shape=(4,), stride=(1,), key="0", storage="FloatStorage", rebuild="torch._utils\n_rebuild_tensor_v2"):
    numbers = lambda values: b"(" + b"".join(map(integer, values)) + b"t"
    return (b"c" + rebuild.encode() + b"\n((" + text("storage") + f"ctorch\n{storage}\n".encode() + text(key) + text("cpu") + integer(count) +
            b"tQ" + integer(offset) + numbers(shape) + numbers(stride) + b"\x89ccollections\nOrderedDict\n)RtR")


def state(value, name="w"):
    return b"\x80\x02}" + text(name) + value + b"s."


class Runs:
    """Pickles to a call, as an attacker's object does."""

    def __init__(self, call, *arguments):
        self.call, self.arguments = call, arguments

    def __reduce__(self):
        return self.call, self.arguments


def write_hostile():
    import builtins, os, subprocess
    calls = dict(system=(os.system, "touch /tmp/owned"), eval=(eval, "1"), exec=(exec, "1"), getattr=(getattr, "a", "upper"),
                 open=(open, "/etc/passwd"), popen=(subprocess.Popen, "true"), imported=(builtins.__import__, "os"))
    for name, (call, *arguments) in calls.items():
        module = {"system": "posix"}.get(name, call.__module__)
        for protocol in (2, 4):
            there = {"builtins": "__builtin__", "subprocess": "commands", "_io": "io"}.get(module, module) if protocol == 2 else {"_io": "io"}.get(module, module)
            pickled = pickle.dumps({"w": Runs(call, *arguments)}, protocol)
            hostile(f"{name}{protocol}.pth", archive(pickled), f"names {there}.{call.__qualname__ if name != 'open' else 'open'}")
            hostile(f"{name}{protocol}.joblib", pickle.dumps(Runs(call, *arguments), protocol), f"names {there}.")
    # A name hidden in an array's own pickle, and one reached through an allowed class.
    joblib.dump(np.array([Runs(os.system, "true")], dtype=object), hostile("within_array.joblib", None, "names posix.system"))
    hostile("dotted.pth", archive(b"\x80\x04" + b"\x8c\x0bcollections\x8c\x14OrderedDict.__init__\x93)R."), "names collections.OrderedDict.__init__")
    hostile("hidden.pth", archive(b"\x80\x02ccollections\nOrderedDict\ncos\nsystem\n" + text("true") + b"\x85Rb."), "names os.system")
    hostile("extension.pth", archive(b"\x80\x02\x82\x01."), "operation 0x82")
    hostile("inst.pth", archive(b"(" + text("true") + b"ios\nsystem\n."), "operation 0x69")
    hostile("persid.pth", archive(b"Pdata\n."), "operation 0x50")
    hostile("called_text.pth", archive(b"\x80\x02" + text("os.system") + text("true") + b"\x85R."), "no class")
    hostile("pickle_cut.pth", archive(state(tensor())[:-30]), "ends too early")
    hostile("stack_underflow.pth", archive(b"\x80\x02s."), "more values than it has")
    hostile("no_mark.pth", archive(b"\x80\x02u."), "lacks a mark")
    hostile("below_mark.pth", archive(b"\x80\x02}" + text("w") + b"N(s."), "more values than it has")
    hostile("odd_items.pth", archive(b"\x80\x02}(Nu."), "key without a value")
    hostile("set_on_text.pth", archive(b"\x80\x02" + text("w") + b"NNs."), "no collection")
    hostile("protocol9.pth", archive(b"\x80\x09}."), "protocol 9")
    hostile("no_memo.pth", archive(b"\x80\x02h\x05."), "never stored")
    hostile("memo_index.pth", archive(b"\x80\x02Nr\xff\xff\xff\xff."), "memo")
    hostile("long_text.pth", archive(b"\x80\x04\x8d" + b"\xff" * 7 + b"\x7f" + b"abc."), "ends too early")
    hostile("huge_integer.pth", archive(b"\x80\x02\x8a\x09" + b"\xff" * 9 + b"."), "more than 64 bits")
    # Doubles at each step: 2^200 references for whoever walks it. BART walks nothing that it does not know.
    bomb = b"\x80\x02]q\x000" + b"".join(b"h%ch%c\x86q%c0" % (i, i, i + 1) for i in range(200)) + b"h\xc8."
    hostile("memo_bomb.pth", archive(bomb), "something else than a state_dict")
    hostile("memo_bomb_entry.pth", archive(state(bomb[2:-1])), "no tensor")
    hostile("many_operations.pth", archive(b"\x80\x02" + b"]" * 1_100_000 + b".", compression=zipfile.ZIP_DEFLATED), "operations")
    hostile("deep.pth", archive(b"\x80\x02" + b"(" * 300_000 + b"N" + b"t" * 300_000 + b".", compression=zipfile.ZIP_DEFLATED), "something else than a state_dict")
    hostile("cycle.pth", archive(b"\x80\x02}q\x00" + text("w") + b"h\x00s."), "no tensor")
    hostile("cycle_list.pth", archive(b"\x80\x02]q\x00h\x00a."), "something else than a state_dict")
    hostile("number_key.pth", archive(b"\x80\x02}K\x01" + tensor() + b"s."), "no state_dict")
    hostile("twice.pth", archive(b"\x80\x02}" + text("w") + tensor() + b"s" + text("w") + tensor() + b"s."), "stands twice")
    hostile("text_entry.pth", archive(state(text("x"))), "'w' is no tensor")

    hostile("storage_lies.pth", archive(state(tensor(count=5))), "lies about its size")
    hostile("storage_lies_small.pth", archive(state(tensor(count=3, shape=(3,)))), "lies about its size")
    hostile("storage_huge.pth", archive(state(tensor(count=2**62, shape=(2**62,)))), "lies about its size")
    hostile("storage_negative.pth", archive(state(tensor(count=-4))), "negative")
    hostile("storage_missing.pth", archive(state(tensor(key="7"))), "no record 'data/7'")
    hostile("storage_escapes.pth", archive(state(tensor(key="../../etc/passwd"))), "no record")
    hostile("storage_type.pth", archive(state(tensor(storage="ComplexFloatStorage"))), "names torch.ComplexFloatStorage")
    hostile("storage_odd.pth", archive(state(tensor()), {"data/0": b"\0" * 17}), "lies about its size")
    hostile("stride_negative.pth", archive(state(tensor(stride=(-1,)))), "negative")
    hostile("offset_negative.pth", archive(state(tensor(offset=-1))), "negative")
    hostile("shape_negative.pth", archive(state(tensor(shape=(-4,)))), "negative")
    hostile("offset_beyond.pth", archive(state(tensor(offset=1))), "beyond its storage")
    hostile("offset_huge.pth", archive(state(tensor(offset=2**63 - 1, shape=(1,)))), "beyond its storage")
    hostile("offset_overflow.pth", archive(state(tensor(offset=2**63 - 1, shape=(2,)))), "beyond its storage")
    hostile("stride_beyond.pth", archive(state(tensor(stride=(2,)))), "beyond its storage")
    hostile("stride_huge.pth", archive(state(tensor(shape=(2, 2), stride=(2**62, 2**62)))), "beyond its storage")
    hostile("sum_beyond.pth", archive(state(tensor(shape=(3, 3), stride=(1, 1)))), "beyond its storage")
    hostile("shape_huge.pth", archive(state(tensor(shape=(2**40,), stride=(0,)))), "more values than")
    hostile("shape_overflow.pth", archive(state(tensor(shape=(2**32, 2**32, 2), stride=(0, 0, 0)))), "more values than")
    hostile("empty_overflow.pth", archive(state(tensor(shape=(0, 2**62, 2**62), stride=(0, 0, 0)))), "more values than")
    hostile("repeated.pth", archive(b"\x80\x02}" + b"".join(text(str(i)) + tensor(shape=(600_000,), stride=(0,)) + b"s" for i in range(3)) + b"."), "more values than")
    hostile("no_strides.pth", archive(state(tensor(stride=()))), "more dimensions than strides")
    hostile("dimensions.pth", archive(state(tensor(shape=(1,) * 65, stride=(1,) * 65))), "no proper shape")

    hostile("zip_bomb.pth", archive(state(tensor()), {"data/0": b"\0" * (80 << 20)}, compression=zipfile.ZIP_DEFLATED), "expands to more than")
    small = archive(state(tensor()), compression=zipfile.ZIP_DEFLATED)
    lying = bytearray(small)
    directory = small.index(b"PK\x01\x02")
    lying[directory + 24:directory + 28] = struct.pack("<I", 60 << 20)
    hostile("size_lies.pth", bytes(lying), "does not inflate")
    stored = archive(state(tensor()))
    directory = stored.index(b"PK\x01\x02")
    for name, at, value, sentence in (
            ("crc", 16, 1234567, "checksum"), ("packed_lies", 20, 60, "lies about its size"), ("packed_huge", 20, 0x7fffffff, "beyond its end"),
            ("offset_far", 42, 0x7fffffff, "beyond its end"), ("offset_wrong", 42, 3, "not where the directory says")):
        changed = bytearray(stored)
        changed[directory + at:directory + at + 4] = struct.pack("<I", value)
        hostile(f"zip_{name}.pth", bytes(changed), sentence)
    changed = bytearray(stored)
    changed[directory + 8] |= 1
    hostile("zip_encrypted.pth", bytes(changed), "encrypted")
    changed = bytearray(stored)
    changed[directory + 10] = 99
    hostile("zip_method.pth", bytes(changed), "method 99")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as z:
            for content in (b"a", b"b"):
                z.writestr(zipfile.ZipInfo("archive/data.pkl"), content)
        hostile("zip_twice.pth", file.getvalue(), "two entries")
    # The second entry's header lies within the first one's content.
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as z:
        z.writestr(zipfile.ZipInfo("archive/b"), b"inner")
    outer = io.BytesIO()
    with zipfile.ZipFile(outer, "w") as z:
        z.writestr(zipfile.ZipInfo("archive/a"), inner.getvalue()[:inner.getvalue().index(b"PK\x01\x02")])
        z.writestr(zipfile.ZipInfo("archive/b"), b"inner")
    overlap = bytearray(outer.getvalue())
    second = overlap.rindex(b"PK\x01\x02")
    overlap[second + 42:second + 46] = struct.pack("<I", outer.getvalue().index(b"PK\x03\x04", 4))
    hostile("zip_overlap.pth", bytes(overlap), "overlap")
    entries = bytearray(stored)
    entries[-14:-10] = struct.pack("<HH", 0xffff, 0xffff)
    hostile("zip_entries.pth", bytes(entries), "larger than its place")
    hostile("empty.pth", b"", "empty")
    hostile("foreign.pth", b"GIF89a" + b"\0" * 100, "none")
    hostile("empty_zip.pth", b"PK\x05\x06" + b"\0" * 18, "none")
    hostile("no_pickle.pth", archive(b"").replace(b"data.pkl", b"date.pkl"), "no record 'data.pkl'")
    hostile("byte_order.pth", archive(state(tensor()), {"byteorder": b"middle"}), "byte order 'middle'")

    torch.manual_seed(1)
    model = Network(2, image_size=4, blocks=[(1, .5)], hidden=[])
    torch.save(model, hostile("whole_model.pth", None, "names torch_network.Network"))
    torch.save({"epoch": 3, "teacher": model.state_dict(), "student": model.state_dict()}, hostile("two_models.pth", None, "several state_dicts (student, teacher)"))
    torch.save({"epoch": 3, "config": {"lr": 1e-3}}, hostile("no_weights.pth", None, "'epoch' is no tensor"))
    torch.save(torch.optim.Adam(model.parameters()).state_dict(), hostile("optimizer.pth", None, "'state' is no tensor"))
    torch.save([torch.zeros(2)], hostile("list.pth", None, "something else than a state_dict"))
    torch.save(model.state_dict(), hostile("legacy.pth", None, "legacy format"), _use_new_zipfile_serialization=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.script(torch.nn.Linear(1, 1)).save(str(hostile("script.pth", None, "TorchScript")))

    plain = (HERE / "unicode.joblib").read_bytes()
    hostile("empty.joblib", b"", "empty")
    hostile("foreign.joblib", b"GIF89a" + b"\0" * 100, "no LabelEncoder")
    hostile("count_lies.joblib", plain.replace(b"shape\x94K\x07\x85", b"shape\x94J\xff\xff\xff\x03\x85".replace(b"J\xff\xff\xff\x03", b"K\xff")), "ends within")
    hostile("width_lies.joblib", plain.replace(b"\x8c\x03U12", b"\x8c\x03U99"), "ends within")
    hostile("width_zero.joblib", plain.replace(b"\x8c\x03U12", b"\x8c\x03U00"), "not described")
    hostile("no_character.joblib", plain.replace("Ned".encode("utf-32-le"), b"\xff\xff\xff\x7fe\0\0\0d\0\0\0"), "U+7FFFFFFF")
    import zlib
    hostile("bomb.joblib", zlib.compress(b"\x80" * (70 << 20), 9), "expands to more than")
    hostile("zlib_cut.joblib", (HERE / "zlib.joblib").read_bytes()[:-20], "cut off")
    with open(HERE / "hostile.tsv", "w") as f:
        f.write("# file\ta part of the sentence that refuses it\n")
        f.writelines(f"{name}\t{sentence}\n" for name, sentence in expectations)


HOSTILE.mkdir(parents=True, exist_ok=True)
write_encoded()
write_types()
write_joblib()
write_hostile()
