"""A build is attested as it was: source, materials, surroundings, times, tests; and nothing is attested that was not built."""

import base64
import hashlib
import json
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lading.build.junit import test_result as read_junit
from lading.build.lineage import surrounding
from lading.build.machine import SYSTEMS, machine
from lading.build.packages import packages_of
from lading.build.run import build
from lading.build.source import source_of
from lading.build.system import system_packages, unread
from lading.core.errors import FormatError, LadingError, UsageError
from lading.core.purl import parse
from lading.core.verdict import Answer
from lading.policy.rule import TrustRule
from lading.sign.attest import attest, keep, subject_of, waybill_of
from lading.sign.files import Files
from lading.sign.model import sign_model
from lading.sign.verify import signatures_of, verify
from lading.trust import bundle, keys
from lading.trust.evidence import Roots
from lading.trust.predicates import NAMES

KEY = keys.generate("ecdsa-p256")
NOW = datetime(2026, 11, 23, tzinfo=UTC)
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "HOME": "/nowhere", "AWS_SECRET_ACCESS_KEY": "secret-value"}


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with one commit, as the current folder."""
    folder = tmp_path / "checkout"
    folder.mkdir()
    (folder / "make.sh").write_text("mkdir -p out && cp make.sh out/weights.bin && echo {} > out/config.json\n")
    (folder / ".gitignore").write_text("out\n*.jsonl\n")
    for arguments in (["init", "-q"], ["add", "-A"], ["-c", "user.name=n", "-c", "user.email=e@acme.test", "commit", "-qm", "m"]):
        subprocess.run(["git", *arguments], cwd=folder, check=True)
    subprocess.run(["git", "remote", "add", "origin", "https://name:token@git.acme.test/m.git"], cwd=folder, check=True)
    monkeypatch.chdir(folder)
    return folder


def test_a_build_tells_its_source_its_command_and_its_times(checkout: Path) -> None:
    built = build(["sh", "make.sh"], [Path("out")], environment=ENVIRONMENT)
    data: dict[str, Any] = built.provenance.as_data()
    (source,) = (d for d in data["buildDefinition"]["resolvedDependencies"] if d.get("name") == "source")
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=checkout, capture_output=True, text=True, check=True).stdout.strip()
    assert source["digest"] == {"gitCommit": head}
    assert source["uri"] == "git+https://git.acme.test/m.git"
    assert source["annotations"] == {"dirty": False}
    assert data["buildDefinition"]["externalParameters"]["command"] == ["sh", "make.sh"]
    times = data["runDetails"]["metadata"]
    assert times["startedOn"] <= times["finishedOn"]
    assert built.subjects[0].digest["sha256"] == sign_root(Path("out"))


def sign_root(path: Path) -> str:
    """The root digest under which the reference would sign a folder."""
    return subject_of(path).digest["sha256"]


def test_a_changed_tree_is_told_with_the_digest_of_the_change(checkout: Path) -> None:
    (checkout / "make.sh").write_text((checkout / "make.sh").read_text() + "true\n")
    (checkout / "new.txt").write_text("x")
    source = source_of(checkout)
    assert source is not None
    assert source.dirty
    assert source.untracked == 1
    assert source.difference is not None


def _observed(provenance: dict[str, Any]) -> dict[str, dict[str, str]]:
    found = provenance["buildDefinition"]["resolvedDependencies"]
    return {d["name"]: d["digest"] for d in found if d.get("annotations", {}).get("observed")}


READERS = {
    "python": [sys.executable, "-c", "open('data/train.csv').read(); open('out.bin','w').write('x')"],
    "mapped": [
        sys.executable,
        "-c",
        "import mmap,os; f=os.open('data/train.csv',os.O_RDONLY); mmap.mmap(f,0,prot=mmap.PROT_READ).read(); open('out.bin','w').write('x')",
    ],
    "child": ["sh", "-c", "(cat data/train.csv >/dev/null); echo x > out.bin"],
    "through a link": ["sh", "-c", "cat link.csv >/dev/null; echo x > out.bin"],
}


@pytest.mark.parametrize("how", READERS)
def test_the_files_that_a_command_opens_are_materials(how: str, checkout: Path) -> None:
    (checkout / ".gitignore").write_text("data\nout.bin\nlink.csv\n")
    (checkout / "data").mkdir()
    for name in ("train.csv", "unread.csv"):
        (checkout / "data" / name).write_text(f"{name}\n")
    (checkout / "link.csv").symlink_to("data/train.csv")
    data = build(READERS[how], [Path("out.bin")], observed=[Path()]).provenance.as_data()
    assert _observed(data) == {"data/train.csv": {"sha256": hashlib.sha256(b"train.csv\n").hexdigest()}}
    assert data["buildDefinition"]["internalParameters"]["notObserved"] == ["files in other folders", "network access of the command"]


@pytest.mark.usefixtures("checkout")
def test_what_the_command_writes_and_what_the_commit_holds_are_not_observed_materials(tmp_path: Path) -> None:
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "base.bin").write_text("b")
    command = ["sh", "-c", f"cat make.sh > a.tmp; cat a.tmp {tmp_path}/cache/base.bin > out.bin; mkdir new; echo 1 > new/x; cat new/x"]
    data = build(command, [Path("out.bin")], observed=[Path(), tmp_path / "cache"]).provenance.as_data()
    assert list(_observed(data)) == [str(tmp_path / "cache" / "base.bin")]
    unwatched = build(["sh", "-c", "rm out.bin; cat make.sh > out.bin"], [Path("out.bin")]).provenance.as_data()
    assert not _observed(unwatched)
    assert unwatched["buildDefinition"]["internalParameters"]["notObserved"][0] == "files read by the command"


def test_what_cannot_be_watched_is_told(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Silent:
        """A system without inotify."""

    monkeypatch.setattr("lading.build.observe.ctypes.CDLL", lambda *_, **__: Silent())
    data = build(["sh", "make.sh"], [checkout / "out"], observed=[Path()], environment=ENVIRONMENT).provenance.as_data()
    assert "files read by the command: this system does not tell them" in data["buildDefinition"]["internalParameters"]["notObserved"]


STATUS = """Package: liblzma5
Status: install ok installed
Source: xz-utils
Version: 5.6.1-1

Package: libc6
Status: install ok installed
Source: glibc (2.36-9)
Version: 2.36-9+b1
Description: C library
 Status: none

Package: gone
Status: deinstall ok config-files
Version: 1
"""


def test_packages_of_the_system_are_told_by_their_sources(tmp_path: Path) -> None:
    for name, text in {
        "etc/os-release": 'ID=debian\nVERSION_ID="12"\n',
        "var/lib/dpkg/status": STATUS,
        "lib/apk/db/installed": "C:Q1\nP:liblzma\nV:5.6.1-r0\no:xz\n\nP:musl\nV:1.2.5-r0\n",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    assert [r.uri for r in system_packages(tmp_path)] == [
        "pkg:apk/debian/musl@1.2.5-r0",
        "pkg:apk/debian/xz@5.6.1-r0",
        "pkg:deb/debian/glibc@2.36-9",
        "pkg:deb/debian/xz-utils@5.6.1-1",
    ]
    assert system_packages(tmp_path / "nowhere") == ()
    (tmp_path / "var/lib/rpm").mkdir()
    (tmp_path / "var/lib/rpm/rpmdb.sqlite").write_bytes(b"")
    assert unread(tmp_path) == "packages of the system in /var/lib/rpm/rpmdb.sqlite"


@pytest.mark.skipif(not shutil.which("dpkg-query"), reason="dpkg has the last word where it is installed")
def test_packages_are_those_that_dpkg_names() -> None:
    form = "${db:Status-Status} ${source:Package} ${source:Version}\n"
    said = subprocess.run(["dpkg-query", "-W", "-f", form], capture_output=True, text=True, check=True).stdout
    theirs = {tuple(row.split()[1:]) for row in said.splitlines() if row.startswith("installed ")}
    ours = {(p.name, p.version) for p in (parse(r.uri) for r in system_packages()) if p.type == "deb"}
    assert ours == theirs


def test_what_is_no_checkout_has_no_source(tmp_path: Path) -> None:
    assert source_of(tmp_path) is None


@pytest.mark.usefixtures("checkout")
def test_secrets_of_the_environment_are_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GITHUB_ACTIONS", "GITHUB_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_TOKEN"):
        monkeypatch.setenv(name, "secret-value")
    built = build(["sh", "make.sh"], [Path("out")], environment={**ENVIRONMENT, "GITHUB_ACTIONS": "true", "GITHUB_TOKEN": "secret-value"})
    assert "secret-value" not in json.dumps(built.provenance.as_data())
    assert "token@" not in json.dumps(built.provenance.as_data())


@pytest.mark.parametrize("system", SYSTEMS, ids=lambda s: s.name)
def test_every_known_system_names_builder_and_run(system: Any) -> None:
    names = {n.split("}")[0] for n in f"{system.builder}{system.run}".split("{")[1:]}
    here = machine({**dict.fromkeys(names | set(system.recorded), "value"), system.tell: "true"})
    assert here.surroundings["system"] == system.name
    assert "not set" not in here.builder + here.run
    assert set(here.surroundings["variables"]) == set(system.recorded)


@pytest.mark.usefixtures("checkout")
@pytest.mark.parametrize(
    ("command", "words"),
    [
        (["sh", "-c", "exit 7"], "ended with 7"),
        (["true"], "did not write"),
        (["no-such-program-here"], "cannot be run"),
    ],
)
def test_a_build_that_fails_attests_nothing(command: list[str], words: str) -> None:
    with pytest.raises(LadingError, match=words):
        build(command, [Path("out")], environment=ENVIRONMENT)


@pytest.mark.usefixtures("checkout")
def test_an_output_that_was_there_before_is_not_built() -> None:
    subprocess.run(["sh", "make.sh"], check=True)
    with pytest.raises(LadingError, match="was there before"):
        build(["true"], [Path("out")], environment=ENVIRONMENT)


def test_the_packages_of_this_interpreter_are_seen_with_their_versions() -> None:
    found = {r.uri for r in packages_of([sys.executable], {"PATH": ""})}
    assert any(uri.startswith("pkg:pypi/msgspec@") for uri in found)


@pytest.mark.usefixtures("checkout")
def test_a_built_model_verifies_by_its_waybill_alone_and_only_as_it_was_built() -> None:
    built = build(["sh", "make.sh"], [Path("out")], environment=ENVIRONMENT)
    keep(waybill_of(Path("out")), attest(NAMES["provenance"], built.subjects, built.provenance.as_data(), KEY))
    roots, rule = Roots((KEY.public,)), TrustRule(predicates=("provenance",))

    def answer(rule: TrustRule = rule) -> Answer:
        return verify(Path("out"), signatures_of(Path("out")), roots, rule, NOW).verdict.answer

    assert answer() is Answer.ALLOW
    assert answer(TrustRule(predicates=("provenance", "test-result"))) is Answer.UNKNOWN
    Path("out/config.json").rename("out/config.jsoo")
    assert answer() is Answer.REFUSE


@pytest.mark.usefixtures("checkout")
def test_a_statement_joins_the_signature_of_the_same_names_only() -> None:
    subprocess.run(["sh", "make.sh"], check=True)
    keep(waybill_of(Path("out")), attest(NAMES["test-result"], (subject_of(Path("out")),), {"result": "PASSED"}, KEY))
    Path("out/config.json").rename("out/config.jsoo")
    Path("out.sig").write_bytes(bundle.encode(sign_model(Files(Path("out")), KEY)))
    result = verify(Path("out"), signatures_of(Path("out")), Roots((KEY.public,)), TrustRule(predicates=("test-result",)), NOW)
    assert result.verdict.answer is Answer.UNKNOWN


@pytest.mark.parametrize(
    ("kind", "predicate"), [("test-result", {"result": "FAILED"}), ("test-result", {}), ("vsa", {"verificationResult": "FAILED"})]
)
def test_a_statement_that_speaks_against_an_artifact_is_not_the_one_that_is_wanted(
    tmp_path: Path, kind: str, predicate: dict[str, str]
) -> None:
    (tmp_path / "a").write_bytes(b"a")
    (tmp_path / "a.sig").write_bytes(bundle.encode(sign_model(Files(tmp_path / "a"), KEY)))
    keep(waybill_of(tmp_path / "a"), attest(NAMES[kind], (subject_of(tmp_path / "a"),), predicate, KEY))
    result = verify(tmp_path / "a", signatures_of(tmp_path / "a"), Roots((KEY.public,)), TrustRule(predicates=(kind,)), NOW)
    assert result.verdict.answer is Answer.UNKNOWN
    assert any("the result" in c.refusal for c in result.claims)


def test_a_scan_by_a_trusted_signer_does_not_vouch(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"a")
    keep(waybill_of(tmp_path / "a"), attest(NAMES["cyclonedx"], (subject_of(tmp_path / "a"),), {}, KEY))
    result = verify(tmp_path / "a", signatures_of(tmp_path / "a"), Roots((KEY.public,)), TrustRule(), NOW)
    assert not result.verdict.opens


def test_the_statement_is_the_predicate_of_the_specification(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"a")
    made = attest(NAMES["vex"], (subject_of(tmp_path / "a"),), {"@id": "x"}, KEY)
    payload = json.loads(base64.b64decode(json.loads(bundle.encode(made))["dsseEnvelope"]["payload"]))
    assert payload["predicateType"] == "https://openvex.dev/ns/v0.2.0"
    assert set(payload) == {"_type", "subject", "predicateType", "predicate"}


JUNIT = """<testsuites><testsuite name="pytest">
<testcase classname="t.test_a" name="test_one"/><testcase classname="t.test_a" name="test_two"><failure>no</failure></testcase>
<testcase classname="t.test_a" name="test_three"><skipped/></testcase></testsuite></testsuites>"""


def test_junit_becomes_a_test_result(tmp_path: Path) -> None:
    (tmp_path / "j.xml").write_text(JUNIT)
    found = read_junit(tmp_path / "j.xml")
    assert (found["result"], found["passedTests"], found["warnedTests"], found["failedTests"]) == (
        "FAILED",
        ["t.test_a.test_one"],
        ["t.test_a.test_three"],
        ["t.test_a.test_two"],
    )


def test_junit_of_pytest_itself_is_read(tmp_path: Path) -> None:
    (tmp_path / "test_x.py").write_text("def test_a(): pass\n")
    subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--junit-xml", "j.xml", "test_x.py"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
    )
    found = read_junit(tmp_path / "j.xml")
    assert (found["result"], found["passedTests"]) == ("PASSED", ["test_x.test_a"])


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ("", "not JUnit XML"),
        ("<html/>", "its root is 'html'"),
        ('<!DOCTYPE a [<!ENTITY b "c">]><testsuites/>', "declares entities"),
        ("<testsuites>", "not JUnit XML"),
    ],
)
def test_what_is_no_junit_is_refused(tmp_path: Path, data: str, words: str) -> None:
    (tmp_path / "j.xml").write_text(data)
    with pytest.raises(FormatError, match=words):
        read_junit(tmp_path / "j.xml")


@given(data=st.binary(max_size=300))
@settings(max_examples=150, deadline=None)
def test_arbitrary_bytes_are_no_junit(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.mktemp("junit") / "j.xml"
    path.write_bytes(data)
    with pytest.raises(FormatError):
        read_junit(path)


def _said(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_decision_is_a_statement_that_others_can_ask_for(tmp_path: Path) -> None:
    """A gate elsewhere trusts the verifier's summary instead of looking at everything again."""
    path = tmp_path / "weights.gguf"
    path.write_bytes(b"GGUF")
    (tmp_path / "weights.gguf.sig").write_bytes(bundle.encode(sign_model(Files(path), KEY)))
    verifier = keys.generate("ed25519")
    for name, key in {"release": KEY, "verifier": verifier}.items():
        (tmp_path / f"{name}.key").write_bytes(key.pem())
        (tmp_path / f"{name}.pub").write_bytes(key.public.pem)

    def lading(*arguments: str) -> int:
        return subprocess.run([sys.executable, "-m", "lading", "verify", str(path), *arguments], cwd=tmp_path, check=False).returncode

    summary = ["--summary", "weights.gguf.waybill.jsonl", "--summary-key", "verifier.key"]
    assert lading("--key", "release.pub", *summary) == 0
    rule = TrustRule(predicates=("vsa", "svr"))
    roots = Roots((KEY.public, verifier.public))
    assert verify(path, signatures_of(path), roots, rule, NOW).verdict.answer is Answer.ALLOW

    assert lading("--key", "verifier.pub", "--signature", "weights.gguf.sig", "--summary", "no.jsonl") != 0
    vsa, svr = (s["predicate"] for s in _said(tmp_path / "no.jsonl"))
    assert (vsa["verificationResult"], vsa["verifiedLevels"], svr["properties"]) == ("FAILED", ["FAILED"], ["LADING_REFUSE"])


def test_the_image_around_a_build_is_a_material_when_it_is_pinned() -> None:
    made = surrounding(f"registry.acme.test/team/build:v1@sha256:{'ab' * 32}")
    assert made.digest == {"sha256": "ab" * 32}
    assert made.uri.startswith("pkg:oci/build@sha256:abab")
    for reference in ("registry.acme.test/team/build:v1", "a@sha256:12", "", "@sha256:" + "ab" * 32):
        with pytest.raises(UsageError):
            surrounding(reference)
