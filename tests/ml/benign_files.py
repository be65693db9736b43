"""Harmless files as the libraries write them that are at hand: `python tests/ml/benign_files.py FOLDER`; for tests and for the benchmark."""

import collections
import contextlib
import datetime as dt
import decimal
import functools
import pathlib
import pickle
import random
import sys
import types
import uuid
import warnings

import numpy as np

VALUES = [
    1, 2.5, None, True, "x", b"x", [1, 2], {"a": (1, 2)}, {1, 2}, frozenset([1]), dt.datetime(2026, 1, 1, tzinfo=dt.UTC), decimal.Decimal("1.5"), uuid.UUID(int=1),
    collections.OrderedDict(a=1), collections.defaultdict(list, {"a": [1]}), collections.Counter("aab"), collections.deque([1], 5), pathlib.PurePosixPath("/x"), range(5), slice(1, 2),
    1j, bytearray(b"abc"), types.SimpleNamespace(a=1), np.float32(2), np.random.RandomState(1), np.random.default_rng(1), np.array(["a", "b"]), np.ma.array([1, 2], mask=[0, 1]),
    np.array([{"a": 1}, None], dtype=object), np.array([(1, 2.0)], dtype=[("a", "i4"), ("b", "f8")]), np.array(["2020-01-01"], dtype="M8[D]"), np.dtype("f4"), ValueError("x"), type(None),
    functools.partial(int, base=2), np.mean, np.float64, {"__class__": "os.system", "command": "rm -rf"}, list(range(1000)), random.Random(3),
]  # fmt: skip


def values(folder: pathlib.Path) -> None:
    """Plain values in every protocol."""
    for number, value in enumerate(VALUES):
        for protocol in range(6):
            with contextlib.suppress(TypeError):
                (folder / f"value-{number}-{protocol}.pkl").write_bytes(pickle.dumps(value, protocol=protocol))


def arrays(folder: pathlib.Path) -> None:
    """Arrays of NumPy in its own formats."""
    array = np.random.default_rng(1).random((20, 20))
    for name, content in {"plain": array, "fortran": np.asfortranarray(array), "text": np.array(["abc"]), "empty": np.zeros((0, 3)),
                          "record": np.array([(1, (2.0, 3.0))], dtype=[("a", "i4"), ("b", "f8", (2,))]), "objects": np.array([1, "a", None], dtype=object)}.items():  # fmt: skip
        np.save(folder / f"{name}.npy", content, allow_pickle=True)
    np.savez(folder / "several.npz", a=array, b=array)
    np.savez_compressed(folder / "zeros.npz", a=np.zeros((1000, 1000)))


def estimators(folder: pathlib.Path) -> None:
    """Every estimator of scikit-learn, fitted where it can be, by pickle and by joblib with its compressions."""
    import joblib
    from scipy.stats import uniform
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import RandomizedSearchCV
    from sklearn.utils import all_estimators

    data = np.random.default_rng(1).random((60, 4)).astype("f4")
    label = (data[:, 0] > 0.5).astype(int)
    for number, (name, kind) in enumerate(all_estimators()):
        try:
            model = kind()
        except TypeError:
            continue
        with contextlib.suppress(Exception):
            model.fit(data, label)
        with contextlib.suppress(Exception):
            (folder / f"{name}.pkl").write_bytes(pickle.dumps(model))
            joblib.dump(model, folder / f"{name}.joblib")
            if number % 20 == 0:
                for kind_ in ("zlib", "gzip", "bz2", "xz", "lzma"):
                    joblib.dump(model, folder / f"{name}.{kind_}.joblib", compress=(kind_, 3))
    search = RandomizedSearchCV(LogisticRegression(), {"C": uniform(0, 1)}, n_iter=2).fit(data, label)
    (folder / "search.pkl").write_bytes(pickle.dumps(search))


def torches(folder: pathlib.Path) -> None:
    """Checkpoints, whole modules, odd tensors and programs of torch, in both of its formats."""
    import torch
    from torch import nn

    net = nn.Sequential(
        nn.Linear(4, 8),
        nn.ReLU(),
        nn.BatchNorm1d(8),
        nn.LSTM(8, 3),
        nn.Embedding(10, 4),
        nn.TransformerEncoderLayer(8, 2),
        nn.Conv2d(1, 2, 3),
        nn.GELU(),
        nn.LayerNorm(4),
    )
    optimizer = torch.optim.AdamW(net.parameters())
    schedule = torch.optim.lr_scheduler.StepLR(optimizer, 1)
    odd = [
        torch.sparse_coo_tensor([[0], [1]], [1.0], (2, 2)),
        torch.randn(2).half(),
        torch.randn(2).bfloat16(),
        torch.tensor([True]),
        torch.Size([1, 2]),
        nn.Parameter(torch.ones(2)),
    ]
    checkpoint = {
        "model": net.state_dict(),
        "optimizer": optimizer.state_dict(),
        "schedule": schedule.state_dict(),
        "random": torch.get_rng_state(),
        "numpy": np.random.RandomState(1).get_state(),
    }
    for new in (True, False):
        for name, content in {
            "weights": net.state_dict(),
            "module": net,
            "checkpoint": checkpoint,
            "odd": odd,
            "empty": {},
            "tensor": torch.randn(3),
        }.items():
            torch.save(content, folder / f"{name}-{'zip' if new else 'legacy'}.pt", _use_new_zipfile_serialization=new)
    for protocol in (2, 4):
        (folder / f"tensor-{protocol}.pkl").write_bytes(pickle.dumps(torch.randn(5), protocol=protocol))
    torch.jit.save(torch.jit.script(nn.Sequential(nn.Linear(2, 2), nn.ReLU())), folder / "script.pt")


def tensors(folder: pathlib.Path) -> None:
    """Tensors in files of their own."""
    import safetensors.numpy
    from gguf import GGUFWriter

    safetensors.numpy.save_file({"a": np.ones((3, 3)), "b": np.zeros(2, np.float16)}, folder / "a.safetensors", {"format": "np"})
    safetensors.numpy.save_file({}, folder / "empty.safetensors")
    writer = GGUFWriter(folder / "a.gguf", "llama")
    writer.add_chat_template("{% for m in messages %}{{ m['role'] }}: {{ m.content | trim }}{% endfor %}")
    writer.add_token_list(["a", "b"])
    writer.add_tensor("t", np.ones((4, 32), "f4"))
    writer.add_tensor("u", np.ones((3,), "f2"))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def graphs(folder: pathlib.Path) -> None:
    """Graphs of ONNX, with their numbers inside and beside."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    weights = numpy_helper.from_array(np.ones((4, 2), "f4"), "w")
    inputs, outputs = (
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 4])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 2])],
    )
    graph = helper.make_graph([helper.make_node("MatMul", ["x", "w"], ["y"])], "g", inputs, outputs, [weights])
    onnx.save(helper.make_model(graph), str(folder / "a.onnx"))
    (folder / "beside").mkdir()
    onnx.save(
        helper.make_model(graph), str(folder / "beside" / "m.onnx"), save_as_external_data=True, location="m.onnx.data", size_threshold=0
    )


def repository(folder: pathlib.Path) -> None:
    """A tiny model of transformers with its tokenizer."""
    from tokenizers import Tokenizer, models, trainers
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    BertModel(BertConfig(hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16, vocab_size=50)).save_pretrained(
        folder / "bert"
    )
    tokenizer = Tokenizer(models.BPE())
    tokenizer.train_from_iterator(["hello world __class__ os.system"] * 5, trainers.BpeTrainer(vocab_size=100))
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer)
    fast.chat_template = "{% for message in messages %}{{ '<|' + message['role'] + '|>' + message['content'] }}{% endfor %}"
    fast.save_pretrained(folder / "bert")


def hierarchies(folder: pathlib.Path) -> None:
    """HDF5 of every format of the library, with few and many attributes and links, and models of Keras in it."""
    import h5py

    for form in ("earliest", "v108", "v110", "latest"):
        with h5py.File(folder / f"{form}.h5", "w", libver=form if form == "earliest" else (form, form)) as file:
            group = file.create_group("many", track_order=form != "earliest")
            for number in range(120):
                group.attrs[f"attribute {number}"] = f"text {number}" if number % 3 else np.arange(4)
                group.create_group(f"link {number}").attrs["names"] = ["a", "bb"]
            for number in range(0, 120, 4):
                del group.attrs[f"attribute {number}"], group[f"link {number}"]
            file.create_dataset("packed", data=np.ones((40, 40)), chunks=(5, 5), compression="gzip", shuffle=True)
            file.create_dataset("growing", data=np.arange(9), maxshape=(None,), chunks=(4,))
            file.create_dataset("texts", data=["a", "bb"], dtype=h5py.string_dtype())
            file["type"] = h5py.string_dtype()
            file.attrs.create("of a type", "text", dtype=file["type"])
            file["soft"] = h5py.SoftLink("/many")
    with h5py.File(folder / "block.mat", "w", userblock_size=512) as file:
        file["a"] = 1


def checkpoints(folder: pathlib.Path) -> None:
    """What torch writes beside plain weights: quantized numbers, nested tensors, distributed checkpoints, packages and exported programs."""
    import torch
    from torch import nn
    from torch.ao import quantization
    from torch.distributed import checkpoint

    net = nn.Sequential(nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 2))
    optimizer = torch.optim.AdamW(net.parameters())
    net(torch.ones(1, 8)).sum().backward()
    optimizer.step()
    quantized = quantization.quantize_dynamic(net, {nn.Linear}, dtype=torch.qint8)
    torch.save(quantized, folder / "quantized.pt")
    torch.save(quantized.state_dict(), folder / "quantized-weights.pt")
    rows = [torch.ones(2, 3), torch.ones(4, 3)]
    torch.save([torch.nested.nested_tensor(rows), torch.nested.nested_tensor(rows, layout=torch.jagged)], folder / "nested.pt")
    torch.save([nn.LazyLinear(3), torch.optim.lr_scheduler.CyclicLR(torch.optim.SGD(net.parameters()), 0.1, 1.0)], folder / "methods.pt")
    checkpoint.save({"model": net.state_dict(), "optimizer": optimizer.state_dict(), "epoch": 1}, checkpoint_id=str(folder / "distributed"))
    with torch.package.PackageExporter(folder / "package.pt") as package:
        package.extern("**")
        package.save_pickle("model", "model.pkl", net)
    torch.export.save(torch.export.export(net, (torch.ones(1, 8),)), folder / "program.pt2")


def settings(folder: pathlib.Path) -> None:
    """Configurations of transformers as pickles, and graphs of networkx."""
    import networkx as nx
    import torch
    from transformers import BertConfig, BertModel, GenerationConfig

    small = BertConfig(hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16, vocab_size=50)
    torch.save([small, GenerationConfig()], folder / "configuration.pt")
    torch.save(BertModel(small), folder / "whole.pt")
    for kind in (nx.Graph, nx.DiGraph, nx.MultiGraph):
        (folder / f"{kind.__name__}.pkl").write_bytes(pickle.dumps(kind([(1, 2), (2, 3)])))


MAKERS = (values, arrays, estimators, torches, tensors, graphs, repository, hierarchies, checkpoints, settings)


def main() -> int:
    """Write all that the libraries at hand can."""
    folder = pathlib.Path(sys.argv[1])
    warnings.simplefilter("ignore")
    for maker in MAKERS:
        place = folder / maker.__name__
        place.mkdir(parents=True, exist_ok=True)
        try:
            maker(place)
        except ImportError as e:
            sys.stderr.write(f"{maker.__name__}: not at hand: {e}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
