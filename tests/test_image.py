"""What is in an image is what its package managers print, whatever form the image has, and each thing with the layer that brought it."""

import gzip
import hashlib
import io
import json
import os
import shutil
import struct
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import pytest

from advisory_makers import NOW, advisory, store
from installed_makers import GO, go_program, install, shared_object
from lading.audit.run import audit
from lading.binary.zstd import module as zstd
from lading.cli.audit import load
from lading.cli.scan import report_of
from lading.core.bom import Bom
from lading.core.errors import FormatError
from lading.inspect.scanned import inspected
from test_audit_inputs import OS_RELEASE, tar
from test_registry import distribution

__all__ = ["distribution"]

CODE = b"from transformers import AutoModel\nAutoModel.from_pretrained('acme/encoder', revision='v1')\n"
WEIGHTS = struct.pack("<Q", 2) + b"{}"
DPKG = b"Package: acme\nStatus: install ok installed\nVersion: 1.0\nArchitecture: amd64\n\n"
APK = b"P:musl\nV:1.2.4-r2\nA:x86_64\nL:MIT\no:musl\n\nP:libssl3\nV:3.1.4-r5\nA:x86_64\nL:Apache-2.0\no:openssl\n\n"


def image(folder: Path, *layers: bytes, media: str = "application/vnd.oci.image.layer.v1.tar+gzip") -> Path:
    """An OCI layout as builders write it: index, manifest, configuration with history."""
    blobs = folder / "blobs" / "sha256"
    blobs.mkdir(parents=True)

    def keep(data: bytes, kind: str) -> dict[str, Any]:
        name = hashlib.sha256(data).hexdigest()
        (blobs / name).write_bytes(data)
        return {"mediaType": kind, "digest": f"sha256:{name}", "size": len(data)}

    plain = [_plain(layer) for layer in layers]
    config = {
        "architecture": "amd64",
        "os": "linux",
        "config": {"User": "app", "Entrypoint": ["python", "serve.py"]},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(p).hexdigest()}" for p in plain]},
        "history": [{"created_by": f"step {n}"} for n in range(len(layers))],
    }
    manifest: dict[str, Any] = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": keep(json.dumps(config).encode(), "application/vnd.oci.image.config.v1+json"),
        "layers": [keep(layer, media) for layer in layers],
    }
    entry = keep(json.dumps(manifest).encode(), manifest["mediaType"]) | {"annotations": {"org.opencontainers.image.ref.name": "latest"}}
    (folder / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [entry]}))
    (folder / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
    return folder


def _plain(layer: bytes) -> bytes:
    return gzip.decompress(layer) if layer[:2] == b"\x1f\x8b" else zstd().decompress(layer) if layer[:4] == b"\x28\xb5\x2f\xfd" else layer


BASE = {"etc/os-release": b'ID=alpine\nVERSION_ID="3.19"\n', "lib/apk/db/installed": APK}
APP = {"app/serve.py": CODE, "models/encoder/model.safetensors": WEIGHTS, "app/requirements.txt": b"requests==2.33.0\n"}
LAYERS = (gzip.compress(tar(BASE)), gzip.compress(tar(APP)))


def refs(bom: Bom) -> set[str]:
    return {c.ref for c in bom.components}


def layer_of(bom: Bom) -> dict[str, str]:
    """The layer that brought each component, by number."""
    number = {row.split()[0]: key.partition(":")[2] for key, row in bom.subject.properties if key.startswith("layer:")}
    return {c.ref: number[dict(c.properties)["layer"]] for c in bom.components if "layer" in dict(c.properties)}


def test_an_image_is_what_its_layers_install_name_and_carry(tmp_path: Path) -> None:
    bom = load(image(tmp_path / "image", *LAYERS))
    assert layer_of(bom) == {
        "pkg:apk/alpine/musl@1.2.4-r2?arch=x86_64&distro=alpine-3.19": "0",
        "pkg:apk/alpine/libssl3@3.1.4-r5?arch=x86_64&distro=alpine-3.19&upstream=openssl": "0",
        "pkg:huggingface/acme/encoder@v1": "1",
        "pkg:pypi/requests@2.33.0": "1",
        next(r for r in refs(bom) if "models/encoder" in r): "1",
    } | {r: "1" for r in refs(bom) if r == "pkg:pypi/transformers"}
    told = dict(bom.subject.properties)
    assert (told["config:user"], told["layer:1"].split(" ", 1)[1]) == ("app", "step 1")
    assert bom.subject.digests
    assert bom.coverage.complete


def test_every_form_of_an_image_is_the_same_image(tmp_path: Path) -> None:
    whole = refs(load(image(tmp_path / "oci", *LAYERS)))
    squeezed = image(tmp_path / "zstd", *(zstd().compress(_plain(p)) for p in LAYERS), media="application/vnd.oci.image.layer.v1.tar+zstd")
    assert refs(load(squeezed)) == whole
    root = tmp_path / "root"
    for name, data in {**BASE, **APP}.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data)
    assert refs(load(root)) == whole


@pytest.mark.skipif(not shutil.which("skopeo"), reason="skopeo is not installed")
def test_what_skopeo_makes_of_an_image_is_the_same_image(tmp_path: Path, distribution: str) -> None:
    source = image(tmp_path / "oci", *LAYERS)
    whole = load(source)
    place = f"{distribution}/team/scanned:v1"
    for target in (f"docker-archive:{tmp_path}/saved.tar:team/scanned:v1", f"oci-archive:{tmp_path}/oci.tar", f"docker://{place}"):
        command = ["skopeo", "copy", "--quiet", "--insecure-policy", "--dest-tls-verify=false", f"oci:{source}:latest", target]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    for form in (tmp_path / "saved.tar", tmp_path / "oci.tar", Path(f"docker://{place}")):
        found = load(form)
        assert (refs(found), layer_of(found)) == (refs(whole), layer_of(whole)), form


@pytest.mark.skipif(not shutil.which("dpkg-query"), reason="this is no system of Debian's")
def test_the_packages_of_debian_are_those_that_dpkg_prints(tmp_path: Path) -> None:
    layer = tar({"etc/os-release": OS_RELEASE, "var/lib/dpkg/status": Path("/var/lib/dpkg/status").read_bytes()})
    found = {(c.name, c.version) for c in load(image(tmp_path / "image", gzip.compress(layer))).components}
    printed = subprocess.run(
        ["dpkg-query", "-W", "-f", "${db:Status-Status} ${Package} ${Version}\n"], capture_output=True, text=True, check=True
    )
    rows = [line.split() for line in printed.stdout.splitlines()]
    assert found == {(name, version) for status, name, version in rows if status == "installed"}
    assert len(found) > 50


SPEC = (
    "Name: acme-tool\nVersion: 1.2\nRelease: 3\nEpoch: 1\nSummary: A tool\nLicense: MIT\nBuildArch: noarch\n%description\nA tool.\n%files\n"
)


@pytest.fixture(scope="module")
def rpms(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root with a database that the real rpm wrote, with two packages that it built."""
    if not shutil.which("rpmbuild"):
        pytest.skip("rpm is not installed")
    folder = tmp_path_factory.mktemp("rpm")
    options = ["--define", f"_topdir {folder}/build"]
    for name in ("acme-tool", "other"):
        (folder / "one.spec").write_text(
            SPEC.replace("acme-tool", name).replace("Epoch: 1\n", "Epoch: 1\n" if name == "acme-tool" else "Requires: acme-tool >= 1:1.2\n")
        )
        subprocess.run(["rpmbuild", "-bb", *options, str(folder / "one.spec")], capture_output=True, check=True)
    root = folder / "root"
    root.mkdir()
    database = ["rpm", "--root", str(root), "--dbpath", "/var/lib/rpm", "--define", "_db_backend sqlite"]
    subprocess.run([*database, "--initdb"], capture_output=True, check=True)
    built = [str(p) for p in (folder / "build").rglob("*.rpm")]
    subprocess.run([*database, "-i", "--justdb", "--nodeps", *built], capture_output=True, check=True)
    printed = subprocess.run([*database, "-qa", "--qf", "%{NAME} %|EPOCH?{%{EPOCH}:}|%{VERSION}-%{RELEASE}\n"], capture_output=True, text=True, check=True)  # fmt: skip
    (folder / "printed").write_text(printed.stdout)
    return folder


def test_the_packages_of_rpm_are_those_that_rpm_prints(rpms: Path, tmp_path: Path) -> None:
    layer = tar({"etc/os-release": b"ID=almalinux\nVERSION_ID=9.4\n", "var/lib/rpm/rpmdb.sqlite": (rpms / "root/var/lib/rpm/rpmdb.sqlite").read_bytes()})  # fmt: skip
    bom = load(image(tmp_path / "image", gzip.compress(layer)))
    assert {(c.name, c.version) for c in bom.components} == {tuple(line.split()) for line in (rpms / "printed").read_text().splitlines()}
    assert "pkg:rpm/almalinux/acme-tool@1.2-3?arch=noarch&distro=almalinux-9.4&epoch=1" in refs(bom)
    assert bom.coverage.complete


def test_advisories_name_the_source_package_and_count_the_epoch(tmp_path: Path, rpms: Path) -> None:
    with store(
        tmp_path / "db",
        advisory("D-1", "Alpine:v3.19", "openssl", events=[{"introduced": "0"}, {"fixed": "3.1.4-r6"}]),
        advisory("R-1", "AlmaLinux:9", "acme-tool", events=[{"introduced": "0"}, {"fixed": "1:1.3-1"}]),
        advisory("R-2", "AlmaLinux:9", "acme-tool", events=[{"introduced": "0"}, {"fixed": "0:9.0-1"}]),
    ).open() as database:
        layer = {"etc/os-release": b"ID=almalinux\nVERSION_ID=9.4\n", "var/lib/rpm/rpmdb.sqlite": (rpms / "root/var/lib/rpm/rpmdb.sqlite").read_bytes()}  # fmt: skip
        both = [load(image(tmp_path / str(n), gzip.compress(tar(files)))) for n, files in enumerate((BASE, layer))]
        found = [{p.id for p in audit(bom, database, NOW).affected} for bom in both]
    assert found == [{"D-1"}, {"R-1"}]


WHITEOUTS: dict[str, tuple[dict[str, bytes], bool]] = {
    "a file": ({"lib/apk/db/.wh.installed": b""}, False),
    "its folder": ({"lib/apk/.wh.db": b""}, False),
    "all in its folder": ({"lib/apk/db/.wh..wh..opq": b""}, False),
    "all in its folder, which is filled again before": ({"lib/apk/db/installed": APK, "lib/apk/db/.wh..wh..opq": b""}, True),
    "all in its folder, which is filled again after": ({"lib/apk/db/.wh..wh..opq": b"", "lib/apk/db/installed": APK}, True),
    "a file in the place of its folder": ({"lib/apk/db": b""}, False),
    "a file in the place of a folder above": ({"lib": b""}, False),
    "a file that is a folder again": ({"lib/apk": b"", "lib/apk/db/installed": APK}, True),
    "another of a similar name": ({"lib/apk/.wh.d": b""}, True),
}


@pytest.mark.parametrize(("upper", "stays"), WHITEOUTS.values(), ids=WHITEOUTS)
def test_what_an_upper_layer_takes_away_is_gone_and_nothing_else(tmp_path: Path, upper: dict[str, bytes], stays: bool) -> None:  # noqa: FBT001
    bom = load(image(tmp_path / "image", gzip.compress(tar(BASE)), gzip.compress(tar(upper))))
    assert any("musl" in r for r in refs(bom)) is stays


def test_what_an_upper_layer_replaces_is_of_the_upper_layer(tmp_path: Path) -> None:
    bom = load(image(tmp_path / "image", *LAYERS, gzip.compress(tar({"app/requirements.txt": b"requests==2.34.0\n"}))))
    assert layer_of(bom)["pkg:pypi/requests@2.34.0"] == "2"
    assert "pkg:pypi/requests@2.33.0" not in refs(bom)


HOSTILE = {
    "a path that leads out": {"../../outside/requirements.txt": b"requests==1.0\n"},
    "an absolute path": {"/app/requirements.txt": b"requests==1.0\n"},
    "a name of dots": {"./app/../app/./requirements.txt": b"requests==1.0\n"},
}


@pytest.mark.parametrize("files", HOSTILE.values(), ids=HOSTILE)
def test_no_name_in_a_layer_leads_out_of_the_image(tmp_path: Path, files: dict[str, bytes]) -> None:
    bom = load(image(tmp_path / "deep/er/image", gzip.compress(tar(files))))
    assert refs(bom) == {"pkg:pypi/requests@1.0"}
    assert all(not o.path.startswith(("/", "..")) for c in bom.components for o in c.occurrences)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["deep"]


def packed(root: Path) -> dict[str, bytes]:
    """The files below a folder, as a layer brings them."""
    return {p.relative_to(root).as_posix(): p.read_bytes() for p in sorted(root.rglob("*")) if p.is_file()}


@pytest.fixture
def served(tmp_path: Path) -> Path:
    """The root of an image with Python packages: one with a script, machine code and a declared part, one that it needs."""
    site = tmp_path / "served/usr/local/lib/python3.12/site-packages"
    site.mkdir(parents=True)
    code = shared_object("libcrypto.so.1.1", strings=b"\0OpenSSL 1.1.1k  FIPS 25 Mar 2021\0")
    part = {"bomFormat": "CycloneDX", "specVersion": "1.4", "components": [{"type": "library", "name": "inner", "version": "7.0"}]}
    files = {"app/__init__.py": b"x = 1\n", "../../../bin/serve": b"#!/usr/bin/python3\n", "app.libs/libcrypto-1234abcd.so.1.1": code}
    install(site, "app", "1.0", files, needs=("lib-a>=1",), sboms={"app.cdx.json": part}, requested=True)
    install(site, "lib-a", "2.0", {"lib_a/__init__.py": b""})
    return tmp_path / "served"


def _told(folder: Path, *layers: dict[str, bytes]) -> tuple[Bom, list[str]]:
    report = report_of(image(folder, *(gzip.compress(tar(layer)) for layer in layers)))
    return report.bom, sorted(f"{f.rule} {f.message}" for f in report.findings)


def test_what_is_installed_for_python_in_an_image_is_read_like_any_environment(tmp_path: Path, served: Path) -> None:
    bom, findings = _told(tmp_path / "image", BASE, packed(served))
    assert {"pkg:pypi/app@1.0", "pkg:pypi/lib-a@2.0"} <= refs(bom)
    assert {("openssl", "1.1.1k"), ("inner", "7.0")} <= {(c.name.lower(), c.version) for c in bom.components}
    assert ("pkg:pypi/app@1.0", "pkg:pypi/lib-a@2.0") in {(e.source, e.target) for e in bom.edges}
    assert [f for f in findings if not f.startswith("end-of-life-library")] == []
    assert any(f.startswith("end-of-life-library") for f in findings)
    assert not bom.coverage.unread
    assert layer_of(bom)["pkg:pypi/app@1.0"] == "1"


SITE = "usr/local/lib/python3.12/site-packages"
CHANGED: dict[str, tuple[dict[str, bytes], str]] = {
    "a module": ({f"{SITE}/app/__init__.py": b"x = 2\n"}, "tampered-file"),
    "a script beside": ({"usr/local/bin/serve": b"#!/bin/sh\n"}, "tampered-file"),
    "a module taken away": ({f"{SITE}/app/.wh.__init__.py": b""}, "tampered-file"),
    "a module that nothing installed": ({f"{SITE}/app/more.py": b""}, "unlisted-file"),
    "code that runs at every start": ({f"{SITE}/start.pth": b"import app\n"}, "startup-code"),
    "a folder that becomes a file": ({f"{SITE}/app": b""}, "tampered-file"),
}


@pytest.mark.parametrize(("upper", "rule"), CHANGED.values(), ids=CHANGED)
def test_a_layer_that_changes_what_a_lower_one_installed_is_a_finding(
    tmp_path: Path, served: Path, upper: dict[str, bytes], rule: str
) -> None:
    bom, findings = _told(tmp_path / "image", BASE, packed(served), upper)
    assert [f for f in findings if f.startswith(rule)], findings
    assert not bom.coverage.unread


def test_a_file_that_is_a_link_in_the_image_is_not_missing_and_not_verified(tmp_path: Path, served: Path) -> None:
    data = io.BytesIO(tar({n: d for n, d in packed(served).items() if n != f"{SITE}/app/__init__.py"}))
    with tarfile.open(fileobj=data, mode="a") as archive:
        member = tarfile.TarInfo(f"{SITE}/app/__init__.py")
        member.type, member.linkname = tarfile.SYMTYPE, "/somewhere/else"
        archive.addfile(member)
    report = report_of(image(tmp_path / "image", gzip.compress(data.getvalue())))
    assert not [f for f in report.findings if f.rule == "tampered-file"]
    assert ["1 files were not compared" in s.reason for s in report.bom.coverage.excluded] == [True]


def test_a_second_name_of_an_installed_file_has_its_bytes(tmp_path: Path, served: Path) -> None:
    data = io.BytesIO(tar({n: d for n, d in packed(served).items() if not n.endswith("lib_a/__init__.py")} | {f"{SITE}/empty.txt": b""}))
    with tarfile.open(fileobj=data, mode="a") as archive:
        member = tarfile.TarInfo(f"{SITE}/lib_a/__init__.py")
        member.type, member.linkname = tarfile.LNKTYPE, f"{SITE}/empty.txt"
        archive.addfile(member)
    report = report_of(image(tmp_path / "image", gzip.compress(data.getvalue())))
    assert [f.message for f in report.findings if f.rule == "tampered-file"] == []
    assert not report.bom.coverage.unread


def test_what_the_package_manager_installed_without_record_is_left_to_it_and_said(tmp_path: Path, served: Path) -> None:
    files = {n.replace("usr/local/lib/", "usr/lib/"): d for n, d in packed(served).items() if "lib_a-2.0.dist-info/RECORD" not in n}
    bom, findings = _told(tmp_path / "image", BASE, files)
    assert "pkg:pypi/lib-a@2.0" in refs(bom)
    assert not [f for f in findings if f.startswith("unlisted-file")]
    assert any("the package manager's to verify" in s.reason for s in bom.coverage.excluded)
    assert not bom.coverage.unread


def test_an_unpacked_root_is_read_like_its_image(tmp_path: Path, served: Path) -> None:
    for name, data in BASE.items():
        (served / name).parent.mkdir(parents=True, exist_ok=True)
        (served / name).write_bytes(data)
    assert refs(load(served)) == refs(_told(tmp_path / "image", packed(served))[0])


def test_files_that_there_is_no_room_for_are_told_once_with_their_number(
    tmp_path: Path, served: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lading.image.files.MOST_KEPT", 3)
    bom, findings = _told(tmp_path / "image", BASE, packed(served))
    (gap,) = [u for u in bom.coverage.unread if u.path == "."]
    assert "files are not read" in gap.reason
    assert not [f for f in findings if f.startswith("tampered-file")]


def test_a_layer_that_replaces_too_many_folders_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lading.image.files.MOST_REPLACED", 1)
    lower = {"app/one/a.py": b"", "app/two/a.py": b"", **BASE}
    bom, _ = _told(tmp_path / "image", lower, {"app/one": b"", "app/two": b""})
    assert any("replaced by files" in u.reason for u in bom.coverage.unread)


def test_models_in_an_image_are_judged_while_they_are_there(tmp_path: Path, served: Path) -> None:
    pickle = b"\x80\x02cos\nsystem\n(S'true'\ntR."
    site = served / "usr/local/lib/python3.12/site-packages"
    install(site, "embedder", "1.0", {"embedder/weights.pt": pickle})
    files = BASE | packed(served) | {"srv/model.pt": pickle}
    place = image(tmp_path / "image", gzip.compress(tar(files)))
    report = report_of(place, look=inspected)
    found = sorted(f.message.partition(":")[0] for f in report.findings if f.rule == "pickle-dangerous-global")
    assert found == ["srv/model.pt", "usr/local/lib/python3.12/site-packages/embedder/weights.pt"]
    assert not report.bom.coverage.unread


def test_a_program_of_an_application_tells_its_modules_however_large_and_other_large_files_are_counted(tmp_path: Path) -> None:
    more = {"more": bytes(9 << 20), ".go.buildinfo": go_program("go1.22.1", GO)}
    files = BASE | {"usr/local/bin/serve": shared_object(more=more), "srv/data.csv": bytes(9 << 20), "srv/other.csv": b""}
    bom = report_of(image(tmp_path / "image", gzip.compress(tar(files)))).bom
    assert "pkg:golang/github.com/acme/one@v1.2.3" in refs(bom)
    assert [s.reason.split(":")[0] for s in bom.coverage.excluded] == ["1 files of applications are not looked at"]


def _with(base: dict[str, bytes], **programs: bytes) -> dict[str, bytes]:
    return base | {f"usr/bin/{name}": data for name, data in programs.items()}


OWNED_BY: dict[str, dict[str, bytes]] = {
    "dpkg": {"var/lib/dpkg/status": DPKG, "var/lib/dpkg/info/acme.list": b"/.\n/bin\n/bin/owned\n/usr/share/doc/acme\n"},
    "dpkg without a shell": {"var/lib/dpkg/status.d/acme": DPKG, "var/lib/dpkg/status.d/acme.md5sums": b"00  usr/bin/owned\n"},
    "apk": {"lib/apk/db/installed": b"P:acme\nV:1-r0\nF:usr/bin\nR:owned\nZ:Q1x=\n\n"},
}


@pytest.mark.parametrize("base", OWNED_BY.values(), ids=OWNED_BY)
def test_a_program_that_no_package_brought_is_told_and_what_it_is_made_of(tmp_path: Path, base: dict[str, bytes]) -> None:
    program = shared_object(more={"more": bytes(70_000), ".go.buildinfo": go_program("go1.22.1", GO)})
    bom = report_of(image(tmp_path / "image", gzip.compress(tar(_with(base, owned=program, copied=program, script=bytes(70_000)))))).bom
    machine_code = {c.name: dict(c.properties).get("layer") for c in bom.components if ("form", "ELF") in c.properties}
    assert set(machine_code) == {"copied"}
    assert str(machine_code["copied"]).startswith("sha256:")
    assert "pkg:golang/github.com/acme/one@v1.2.3" in refs(bom)
    assert not bom.coverage.unread


def test_nothing_is_said_of_programs_where_the_lists_of_packages_were_taken_away(tmp_path: Path) -> None:
    program = shared_object(more={"more": bytes(70_000)})
    bom = report_of(image(tmp_path / "image", gzip.compress(tar(_with({"var/lib/dpkg/status": DPKG}, some=program))))).bom
    assert not [c for c in bom.components if ("form", "ELF") in c.properties]
    assert ["1 programs" in s.reason for s in bom.coverage.excluded] == [True]


def test_a_layer_of_other_bytes_than_its_digest_is_told(tmp_path: Path) -> None:
    folder = image(tmp_path / "image", *LAYERS)
    place = folder / "blobs/sha256" / hashlib.sha256(LAYERS[1]).hexdigest()
    place.write_bytes(gzip.compress(tar({"app/requirements.txt": b"evil==1.0\n"})))
    (skipped,) = load(folder).coverage.unread
    assert "other bytes" in skipped.reason


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "root/etc").mkdir(parents=True)
    (tmp_path / "root/etc/os-release").write_bytes(OS_RELEASE)
    (tmp_path / "root/var/lib/dpkg").mkdir(parents=True)
    (tmp_path / "root/var/lib/dpkg/status").write_text("Package: one\nStatus: install ok installed\nVersion: 1\n")
    return tmp_path / "root"


def test_links_in_an_unpacked_root_are_not_followed(root: Path, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/requirements.txt").write_text("requests==1.0\n")
    (root / "app").symlink_to(tmp_path / "outside")
    os.mkfifo(root / "pipe.py")
    assert {c.name for c in load(root).components} == {"one"}


def test_an_image_of_too_many_layers_is_refused_not_cut_short(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = image(tmp_path / "image", *LAYERS)
    monkeypatch.setattr("lading.image.blobs.MOST_LAYERS", 1)
    with pytest.raises(FormatError, match="more than the 1 that are read"):
        load(place)


def test_a_database_under_a_second_name_is_told_when_the_first_is_not_kept(tmp_path: Path) -> None:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as archive:
        member = tarfile.TarInfo("var/lib/dpkg/status")
        member.type, member.linkname = tarfile.LNKTYPE, "usr/share/kept"
        archive.addfile(member)
    bom = load(image(tmp_path / "image", gzip.compress(data.getvalue())))
    assert [(u.path, "second name" in u.reason) for u in bom.coverage.unread] == [("var/lib/dpkg/status", True)]


def test_a_folder_of_a_root_that_cannot_be_read_is_told(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.scandir

    def refuse(place: str | int) -> object:
        if str(place).endswith("lib/dpkg"):
            raise PermissionError(13, "Permission denied", str(place))
        return real(place)

    monkeypatch.setattr(os, "scandir", refuse)
    assert ("var/lib/dpkg", "LD202") in {(u.path, u.code) for u in load(root).coverage.unread}
