"""Images made without an engine, ours beside the package managers and beside syft: `python bench/images.py [--root FOLDER] [--peers]`.

A Debian root (`debootstrap`, or a folder that has one), a layer with a Python environment, Node modules and a small model, and one in which packages
are removed and replaced, in each form that an image can have. The truth is what `dpkg-query`, `pip list` and `npm ls` say of the folders.
PyPI and npm are asked by their ordinary clients. What is not at hand is said, not measured; the first form is measured three times, the others once.
"""

import argparse
import contextlib
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote
from urllib.request import urlopen

from measured import Used, used_by

SUITE = "bookworm"
PYTHON_PACKAGES = ("flask==3.0.3", "requests==2.32.3", "idna==3.7", "pydantic==2.10.6", "tokenizers==0.21.0")
NODE_PACKAGES = ("express@4.21.2", "is-odd@3.0.1", "lodash@4.17.20")
SITE, APP, MODELS = "opt/venv/lib/python3.11/site-packages", "app", "models"

Key = tuple[str, str, str]
"""deb, pypi or npm; name; version."""


class Truth(NamedTuple):
    """The layer, from the base, that each package is of, and which packages are no longer there."""

    layers: dict[Key, int]
    gone: set[Key]


def main() -> int:
    """Print a table with a row for every tool and form."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=Path, help="an unpacked Debian root to begin with")
    parser.add_argument("--peers", action="store_true")
    options = parser.parse_args()
    missing = [
        tool for tool in ("umoci", "skopeo", "npm", "dpkg-query", *(() if options.root else ("debootstrap",))) if not shutil.which(tool)
    ]
    if missing or os.geteuid():
        print(
            f"Not measured: {', '.join(missing)} not installed."
            if missing
            else "Not measured: layers are unpacked with their owners, as root."
        )
        return 0
    with tempfile.TemporaryDirectory(prefix="lading-images-") as scratch:
        return _measure(Path(scratch), options)


def _measure(scratch: Path, options: argparse.Namespace) -> int:
    layout, truth = _made(scratch, options.root)
    counts = [sum(k[0] == system for k in truth.layers) for system in ("deb", "pypi", "npm")]
    size = sum(f.stat().st_size for f in layout.rglob("*") if f.is_file()) >> 20
    print(
        f"{counts[0]} packages of Debian, {counts[1]} of Python, {counts[2]} of npm in 3 layers, {size} MiB; {len(truth.gone)} packages removed or replaced.\n"
    )
    print("| tool | form | deb | pypi | npm | found though gone | wrong | layer right | model | wall, s | memory, MiB |")
    print("|---|---|---|---|---|---|---|---|---|---|---|")
    with _registry(scratch) as registry:
        for form, (place, theirs) in _forms(scratch, layout, registry).items():
            _row("lading", form, place, truth, Path(place) if Path(place).is_dir() else layout)
            if options.peers and theirs:
                _row("syft", form, theirs, truth, Path(place) if Path(place).is_dir() else layout)
    return 0


def _made(scratch: Path, root: Path | None) -> tuple[Path, Truth]:
    """The image as an OCI layout, and what package managers say of its folders after each layer."""
    base, bundle, layout = scratch / "base", scratch / "bundle", scratch / "layout"
    if root:
        _run("cp", "-a", str(root), str(base))
    else:
        _run("debootstrap", "--variant=minbase", SUITE, str(base))
    _run("umoci", "init", "--layout", str(layout))
    _run("umoci", "new", "--image", f"{layout}:app")
    _run("umoci", "unpack", "--image", f"{layout}:app", str(bundle))
    rootfs = bundle / "rootfs"
    _run("cp", "-a", f"{base}/.", str(rootfs))
    states = []
    for change in (lambda _: None, _installed, _changed):
        change(rootfs)
        states.append(_held(rootfs))
        _run("umoci", "repack", "--refresh-bundle", "--image", f"{layout}:app", str(bundle))
    layers = {key: next(n for n in (0, 1, 2) if all(key in s for s in states[n:])) for key in states[-1]}
    return layout, Truth(layers, set().union(*states) - states[-1])


def _installed(rootfs: Path) -> None:
    """An application: packages of Python and npm, and a model."""
    _run(sys.executable, "-m", "pip", "install", "-q", "--target", str(rootfs / SITE), *PYTHON_PACKAGES)
    (rootfs / APP).mkdir()
    (rootfs / APP / "package.json").write_text('{"name": "app", "version": "1.0.0"}')
    _run("npm", "install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts", *NODE_PACKAGES, folder=rootfs / APP)
    (rootfs / MODELS).mkdir()
    header = json.dumps({"weight": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}).encode()
    for name in ("kept", "dropped"):
        (rootfs / MODELS / f"{name}.safetensors").write_bytes(len(header).to_bytes(8, "little") + header + name[:4].encode() * 2)


def _changed(rootfs: Path) -> None:
    """A package of the system and one of npm are removed, one of Python and one of npm replaced, a model is dropped."""
    _run("dpkg", "--root", str(rootfs), "--force-all", "--purge", "mawk")
    for old in (rootfs / SITE).glob("idna*"):
        shutil.rmtree(old)
    _run(sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--upgrade", "--target", str(rootfs / SITE), "idna==3.10")
    _run("npm", "uninstall", "--silent", "--no-audit", "--no-fund", "is-odd", folder=rootfs / APP)
    _run("npm", "install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts", "lodash@4.17.21", folder=rootfs / APP)
    (rootfs / MODELS / "dropped.safetensors").unlink()


def _held(rootfs: Path) -> set[Key]:
    """What the package managers say is there."""
    rows = _run("dpkg-query", f"--admindir={rootfs}/var/lib/dpkg", "-W", "-f", "${db:Status-Status} ${Package} ${Version}\n").splitlines()
    found = {("deb", *row.split()[1:3]) for row in rows if row.startswith("installed ")}
    if (rootfs / SITE).is_dir():
        listed = json.loads(_run(sys.executable, "-m", "pip", "list", "--path", str(rootfs / SITE), "--format", "json"))
        found |= {("pypi", row["name"].lower().replace("_", "-").replace(".", "-"), row["version"]) for row in listed}
    if (rootfs / APP).is_dir():
        waiting = [json.loads(_run("npm", "ls", "--all", "--json", folder=rootfs / APP))]
        while waiting:
            inner = waiting.pop().get("dependencies", {})
            found |= {("npm", name, row["version"]) for name, row in inner.items() if "version" in row}
            waiting += inner.values()
    return found


def _forms(scratch: Path, layout: Path, registry: str) -> dict[str, tuple[str, str]]:
    """Every form of the image: where ours finds it, and how syft is told."""
    forms = {"OCI layout, gzip": (str(layout), f"oci-dir:{layout}")}
    made = {
        "oci-archive": (f"oci-archive:{scratch}/oci.tar", [], f"{scratch}/oci.tar", f"oci-archive:{scratch}/oci.tar"),
        "docker-archive": (
            f"docker-archive:{scratch}/docker.tar:app:v1",
            [],
            f"{scratch}/docker.tar",
            f"docker-archive:{scratch}/docker.tar",
        ),
        "OCI layout, zstd": (f"oci:{scratch}/zstd:app", ["--dest-compress-format", "zstd"], f"{scratch}/zstd", f"oci-dir:{scratch}/zstd"),
    }
    if registry:
        name = f"{registry}/team/app:v1"
        made["registry"] = (f"docker://{name}", ["--dest-tls-verify=false"], f"docker://{name}", f"registry:{name}")
    for form, (target, extra, ours, theirs) in made.items():
        try:
            _run("skopeo", "copy", "-q", *extra, f"oci:{layout}:app", target)
            forms[form] = (ours, theirs)
        except subprocess.CalledProcessError as error:
            print(f"| {form} | not made: {(error.stderr or '').strip()[-120:]} | | | | | | | | | |")
    forms |= _by_buildah(scratch, layout)
    return forms


def _by_buildah(scratch: Path, layout: Path) -> dict[str, tuple[str, str]]:
    """The image with one more, empty layer, as buildah commits it."""
    if not shutil.which("buildah"):
        return {}
    tool = ["buildah", "--root", f"{scratch}/storage", "--runroot", f"{scratch}/run", "--storage-driver", "vfs"]
    try:
        name = _run(*tool, "from", f"oci:{layout}:app").strip().splitlines()[-1]
        _run(*tool, "config", "--label", "made=by-buildah", name)
        _run(*tool, "commit", "-q", name, f"oci:{scratch}/buildah:app")
    except subprocess.CalledProcessError as error:
        print(f"| buildah | not made: {(error.stderr or '').strip()[-120:]} | | | | | | | | | |")
        return {}
    return {"OCI layout, by buildah": (f"{scratch}/buildah", f"oci-dir:{scratch}/buildah")}


def _row(tool: str, form: str, place: str, truth: Truth, layout: Path) -> None:
    program = shutil.which(tool) if tool == "syft" else sys.executable
    if program is None:
        print(f"| {tool} | {form} | not measured: it is not installed | | | | | | | | |")
        return
    with tempfile.TemporaryDirectory() as scratch:
        output = f"{scratch}/out.json"
        ours = [program, "-m", "lading", "scan", place, "-q", "-f", "cyclonedx", "-o", output]
        command = ours if tool == "lading" else [program, "scan", place, "-q", "-o", f"cyclonedx-json={output}"]
        environment = {**os.environ, "SYFT_REGISTRY_INSECURE_USE_HTTP": "true", "SYFT_CHECK_FOR_APP_UPDATE": "false"}
        runs = [used_by(command, environment=environment) for _ in range(3 if form.endswith("gzip") else 1)]
        if not Path(output).is_file():
            print(f"| {tool} | {form} | not measured: it ends with {runs[-1].status} | | | | | | | | |")
            return
        _print(tool, form, json.loads(Path(output).read_bytes()), truth, runs, layout)


def _print(tool: str, form: str, document: dict[str, Any], truth: Truth, runs: list[Used], layout: Path) -> None:
    found = _found(document)
    right = sum(key in found and _is_layer(found[key], number, layout) for key, number in truth.layers.items())
    parts = [
        f"{sum(k[0] == s for k in truth.layers.keys() & found.keys())} of {sum(k[0] == s for k in truth.layers)}"
        for s in ("deb", "pypi", "npm")
    ]
    models = {
        row["name"].rpartition("/")[2]
        for row in document.get("components", ())
        if row["name"].endswith(".safetensors") or row.get("type") == "machine-learning-model"
    }
    kept = sum("kept" in name for name in models)
    wrong = found.keys() - truth.layers.keys() - truth.gone
    told = f"{len(found.keys() & truth.gone)} | {len(wrong)} | {right} of {len(truth.layers)} | {'kept' if kept else 'none'}{' and dropped' * any('dropped' in n for n in models)}"
    wall, memory = statistics.median(r.wall for r in runs), statistics.median(r.memory for r in runs)
    print(f"| {tool} | {form} | {' | '.join(parts)} | {told} | {wall:.1f} | {memory:.0f} |", flush=True)
    if wrong:
        sys.stderr.write(f"{tool} {form} wrong: {sorted(wrong)[:10]}\n")


def _found(document: dict[str, Any]) -> dict[Key, set[str]]:
    """Packages by their purl, with the layers that are told of each: digests."""
    found: dict[Key, set[str]] = {}
    for row in document.get("components", ()):
        kind, _, rest = row.get("purl", "").removeprefix("pkg:").partition("/")
        if kind in {"deb", "pypi", "npm"}:
            path = unquote(rest.partition("?")[0].rpartition("@")[0])
            name = (
                path.rpartition("/")[2] if kind == "deb" else path.lower().replace("_", "-").replace(".", "-") if kind == "pypi" else path
            )
            told = {p["value"] for p in row.get("properties", ()) if "layer" in p["name"].lower()}
            found.setdefault((kind, name, row.get("version", "")), set()).update(told)
    return found


def _is_layer(told: set[str], number: int, layout: Path) -> bool:
    """Whether what is told is the layer of this number: by the digest of its blob or of its content, or by its number."""
    return bool(told & _names(layout)[number]) if told else False


_KNOWN: dict[Path, list[set[str]]] = {}


def _names(layout: Path) -> list[set[str]]:
    if layout not in _KNOWN:
        manifest = json.loads(_run("skopeo", "inspect", "--raw", f"oci:{layout}:app"))
        config = json.loads(_run("skopeo", "inspect", "--config", "--raw", f"oci:{layout}:app"))
        pairs = zip(manifest["layers"], config["rootfs"]["diff_ids"], strict=True)
        _KNOWN[layout] = [{row["digest"], content, content.partition(":")[2]} for row, content in pairs]
    return _KNOWN[layout]


@contextlib.contextmanager
def _registry(scratch: Path) -> Iterator[str]:
    """A registry on the loopback device; an empty name where there is none."""
    program = shutil.which("docker-registry") or shutil.which("registry")
    if program is None:
        yield ""
        return
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    settings = scratch / "registry.yml"
    settings.write_text(f"version: 0.1\nstorage:\n  filesystem:\n    rootdirectory: {scratch}/registry\nhttp:\n  addr: {address}\n")
    process = subprocess.Popen([program, "serve", str(settings)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(50):
            with contextlib.suppress(OSError), urlopen(f"http://{address}/v2/"):
                break
            time.sleep(0.1)
        yield address
    finally:
        process.terminate()
        process.wait()


def _run(*command: str, folder: Path | None = None) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True, cwd=folder).stdout


if __name__ == "__main__":
    sys.exit(main())
