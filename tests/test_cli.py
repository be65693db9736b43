"""The command line: exit codes are a contract, standard output is data, every failure is a sentence with a next step."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from lading.cli.main import main

ROOT = Path(__file__).parent.parent
EXAMPLE = ROOT / "examples" / "support-assistant"


def lading(*arguments: str, cwd: Path = ROOT, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "lading", *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "SOURCE_DATE_EPOCH": "0", **environment},
    )


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("scan", "nowhere"), 2, "nowhere does not exist"),
        (("scan", ".", "--format", "cyclonedyx"), 2, "did you mean 'cyclonedx'?"),
        (("scan", ".", "--fail-on", "awful"), 2, "awful"),
        (("scna",), 2, "scna"),
        (("bom", "show", "nowhere.json"), 2, "cannot be read"),
        (("bom", "show", "pyproject.toml"), 2, "is no document that lading reads"),
        (("rules", "nothing"), 2, "there is no rule 'nothing'"),
        (("why", "nothing-of-this-name", "examples/support-assistant"), 2, "nothing named"),
    ],
)
def test_wrong_usage_is_a_sentence_and_exit_code_2(arguments: tuple[str, ...], code: int, words: str) -> None:
    done = lading(*arguments)
    assert done.returncode == code
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ("[[ignore]]\nrule = 'x'\n", "reason"),
        ("[[ignore]]\nrule = 'x'\nreason = ' '\n", "gives no reason"),
        ("[[ignroe]]\n", "did you mean 'ignore'?"),
        ("scan = [", "cannot be read"),
        ("[severity]\nx = 'awful'\n", "awful"),
    ],
)
def test_wrong_settings_are_a_sentence(tmp_path: Path, settings: str, words: str) -> None:
    (tmp_path / "lading.toml").write_text(settings)
    done = lading("scan", str(tmp_path))
    assert (done.returncode, "Traceback" in done.stderr) == (2, False)
    assert words in done.stderr


def test_findings_and_gaps_have_exit_codes_of_their_own(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("from transformers import AutoModel\nAutoModel.from_pretrained('acme-lab/x', trust_remote_code=True)\n")
    assert lading("scan", str(tmp_path)).returncode == 0
    assert lading("scan", str(tmp_path), "--fail-on", "high").returncode == 3
    assert lading("scan", str(tmp_path), "--fail-on", "critical").returncode == 0
    (tmp_path / "b.py").write_text("def broken(:\n")
    done = lading("scan", str(tmp_path))
    assert done.returncode == 4
    assert "b.py:1 is not Python 3" in done.stdout


def test_an_accepted_finding_does_not_fail_and_does_not_disappear(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("from transformers import AutoModel\nAutoModel.from_pretrained('acme-lab/x', trust_remote_code=True)\n")
    rule = "[[ignore]]\nrule = 'remote-code'\nreason = 'reviewed'\n"
    (tmp_path / "lading.toml").write_text(rule)
    done = lading("scan", str(tmp_path), "--fail-on", "high", "--format", "json")
    assert done.returncode == 0
    assert [f["accepted"] for f in json.loads(done.stdout)["findings"] if f["rule"] == "remote-code"] == ["reviewed"]
    (tmp_path / "lading.toml").write_text(rule + "expires = 2020-01-01\n")
    assert lading("scan", str(tmp_path), "--fail-on", "high").returncode == 3


@pytest.mark.parametrize("name", ["json", "cyclonedx", "cyclonedx-1.6", "spdx-3", "spdx-2.3", "sarif", "markdown", "html"])
def test_every_format_is_the_same_byte_for_byte(name: str) -> None:
    one, other = (lading("scan", str(EXAMPLE), "--format", name) for _ in range(2))
    assert one.returncode == 0
    assert one.stdout == other.stdout
    assert one.stdout


def test_a_document_goes_through_every_format_and_back(tmp_path: Path) -> None:
    first = lading("scan", str(EXAMPLE), "--format", "cyclonedx").stdout
    (tmp_path / "a.json").write_text(first)
    for name in ("spdx-3", "spdx-2.3", "json", "cyclonedx-1.6", "cyclonedx"):
        done = lading("bom", "convert", str(tmp_path / "a.json"), "--to", name, "--output", str(tmp_path / "b.json"))
        assert done.returncode == 0, done.stderr
        assert lading("bom", "validate", str(tmp_path / "b.json")).returncode == 0
        (tmp_path / "b.json").replace(tmp_path / "a.json")
    assert (tmp_path / "a.json").read_text() == first


def test_a_difference_is_told(tmp_path: Path) -> None:
    for name, revision in (("a", "v1"), ("b", "v2")):
        (tmp_path / f"{name}.py").write_text(
            f"from transformers import AutoModel\nAutoModel.from_pretrained('acme-lab/x', revision='{revision}')\n"
        )
        lading("scan", str(tmp_path / f"{name}.py"), "--output", str(tmp_path / f"{name}.json"))
    done = lading("bom", "diff", str(tmp_path / "a.json"), str(tmp_path / "b.json"), "--exit-code")
    assert (done.returncode, done.stdout) == (3, "~ model acme-lab/x: revision v1 → v2\n")
    assert lading("bom", "diff", str(tmp_path / "a.json"), str(tmp_path / "a.json"), "--exit-code").returncode == 0


def test_merged_documents_are_one(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / f"{name}.py").write_text("from transformers import AutoModel\nAutoModel.from_pretrained('acme-lab/x')\n")
        lading("scan", str(tmp_path / f"{name}.py"), "--output", str(tmp_path / f"{name}.json"))
    done = lading("bom", "merge", str(tmp_path / "a.json"), str(tmp_path / "b.json"), "--name", "both", "--format", "json")
    (component,) = json.loads(done.stdout)["bom"]["components"]
    assert [o["path"] for o in component["occurrences"]] == ["a.py", "b.py"]


def test_an_output_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = lading("scan", str(EXAMPLE), "--output", str(tmp_path / "file" / "x.json"))
    assert (done.returncode, "Traceback" in done.stderr) == (1, False)
    assert "cannot be written" in done.stderr


def test_a_scanned_name_cannot_write_on_the_terminal(tmp_path: Path) -> None:
    (tmp_path / "a.sh").write_text("ollama pull 'llama\x1b[31m\x07evil:1'\n")
    done = lading("scan", str(tmp_path))
    assert "\x1b" not in done.stdout
    assert "\x07" not in done.stdout


def test_colour_is_asked_for() -> None:
    assert "\x1b[" in lading("scan", str(EXAMPLE), FORCE_COLOR="1", NO_COLOR="").stdout
    assert "\x1b[" not in lading("scan", str(EXAMPLE)).stdout


def test_a_full_pipe_is_no_traceback() -> None:
    done = subprocess.run(
        f"{sys.executable} -m lading scan {EXAMPLE} --all | head -1", shell=True, capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert "Traceback" not in done.stderr
    assert "support-assistant" in done.stdout


def test_the_command_line_starts_light() -> None:
    code = "import sys; import lading.cli.main; print(len(sys.modules), *(m for m in ('yaml', 'msgspec', 'lading.scan.run', 'urllib.request') if m in sys.modules))"
    count, *heavy = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert heavy == []
    assert int(count) < 200


def test_a_scan_loads_what_reads_a_kind_of_file_with_the_first_such_file(tmp_path: Path) -> None:
    code = "import atexit,sys; atexit.register(lambda: print(*sys.modules)); from lading.cli.main import main; main()"
    done = subprocess.run([sys.executable, "-c", code, "scan", str(tmp_path)], capture_output=True, text=True, check=False)
    loaded = set(done.stdout.splitlines()[-1].split())
    heavy = {
        "yaml",
        "packaging.requirements",
        "packaging.specifiers",
        "zipfile",
        "email.parser",
        "importlib.metadata",
        "shutil",
    }
    assert "lading.extractors.wheel" in loaded
    assert not heavy & loaded


def test_an_expired_acceptance_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "lading.toml").write_text("[[ignore]]\nrule = 'remote-code'\nreason = 'reviewed'\nexpires = 2020-01-01\n")
    assert lading("scan", str(tmp_path)).stderr == "note: the acceptance of remote-code expired on 2020-01-01: reviewed\n"
    assert lading("scan", str(tmp_path), "--quiet").stderr == ""


def test_a_rule_there_is_not_cannot_be_accepted(tmp_path: Path) -> None:
    (tmp_path / "lading.toml").write_text("[[ignore]]\nrule = 'remote-coed'\nreason = 'reviewed'\n")
    done = lading("scan", str(tmp_path))
    assert done.returncode == 2
    assert "hint: did you mean 'remote-code'?" in done.stderr


def test_a_broken_pyproject_has_no_settings_and_is_told_as_not_read(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[project\n")
    done = lading("scan", str(tmp_path))
    assert done.returncode == 4
    assert "pyproject.toml" in done.stdout


def test_nothing_read_is_an_unknown_answer(tmp_path: Path) -> None:
    (tmp_path / "notes.xyz").write_text("nothing")
    assert lading("scan", str(tmp_path)).returncode == 4


def test_a_pipe_is_no_target(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    done = lading("scan", str(tmp_path / "pipe"))
    assert (done.returncode, done.stderr.splitlines()[0]) == (2, f"lading: {tmp_path}/pipe is neither a file nor a folder [LD100]")


def test_what_nobody_foresaw_is_a_sentence(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def fails(*_: object, **__: object) -> None:
        raise ZeroDivisionError("by zero")

    monkeypatch.setattr("lading.scan.scan", fails)
    with pytest.raises(SystemExit) as end:
        main(["scan", str(EXAMPLE)])
    assert end.value.code == 1
    assert "lading: failed: ZeroDivisionError: by zero [LD999]" in capsys.readouterr().err
    monkeypatch.setenv("LADING_DEBUG", "1")
    with pytest.raises(ZeroDivisionError):
        main(["scan", str(EXAMPLE)])


def test_an_output_without_letters_beyond_latin_gets_what_it_can_show() -> None:
    done = lading("scan", "naïve→", PYTHONIOENCODING="ascii")
    assert (done.returncode, "Traceback" in done.stderr) == (2, False)
    assert "does not exist" in done.stderr
