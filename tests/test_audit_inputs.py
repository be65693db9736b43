"""What an audit reads: environments, images, lists; what of them cannot be read is told, and nothing leads out of them."""

import gzip
import hashlib
import io
import json
import subprocess
import sys
import tarfile
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from advisory_makers import NOW, advisory, store
from lading.audit import environment, purls
from lading.audit.graph import Graph
from lading.audit.imports import imports, place
from lading.audit.run import audit
from lading.cli.audit import load
from lading.core.errors import FormatError
from lading.image import run as image

OS_RELEASE = b'ID=debian\nVERSION_ID="12"\n'
STATUS = b"""Package: libacme1
Status: install ok installed
Source: acme (1.0-1)
Version: 1.0-1+b2

Package: gone
Status: deinstall ok config-files
Version: 1.0-1

Package: plain
Status: install ok installed
Version: 2:3.0~rc1-1
"""
METADATA = (
    b"Metadata-Version: 2.1\nName: Acme.Tool\nVersion: 1.0\nRequires-Dist: needed>=1\nRequires-Dist: optional; extra == 'more'\n\ntext\n"
)


def tar(files: dict[str, bytes]) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return made.getvalue()


def layout(folder: Path, *layers: bytes) -> Path:
    """An OCI layout of these layers."""
    blobs = folder / "blobs" / "sha256"
    blobs.mkdir(parents=True)

    def keep(data: bytes) -> dict[str, Any]:
        name = hashlib.sha256(data).hexdigest()
        (blobs / name).write_bytes(data)
        return {"digest": f"sha256:{name}", "size": len(data)}

    manifest = keep(json.dumps({"layers": [keep(layer) for layer in layers]}).encode())
    (folder / "index.json").write_text(json.dumps({"manifests": [manifest]}))
    (folder / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
    return folder


SITE = "usr/lib/python3/site-packages/acme_tool-1.0.dist-info/METADATA"
LAYERS = (
    tar({"etc/os-release": OS_RELEASE, "var/lib/dpkg/status": STATUS, "opt/node_modules/@acme/web/package.json": b'{"name": "@acme/web", "version": "1.2.3"}'}),
    gzip.compress(tar({SITE: METADATA})),
)  # fmt: skip
EXPECTED = {
    "pkg:deb/debian/libacme1@1.0-1%2Bb2?distro=debian-12&upstream=acme%401.0-1",
    "pkg:deb/debian/plain@2:3.0~rc1-1?distro=debian-12",
    "pkg:npm/%40acme/web@1.2.3",
    "pkg:pypi/acme-tool@1.0",
}


def test_an_image_is_what_its_package_managers_say(tmp_path: Path) -> None:
    bom = load(layout(tmp_path / "image", *LAYERS))
    assert {c.purl for c in bom.components} == EXPECTED
    assert bom.coverage.complete


def test_the_tar_of_an_image_is_the_same_image(tmp_path: Path) -> None:
    folder = layout(tmp_path / "image", *LAYERS)
    with tarfile.open(tmp_path / "image.tar", "w") as archive:
        archive.add(folder, arcname=".")
    assert {c.purl for c in load(tmp_path / "image.tar").components} == EXPECTED


def test_what_an_upper_layer_removes_is_not_there(tmp_path: Path) -> None:
    gone = tar(
        {
            "var/lib/dpkg/.wh.status": b"",
            "usr/lib/python3/site-packages/.wh.acme_tool-1.0.dist-info": b"",
            "opt/node_modules/.wh..wh..opq": b"",
        }
    )
    assert not image.read(layout(tmp_path / "image", *LAYERS, gone)).bom.components


@pytest.mark.parametrize(
    "layer", [b"no tar", gzip.compress(b"no tar"), b"\x28\xb5\x2f\xfd1234", LAYERS[1][:60]], ids=["text", "gzip", "zstd", "half"]
)
def test_a_layer_that_cannot_be_read_is_told(tmp_path: Path, layer: bytes) -> None:
    bom = image.read(layout(tmp_path / "image", LAYERS[0], layer)).bom
    assert len(bom.coverage.unread) == 1
    assert len(bom.components) == 3


@pytest.mark.parametrize(
    "index",
    ["", "[]", "{}", '{"manifests": [{"digest": "sha256:../../../etc/passwd"}]}', '{"manifests": [{"digest": 7}]}', "[" * 100_000],
)
def test_a_layout_that_is_none_is_refused(tmp_path: Path, index: str) -> None:
    folder = layout(tmp_path / "image", *LAYERS)
    (folder / "index.json").write_text(index)
    with pytest.raises(FormatError):
        image.read(folder)


@given(data=st.binary(max_size=400))
def test_any_bytes_are_a_list_or_a_sentence(data: bytes) -> None:
    bom = purls.read(data, "list")
    assert all(c.purl.startswith("pkg:") for c in bom.components)


def test_an_environment_is_what_is_installed_in_it(tmp_path: Path) -> None:
    folder = tmp_path / "lib" / "acme_tool-1.0.dist-info"
    folder.mkdir(parents=True)
    (tmp_path / "pyvenv.cfg").write_text("")
    (folder / "METADATA").write_bytes(METADATA)
    (folder / "REQUESTED").write_text("")
    broken = tmp_path / "lib" / "broken-1.dist-info"
    broken.mkdir()
    (broken / "METADATA").write_text("Name: broken\n")
    bom = load(tmp_path)
    assert [c.purl for c in bom.components] == ["pkg:pypi/acme-tool@1.0"]
    assert [e.target for e in bom.edges] == ["pkg:pypi/acme-tool@1.0"]
    assert "no version" in bom.coverage.unread[0].reason


def test_the_environment_of_these_tests_is_read_as_python_reads_it() -> None:
    folder = Path(subprocess.run([sys.executable, "-c", "import click; print(click.__path__[0])"], capture_output=True, text=True, check=True).stdout.strip()).parent  # fmt: skip
    expected = {(d.name.lower().replace("_", "-").replace(".", "-"), d.version) for d in distributions(path=[str(folder)])}
    assert {(c.name, c.version) for c in environment.read(folder).components} == expected


def test_the_dependency_to_raise_is_the_one_that_was_chosen(tmp_path: Path) -> None:
    def one(name: str, *needs: str, requested: bool = False) -> environment.Distribution:
        return environment.Distribution(name, name, "1.0", needs, requested)

    bom = environment.bom(
        "app", [one("web", "deep", requested=True), one("other", requested=True), one("deep", "acme"), one("acme", "deep")]
    )
    with store(tmp_path, advisory("A-1", events=[{"introduced": "0"}, {"fixed": "2.0"}])).open() as database:
        (problem,) = audit(bom, database, NOW).problems
    assert (problem.bump, problem.fixed_in) == (("web",), "2.0")
    assert Graph(bom).through("pkg:pypi/web@1.0") == ()


def test_where_a_package_is_imported_is_a_hint(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("import os\nfrom PIL import Image\n    import acme_tool.sub\n")
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv" / "other.py").write_text("import hidden\n")
    found = imports(tmp_path)
    assert (place(found, "pillow"), place(found, "acme-tool"), place(found, "hidden")) == ("app.py:2", "app.py:3", "")
