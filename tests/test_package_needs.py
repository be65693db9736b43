"""Which package needs which is what the package managers themselves resolve; which layer brought a package is the one since which it is there."""

import gzip
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lading.cli.audit import load
from lading.core.bom import Bom
from lading.core.kinds import Relation
from lading.image import rich
from rpm_makers import Relation as Relationship
from rpm_makers import berkeley, ndb, package
from test_audit_inputs import tar
from test_image import image, layer_of, rpms

__all__ = ["rpms"]

STATUS, APK, RPM = "var/lib/dpkg/status", "lib/apk/db/installed", "var/lib/rpm/Packages"


def edges(bom: Bom) -> set[str]:
    """Who needs whom, by name."""
    names = {c.ref: f"{c.name}" for c in bom.components}
    return {f"{names[e.source]} -> {names[e.target]}" for e in bom.edges if e.relation is Relation.DEPENDS_ON}


def of_file(folder: Path, path: str, data: bytes) -> Bom:
    return load(image(folder / "image", gzip.compress(tar({path: data}))))


def debian(*stanzas: str) -> bytes:
    """What dpkg keeps of packages `NAME VERSION ARCH`, each with further rows behind it."""
    whole = []
    for stanza in stanzas:
        first, *rows = stanza.split("\n")
        name, version, arch = first.split()
        whole.append("\n".join([f"Package: {name}", "Status: install ok installed", f"Version: {version}", f"Architecture: {arch}", *rows]))
    return "\n\n".join(whole).encode() + b"\n"


@pytest.mark.skipif(not shutil.which("dpkg-query") or not shutil.which("python3", path="/usr/bin"), reason="this is no system of Debian's")
def test_which_package_needs_which_is_what_apt_resolves(tmp_path: Path) -> None:
    ask = """
import apt_pkg
apt_pkg.init()
for package in apt_pkg.Cache(None).packages:
    version = package.current_ver
    if version and package.current_state == apt_pkg.CURSTATE_INSTALLED:
        for kind in ("Depends", "PreDepends"):
            for target in (t for group in version.depends_list.get(kind, []) for one in group for t in one.all_targets()):
                if target.parent_pkg.current_ver == target and target.parent_pkg.name != package.name:
                    print(package.name, "->", target.parent_pkg.name)
"""
    printed = subprocess.run(["/usr/bin/python3", "-c", ask], capture_output=True, text=True, check=False)
    if printed.returncode:
        pytest.skip("python3-apt is not installed")
    bom = of_file(tmp_path, STATUS, Path("/var/lib/dpkg/status").read_bytes())
    assert edges(bom) == set(printed.stdout.splitlines())
    assert len(edges(bom)) > 100


DEBIAN: dict[str, tuple[tuple[str, ...], set[str]]] = {
    "a version that will do": (("a 1 all\nDepends: b (>= 1:2~rc1), c (<< 3)", "b 1:2-1 all", "c 2.9 all"), {"a -> b", "a -> c"}),
    "a version that will not": (("a 1 all\nDepends: b (>= 3) | c, d (= 1)", "b 2 all", "c 1 all", "d 1-1 all"), {"a -> c"}),
    "what must be there before": (("a 1 all\nPre-Depends: b", "b 2 all"), {"a -> b"}),
    "what is only recommended": (("a 1 all\nRecommends: b\nSuggests: b", "b 2 all"), set()),
    "what stands for another": (("a 1 all\nDepends: mail", "b 2 all\nProvides: mail, other (= 3)", "c 1 all\nProvides: mail"), {"a -> b", "a -> c"}),
    "a version of what is stood for": (("a 1 all\nDepends: other (>= 3), mail (>= 1)", "b 2 all\nProvides: mail, other (= 3)"), {"a -> b"}),
    "what is not installed": (("a 1 all\nDepends: b", "b 1 all\nStatus: deinstall ok config-files"), set()),
    "itself": (("a 1 all\nDepends: a, x\nProvides: x", "b 1 all\nProvides: x"), set()),
    "rows that are no relation": (("a 1 all\nDepends: (, |,, b (>= , ${x}", "b 1 all"), {"a -> b"}),
}  # fmt: skip


@pytest.mark.parametrize(("stanzas", "wanted"), DEBIAN.values(), ids=DEBIAN)
def test_needs_of_debian_packages_are_met_by_what_is_there(tmp_path: Path, stanzas: tuple[str, ...], wanted: set[str]) -> None:
    assert edges(of_file(tmp_path, STATUS, debian(*stanzas))) == wanted


def test_packages_of_another_architecture_count_where_they_may(tmp_path: Path) -> None:
    same, foreign, allowed = ("Multi-Arch: same", "Multi-Arch: foreign", "Multi-Arch: allowed")
    data = debian(
        f"dpkg 1 amd64\nDepends: lib, tool, python:any, old:i386\n{foreign}",
        f"lib 1 amd64\n{same}",
        f"lib 2 i386\nDepends: all\n{same}",
        f"tool 1 i386\n{foreign}",
        f"python 1 i386\n{allowed}",
        "old 1 i386",
        "all 1 all\nDepends: plain",
        "plain 1 i386",
    )
    bom = of_file(tmp_path, STATUS, data)
    arch = {c.ref: f"{c.name}:{c.purl.partition('arch=')[2][:4]}" for c in bom.components}
    found = {f"{arch[e.source]} -> {arch[e.target]}" for e in bom.edges}
    assert found == {"dpkg:amd6 -> lib:amd6", "dpkg:amd6 -> tool:i386", "dpkg:amd6 -> python:i386", "dpkg:amd6 -> old:i386"}


def test_needs_of_packages_of_rpm_are_those_that_rpm_tells(tmp_path: Path, rpms: Path) -> None:
    asked = ["rpm", "--root", str(rpms / "root"), "--dbpath", "/var/lib/rpm", "--define", "_db_backend sqlite"]
    told = subprocess.run([*asked, "-q", "--whatrequires", "acme-tool", "--qf", "%{NAME}\n"], capture_output=True, text=True, check=True)
    bom = of_file(tmp_path, "var/lib/rpm/rpmdb.sqlite", (rpms / "root/var/lib/rpm/rpmdb.sqlite").read_bytes())
    assert edges(bom) == {f"{name} -> acme-tool" for name in told.stdout.split()} == {"other -> acme-tool"}


def needs(*relations: Relationship | str) -> list[bytes]:
    """A package with needs among others that meet some."""
    return [
        package("a", "1", "1", needs=relations, offers=["own"]),
        package("b", "2", "3", offers=[("b.so(64bit)", "", ""), ("span", "<=", "5"), "own"], files=["/usr/bin/b", "/etc/b/c"]),
        package("c", "1~rc1", "1", offers=[("b.so(64bit)", "", "")]),
    ]


MET: dict[str, tuple[Relationship | str, str]] = {
    "a name": ("b", "b"),
    "what is not there": ("d", ""),
    "a version": (("b", ">=", "2"), "b"),
    "a version with its release": (("b", "=", "2-3"), "b"),
    "another release": (("b", "=", "2-4"), ""),
    "an epoch": (("b", ">=", "1:1"), ""),
    "a version before its first": (("c", "<", "1"), "c"),
    "what several offer": ("b.so(64bit)", "b c"),
    "an offer without a version": (("b.so(64bit)", ">", "9"), "b c"),
    "spans that have a version in common": (("span", ">", "4"), "b"),
    "spans that have none": (("span", ">", "5"), ""),
    "what it offers itself": ("own", ""),
    "a file": ("/etc/b/c", "b"),
    "a file in a folder that is one with another": ("/bin/b", "b"),
    "what rpm itself must do": (("rpmlib(PayloadIsZstd)", "<=", "5.4"), ""),
    "either": ("(d or b)", "b"),
    "either, both there": ("(b or c or d)", "b c"),
    "both": ("(b and c)", "b c"),
    "a condition that holds": ("(b if c)", "b"),
    "a condition that does not": ("(b if d)", ""),
    "a condition that does not, with something else": ("(b if (d and c) else c >= 1~rc1)", "c"),
    "unless": ("(b unless d)", "b"),
    "unless something is there": ("(b unless c else c)", "c"),
    "both of one package": ("(b with b.so(64bit))", "b"),
    "one without another": ("(b.so(64bit) without span)", "c"),
    "what is offered by no one package": ("(b with c)", ""),
}


@pytest.mark.parametrize(("need", "wanted"), MET.values(), ids=MET)
def test_needs_of_packages_of_rpm_are_met_as_rpm_reads_them(tmp_path: Path, need: Relationship | str, wanted: str) -> None:
    bom = of_file(tmp_path, RPM, berkeley(*needs(need)))
    assert edges(bom) == {f"a -> {name}" for name in wanted.split()}
    assert not bom.coverage.unread


@pytest.mark.parametrize(
    "need", ["(", "(a", "(a or)", "(a or b and c)", "(a if b if c)", "(a) b", "(" * 90 + ")" * 90, "(a else b)", f"({'a' * 70000})"]
)
def test_a_need_that_is_none_is_told_and_costs_no_package(tmp_path: Path, need: str) -> None:
    bom = of_file(tmp_path, RPM, ndb(*needs(need)))
    assert sorted(c.name for c in bom.components) == ["a", "b", "c"]
    assert ["what a needs" in u.reason for u in bom.coverage.unread] == [True]


@given(st.text("ab() <=>\tifor", max_size=60))
def test_any_text_is_a_need_or_a_sentence(text: str) -> None:
    try:
        rich.want(f"({text}")
    except ValueError as e:
        assert str(e)  # noqa: PT017 - either is right


ALPINE = b"""P:musl
V:1.2.5-r9
p:so:libc.musl-x86_64.so.1=1

P:busybox
V:1.37.0-r12
D:so:libc.musl-x86_64.so.1
p:/bin/sh cmd:busybox=1.37.0-r12

P:curl
V:8.11.1-r0
o:curl
D:/bin/sh busybox~1.37 ca-certs musl>1.3 !ca-b musl@edge<1.3
F:usr
R:D

P:ca-a
V:1-r1
p:ca-certs

P:ca-b
V:1-r1
p:ca-certs ca-a

P:.build-deps
V:20261130.021945
A:noarch
D:curl=8.11.1-r0 busybox~1.3 ca-certs>1 cmd:busybox>=1.30
"""
"""As apk 3 writes it, but for the needs that nothing meets."""


@pytest.mark.parametrize("place", [APK, f"usr/{APK}"])
def test_needs_of_alpine_packages_are_met_as_apk_reads_them(tmp_path: Path, place: str) -> None:
    bom = of_file(tmp_path, place, ALPINE)
    assert edges(bom) == {
        "busybox -> musl",
        "curl -> musl",
        "curl -> busybox",
        "curl -> ca-a",
        "curl -> ca-b",
        ".build-deps -> curl",
        ".build-deps -> busybox",
    }
    assert len(bom.components) == 6


def test_needs_that_would_take_forever_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lading.image.needs.MOST_COMPARISONS", 100)
    crowd = debian(*(f"p{n} 1 all\nDepends: x, p{n + 1}\nProvides: x" for n in range(30)))
    bom = of_file(tmp_path, STATUS, crowd)
    assert len(bom.components) == 30
    assert ["which package needs which is not told" in u.reason for u in bom.coverage.unread] == [True]


ONE = {APK: b"P:a\nV:1\n\nP:b\nV:1\n", STATUS: debian("a 1 all", "b 1 all"), RPM: berkeley(package("a"), package("b"))}
TWO = {APK: b"P:a\nV:1\n\nP:b\nV:2\n\nP:c\nV:1\n", STATUS: debian("a 1 all", "b 2 all", "c 1 all"), RPM: ndb(package("a"), package("b", "2"), package("c"))}  # fmt: skip


@pytest.mark.parametrize("path", [APK, STATUS, RPM])
def test_a_package_is_of_the_layer_since_which_it_is_there(tmp_path: Path, path: str) -> None:
    layers = [
        {path: ONE[path]},
        {"etc/os-release": b"ID=x\nVERSION_ID=1\n"},
        {path: TWO[path]},
        {"etc/os-release": b"ID=x\nVERSION_ID=2\n"},
    ]
    bom = load(image(tmp_path / "image", *(gzip.compress(tar(files)) for files in layers)))
    number = layer_of(bom)
    assert {c.name: number[c.ref] for c in bom.components} == {"a": "0", "b": "2", "c": "2"}


HISTORIES: dict[str, tuple[list[dict[str, bytes]], dict[str, str]]] = {
    "back to an older version": ([{APK: ONE[APK]}, {APK: TWO[APK]}, {APK: ONE[APK], "etc/x": b""}], {"a": "0", "b": "2"}),
    "taken away and installed again": ([{APK: ONE[APK]}, {APK: b"P:a\nV:1\n"}, {APK: TWO[APK]}], {"a": "0", "b": "2", "c": "2"}),
    "a database taken away": ([{APK: ONE[APK]}, {"lib/apk/db/.wh.installed": b""}, {APK: ONE[APK], "etc/x": b""}], {"a": "2", "b": "2"}),
    "a database that moves": ([{APK: ONE[APK]}, {"lib/apk/db/.wh.installed": b"", f"usr/{APK}": TWO[APK]}], {"a": "0", "b": "1", "c": "1"}),
    "a file for each package": ([{f"{STATUS}.d/a": debian("a 1 all")}, {f"{STATUS}.d/b": debian("b 1 all")}], {"a": "0", "b": "1"}),
}  # fmt: skip


@pytest.mark.parametrize(("layers", "wanted"), HISTORIES.values(), ids=HISTORIES)
def test_what_comes_back_is_of_the_layer_that_it_came_back_in(
    tmp_path: Path, layers: list[dict[str, bytes]], wanted: dict[str, str]
) -> None:
    bom = load(image(tmp_path / "image", *(gzip.compress(tar(files)) for files in layers)))
    number = layer_of(bom)
    assert {c.name: number[c.ref] for c in bom.components} == wanted


def test_too_many_states_of_a_database_are_told_and_no_layer_is_guessed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lading.image.history.MOST_BYTES", 40)
    bom = load(image(tmp_path / "image", *(gzip.compress(tar({APK: state[APK]})) for state in (ONE, TWO, ONE))))
    assert [c.name for c in bom.components] == ["a", "b"]
    assert layer_of(bom) == {}
    assert ["which layer brought which package" in u.reason for u in bom.coverage.unread] == [True]
