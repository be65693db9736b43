"""A project is locked, pinned and synced; then its own loaders work offline, each library with exactly the bytes that were locked."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from simulators.hub import Hub, serving

APP = """import json
import sys

import torch
from datasets import load_dataset
from diffusers import DDPMScheduler, UNet2DModel
from sentence_transformers import SentenceTransformer
from transformers import AutoModel, AutoTokenizer

BASE = "acme/base"
tokenizer = AutoTokenizer.from_pretrained(BASE)
model = AutoModel.from_pretrained(BASE)
unet = UNet2DModel.from_pretrained("acme/unet")
scheduler = DDPMScheduler.from_pretrained("acme/unet", subfolder="scheduler")
encoder = SentenceTransformer("acme/encoder")
if "rows" in sys.argv:
    rows = load_dataset("acme/rows", split="train").to_list()
else:
    rows = None
with torch.no_grad():
    seen = model(**tokenizer("one two", return_tensors="pt")).last_hidden_state.sum().item()
print(json.dumps([seen, unet.conv_in.weight.sum().item(), scheduler.config.num_train_timesteps, float(encoder.encode("two").sum()), rows]))
"""
WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "one", "two"]


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Hub:
    """A hub with what the libraries themselves wrote."""
    import pyarrow as pa
    import pyarrow.parquet as pq
    import torch
    from diffusers import DDPMScheduler, UNet2DModel
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
    from transformers import BertConfig, BertModel, BertTokenizerFast

    torch.manual_seed(0)
    made = tmp_path_factory.mktemp("made")
    base = made / "base"
    base.mkdir()
    (base / "vocab.txt").write_text("\n".join(WORDS))
    BertTokenizerFast(vocab_file=str(base / "vocab.txt")).save_pretrained(base)
    sizes = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 8, "vocab_size": len(WORDS)}
    BertModel(BertConfig(**sizes)).save_pretrained(base)
    UNet2DModel(
        sample_size=8,
        block_out_channels=(8,),
        down_block_types=("DownBlock2D",),
        up_block_types=("UpBlock2D",),
        norm_num_groups=4,
        layers_per_block=1,
    ).save_pretrained(made / "unet")
    DDPMScheduler(num_train_timesteps=17).save_pretrained(made / "unet" / "scheduler")
    transformer = Transformer(str(base))
    SentenceTransformer(modules=[transformer, Pooling(8)]).save_pretrained(str(made / "encoder"))
    rows = io.BytesIO()
    pq.write_table(pa.table({"text": ["a", "b"], "label": [0, 1]}), rows)
    there = Hub()
    for name in ("base", "unet", "encoder"):
        there.repository(f"acme/{name}", files_of(made / name))
    there.repository(
        "acme/rows", {"data/train-00000-of-00001.parquet": rows.getvalue(), "README.md": b"---\nlicense: mit\n---\n"}, dataset=True
    )
    return there


def files_of(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def run(command: list[str], folder: Path, **surroundings: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
    done = subprocess.run(
        [sys.executable, *command],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env=kept | {"HF_HUB_DISABLE_TELEMETRY": "1"} | surroundings,
    )
    assert done.returncode == 0, done.stderr
    return done


def test_the_projects_own_loaders_work_offline_with_the_locked_bytes(hub: Hub, tmp_path: Path) -> None:
    project, elsewhere = tmp_path / "project", tmp_path / "elsewhere"
    project.mkdir()
    elsewhere.mkdir()
    (project / "app.py").write_text(APP)
    with serving(hub) as address:
        online = run(["app.py", "rows"], project, HF_ENDPOINT=address, HF_HOME=str(tmp_path / "before"))
        run(["-m", "lading", "lock"], project, HF_ENDPOINT=address)
        pinned = run(["-m", "lading", "lock", "--write"], project)
        assert "pinned 6 places in 1 files" in pinned.stderr
        for name, shelf in (("acme/base", hub.models), ("acme/rows", hub.datasets)):
            assert shelf[name].references["main"] in (project / "app.py").read_text()
        run(["-m", "lading", "lock", "--check"], project, HF_ENDPOINT=address)
        run(["-m", "lading", "sync"], project, HF_ENDPOINT=address, HF_HOME=str(tmp_path / "home"))
        run(["-m", "lading", "sync", "--to", str(elsewhere)], project, HF_ENDPOINT=address)
        hub.asked.clear()
    expected = json.loads(online.stdout.splitlines()[-1])
    from_cache = run(["app.py"], project, HF_HOME=str(tmp_path / "home"), HF_HUB_OFFLINE="1")
    assert json.loads(from_cache.stdout.splitlines()[-1]) == [*expected[:-1], None]
    from_folder = run([str(project / "app.py"), "rows"], elsewhere, HF_HOME=str(tmp_path / "empty"), HF_HUB_OFFLINE="1")
    assert json.loads(from_folder.stdout.splitlines()[-1]) == expected, (
        "datasets reads a folder of that name; from the cache of the hub it does not"
    )
    for name in ("base", "unet", "encoder"):
        repository = hub.models[f"acme/{name}"]
        assert files_of(elsewhere / "acme" / name) == repository.commits[repository.references["main"]]
    assert hub.asked == []


def test_each_library_sees_what_moved_and_what_is_pinned_stays(hub: Hub, tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(APP)
    base = hub.models["acme/base"]
    before = base.references["main"]
    with serving(hub) as address:
        run(["-m", "lading", "lock"], tmp_path, HF_ENDPOINT=address)
        run(["-m", "lading", "lock", "--write"], tmp_path)
        expected = run(["app.py"], tmp_path, HF_ENDPOINT=address, HF_HOME=str(tmp_path / "a")).stdout
        base.commit({**base.commits[before], "config.json": base.commits[before]["config.json"].replace(b'"gelu"', b'"relu"')})
        assert base.references["main"] != before
        again = run(["app.py"], tmp_path, HF_ENDPOINT=address, HF_HOME=str(tmp_path / "b")).stdout
        assert again.splitlines()[-1] == expected.splitlines()[-1], "pinned: another commit on main changes nothing"
        base.references["main"] = before
