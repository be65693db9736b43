"""The real libraries load what was signed, from memory that was verified, and nothing else."""

import json
import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from gate import KEY, overwrite
from lading.core.errors import LoadError
from lading.load import landlock, load_file, load_with, safe_open, sealed_path, verified_directory
from lading.load.hub_cache import snapshot
from lading.sign.files import Files
from lading.sign.model import sign_model
from lading.trust import bundle

pytestmark = pytest.mark.filterwarnings("ignore")
MAIN = "from lading.cli.main import main; main()"
WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "refuse", "what", "you", "did", "not", "sign"]


@pytest.fixture(autouse=True)
def _environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "release.pub").write_bytes(KEY.public.pem)
    (tmp_path / "lading.toml").write_text('[[trust]]\nkeys = ["release.pub"]\n')
    monkeypatch.setenv("LADING_POLICY", str(tmp_path / "lading.toml"))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")


def signed(path: Path) -> Path:
    """The model with its signature: inside of a folder, beside a file."""
    signature = path / "model.sig" if path.is_dir() else path.with_name(f"{path.name}.sig")
    made = sign_model(Files(path), KEY, (), ("model.sig",), at=datetime.now(UTC) - timedelta(days=2))
    signature.write_bytes(bundle.encode(made))
    return path


@pytest.fixture(scope="session")
def classifier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny classifier with its tokenizer, written by transformers."""
    from transformers import BertConfig, BertForSequenceClassification, BertTokenizerFast

    folder = tmp_path_factory.mktemp("made") / "classifier"
    torch.manual_seed(1)
    config = BertConfig(vocab_size=len(WORDS), hidden_size=8, num_hidden_layers=1, num_attention_heads=2, intermediate_size=8)
    BertForSequenceClassification(config).save_pretrained(folder)
    (folder / "vocab.txt").write_text("\n".join(WORDS))
    BertTokenizerFast(str(folder / "vocab.txt")).save_pretrained(folder)
    return folder


@pytest.fixture
def model(classifier: Path, tmp_path: Path) -> Path:
    return signed(Path(shutil.copytree(classifier, tmp_path / "classifier")))


def other_weights(model: Path) -> bytes:
    """Weights of the same shape that nobody signed."""
    from safetensors.torch import load_file as plain
    from safetensors.torch import save

    tensors = plain(model / "model.safetensors")
    return save({name: tensor + 1 if tensor.is_floating_point() else tensor for name, tensor in tensors.items()}, {"format": "pt"})


# safetensors

DTYPES = ["float64", "float32", "float16", "bfloat16", "int64", "int32", "int16", "int8", "uint8", "bool", "float8_e4m3fn", "float8_e5m2"]


@pytest.fixture
def tensors(tmp_path: Path) -> Path:
    from safetensors.torch import save_file

    made = {name: torch.arange(6).reshape(2, 3).to(getattr(torch, name)) for name in DTYPES}
    made |= {"empty": torch.empty(0, 3), "scalar": torch.tensor(7.0), "big": torch.rand(1500, 1000)}
    save_file(made, tmp_path / "t.safetensors", {"by": "safetensors"})
    return signed(tmp_path / "t.safetensors")


def test_load_file_gives_what_safetensors_gives(tensors: Path) -> None:
    from safetensors.torch import load_file as plain

    ours, theirs = load_file(tensors, "pt"), plain(tensors)
    assert ours.keys() == theirs.keys()
    for name, tensor in theirs.items():
        assert ours[name].dtype == tensor.dtype
        assert torch.equal(ours[name].view(torch.uint8), tensor.view(torch.uint8)) if tensor.ndim else ours[name] == tensor


def test_load_file_gives_numpy_what_safetensors_gives(tensors: Path) -> None:
    from safetensors import safe_open as plain

    ours = load_file(tensors, "np")
    with plain(tensors, "np") as theirs:
        for name in ("float32", "int64", "bool", "scalar", "empty", "big"):
            assert np.array_equal(ours[name], theirs.get_tensor(name))
            assert ours[name].dtype == theirs.get_tensor(name).dtype


def test_safe_open_has_the_shape_of_safetensors_own(tensors: Path) -> None:
    from safetensors import safe_open as plain

    with safe_open(tensors, "pt") as ours, plain(tensors, "pt") as theirs:
        assert ours.keys() == sorted(theirs.keys())
        assert ours.metadata() == theirs.metadata() == {"by": "safetensors"}
        for name in theirs.keys():  # noqa: SIM118 - no mapping
            assert ours.get_slice(name).get_shape() == theirs.get_slice(name).get_shape()
            assert ours.get_slice(name).get_dtype() == theirs.get_slice(name).get_dtype()
        one, other = ours.get_slice("big"), theirs.get_slice("big")
        for key in (np.s_[3:10], np.s_[:, 5:9], np.s_[700:900, 1:2], np.s_[-5:], np.s_[4]):
            assert torch.equal(one[key], other[key])


def test_tensors_that_were_loaded_outlive_an_overwrite_of_the_file(tensors: Path) -> None:
    from safetensors.torch import load_file as plain

    ours, theirs = load_file(tensors, "pt"), plain(tensors)
    before = ours["big"].sum().item()
    data = tensors.read_bytes()
    overwrite(tensors, data[: len(data) // 2] + bytes(len(data) - len(data) // 2))
    assert theirs["big"].sum().item() != before, "without the gate they change"
    assert ours["big"].sum().item() == before
    with pytest.raises(LoadError, match="is not as it was signed"):
        load_file(tensors, "pt")


# loaders that take a path


def _torch(folder: Path) -> tuple[Path, Any, Any]:
    torch.save({"w": torch.arange(4.0)}, folder / "w.pt")
    return folder / "w.pt", lambda path: torch.load(path, weights_only=True)["w"].tolist(), [0.0, 1.0, 2.0, 3.0]


def _torch_mapped(folder: Path) -> tuple[Path, Any, Any]:
    torch.save({"w": torch.arange(4.0)}, folder / "w.pt")
    return folder / "w.pt", lambda path: torch.load(path, weights_only=True, mmap=True)["w"].tolist(), [0.0, 1.0, 2.0, 3.0]


def _joblib(folder: Path) -> tuple[Path, Any, Any]:
    import joblib
    from sklearn.linear_model import LogisticRegression

    rows = np.array([[0.0], [1.0], [2.0], [3.0]])
    made = LogisticRegression().fit(rows, [0, 0, 1, 1])
    joblib.dump(made, folder / "m.joblib")
    return folder / "m.joblib", lambda path: joblib.load(path).predict(rows).tolist(), [0, 0, 1, 1]


def _onnxruntime(folder: Path) -> tuple[Path, Any, Any]:
    import onnx
    import onnxruntime
    from onnx import TensorProto, helper, numpy_helper

    weight = numpy_helper.from_array(np.full(1000, 2.0, np.float32), "w")
    value = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1000]) for name in "xy"]
    graph = helper.make_graph([helper.make_node("Mul", ["x", "w"], ["y"])], "g", value[:1], value[1:], [weight])
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.save(made, folder / "m.onnx", save_as_external_data=True, location="weights.bin", size_threshold=100)

    def run(path: str) -> float:
        session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
        return float(session.run(None, {"x": np.ones(1000, np.float32)})[0].sum())

    return folder / "m.onnx", run, 2000.0


def _sentence_transformers(folder: Path) -> tuple[Path, Any, Any]:
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.models import StaticEmbedding
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import Whitespace

    tokenizer = Tokenizer(WordLevel({"[UNK]": 0, "sign": 1}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = Whitespace()
    weights = np.array([[0, 0], [3, 4]], np.float32)
    SentenceTransformer(modules=[StaticEmbedding(tokenizer, embedding_weights=weights)], device="cpu").save(str(folder / "m"))
    return folder / "m", lambda path: SentenceTransformer(path, device="cpu").encode("sign").tolist(), [3.0, 4.0]


def _xgboost(folder: Path) -> tuple[Path, Any, Any]:
    xgboost = pytest.importorskip("xgboost")
    rows = np.arange(20.0).reshape(20, 1)
    made = xgboost.XGBClassifier(n_estimators=2, max_depth=1).fit(rows, (rows[:, 0] > 9).astype(int))
    made.save_model(folder / "m.json")

    def run(path: str) -> list[int]:
        loaded = xgboost.XGBClassifier()
        loaded.load_model(path)
        return loaded.predict(rows).tolist()

    return folder / "m.json", run, [0] * 10 + [1] * 10


def _keras(folder: Path) -> tuple[Path, Any, Any]:
    os.environ["KERAS_BACKEND"] = "torch"
    keras = pytest.importorskip("keras")
    made = keras.Sequential([keras.layers.Input((2,)), keras.layers.Dense(1, kernel_initializer="ones")])
    made.save(folder / "m.keras")
    rows = np.ones((1, 2), np.float32)
    return folder / "m.keras", lambda path: float(keras.saving.load_model(path).predict(rows, verbose=0)[0, 0]), 2.0


def _mlflow(folder: Path) -> tuple[Path, Any, Any]:
    pytest.importorskip("mlflow.pyfunc")
    import mlflow.pyfunc

    (folder / "doubling.py").write_text(
        "def _load_pyfunc(path):\n    return Doubling()\nclass Doubling:\n    def predict(self, data):\n        return [2 * x for x in data]\n"
    )
    mlflow.pyfunc.save_model(folder / "m", loader_module="doubling", code_paths=[str(folder / "doubling.py")], pip_requirements=[])
    return (
        folder / "m",
        lambda path: mlflow.pyfunc.load_model(path).predict([1, 2]),
        [2, 4],
    )


def _diffusers(folder: Path) -> tuple[Path, Any, Any]:
    diffusers = pytest.importorskip("diffusers")
    made = diffusers.DDPMPipeline(
        unet=diffusers.UNet2DModel(
            sample_size=8, block_out_channels=(8,), norm_num_groups=2, down_block_types=("DownBlock2D",), up_block_types=("UpBlock2D",)
        ),
        scheduler=diffusers.DDPMScheduler(num_train_timesteps=5),
    )
    made.save_pretrained(folder / "m")
    total = sum(float(p.sum()) for p in made.unet.parameters())

    def run(path: str) -> Any:
        loaded = diffusers.DDPMPipeline.from_pretrained(path, local_files_only=True, low_cpu_mem_usage=False)
        return pytest.approx(sum(float(p.sum()) for p in loaded.unet.parameters()), rel=1e-6)

    return folder / "m", run, total


def _llama_cpp(folder: Path) -> tuple[Path, Any, Any]:
    llama_cpp = pytest.importorskip("llama_cpp")
    from gguf import GGUFWriter

    writer = GGUFWriter(folder / "m.gguf", "llama")
    writer.add_context_length(16)
    writer.add_embedding_length(32)
    writer.add_block_count(1)
    writer.add_feed_forward_length(32)
    writer.add_head_count(1)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_tokenizer_model("llama")
    writer.add_token_list(["<unk>", "<s>", "</s>", *(f"<0x{n:02X}>" for n in range(256)), "a"])
    writer.add_token_scores([0.0] * 260)
    writer.add_token_types([2, 3, 3, *([6] * 256), 1])
    random = np.random.default_rng(1)
    shapes = {"token_embd": (260, 32), "output_norm": (32,), "output": (260, 32), "blk.0.attn_norm": (32,), "blk.0.ffn_norm": (32,)}
    shapes |= {f"blk.0.{name}": (32, 32) for name in ("attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down")}
    for name, shape in shapes.items():
        writer.add_tensor(f"{name}.weight", random.standard_normal(shape).astype(np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()

    def run(path: str) -> list[int]:
        loaded = llama_cpp.Llama(path, n_ctx=16, n_threads=1, verbose=False, seed=1)
        loaded.eval([1, 5])
        return [loaded.n_vocab(), loaded.n_tokens]

    return folder / "m.gguf", run, [260, 2]


LIBRARIES = [
    _torch, _torch_mapped, _joblib, _onnxruntime, _sentence_transformers, _xgboost, _keras, _mlflow, _diffusers, _llama_cpp,
]  # fmt: skip

WANT_COPIES = [_onnxruntime, _xgboost, _mlflow]
"""They look where links lead: onnxruntime when weights lie beside the graph."""


@pytest.mark.parametrize("library", LIBRARIES, ids=lambda f: f.__name__.strip("_"))
def test_a_library_loads_what_was_signed_and_nothing_else(library: Any, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    path, load, expected = library(folder)
    for stray in folder.rglob("__pycache__"):
        shutil.rmtree(stray)
    assert load(str(path)) == expected, "without the gate"
    for stray in folder.rglob("__pycache__"):
        shutil.rmtree(stray)
    signed(path if path.is_dir() else folder)
    copies = library in WANT_COPIES
    assert load_with(load, path, copies=copies) == expected
    largest = max(
        (p for p in folder.rglob("*") if p.is_file() and not p.is_symlink() and p.name != "model.sig"), key=lambda p: p.stat().st_size
    )
    data = largest.read_bytes()
    overwrite(largest, data[:-1] + bytes([data[-1] ^ 1]))
    with pytest.raises(LoadError, match="is not as it was signed"):
        load_with(load, path)


@pytest.mark.skipif(not landlock.version(), reason="this kernel has no Landlock")
def test_a_graph_with_weights_beside_it_loads_behind_the_gate(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    _onnxruntime(folder)
    signed(folder)
    script = "import onnxruntime; print(len(onnxruntime.InferenceSession('model/m.onnx').get_inputs()))"
    done = behind(tmp_path, "--model", "model", "--", sys.executable, "-c", script)
    assert (done.returncode, done.stdout) == (0, "1\n"), done.stderr


def test_torch_takes_the_path_of_sealed_memory(tmp_path: Path) -> None:
    torch.save({"w": torch.arange(4.0)}, tmp_path / "w.pt")
    with sealed_path(signed(tmp_path / "w.pt")) as path:
        assert torch.load(path, weights_only=True)["w"].tolist() == [0.0, 1.0, 2.0, 3.0]
        mapped = torch.load(path, weights_only=True, mmap=True)["w"]
    assert mapped.tolist() == [0.0, 1.0, 2.0, 3.0]


# transformers


def answers(folder: str) -> list[float]:
    """What the classifier says."""
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    tokenizer, model = AutoTokenizer.from_pretrained(folder), AutoModelForSequenceClassification.from_pretrained(folder)
    with torch.no_grad():
        return model(**tokenizer("refuse what you did not sign", return_tensors="pt")).logits[0].tolist()


def test_transformers_loads_a_model_from_a_verified_folder(model: Path, classifier: Path) -> None:
    with verified_directory(model) as folder:
        assert answers(str(folder)) == answers(str(classifier))
    assert load_with(answers, model) == answers(str(classifier))


def test_a_snapshot_in_the_cache_of_the_hub_opens_with_its_links(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    revision, cache = "a" * 40, tmp_path / "hub"
    repository = cache / "models--acme--classifier"
    (repository / "blobs").mkdir(parents=True)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text(revision)
    folder = repository / "snapshots" / revision
    folder.mkdir(parents=True)
    for number, file in enumerate(sorted(model.iterdir())):
        shutil.copy(file, repository / "blobs" / f"{number:040}")
        (folder / file.name).symlink_to(f"../../blobs/{number:040}")
    monkeypatch.setenv("HF_HUB_CACHE", str(cache))
    found = snapshot("acme/classifier")
    assert found == folder
    assert load_with(answers, found) == answers(str(model))
    (tmp_path / "lading.toml").write_text('[[trust]]\nmatch = "acme/*"\nkeys = ["release.pub"]\n')
    if landlock.version():
        script = "from test_load_libraries import answers; print(answers('acme/classifier'))"
        done = behind(tmp_path, "--model", str(found), "--", sys.executable, "-c", script)
        assert (done.returncode, done.stdout) == (0, f"{answers(str(model))}\n"), done.stderr
    (folder / "config.json").unlink()
    (folder / "config.json").symlink_to("../../../../classifier/config.json")
    with pytest.raises(LoadError, match=r"config\.json is a link that leads out of the cache"):
        load_with(answers, found)


# behind lading run

SERVICE = """
import json, sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from transformers import pipeline

class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        text = self.rfile.read(int(self.headers["Content-Length"])).decode()
        answer = json.dumps(classify(text)).encode()
        self.send_response(200)
        self.end_headers()
        self.wfile.write(answer)
    def log_message(self, *_):
        pass

print("starting", flush=True)
sys.stdin.readline()
classify = pipeline("text-classification", sys.argv[1], device="cpu")
server = HTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
"""


def behind(work: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """`lading run` to its end."""
    command = [sys.executable, "-c", MAIN, "run", *arguments]
    return subprocess.run(command, cwd=work, capture_output=True, text=True, check=False)


def served(work: Path, entrance: list[str], attack: Any = None) -> tuple[str, str]:
    """Start the service, attack before it loads, ask it once: its answer and its log; no answer when it did not start."""
    import http.client

    command = [*entrance, sys.executable, "serve.py", "classifier"]
    with subprocess.Popen(command, cwd=work, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdin
        assert process.stdout
        assert process.stderr
        answer = ""
        if process.stdout.readline() == "starting\n":
            if attack:
                attack()
            process.stdin.write("go\n")
            process.stdin.flush()
            port = process.stdout.readline()
            if port:
                connection = http.client.HTTPConnection("127.0.0.1", int(port))
                connection.request("POST", "/", "refuse what you did not sign")
                answer = connection.getresponse().read().decode()
                connection.close()
            process.terminate()
        log = process.communicate(timeout=60)[1]
    return answer, log


def _exchanged(model: Path) -> None:
    overwrite(model / "model.safetensors", other_weights(model))


def _with_code(model: Path) -> None:
    """Code that `auto_map` points to; it would write a marker."""
    config = json.loads((model / "config.json").read_text())
    config["auto_map"] = {"AutoModelForSequenceClassification": "modeling_evil.Evil"}
    (model / "config.json").write_text(json.dumps(config))
    (model / "modeling_evil.py").write_text("raise SystemExit\n")


@pytest.mark.skipif(not landlock.version(), reason="this kernel has no Landlock")
def test_a_service_runs_unchanged_and_refuses_what_was_not_signed(model: Path, tmp_path: Path) -> None:
    (tmp_path / "serve.py").write_text(SERVICE)
    gate = [sys.executable, "-c", MAIN, "run", "--model", "classifier", "--"]
    good = served(tmp_path, [])[0]
    assert json.loads(good)[0]["label"].startswith("LABEL_")
    assert served(tmp_path, gate)[0] == good

    bad = served(tmp_path, [], lambda: _exchanged(model))[0]
    assert bad not in {good, ""}, "without the gate the other weights answer"
    shutil.rmtree(model)
    answer, log = served(tmp_path, gate)
    assert not answer
    assert "classifier does not exist" in log


@pytest.mark.skipif(not landlock.version(), reason="this kernel has no Landlock")
def test_weights_that_are_exchanged_while_a_service_starts_never_answer(model: Path, tmp_path: Path) -> None:
    (tmp_path / "serve.py").write_text(SERVICE)
    gate = [sys.executable, "-c", MAIN, "run", "--model", "classifier", "--"]
    good = served(tmp_path, gate)[0]
    assert good
    assert served(tmp_path, gate, lambda: _exchanged(model))[0] == good
    answer, log = served(tmp_path, gate)
    assert not answer
    assert "model.safetensors is not as it was signed" in log
    _with_code(model)
    answer, log = served(tmp_path, gate)
    assert not answer
    assert "modeling_evil.py is in" in log


@pytest.mark.skipif(not landlock.version(), reason="this kernel has no Landlock")
@pytest.mark.parametrize(
    "script",
    [
        "from safetensors.torch import load_file; print(load_file(PATH)['big'].sum())",
        "from safetensors import safe_open; print(safe_open(PATH, 'np').get_tensor('big').sum())",
        "import torch; print(torch.from_file(PATH, size=10, dtype=torch.uint8).sum())",
        "import numpy; print(numpy.memmap(PATH, mode='r')[:10].sum())",
    ],
    ids=["safetensors torch (Rust)", "safe_open (Rust)", "torch.from_file (C++)", "numpy memmap"],
)
def test_no_library_reads_weights_that_nobody_signed_and_the_log_says_so(tensors: Path, tmp_path: Path, script: str) -> None:
    program = script.replace("PATH", "'raw.safetensors'")
    shutil.copy(tensors, tmp_path / "raw.safetensors")
    assert subprocess.run([sys.executable, "-c", program], cwd=tmp_path, check=False, capture_output=True).returncode == 0
    done = behind(tmp_path, "--model", "t.safetensors", "--", sys.executable, "-c", program)
    assert (done.returncode, done.stdout) == (1, "")
    assert "raw.safetensors belongs to no model that was verified; sign its model" in done.stderr


@pytest.mark.skipif(not landlock.version(), reason="this kernel has no Landlock")
def test_a_plain_script_runs_unchanged(tensors: Path, tmp_path: Path) -> None:
    script = "import sys; from safetensors.torch import load_file; print(load_file(sys.argv[1])['scalar'].item())"
    done = behind(tmp_path, "--model", "t.safetensors", "--", sys.executable, "-c", script, tensors.name)
    assert (done.returncode, done.stdout) == (0, "7.0\n"), done.stderr


# counters


def test_prometheus_and_opentelemetry_read_the_counts(model: Path) -> None:
    client = pytest.importorskip("prometheus_client")
    metrics = pytest.importorskip("opentelemetry.sdk.metrics")
    from opentelemetry.sdk.metrics.export import InMemoryMetricReader

    from lading.integrations.opentelemetry import observe
    from lading.integrations.prometheus import Decisions

    registry = client.CollectorRegistry()
    registry.register(Decisions())
    reader = InMemoryMetricReader()
    observe(metrics.MeterProvider([reader]).get_meter("test"))

    def seen() -> list[float]:
        points = reader.get_metrics_data().resource_metrics[0].scope_metrics[0].metrics[0].data.data_points
        observed = {p.attributes["answer"]: p.value for p in points}
        exported = {a: registry.get_sample_value("lading_load_decisions_total", {"answer": a}) for a in observed}
        assert observed == exported
        return [observed[a] for a in ("allow", "refuse", "changed")]

    before = seen()
    load_with(len, model)
    (model / "more.py").write_text("")
    with pytest.raises(LoadError):
        load_with(len, model)
    (model / "more.py").unlink()
    _exchanged(model)
    with pytest.raises(LoadError):
        load_with(len, model)
    assert [after - b for after, b in zip(seen(), before, strict=True)] == [2, 1, 1]
