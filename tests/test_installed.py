"""What is installed is named whole, and what is not as it was installed is said."""

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from installed_makers import environment, install, shared_object
from lading.binary import elf
from lading.binary.window import Window
from lading.cli.scan import command
from lading.core.component import Edge
from lading.core.finding import Report
from lading.core.kinds import Kind, Relation
from lading.formats._registry import FORMATS
from lading.installed import scan
from lading.installed.distribution import normal

OPENSSL = b"\0OpenSSL 1.1.1k  FIPS 25 Mar 2021\0"


def _messages(report: Report, rule: str) -> list[str]:
    return [f.message for f in report.findings if f.rule == rule]


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """An environment with an application, a library it needs, and one that only an extra needs."""
    site = environment(tmp_path / "env")
    install(site, "app", "1.0", {"app/__init__.py": b"x = 1\n"}, needs=("Lib_A[fast]>=1",), requested=True)
    install(
        site,
        "lib-a",
        "2.0",
        {"lib_a/__init__.py": b"", "lib_a/more.py": b"y\n"},
        needs=('speedup; extra == "fast"', 'absent; extra == "x"'),
    )
    install(site, "speedup", "3.0", {"speedup.py": b""})
    return site


def _root(site: Path) -> Path:
    return site.parents[2]


def test_an_untouched_environment_has_no_finding_and_is_covered_whole(site: Path) -> None:
    report = scan(_root(site))
    assert not report.findings
    assert report.bom.complete
    assert {f"{c.name} {c.version}" for c in report.bom.components} == {"app 1.0", "lib-a 2.0", "speedup 3.0"}


def test_edges_follow_requirements_and_the_extras_that_somebody_asks_for(site: Path) -> None:
    edges = {(e.source, e.target) for e in scan(_root(site)).bom.edges if e.relation is Relation.DEPENDS_ON}
    assert edges == {
        ("system:/env", "pkg:pypi/app@1.0"),
        ("pkg:pypi/app@1.0", "pkg:pypi/lib-a@2.0"),
        ("pkg:pypi/lib-a@2.0", "pkg:pypi/speedup@3.0"),
    }


@pytest.mark.parametrize(
    ("marker", "counts"),
    [
        ('python_version < "3.12"', False),
        ('python_version >= "3.12"', True),
        ('python_full_version >= "3.12.4"', True),
        ('sys_platform == "win32"', False),
        ('sys_platform == "darwin"', True),
        ('platform_machine == "riscv64"', True),
        ('extra == "fast" and python_version < "3"', False),
        ('extra == "unasked"', False),
        ('platform_python_implementation == "PyPy"', True),
        ('python_version < "nonsense"', False),
    ],
)
def test_a_requirement_counts_where_its_marker_may_hold_for_the_python_of_the_environment(
    tmp_path: Path, marker: str, counts: object
) -> None:
    site = environment(tmp_path / "env")
    install(site, "app", "1.0", {"app.py": b""}, needs=(f"lib; {marker}",))
    install(site, "lib", "2.0", {"lib.py": b""})
    edges = scan(_root(site)).bom.edges
    assert any(e.source == "pkg:pypi/app@1.0" and e.target == "pkg:pypi/lib@2.0" for e in edges) is counts


def test_the_version_that_an_environment_states_is_believed_to_the_last_digit(site: Path) -> None:
    (_root(site) / "pyvenv.cfg").write_text("home = /usr/bin\nversion = 3.12.3\n")
    install(
        site, "late", "1.0", {"late.py": b""}, needs=('speedup; python_full_version >= "3.12.4"', 'lib-a; python_full_version >= "3.12.3"')
    )
    targets = {e.target for e in scan(_root(site)).bom.edges if e.source == "pkg:pypi/late@1.0"}
    assert targets == {"pkg:pypi/lib-a@2.0"}


def test_without_verification_machine_code_is_still_compared_and_the_rest_is_said_to_be_unknown(site: Path) -> None:
    install(site, "native", "1.0", {"native/lib.so": shared_object("lib.so")})
    (site / "lib_a" / "more.py").write_bytes(b"changed\n")
    assert not _messages(scan(_root(site), verify=False), "tampered-file")
    (site / "native" / "lib.so").write_bytes(shared_object("lib.so", strings=b"changed"))
    (site / "stray.py").write_bytes(b"")
    report = scan(_root(site), verify=False)
    assert [m for m in _messages(report, "tampered-file") if "native/lib.so" in m]
    assert [m for m in _messages(report, "unlisted-file") if "stray.py" in m]
    (left_out,) = report.bom.coverage.excluded
    assert "not compared with their RECORD" in left_out.reason
    assert len(scan(_root(site)).bom.coverage.excluded) == 0


def test_leaving_verification_out_is_for_environments_alone(tmp_path: Path) -> None:
    done = CliRunner().invoke(command, [str(tmp_path), "--no-verify"])
    assert done.exit_code == 2
    assert "is none" in done.output


def test_a_modified_a_missing_and_an_additional_file_are_each_named(site: Path) -> None:
    (site / "lib_a" / "more.py").write_bytes(b"z\n")
    (site / "app" / "__init__.py").unlink()
    (site / "lib_a" / "added.py").write_bytes(b"")
    (site / "nobody.py").write_bytes(b"")
    report = scan(_root(site))
    inner = "lib/python3.12/site-packages"
    assert _messages(report, "tampered-file") == [
        f"app 1.0 is not as it was installed: {inner}/app/__init__.py (missing)",
        f"lib-a 2.0 is not as it was installed: {inner}/lib_a/more.py (modified)",
    ]
    assert set(_messages(report, "unlisted-file")) == {f"no RECORD lists {inner}/lib_a/added.py", f"no RECORD lists {inner}/nobody.py"}


def test_compiled_forms_of_listed_sources_are_no_finding_and_others_are(site: Path) -> None:
    (site / "app" / "__pycache__").mkdir()
    (site / "app" / "__pycache__" / "__init__.cpython-312.pyc").write_bytes(b"")
    (site / "app" / "__pycache__" / "hidden.cpython-312.pyc").write_bytes(b"")
    (message,) = _messages(scan(_root(site)), "unlisted-file")
    assert message.endswith("app/__pycache__/hidden.cpython-312.pyc")


def test_start_up_code_is_named_with_its_owner(site: Path) -> None:
    install(site, "hooked", "1.0", {"hooked.pth": b"import hooked\n/some/folder\n"})
    (site / "stray.pth").write_bytes(b"import os; marker = 1\n")
    (site / "sitecustomize.py").write_bytes(b"")
    found = {
        (f.severity.value, f.message.rpartition("/")[2].partition(":")[0]) for f in scan(_root(site)).findings if f.rule == "startup-code"
    }
    assert found == {
        ("low", "hooked.pth runs whenever Python starts and belongs to hooked 1.0"),
        ("high", "stray.pth runs whenever Python starts and belongs to no distribution"),
        ("high", "sitecustomize.py runs whenever Python starts and belongs to no distribution"),
    }


def test_a_path_of_record_that_leads_out_is_not_followed(site: Path) -> None:
    info = install(site, "outside", "1.0", {"outside.py": b""})
    with (info / "RECORD").open("a") as stream:
        stream.write("../../../../../etc/passwd,,\n")
    (gap,) = scan(_root(site)).bom.coverage.unread
    assert gap.reason == "leads out of the environment"


def test_a_link_that_leads_out_is_compared_and_a_pipe_is_not_waited_for(site: Path) -> None:
    place = site / "lib_a" / "more.py"
    place.unlink()
    os.mkfifo(place)
    (gap,) = scan(_root(site)).bom.coverage.unread
    assert gap.path.endswith("lib_a/more.py")
    assert gap.reason.startswith("unreadable")


def test_a_distribution_without_record_or_metadata_is_a_gap(site: Path) -> None:
    (install(site, "bare", "1.0", {"bare.py": b""}) / "RECORD").unlink()
    (install(site, "nameless", "1.0", {"nameless.py": b""}) / "METADATA").write_bytes(b"\xff\xfe")
    reasons = {Path(s.path).parts[-2:][0]: s.reason for s in scan(_root(site)).bom.coverage.unread}
    assert reasons["bare-1.0.dist-info"] == "there is none: no file of it can be verified"
    assert any("tells no name or no version" in r for r in reasons.values())


def _auditwheel(*components: tuple[str, str, str]) -> dict[str, object]:
    listed = [{"type": "library", "bom-ref": p, "name": n, "version": v, "purl": p} for n, v, p in components]
    return {
        "bomFormat": "CycloneDX", "specVersion": "1.4", "version": 1, "components": listed,
        "metadata": {"component": {"type": "library", "bom-ref": "root", "name": "vision", "version": "1.0"}},
        "dependencies": [{"ref": "root", "dependsOn": [components[0][2]]}, {"ref": components[0][2], "dependsOn": [components[1][2]]}],
    }  # fmt: skip


def test_what_a_wheel_declares_is_merged_with_provenance_and_depth(site: Path) -> None:
    rows = (
        ("openssl-libs", "1.1.1k-15.el8_6", "pkg:rpm/almalinux/openssl-libs@1.1.1k-15.el8_6"),
        ("part", "1.0", "pkg:cargo/part@1.0?download_url=file:%2F%2F%2Fhome%2Frunner%2Fpart"),
    )
    install(site, "vision", "1.0", {"vision.py": b""}, sboms={"auditwheel.cdx.json": _auditwheel(*rows), "broken.json": [1]})
    report = scan(_root(site))
    by_name = {c.name: c for c in report.bom.components}
    assert dict(by_name["openssl-libs"].properties)["declared-by"] == "vision 1.0"
    assert dict(by_name["part"].properties)["depth"] == "2"
    assert by_name["part"].purl == "pkg:cargo/part@1.0"
    assert by_name["part"].occurrences[0].path.endswith("vision-1.0.dist-info/sboms/auditwheel.cdx.json")
    assert "openssl-libs 1.1.1k-15.el8_6" in _messages(report, "end-of-life-library")[0]
    assert [s.path.rpartition("/")[2] for s in report.bom.coverage.unread] == ["broken.json"]


def test_a_binding_of_the_same_name_is_not_the_library(site: Path) -> None:
    rows = (("openssl", "0.10.81", "pkg:cargo/openssl@0.10.81"), ("part", "1.0", "pkg:cargo/part@1.0"))
    install(site, "vision", "1.0", {"vision.py": b""}, sboms={"rust.cdx.json": _auditwheel(*rows)})
    assert not _messages(scan(_root(site)), "end-of-life-library")


def test_a_vendored_library_is_named_by_bytes_strings_and_what_it_needs(site: Path) -> None:
    library = shared_object("libssl-81259c47.so.1.1.1k", ("libcrypto-5409cd36.so.1.1.1k", "libc.so.6"), OPENSSL)
    crypto = shared_object("libcrypto-5409cd36.so.1.1.1k", ("libc.so.6",), OPENSSL, executable_stack=True)
    files = {"vision.libs/libssl-81259c47.so.1.1.1k": library, "vision.libs/libcrypto-5409cd36.so.1.1.1k": crypto}
    install(site, "vision", "1.0", files)
    report = scan(_root(site))
    by_name = {c.name: c for c in report.bom.components if c.kind is Kind.NATIVE_LIBRARY}
    assert set(by_name) == {"libssl", "libcrypto", "openssl"}
    told = dict(by_name["libssl"].properties)
    assert (by_name["libssl"].version, told["version-told-by"], told["build-id"]) == ("1.1.1k", "version string", "0001020304050607")
    assert (told["needed-inside"], told["needed-outside"]) == ("libcrypto-5409cd36.so.1.1.1k", "libc.so.6")
    assert dict(by_name["libcrypto"].properties)["executable-stack"] == "true"
    assert {o.written for o in by_name["openssl"].occurrences} == {"OpenSSL 1.1.1k  FIPS 25 Mar 2021"}
    assert len(_messages(report, "end-of-life-library")) == 3


def test_machine_code_of_another_kind_is_a_gap(site: Path) -> None:
    install(site, "mac", "1.0", {"mac/x.so": b"\xcf\xfa\xed\xfe", "mac/empty.so": b""})
    reasons = {s.path.rpartition("/")[2]: s.reason for s in scan(_root(site)).bom.coverage.unread}
    assert set(reasons) == {"x.so", "empty.so"}


def test_a_real_extension_module_says_what_it_needs() -> None:
    found = importlib.util.find_spec("msgspec._core")
    assert found
    assert found.origin
    header = elf.read(Window(Path(found.origin).read_bytes()))
    assert "libc.so.6" in header.needed
    assert any(s.name == ".rodata" for s in header.sections)


@given(st.lists(st.tuples(st.integers(0, 900), st.binary(min_size=1, max_size=8)), max_size=6), st.integers(0, 900))
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_damaged_object_gives_less_or_a_value_error(slips: list[tuple[int, bytes]], cut: int) -> None:
    data = bytearray(shared_object("libx.so.1", ("libc.so.6",), OPENSSL))
    for place, junk in slips:
        data[place % len(data) : place % len(data) + len(junk)] = junk
    try:
        elf.read(Window(bytes(data[: max(cut, 1)])))
    except ValueError as e:
        assert str(e).startswith("it")  # noqa: PT017 - either outcome is right


def test_the_command_knows_an_environment_and_every_document_carries_it(site: Path) -> None:
    (site / "lib_a" / "more.py").write_bytes(b"z\n")
    result = CliRunner().invoke(command, [str(_root(site)), "--format", "json", "--fail-on", "high", "--quiet"], standalone_mode=False)
    assert result.return_value == 3
    bom = scan(_root(site)).bom
    for written in ("cyclonedx", "spdx-2.3", "spdx-3"):
        form = FORMATS.load()[written]
        assert form.read
        again = form.read(form.write(Report(bom=bom)))
        assert {c.ref for c in again.components} == {c.ref for c in bom.components}
        assert msgspec.json.encode(again.edges) == msgspec.json.encode(bom.edges)


def test_no_edge_that_uv_resolves_is_lost() -> None:
    environment = Path(sys.prefix)
    uv = shutil.which("uv", path=f"{environment / 'bin'}:{os.environ['PATH']}")
    assert uv, "uv is not installed: make setup"
    command = [uv, "pip", "tree", "--offline", "--python", sys.executable]
    printed = subprocess.run(command, capture_output=True, text=True, check=True, env={**os.environ, "UV_NO_CONFIG": "1"}).stdout
    wanted, above = set(), list[str]()
    for line in printed.splitlines():
        if row := re.match(r"(?P<depth>(?:[│├└─ ]{4})*)(?P<name>[A-Za-z0-9][\w.-]*)(?:\[[^\]]*\])? v", line):
            depth = len(row["depth"]) // 4
            above[depth:] = [normal(row["name"])]
            wanted |= {(above[depth - 1], above[depth])} if depth else set()
    bom = scan(environment).bom
    names = {c.ref: c.name for c in bom.components}
    found = {(names.get(e.source), names.get(e.target)) for e in bom.edges if e.relation is Relation.DEPENDS_ON}
    assert len(wanted) > 50
    assert not wanted - found


def test_requirements_that_lead_in_a_circle_are_edges_and_end(tmp_path: Path) -> None:
    site = environment(tmp_path / "env")
    install(site, "a", "1", {}, needs=("b", "b[x]"), requested=True)
    install(site, "b", "1", {}, needs=("a", "b[x]", 'c; extra == "x"'))
    install(site, "c", "1", {}, needs=("b[x]",))
    bom = scan(tmp_path / "env").bom
    names = {c.ref: c.name for c in bom.components} | {bom.subject.ref: "env"}
    found = {(names[e.source], names[e.target]) for e in bom.edges if e.relation is Relation.DEPENDS_ON}
    assert found == {("env", "a"), ("a", "b"), ("b", "a"), ("b", "c"), ("c", "b")}


def test_a_record_longer_than_any_real_one_is_told_and_costs_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site = environment(tmp_path / "env")
    install(site, "good", "1", {"good.py": b""})
    info = install(site, "endless", "1", {"endless.py": b""})
    (info / "RECORD").write_text("endless.py,,\n" * 50)
    monkeypatch.setattr("lading.installed.record.MOST_ROWS", 20)
    bom = scan(tmp_path / "env").bom
    assert {c.name for c in bom.components} >= {"good", "endless"}
    assert [s.path.rpartition("/")[2] for s in bom.coverage.unread] == ["endless-1.dist-info"]
    assert "more than 20 lines" in bom.coverage.unread[0].reason


@pytest.mark.parametrize("name", ["METADATA", "RECORD", "direct_url.json", "entry_points.txt"])
def test_text_that_is_no_utf8_is_a_gap_or_nothing(tmp_path: Path, name: str) -> None:
    site = environment(tmp_path / "env")
    info = install(site, "good", "1", {"good.py": b""})
    (info / name).write_bytes(b"\xff\xfe\x00Name: good\nVersion: 1\n")
    report = scan(tmp_path / "env")
    assert report.bom.coverage.unread or report.findings


def test_a_model_that_a_package_brings_is_its_own_and_under_its_license(tmp_path: Path) -> None:
    site = environment(tmp_path)
    header = json.dumps({"w": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}).encode()
    weights = len(header).to_bytes(8, "little") + header + bytes(4)
    files = {"embedder/model/model.safetensors": weights, "embedder/model/config.json": b"{}", "start.pth": b"/elsewhere\n"}
    install(site, "embedder", "1.0", files)
    report = scan(tmp_path)
    (model,) = [c for c in report.bom.components if any(f.path.endswith(".safetensors") for f in c.files)]
    assert ("installed-by", "embedder 1.0") in model.properties
    assert Edge("pkg:pypi/embedder@1.0", Relation.CONTAINS, model.ref) in report.bom.edges
    assert not [f for f in report.findings if f.rule == "forgotten-artifact"]
    assert not report.bom.coverage.unread
