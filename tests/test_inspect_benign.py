"""What real libraries write is benign in the forms that look most like something else; the same form made hostile is not."""

import io
import json
import struct
import tarfile

import pytest

from attacks.archives import GOOD, torch_zip, zipped
from attacks.carriers import field
from attacks.opcodes import RUN, call, items, name, proto, text
from lading.core.inspection import Grade
from lading.inspect import inspect_bytes


def grade(content: bytes, file: str = "model.pkl") -> Grade:
    return inspect_bytes(content, file).grade


def rules(content: bytes, file: str = "model.pkl") -> set[str]:
    return {o.rule for o in inspect_bytes(content, file).observations}


def made(kind: str, *pairs: bytes) -> bytes:
    """An object that is made without its constructor, and its state."""
    return name(kind) + b")\x81}(" + b"".join(pairs) + b"ub"


def pickled(body: bytes) -> bytes:
    return proto(4, body)


MODEL = "torch.optim.lr_scheduler:CyclicLR"
METHOD = call(name("builtins:getattr"), made(MODEL), text("_triangular_scale_fn"))
OTHER = call(name("builtins:getattr"), made(MODEL), text("step"))


def test_a_method_that_a_library_keeps_is_benign_and_another_one_is_not() -> None:
    assert grade(pickled(METHOD)) is Grade.BENIGN
    assert grade(pickled(OTHER)) is Grade.SUSPICIOUS


def test_a_kept_method_may_be_held_and_not_called() -> None:
    assert grade(pickled(call(name("functools:partial"), METHOD))) is Grade.BENIGN
    assert "pickle-computed-call" in rules(pickled(METHOD + b")R"))


STATES = {
    "memory without a place": (made("joblib.memory:Memory", text("location"), b"N"), Grade.BENIGN),
    "memory with a place": (made("joblib.memory:Memory", text("location"), text("cache")), Grade.SUSPICIOUS),
    "plain formula": (made("statsmodels.base.data:PandasData", text("restore_design_info"), b"\x88", text("formula"), text("y ~ C(k) + a*b + np.log(c + 1)")), Grade.BENIGN),
    "no formula": (made("statsmodels.base.data:PandasData", text("xnames"), b"]"), Grade.BENIGN),
    "formula that calls": (made("statsmodels.base.data:PandasData", text("restore_model_spec"), b"\x88", text("formula"), text("y ~ open('x')")), Grade.SUSPICIOUS),
    "formula that calls what it computes": (made("statsmodels.base.data:PandasData", text("restore_model_spec"), b"\x88", text("formula"), text("y ~ (exit)(a)")), Grade.SUSPICIOUS),
    "packed numbers": (name("torch:ScriptObject") + b")\x81" + items(b"N", text("__torch__.torch.classes.quantized.LinearPackedParamsBase")) + b"b", Grade.BENIGN),
    "another class of the runtime": (name("torch:ScriptObject") + b")\x81" + items(b"N", text("__torch__.torch.classes.tensorrt.Engine")) + b"b", Grade.SUSPICIOUS),
    "array of dill": (call(name("dill._dill:_create_array"), name("numpy.core.multiarray:_reconstruct"), items(), items(), b"N"), Grade.BENIGN),
    "call of dill": (call(name("dill._dill:_create_array"), name("builtins:list"), items(), items(), b"N"), Grade.SUSPICIOUS),
}  # fmt: skip


@pytest.mark.parametrize("case", STATES, ids=str)
def test_states_are_held_against_what_their_class_does_with_them(case: str) -> None:
    body, right = STATES[case]
    assert grade(pickled(body)) is right


def test_a_graph_of_torch_is_judged_by_its_code() -> None:
    def graph(code: str) -> bytes:
        return pickled(
            call(name("torch.fx.graph_module:reduce_graph_module"), b"}(" + text("_code") + text(code) + b"u", text("import torch\n"))
        )

    assert grade(graph("\ndef forward(self, x):\n    return x\n")) is not Grade.MALICIOUS
    assert grade(graph("\nimport os\nos.system('echo lading-marker')\n")) is Grade.MALICIOUS
    assert grade(pickled(call(name("torch.fx.graph_module:reduce_graph_module"), b"N", b"N"))) is not Grade.BENIGN


EVIL = torch_zip(proto(2, RUN))


def test_every_piece_of_a_distributed_checkpoint_is_read() -> None:
    good = torch_zip(GOOD)
    assert grade(good + good, "__0_0.distcp") is Grade.BENIGN
    assert grade(good + EVIL, "__0_0.distcp") is Grade.MALICIOUS
    assert grade(EVIL + good, "__0_0.distcp") is Grade.MALICIOUS
    assert grade(EVIL + b"rest", "__0_0.distcp") is not Grade.BENIGN


def _tar(content: bytes) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        member = tarfile.TarInfo("model_weights.ckpt")
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))
    return stream.getvalue()


def test_an_archive_at_the_end_of_a_tar_archive_is_a_member_and_one_behind_it_is_not() -> None:
    assert grade(_tar(torch_zip(GOOD)), "model.nemo") is Grade.BENIGN
    assert grade(_tar(EVIL), "model.nemo") is Grade.MALICIOUS
    assert "polyglot" in rules(_tar(GOOD) + torch_zip(GOOD), "model.nemo")


def test_a_package_of_torch_keeps_its_numbers_beside_its_pickles() -> None:
    def package(body: bytes) -> bytes:
        return zipped(
            {
                "p/.data/extern_modules": b"torch\n",
                "p/.data/version": b"6\n",
                "p/.data/0.storage": b"\xff\x00\x13\x37" * 8,
                "p/model/model.pkl": body,
            }
        )

    assert grade(package(GOOD), "p.pt") is Grade.BENIGN
    assert grade(package(proto(2, RUN)), "p.pt") is Grade.MALICIOUS


@pytest.mark.parametrize("length", [0x180, 0x280, 0x480, 0x580])
def test_a_header_of_safetensors_whose_length_looks_like_a_pickle_is_no_pickle(length: int) -> None:
    header = (
        json.dumps({"__metadata__": {"format": "pt"}, "a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}).encode().ljust(length)
    )
    assert grade(struct.pack("<Q", length) + header + bytes(4), "model.safetensors") is Grade.BENIGN


def test_a_vocabulary_of_gguf_has_no_tensors() -> None:
    key = struct.pack("<Q", 20) + b"general.architecture" + struct.pack("<IQ", 8, 5) + b"llama"
    assert grade(b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + key, "vocab.gguf") is Grade.BENIGN


def test_word_vectors_are_read_to_the_last_word_that_they_announce() -> None:
    words = b"2 3\n" + b"one " + struct.pack("<3f", 1, -2, 3e9) + b"\ntwo " + struct.pack("<3f", 1.5, 2, 3) + b"\n"
    assert grade(words, "vectors.bin") is Grade.BENIGN
    assert grade(words[:-8], "vectors.bin") is Grade.SUSPICIOUS
    assert grade(words + b"behind them", "vectors.bin") is not Grade.BENIGN


def _compact(name_: bytes) -> bytes:
    symbol = struct.pack(">iii", 1, 0x40009, len(name_)) + name_
    info = struct.pack(">i", 2) + symbol + struct.pack(">i", 2) + struct.pack(">iii", 1, 0x40009, 4) + b"base" + struct.pack(">i", 2)
    info += struct.pack(">iii", 13, 1, 13) + struct.pack(">i", 254)
    return b"X\n" + struct.pack(">iii", 2, 0, 0) + struct.pack(">i", 238) + info + struct.pack(">iidddi", 14, 3, 3, 1, 1, 254)


def test_short_forms_of_vectors_in_r_are_read_and_mapped_files_are_not() -> None:
    assert grade(_compact(b"compact_intseq"), "rows.rds") is Grade.BENIGN
    assert grade(_compact(b"mmap_integer"), "rows.rds") is Grade.UNSCANNABLE


@pytest.mark.parametrize("head", [b"Obj\x01\x02\x16avro.schema", b"\x0c\xdb\x3a\x2a" + struct.pack("<Q", 40), b"binf" + bytes(36)])
def test_tables_and_trees_that_nothing_runs_are_benign(head: bytes) -> None:
    assert grade(head.ljust(40, b"\xf1"), "table.bin") is Grade.BENIGN


def test_classes_of_a_program_are_not_operations() -> None:
    def script(code: bytes) -> bytes:
        return zipped({"m/code/__torch__.py": code, "m/constants.pkl": proto(2, b")"), "m/data.pkl": proto(2, b"}"), "m/version": b"3\n"})

    assert "onnx-operator" not in rules(script(b"a : __torch__.torchvision.ops.misc.Conv2dNormActivation\n"), "m.pt")
    assert "onnx-operator" in rules(script(b"b = ops.mine.run(x)\n"), "m.pt")


def test_rows_that_pytables_unpickles_are_followed() -> None:
    from attacks.hdf5_dense import _attribute, _file  # noqa: PLC0415 - used here alone

    rows = proto(2, RUN)
    collection = b"GCOL\x01\0\0\0" + struct.pack("<QHHIQ", 4096, 1, 1, 0, len(rows)) + rows
    content = _file(0x15, [_attribute(b"PSEUDOATOM", b"object")])
    assert grade(content[:4096] + collection.ljust(4096, b"\0") + content[8192:], "rows.h5") is Grade.MALICIOUS
    assert grade(_file(0x15, [_attribute(b"PSEUDOATOM", b"object")]), "rows.h5") is Grade.BENIGN


def test_a_file_behind_a_user_block_is_read() -> None:
    from attacks.hdf5_dense import AWAY, MANY, _file  # noqa: PLC0415 - used here alone

    assert grade(bytes(512) + _file(2, MANY), "a.mat") is Grade.BENIGN
    assert grade(b"MATLAB 7.3 MAT-file".ljust(512) + _file(2, [*MANY, AWAY]), "a.mat") is Grade.SUSPICIOUS
    assert grade(b"anything".ljust(512) + _file(2, MANY), "a.mat") is not Grade.BENIGN


def test_a_saved_model_may_save_itself() -> None:
    def graph(*operations: str) -> bytes:
        return field(1, 1) + field(2, field(2, b"".join(field(1, field(1, o.encode()) + field(2, o.encode())) for o in operations)))

    assert grade(graph("ShardedFilename", "SaveV2", "MergeV2Checkpoints", "RestoreV2"), "saved_model.pb") is Grade.BENIGN
    assert grade(graph("MergeV2Checkpoints"), "saved_model.pb") is Grade.SUSPICIOUS
