"""On a real environment, a real lock and an image of both, lading, pip-audit and uv find the same in one database."""

import json
import os
import subprocess
import sysconfig
from collections.abc import Iterator
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

import pytest

from advisory_makers import NOW, advisory, store
from lading.advisories.names import normal
from lading.advisories.store import Store
from lading.audit.run import audit
from lading.cli.audit import load
from lading.sources.python_index import PUBLIC
from test_advisory_clients import program, serving
from test_audit_inputs import layout, tar

SITE = Path(sysconfig.get_path("purelib"))
INSTALLED = {normal("PyPI", d.metadata["Name"]): d.version for d in distributions(path=[str(SITE)])}
Found = dict[str, set[str]]


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """A record about every package that is installed here: a third listed, a third mended at its version, a third last bad at it."""
    told: list[dict[str, Any]] = []
    for number, (name, version) in enumerate(sorted(INSTALLED.items())):
        shapes: list[dict[str, Any]] = [
            {"versions": [version]},
            {"events": [{"introduced": "0"}, {"fixed": version}]},
            {"events": [{"introduced": "0"}, {"last_affected": version}]},
        ]
        told.append(advisory(f"T-{number}", name=name, published="2029-01-01T00:00:00Z", **shapes[number % 3]))
    return store(tmp_path_factory.mktemp("db"), *told)


@pytest.fixture(scope="module")
def port(database: Store) -> Iterator[int]:
    yield from serving(database.folder)


def ours(database: Store, target: Path) -> Found:
    """What lading finds, by package."""
    with database.open() as opened:
        result = audit(load(target), opened, NOW)
    assert not result.undetermined
    return _gathered((normal("PyPI", p.name), r) for p in result.affected for r in p.records)


def of_pip_audit(port: int, folder: Path, *arguments: str) -> Found:
    """What pip-audit finds against the endpoint, by package."""
    options = ["-s", "osv", "--osv-url", f"http://127.0.0.1:{port}/v1/query", "-f", "json", "--cache-dir", str(folder / "cache")]
    done = subprocess.run([program("pip-audit"), *options, *arguments], capture_output=True, text=True, check=False)
    rows = json.loads(done.stdout)["dependencies"]
    return _gathered((normal("PyPI", d["name"]), v["id"]) for d in rows for v in d.get("vulns", ()))


def _gathered(rows: Iterator[tuple[str, str]]) -> Found:
    found: Found = {}
    for name, record in rows:
        found.setdefault(name, set()).add(record)
    return found


def test_in_an_environment(database: Store, port: int, tmp_path: Path) -> None:
    found = ours(database, SITE)
    assert len(found) > len(INSTALLED) // 2
    assert found == of_pip_audit(port, tmp_path, "--path", str(SITE))


def test_in_an_image_of_it(database: Store, tmp_path: Path) -> None:
    inside = {f"usr/lib/python3/site-packages/{p.relative_to(SITE)}": p.read_bytes() for p in SITE.glob("*.dist-info/METADATA")}
    image = layout(tmp_path / "image", tar({"etc/os-release": b"ID=debian\n"}), tar(inside))
    assert ours(database, image) == ours(database, SITE)


def test_in_a_lock(database: Store, port: int, tmp_path: Path) -> None:
    rows = "".join(f"{name}=={version} --hash=sha256:{'0' * 64}\n" for name, version in INSTALLED.items())
    (tmp_path / "requirements.txt").write_text(rows)
    found = ours(database, tmp_path / "requirements.txt")
    assert found == ours(database, SITE)
    assert found == of_pip_audit(port, tmp_path, "-r", str(tmp_path / "requirements.txt"), "--no-deps", "--disable-pip")


def test_in_a_lock_of_uv(database: Store, port: int, tmp_path: Path) -> None:
    write_lock(tmp_path, INSTALLED, f"http://127.0.0.1:{port}")
    found = ours(database, tmp_path)
    assert found == ours(database, SITE)
    done = uv(tmp_path, port, "audit", "--frozen", "--service-url", f"http://127.0.0.1:{port}", "--output-format", "json")
    text = json.dumps(json.loads(done.stdout))
    told = {r for n in range(len(INSTALLED)) if f'"{(r := f"T-{n}")}"' in text}
    assert told == {r for records in found.values() for r in records}, done.stderr


def test_uv_installs_nothing_that_is_malicious_by_the_database(tmp_path: Path) -> None:
    store(tmp_path / "db", advisory("MAL-2030-1", name="evil", events=[{"introduced": "0"}], published="2029-01-01T00:00:00Z"))
    for port in serving(tmp_path / "db"):
        write_lock(tmp_path, {"evil": "1.0"}, f"http://127.0.0.1:{port}", PUBLIC.removesuffix("/simple"))
        done = uv(tmp_path, port, "sync", "--frozen")
        assert done.returncode != 0
        assert "MAL-2030-1" in done.stderr


def uv(folder: Path, port: int, *arguments: str) -> subprocess.CompletedProcess[str]:
    more = {"UV_CACHE_DIR": str(folder / "cache"), "UV_NO_CONFIG": "1", "UV_PREVIEW": "1", "UV_OFFLINE": "0"}
    more |= {"UV_MALWARE_CHECK": "1", "UV_MALWARE_CHECK_URL": f"http://127.0.0.1:{port}"}
    return subprocess.run([program("uv"), *arguments], cwd=folder, env={**os.environ, **more}, capture_output=True, text=True, check=False)


def write_lock(folder: Path, packages: dict[str, str], host: str, index: str = "") -> None:
    """A project of uv with a lock of these packages, whose files lie on a host."""
    names = ", ".join(f'"{name}=={version}"' for name, version in packages.items())
    (folder / "pyproject.toml").write_text(
        f'[project]\nname = "our-own"\nversion = "1"\nrequires-python = ">=3.11"\ndependencies = [{names}]\n'
    )
    rows = "".join(
        f'[[package]]\nname = "{name}"\nversion = "{version}"\nsource = {{ registry = "{index or host}/simple" }}\n'
        f'sdist = {{ url = "{host}/{name}-{version}.tar.gz", hash = "sha256:{"0" * 64}" }}\n\n'
        for name, version in packages.items()
    )
    needs = ", ".join(f'{{ name = "{name}" }}' for name in packages)
    own = f'[[package]]\nname = "our-own"\nversion = "1"\nsource = {{ virtual = "." }}\ndependencies = [{needs}]\n'
    (folder / "uv.lock").write_text(f'version = 1\nrevision = 3\nrequires-python = ">=3.11"\n\n{own}\n{rows}')
