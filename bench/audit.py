"""Advisories: building the index, one command against peers, matching, agreement with a plain reading of the records, watching.

`python bench/audit.py --data FOLDER [--peers]`; the folder holds OSV records (PyPI records in a file named `pypi-pysec-*`). Peers are
`pip-audit` and `uv`, run against our own endpoint. What is not at hand is told as not measured.
"""

import argparse
import gc
import json
import lzma
import os
import platform
import random
import shutil
import subprocess
import sys
import tempfile
import time
from array import array
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import accumulate
from pathlib import Path
from statistics import median
from threading import Thread
from typing import Any

import msgspec
from packaging.version import InvalidVersion, Version

from lading.advisories.database import Database
from lading.advisories.feeds import Item, Raw, items
from lading.advisories.names import normal
from lading.advisories.store import Store
from lading.audit.endpoint import Answers, server
from lading.audit.match import Matcher
from lading.audit.subject import Subject
from lading.core.bom import Bom
from lading.core.purl import purl
from lading.watch.run import _marks, look
from lading.watch.store import Watched
from measured import used_by

STACK = ("torch", "transformers", "vllm", "mlflow", "ray", "gradio", "langchain", "langchain-core", "pillow", "numpy", "tensorflow", "keras",
         "scikit-learn", "requests", "urllib3", "jinja2", "aiohttp", "protobuf", "pyyaml", "cryptography", "litellm", "onnx", "jupyterlab", "notebook")  # fmt: skip
ADVISED_SHARE = 0.3
BOMS, SIZE, DISTINCT = 10_000, 1_000, 500_000
NEWER = "2024-10-11"


def main() -> int:
    """Print a table for each promise."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--peers", action="store_true")
    parser.add_argument("--boms", type=int, default=BOMS)
    options = parser.parse_args()
    feeds = sorted(f for f in options.data.glob("*.xz") if not f.name.startswith(("atlas", "avid")))
    pysec = next((f for f in feeds if f.name.startswith("pypi-pysec")), None)
    if pysec is None:
        sys.stderr.write(f"no records in {options.data}\n")
        return 1
    sys.stdout.write(f"Python {platform.python_version()}, {platform.machine()}, {os.cpu_count()} cores; medians of repeated runs.\n\n")
    with tempfile.TemporaryDirectory() as made:
        scratch = Path(made)
        _build(scratch / "db", feeds)
        records = list(_records(pysec))
        components = _components(records)
        _commands(scratch, components, peers=options.peers)
        _matching(scratch / "db", records)
        _agreement(scratch / "db", records)
        _document(scratch, components)
        _watching(scratch, pysec, records, options.boms)
    return 0


def _build(folder: Path, feeds: list[Path]) -> None:
    command = [sys.executable, "-m", "lading", "advisories", "import", *map(str, feeds), "-d", str(folder), "--fresh"]
    walls = [_run(command)[0] for _ in range(3)]
    file = Store(folder).file
    opened = []
    for _ in range(20):
        start = time.perf_counter()
        with Database(file) as database:
            database.entry("PyPI\0torch")
        opened.append(time.perf_counter() - start)
    with Database(file) as database:
        header = database.header
    sizes = {name: s.size / 1e6 for name, s in header.sections.items()}
    match = sizes["slots"] + sizes["blobs"]
    sys.stdout.write("| index | |\n|---|---:|\n")
    sys.stdout.write(f"| records, packages | {header.records}, {header.keys} |\n| read and built | {median(walls):.1f} s |\n")
    sys.stdout.write(
        f"| match data | {match:.1f} MB |\n| heads of records | {sizes['heads']:.1f} MB |\n| texts of records | {sizes['bodies']:.1f} MB |\n"
    )
    sys.stdout.write(f"| opened and asked | {1000 * median(opened):.2f} ms |\n\n")


def _records(file: Path) -> Iterator[dict[str, Any]]:
    with lzma.open(file) as stream:
        yield from (json.loads(line) for line in stream)


def _listed(records: list[dict[str, Any]]) -> dict[str, list[str]]:
    """The versions that records name, by package."""
    found: dict[str, set[str]] = defaultdict(set)
    for record in records:
        for affected in record.get("affected", ()):
            if affected.get("package", {}).get("ecosystem") == "PyPI":
                found[normal("PyPI", affected["package"]["name"])].update(affected.get("versions", ()))
    return {name: sorted(v for v in versions if _version(v)) for name, versions in found.items()}


def _version(text: str) -> Version | None:
    try:
        return Version(text)
    except InvalidVersion:
        return None


def _components(records: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """500 components: a quarter at historic versions of advised packages, machine learning first; the rest clean names."""
    chance = random.Random(5)  # noqa: S311 - no secret
    listed = _listed(records)
    advised = [n for n in STACK if listed.get(n)]
    advised += chance.sample([n for n, v in sorted(listed.items()) if v and n not in advised], 125 - len(advised))
    return [(n, chance.choice(listed[n])) for n in advised] + [(f"clean-package-{n}", f"1.{n}") for n in range(375)]


def _commands(scratch: Path, components: list[tuple[str, str]], *, peers: bool) -> None:
    listed = scratch / "list.txt"
    listed.write_text("".join(f"{purl('pypi', n, version=v)}\n" for n, v in components))
    ours = [sys.executable, "-m", "lading", "audit", str(listed), "-d", str(scratch / "db"), "-f", "json", "-o", str(scratch / "ours.json")]
    walls, memory = zip(*(_run(ours) for _ in range(9)), strict=True)
    answer = json.loads((scratch / "ours.json").read_text())
    found = {(p["name"], i) for p in answer["problems"] if p["status"] == "affected" for i in p["records"]}
    aliases = {(p["name"], i) for p in answer["problems"] if p["status"] == "affected" for i in p.get("aliases", ())}
    sys.stdout.write("| 500 components, start to exit | wall | resident | records found |\n|---|---:|---:|---:|\n")
    sys.stdout.write(f"| lading audit | {1000 * median(walls):.0f} ms | {max(memory):.0f} MB | {len(found)} |\n")
    if not peers:
        sys.stdout.write("\n")
        return
    running = server(Answers(scratch / "db"), "127.0.0.1", 0)
    Thread(target=running.serve_forever, daemon=True).start()
    base = f"http://127.0.0.1:{running.server_port}"
    for name, measure in (("pip-audit", _pip_audit), ("uv", _uv_audit)):
        program = shutil.which(name, path=f"{os.environ.get('LADING_SCANNERS', '')}:{os.environ['PATH']}")
        if not program:
            sys.stdout.write(f"| {name} | not installed | | |\n")
            continue
        wall, theirs = measure(program, base, scratch, components)
        known = {(n, i) for n, i in found if not i.startswith("LDAI-")}
        missing, more = len(known - theirs), len({t for t in theirs if not t[1].startswith(("CVE-", "GHSA-", "LDAI-"))} - known - aliases)
        ratio = wall / median(walls)
        sys.stdout.write(f"| {name} (warm), {ratio:.1f} x | {1000 * wall:.0f} ms | | {missing} of ours missing, {more} of theirs more |\n")
    running.shutdown()
    sys.stdout.write("\n")


def _pip_audit(program: str, base: str, scratch: Path, components: list[tuple[str, str]]) -> tuple[float, set[tuple[str, str]]]:
    requirements = scratch / "requirements.txt"
    requirements.write_text("".join(f"{n}=={v}\n" for n, v in components))
    command = [program, "-r", str(requirements), "--no-deps", "--disable-pip", "-s", "osv", "--osv-url", f"{base}/v1/query", "-f", "json", "--cache-dir", str(scratch / "pip")]  # fmt: skip
    wall, output = _timed(command, scratch, 2)
    rows = json.loads(output)["dependencies"]
    return wall, {(normal("PyPI", d["name"]), i) for d in rows for v in d.get("vulns", ()) for i in (v["id"], *v["aliases"])}


def _uv_audit(program: str, base: str, scratch: Path, components: list[tuple[str, str]]) -> tuple[float, set[tuple[str, str]]]:
    project = scratch / "project"
    project.mkdir()
    needs = ", ".join(f'"{n}=={v}"' for n, v in components)
    (project / "pyproject.toml").write_text(
        f'[project]\nname = "app"\nversion = "1"\nrequires-python = ">=3.11"\ndependencies = [{needs}]\n'
    )
    rows = "".join(
        f'[[package]]\nname = "{n}"\nversion = "{v}"\nsource = {{ registry = "{base}/simple" }}\n'
        f'sdist = {{ url = "{base}/{n}-{v}.tar.gz", hash = "sha256:{"0" * 64}" }}\n\n'
        for n, v in sorted(components)
    )
    own = ", ".join(f'{{ name = "{n}" }}' for n, _ in sorted(components))
    (project / "uv.lock").write_text(
        f'version = 1\nrevision = 3\nrequires-python = ">=3.11"\n\n[[package]]\nname = "app"\nversion = "1"\n'
        f'source = {{ virtual = "." }}\ndependencies = [{own}]\n\n{rows}'
    )
    command = [program, "audit", "--frozen", "--service-url", base, "--output-format", "json", "--cache-dir", str(scratch / "uv")]
    wall, output = _timed(command, project, 4)
    found = set()
    for row in _every(json.loads(output)):
        name = row.get("dependency", {}).get("name") if isinstance(row.get("dependency"), dict) else None
        if name and isinstance(row.get("id"), str):
            found |= {(normal("PyPI", name), i) for i in (row["id"], *row.get("aliases", ()))}
    return wall, found


def _every(value: object) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    if isinstance(value, list):
        for part in value:
            yield from _every(part)


def _timed(command: list[str], folder: Path, rounds: int) -> tuple[float, str]:
    """The wall time of the last runs, after one that fills caches, and what was written."""
    walls, output = [], ""
    for _ in range(rounds):
        start = time.perf_counter()
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        walls.append(time.perf_counter() - start)
        output = done.stdout
    return median(walls[1:]), output


def _matching(folder: Path, records: list[dict[str, Any]]) -> None:
    """A million components of which three in ten carry an advised name, as stored documents have them: most are not the first of their kind."""
    chance = random.Random(7)  # noqa: S311 - no secret
    listed = {n: v for n, v in _listed(records).items() if v}
    names = sorted(listed)
    distinct = [Subject("", ("PyPI",), n, chance.choice(listed[n])) for n in (chance.choice(names) for _ in range(15_000))]
    clean = [Subject("", ("PyPI",), f"clean-{n}", "1.0") for n in range(35_000)]
    many = [chance.choice(distinct) if chance.random() < ADVISED_SHARE else chance.choice(clean) for _ in range(1_000_000)]
    rates = []
    with Store(folder).open() as database:
        for _ in range(3):
            matcher = Matcher(database)
            start = time.perf_counter()
            found = sum(1 for subject in many if matcher.ask(subject).hits)
            rates.append(len(many) / (time.perf_counter() - start))
    sys.stdout.write(
        f"Matching on one core, 1,000,000 components, {len(distinct) + len(clean)} distinct, {found / len(many):.0%} with findings: "
    )
    sys.stdout.write(f"{median(rates) / 1e6:.2f} million a second.\n\n")


def _agreement(folder: Path, records: list[dict[str, Any]]) -> None:
    """Each version that records name of the packages of machine learning, by the index and by the records themselves."""
    listed = _listed(records)
    by_name: dict[str, list[tuple[str, dict[str, Any]]]] = defaultdict(list)
    for record in records:
        for affected in record.get("affected", ()):
            if affected.get("package", {}).get("ecosystem") == "PyPI" and not record.get("withdrawn"):
                by_name[normal("PyPI", affected["package"]["name"])].append((record["id"], affected))
    both = ours_only = theirs_only = asked = 0
    chance = random.Random(9)  # noqa: S311 - no secret
    with Store(folder).open() as database:
        matcher = Matcher(database)
        for name in [*STACK, *chance.sample(sorted(listed), 400)]:
            versions = listed.get(name, [])
            for version in versions if name in STACK else versions[:: max(1, len(versions) // 20)]:
                asked += 1
                answer = matcher.ask(Subject("", ("PyPI",), name, version))
                ours = {database.head(h.record).id for h in answer.hits if h.sure and database.head(h.record).id.startswith("PYSEC-")}
                plain = {i for i, affected in by_name[name] if _affected(affected, Version(version))}
                overridden = {database.head(n).id for n in answer.overridden}
                both += len(ours & plain)
                ours_only += len(ours - plain)
                theirs_only += len(plain - ours - overridden)
    sys.stdout.write(
        f"Against a plain reading of the records, {asked} versions of packages of machine learning and others: {both} findings of both, "
    )
    sys.stdout.write(
        f"{ours_only} of the index alone, {theirs_only} of the records alone; precision {both / (both + ours_only):.4f}, recall {both / (both + theirs_only):.4f}.\n\n"
    )


def _affected(affected: dict[str, Any], version: Version) -> bool:
    """The evaluation of the OSV schema on one entry: listed, or in a range."""
    if any(_version(v) == version for v in affected.get("versions", ())):
        return True
    for row in affected.get("ranges", ()):
        if row["type"] == "GIT":
            continue
        told = [(kind, text) for event in row["events"] for kind, text in event.items()]
        if any(text != "0" and _version(text) is None for _, text in told):
            continue
        inside = False
        for kind, text in sorted(told, key=lambda t: (t[1] != "0", Version(t[1]))):
            bound = Version(text)
            if kind == "introduced" and (text == "0" or version >= bound):
                inside = True
            elif (kind in {"fixed", "limit"} and version >= bound) or (kind == "last_affected" and version > bound):
                inside = False
        if inside:
            return True
    return False


def _document(scratch: Path, components: list[tuple[str, str]]) -> None:
    """An SPDX file of ten megabytes, audited by the command."""
    rows = [*components, *((f"more-{n}", f"1.{n}") for n in range(19_500))]
    packages = [
        {"SPDXID": f"SPDXRef-{n}", "name": name, "versionInfo": version, "downloadLocation": "NOASSERTION", "filesAnalyzed": False, "licenseConcluded": "NOASSERTION",
         "externalRefs": [{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": purl("pypi", name, version=version)}],
         "comment": "x" * 200}
        for n, (name, version) in enumerate(rows)
    ]  # fmt: skip
    document = {"spdxVersion": "SPDX-2.3", "dataLicense": "CC0-1.0", "SPDXID": "SPDXRef-DOCUMENT", "name": "large", "documentNamespace": "https://bench.example/large",
                "creationInfo": {"created": "2026-01-01T00:00:00Z", "creators": ["Tool: bench"]}, "packages": packages}  # fmt: skip
    file = scratch / "large.spdx.json"
    file.write_text(json.dumps(document))
    command = [
        sys.executable,
        "-m",
        "lading",
        "audit",
        str(file),
        "-d",
        str(scratch / "db"),
        "-f",
        "json",
        "-o",
        str(scratch / "large.json"),
    ]
    wall, memory = _run(command)
    found = len(json.loads((scratch / "large.json").read_text())["problems"])
    sys.stdout.write(
        f"An SPDX file of {file.stat().st_size / 1e6:.0f} MB, {len(rows)} packages: {wall:.2f} s, {memory:.0f} MB resident, {found} problems.\n\n"
    )


def _watching(scratch: Path, pysec: Path, records: list[dict[str, Any]], count: int) -> None:
    """Stored documents, then the records since October 2024 at once, then one at a time."""
    gc.disable()
    store, folder = Store(scratch / "watch"), scratch / "boms"
    store.bring([("PyPI", _until(pysec))], datetime.now(UTC))
    folder.mkdir()
    for number in range(count):
        (folder / f"{number}.json").touch()
    watched = Watched(scratch / "watch.db")
    start = time.perf_counter()
    subjects = _fill(watched, folder, records, count)
    filled = time.perf_counter() - start
    with store.open() as database, watched.guarded():
        look(watched, folder, database, _unasked)
        watched.commit(database.header.generation)
    start = time.perf_counter()
    store.bring([("PyPI", items(pysec, "PyPI"))], datetime.now(UTC))
    imported = time.perf_counter() - start
    with store.open() as database, Watched(scratch / "watch.db").guarded() as watched:
        start = time.perf_counter()
        found = look(watched, folder, database, _unasked)
        looked = time.perf_counter() - start
        told = {(c.event, c.component, c.ids) for c in found.changes}
        times = list(_one_at_a_time(watched, database, records))
    new = sum(1 for r in records if r.get("published", "") >= NEWER)
    sys.stdout.write(f"| {count} documents x {SIZE}, {subjects} distinct components | |\n|---|---:|\n| stored in | {filled:.0f} s |\n")
    sys.stdout.write(f"| {new} new records: index made anew | {imported:.1f} s |\n| the same: look at all documents | {looked:.1f} s |\n")
    sys.stdout.write(f"| changes told, of them twice | {len(found.changes)}, {len(found.changes) - len(told)} |\n")
    times.sort()
    sys.stdout.write(
        f"| one new record: systems affected, median, p99, most | {1000 * median(times):.2f}, {1000 * times[len(times) * 99 // 100]:.1f}, {1000 * times[-1]:.1f} ms |\n"
    )


def _until(file: Path) -> Iterator[Item]:
    for item in items(file, "PyPI"):
        if isinstance(item, Raw) and json.loads(item.data).get("published", "") < NEWER:
            yield item


def _fill(watched: Watched, folder: Path, records: list[dict[str, Any]], count: int) -> int:
    """Documents with components of skewed popularity; three in ten names are advised ones."""
    chance = random.Random(11)  # noqa: S311 - no secret
    listed = sorted((n, v) for n, v in _listed(records).items() if v)
    distinct = DISTINCT * count // BOMS
    kinds = [
        chance.choice(listed) if chance.random() < ADVISED_SHARE else (f"clean-{n % 60_000}", [f"{n % 7}.{n}"]) for n in range(distinct)
    ]
    subjects = [(name, chance.choice(versions)) for name, versions in kinds]
    weights = list(accumulate(1 / (n + 50) for n in range(distinct)))
    uses: list[array[int]] = [array("I") for _ in range(distinct)]
    marks = dict(_marks(folder, set()))
    for number, (path, mark) in enumerate(marks.items(), 1):
        watched._sql.execute("INSERT INTO bom VALUES (?, ?, ?, ?)", (number, path, mark, path))  # noqa: SLF001 - ten million rows at once
        for chosen in set(chance.choices(range(distinct), cum_weights=weights, k=SIZE * 13 // 10)[:SIZE]):
            uses[chosen].append(number)
    encoded: dict[bytes, array[int]] = {}
    for (name, version), numbers in zip(subjects, uses, strict=True):
        ref = purl("pypi", name, version=version)
        encoded.setdefault(msgspec.msgpack.encode(Subject(ref, ("PyPI",), name, version, version)), array("I")).extend(numbers)
    for data, numbers in encoded.items():
        watched._use(data, numbers, {})  # noqa: SLF001 - as above
    return len(encoded)


def _one_at_a_time(watched: Watched, database: Database, records: list[dict[str, Any]]) -> Iterator[float]:
    """For the package of one record after the other: every component of it, whether it is affected, and in which systems."""
    chance = random.Random(13)  # noqa: S311 - no secret
    names = sorted(n for n, v in _listed(records).items() if v)
    for name in chance.sample(names, min(400, len(names))):
        start = time.perf_counter()
        matcher = Matcher(database)
        for number in watched.under([f"PyPI\0{name}"]):
            if matcher.ask(watched.subject(number)).hits:
                watched.systems(number)
        yield time.perf_counter() - start


def _unasked(path: Path) -> Bom:
    raise AssertionError(f"{path} was stored already")


def _run(command: list[str]) -> tuple[float, float]:
    """Wall time and the most memory that the command had resident, in megabytes."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    used = used_by(command, environment=environment)
    return used.wall, used.memory


if __name__ == "__main__":
    sys.exit(main())
