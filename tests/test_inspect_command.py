"""The command: answers, formats, exit codes, and what signed rules let pass."""

import json
from datetime import date, timedelta
from pathlib import Path

import pytest

from attacks.opcodes import call, name, proto, text
from attacks.pickle_globals import PLAIN
from lading.cli.main import main
from lading.core.errors import ConfigError
from lading.core.inspection import Grade
from lading.inspect import inspect_all, inspect_path
from lading.inspect.allow import Allowance, applied, read
from lading.inspect.ruleset import ruleset
from lading.pickles.known import effect_of, rules
from lading.scanners._registry import SCANNERS

UNKNOWN = proto(4, call(name("acme.models:Thing"), text("x")))
EVIL = proto(4, call(name("os:system"), text("echo lading-marker")))
GOOD = proto(4, b"}")


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(list(arguments))
    return int(ended.value.code or 0)


@pytest.mark.parametrize(("content", "code"), [(GOOD, 0), (UNKNOWN, 3), (EVIL, 3), (b"\x00\x01\x02unknown" * 9, 4)])
def test_the_exit_code_is_the_verdict(tmp_path: Path, content: bytes, code: int) -> None:
    (tmp_path / "model.pkl").write_bytes(content)
    assert run("inspect", str(tmp_path / "model.pkl")) == code


def test_what_does_not_exist_is_wrong_usage(tmp_path: Path) -> None:
    assert run("inspect", str(tmp_path / "nothing")) == 2


def test_an_empty_folder_is_not_benign(tmp_path: Path) -> None:
    assert run("inspect", str(tmp_path)) == 4


def test_sarif_names_file_rule_and_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "model.pkl").write_bytes(EVIL)
    assert run("inspect", str(tmp_path), "--format", "sarif") == 3
    log = json.loads(capsys.readouterr().out)["runs"][0]
    assert log["results"][0]["ruleId"] == log["tool"]["driver"]["rules"][0]["id"] == "pickle-dangerous-global"
    assert log["results"][0]["level"] == "error"


def test_a_statement_is_bound_to_the_bytes_and_the_rules(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "model.pkl").write_bytes(UNKNOWN)
    run("inspect", str(tmp_path / "model.pkl"), "--format", "in-toto")
    statement = json.loads(capsys.readouterr().out)
    digest = inspect_path(tmp_path / "model.pkl").digest
    assert statement["subject"][0]["digest"] == {"sha256": digest.removeprefix("sha256:")}
    assert statement["predicate"]["verdict"] == "suspicious"
    assert statement["predicate"]["ruleset"] == ruleset()


def rows(expires: date, rule: str = "pickle-unknown-global", callable_: str = "acme.models.Thing") -> str:
    return f'[[allow]]\nrule = "{rule}"\ncallable = "{callable_}"\nreason = "ours"\nexpires = {expires}\n'


def test_a_signed_rule_lets_a_known_finding_pass_and_nobody_else_s_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LADING_PASSPHRASE", "pass")
    Path("model.pkl").write_bytes(UNKNOWN)
    Path("allow.toml").write_text(rows(date(2999, 1, 1)))
    assert run("key", "generate", "ours.key") == run("key", "generate", "theirs.key") == 0
    assert run("sign", "allow.toml", "--key", "ours.key") == 0
    assert run("inspect", "model.pkl", "--allow", "allow.toml", "--key", "ours.key.pub") == 0
    assert run("inspect", "model.pkl", "--allow", "allow.toml", "--key", "theirs.key.pub") == 3
    Path("allow.toml").write_text(rows(date(2999, 1, 2)))
    assert run("inspect", "model.pkl", "--allow", "allow.toml", "--key", "ours.key.pub") == 3
    assert run("inspect", "model.pkl", "--allow", "allow.toml") == 2


def test_a_rule_ends_and_never_covers_what_is_malicious(tmp_path: Path) -> None:
    (tmp_path / "unknown.pkl").write_bytes(UNKNOWN)
    (tmp_path / "evil.pkl").write_bytes(EVIL)
    today = date(2026, 1, 1)
    allowance = Allowance(rule="pickle-unknown-global", callable="acme.models.Thing", reason="ours", expires=today)
    unknown, evil = inspect_path(tmp_path / "unknown.pkl"), inspect_path(tmp_path / "evil.pkl")
    assert applied(unknown, (allowance,), today).grade is Grade.BENIGN
    assert applied(unknown, (allowance,), today + timedelta(days=1)).grade is Grade.SUSPICIOUS
    wide = Allowance(rule="pickle-dangerous-global", digest=evil.digest, reason="no", expires=today)
    assert applied(evil, (wide,), today).grade is Grade.MALICIOUS


@pytest.mark.parametrize(
    "text_",
    [
        "[[allow]]\nrule = 1\n",
        "[[allow]]\nrule = 'a'\nreason = 'b'\nexpires = 2026-01-01\n",
        "no toml",
        rows(date(2026, 1, 1)) + "more = 1\n",
    ],
)
def test_a_file_of_rules_that_says_something_else_is_refused(tmp_path: Path, text_: str) -> None:
    (tmp_path / "allow.toml").write_text(text_)
    with pytest.raises(ConfigError):
        read(tmp_path / "allow.toml")


def test_many_files_on_many_cores_get_the_same_answers_in_the_same_order(tmp_path: Path) -> None:
    for number in range(220):
        (tmp_path / f"{number:03}.pkl").write_bytes((GOOD, UNKNOWN, EVIL)[number % 3])
    together = list(inspect_all([tmp_path]))
    assert [i.path for i in together] == sorted(str(p) for p in tmp_path.iterdir())
    assert together == [inspect_path(Path(i.path)) for i in together]


def test_every_scanner_says_what_it_reads() -> None:
    assert all(s.title and s.scan.__doc__ for s in SCANNERS)


def test_no_listed_name_is_known_to_be_dangerous() -> None:
    assert {n.replace(":", ".") for n in PLAIN} & set(rules()) == set()
    assert effect_of("os", "system") == "execute"


def test_the_ruleset_is_the_same_each_time() -> None:
    assert ruleset() == ruleset()


def test_a_scan_carries_the_verdicts_over_its_models(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "model.bin").write_bytes(EVIL)
    (tmp_path / "models" / "config.json").write_text('{"model_type": "bert", "architectures": ["BertModel"]}')
    assert run("scan", str(tmp_path), "--inspect", "--quiet", "--format", "json", "--fail-on", "critical") == 3
    report = json.loads(capsys.readouterr().out)
    assert "pickle-dangerous-global" in {f["rule"] for f in report["findings"]}
    assert '"malicious"' in json.dumps(report)
    assert run("scan", str(tmp_path), "--quiet", "--fail-on", "critical", "--format", "cyclonedx") == 0


@pytest.mark.parametrize(("ends", "content", "code"), [(1, GOOD, 3), (0, GOOD, 0), (7, GOOD, 0), (0, EVIL, 3)])
def test_a_second_opinion_raises_a_verdict_and_never_lowers_it(tmp_path: Path, ends: int, content: bytes, code: int) -> None:
    (tmp_path / "model.pkl").write_bytes(content)
    program = tmp_path / "picklescan"
    program.write_text(f"#!/bin/sh\necho 'dangerous import FOUND'\nexit {ends}\n")
    program.chmod(0o755)
    assert run("inspect", str(tmp_path / "model.pkl"), "--second-opinion", str(program)) == code


def test_only_known_scanners_are_asked(tmp_path: Path) -> None:
    (tmp_path / "model.pkl").write_bytes(GOOD)
    assert run("inspect", str(tmp_path / "model.pkl"), "--second-opinion", "/bin/sh") == 2
    assert run("inspect", str(tmp_path / "model.pkl"), "--second-opinion", str(tmp_path / "modelscan")) == 2
