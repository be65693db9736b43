"""vLLM's own loader, behind the gate: vLLM is gigabytes with what it needs, so this runs where somebody has installed it."""

import warnings
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from safetensors.torch import save_file

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # its imports warn of their own imports
    loaders = pytest.importorskip("vllm.model_executor.model_loader", reason="vLLM is not installed")

from lading.core.errors import LadingError
from lading.integrations.vllm import LOAD_FORMAT, register
from lading.sign.files import Files
from lading.sign.model import sign_model
from lading.trust import bundle, keys


class Collecting(torch.nn.Module):
    """Takes the weights that a loader gives."""

    def load_weights(self, weights: object) -> None:
        self.seen = {name: tensor.clone() for name, tensor in weights}  # type: ignore[attr-defined]


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A signed model, and a policy that asks for its key."""
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    save_file({"a": torch.arange(8.0)}, folder / "model.safetensors")
    key = keys.generate("ecdsa-p256")
    (tmp_path / "k.pub").write_bytes(key.public.pem)
    (folder / "model.sig").write_bytes(bundle.encode(sign_model(Files(folder), key)))
    (tmp_path / "lading.toml").write_text('[[trust]]\nkeys = ["k.pub"]\n')
    monkeypatch.setenv("LADING_POLICY", str(tmp_path / "lading.toml"))
    register()
    return folder


def load(place: Path | str) -> dict[str, torch.Tensor]:
    from vllm.config.load import LoadConfig

    loader = loaders.get_model_loader(LoadConfig(load_format=LOAD_FORMAT))
    taken = Collecting()
    config = SimpleNamespace(model=str(place), revision=None, quantization=None, multimodal_config=None, hf_config=None)
    loader.download_model(config)
    loader._init_ep_weight_filter = lambda _: None
    loader._init_mm_encoder_only_weight_filter = lambda *_: None
    loader.counter_before_loading_weights = 0.0
    loader.load_weights(taken, config)
    return taken.seen


def test_verified_weights_reach_the_model(model: Path) -> None:
    assert torch.equal(load(model)["a"], torch.arange(8.0))


def test_other_weights_do_not(model: Path) -> None:
    save_file({"a": torch.zeros(8)}, model / "model.safetensors")
    with pytest.raises(LadingError, match=r"model\.safetensors"):
        load(model)


def test_what_would_be_downloaded_now_is_refused(model: Path) -> None:
    assert model.exists()
    with pytest.raises(LadingError, match="verified by nobody"):
        load("acme/base")
