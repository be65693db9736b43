"""Files written by the real libraries are read as what they are, and nothing of them is loaded."""

from pathlib import Path

import numpy as np
import pytest

from lading.core.component import Component
from lading.core.kinds import Flag, Kind, Pin, Relation
from lading.scan import scan

pytestmark = pytest.mark.filterwarnings("ignore")


def only(root: Path) -> Component:
    (component,) = (c for c in scan(root).bom.components if c.upstream == "local")
    return component


def test_safetensors(tmp_path: Path) -> None:
    from safetensors.numpy import save_file

    save_file({"a": np.zeros((2, 3), np.float32), "b": np.zeros(4, np.float16)}, tmp_path / "model.safetensors", {"format": "np"})
    component = only(tmp_path)
    assert component.model is not None
    assert (component.model.parameters, component.model.quantization) == (10, "F16,F32")
    assert component.pin is Pin.EXACT
    assert Flag.CODE_BEARING not in component.flags


def test_gguf(tmp_path: Path) -> None:
    from gguf import GGUFWriter

    writer = GGUFWriter(tmp_path / "m.gguf", "llama")
    writer.add_name("tiny")
    writer.add_context_length(2048)
    writer.add_license("apache-2.0")
    writer.add_chat_template("{{ messages }}")
    writer.add_base_model_count(1)
    writer.add_base_model_repo_url(0, "https://huggingface.co/acme-lab/base-7b")
    writer.add_token_list(["a", "b"])
    writer.add_tensor("t", np.zeros((2, 2), np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    bom = scan(tmp_path).bom
    model = next(c for c in bom.components if c.upstream == "local")
    assert model.model is not None
    assert (model.model.architecture, model.model.architecture_family, model.model.context_length) == ("tiny", "llama", 2048)
    assert model.model.chat_template is not None
    assert [x.expression for x in model.licenses] == ["Apache-2.0"]
    assert [(e.relation, e.target) for e in bom.edges] == [(Relation.DERIVED_FROM, "pkg:huggingface/acme-lab/base-7b")]


def test_onnx(tmp_path: Path) -> None:
    import onnx
    from onnx import TensorProto, helper

    graph = helper.make_graph(
        [helper.make_node("Relu", ["x"], ["y"])],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1])],
    )
    onnx.save(helper.make_model(graph), tmp_path / "m.onnx")
    component = only(tmp_path)
    assert component.model is not None
    assert component.model.format == "ONNX"
    assert Flag.CODE_BEARING not in component.flags


@pytest.mark.parametrize(("name", "legacy", "format_"), [("m.pt", False, "PyTorch ZIP"), ("m.bin", True, "PyTorch legacy pickle")])
def test_torch(tmp_path: Path, name: str, legacy: bool, format_: str) -> None:  # noqa: FBT001 - a table
    import torch

    torch.save({"w": torch.zeros(2)}, tmp_path / name, _use_new_zipfile_serialization=not legacy)
    component = only(tmp_path)
    assert component.model is not None
    assert component.model.format == format_
    assert Flag.CODE_BEARING in component.flags


def test_torchscript(tmp_path: Path) -> None:
    import torch

    torch.jit.save(torch.jit.script(torch.nn.Linear(1, 1)), str(tmp_path / "m.pt"))
    component = only(tmp_path)
    assert component.model is not None
    assert component.model.format == "TorchScript"


def test_numpy_is_data(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.zeros(3))
    assert only(tmp_path).kind is Kind.DATASET


def test_tokenizer(tmp_path: Path) -> None:
    from tokenizers import Tokenizer, models

    Tokenizer(models.WordLevel({"a": 0}, unk_token="a")).save(str(tmp_path / "tokenizer.json"))
    (tmp_path / "tokenizer_config.json").write_text('{"tokenizer_class": "PreTrainedTokenizerFast", "chat_template": "{{ x }}"}')
    component = only(tmp_path)
    assert component.kind is Kind.TOKENIZER
    assert component.model is not None
    assert component.model.chat_template is not None


def test_a_hub_cache_tells_the_commit(tmp_path: Path) -> None:
    from huggingface_hub.file_download import repo_folder_name
    from safetensors.numpy import save_file

    commit = "0123456789abcdef0123456789abcdef01234567"
    base = tmp_path / repo_folder_name(repo_id="acme-lab/base-7b", repo_type="model")
    (base / "blobs").mkdir(parents=True)
    (base / "snapshots" / commit).mkdir(parents=True)
    save_file({"a": np.zeros(2, np.float32)}, base / "blobs" / "aaaa")
    (base / "snapshots" / commit / "model.safetensors").symlink_to("../../blobs/aaaa")
    (component,) = (c for c in scan(tmp_path).bom.components if c.files)
    assert (component.ref, component.pin) == (f"pkg:huggingface/acme-lab/base-7b@{commit}", Pin.EXACT)
