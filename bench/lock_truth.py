"""What a lock says, by a plain reading of its format that shares nothing with ours: packages, hashes, and who needs whom.

A package is `ecosystem/name@version`, what the project builds itself `own/name`.
"""

import base64
import contextlib
import json
import re
import tomllib
from collections import defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

import yaml
from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name

Edges = set[tuple[str, str]]


class Truth(NamedTuple):
    """Packages, (package, `algorithm:hex`) for every hash of every file, and (who, whom) for every need."""

    packages: set[str]
    hashes: set[tuple[str, str]]
    edges: Edges


def kind_of(path: Path) -> str:
    """Which kind of lock a file is; empty when it is none."""
    for pattern, kind in _KINDS:
        if re.fullmatch(pattern, path.name):
            return kind
    return "requirements" if path.suffix in {".txt", ".in"} and path.parent.name == "requirements" else ""


def truth_of(path: Path) -> Truth:
    """What the lock at a path says."""
    return _READERS[kind_of(path)](path)


def version_of(path: Path) -> str:
    """Which version of its format a lock is written in, as far as the format has versions."""
    text = path.read_text(errors="replace")
    for pattern in (r'"lockfileVersion": *(\d+)', r"lockfileVersion: *'?([\d.]+)", r"\A(?:version|lock-version) *[:=] *\"?([\d.]+)",
                    r'\nlock[-_]version *= *"([\d.]+)"', r'lock-version = "([\d.]+)"', r"\nversion *[:=] *(\d+)"):  # fmt: skip
        if match := re.search(pattern, text[:200_000]):
            return match[1]
    return "berry" if "__metadata:" in text else "1"


def _uv(path: Path) -> Truth:
    document = tomllib.loads(path.read_text())
    truth = Truth(set(), set(), set())
    rows = document.get("package", [])
    own = {i for i, row in enumerate(rows) if set(row.get("source", {})) & {"editable", "virtual", "directory", "path"}}
    keys = [f"own/{r['name']}" if i in own else f"pypi/{r['name']}@{r.get('version', '')}" for i, r in enumerate(rows)]
    by_name: dict[str, list[int]] = defaultdict(list)
    for i, row in enumerate(rows):
        by_name[row["name"]].append(i)
    for i, row in enumerate(rows):
        if i not in own:
            truth.packages.add(keys[i])
            files = [*row.get("wheels", []), *([row["sdist"]] if "sdist" in row else [])]
            truth.hashes.update((keys[i], f["hash"]) for f in files if "hash" in f)
        tables = [*row.get("optional-dependencies", {}).values(), *row.get("dev-dependencies", {}).values()]
        for need in [*row.get("dependencies", []), *(n for t in tables for n in t)]:
            meant = [j for j in by_name[need["name"]] if need.get("version", rows[j].get("version")) == rows[j].get("version")]
            meant = [j for j in meant if need.get("source", rows[j].get("source")) == rows[j].get("source")] or meant
            truth.edges.update((keys[i], keys[j]) for j in meant if keys[i] != keys[j])
    if path.name.endswith(".py.lock"):
        script = f"own/{path.name.removesuffix('.lock')}"
        truth.edges.update(
            (script, keys[j]) for need in document.get("manifest", {}).get("requirements", []) for j in by_name[need["name"]]
        )
    return truth


def _poetry(path: Path) -> Truth:
    document = tomllib.loads(path.read_text())
    older = document.get("metadata", {}).get("files", {})
    rows = document.get("package", [])
    versions = _versions((canonicalize_name(r["name"]), r["version"]) for r in rows)
    truth = Truth(set(), set(), set())
    needs = []
    for row in rows:
        key = f"pypi/{canonicalize_name(row['name'])}@{row['version']}"
        if row.get("source", {}).get("type") == "directory":
            key = f"own/{canonicalize_name(row['name'])}"
        else:
            truth.packages.add(key)
        truth.hashes.update((key, f["hash"]) for f in row.get("files") or older.get(row["name"], []))
        extras = {
            canonicalize_name(re.match(r"[\w.-]+", text)[0]): extra
            for extra, texts in row.get("extras", {}).items()
            for text in texts
            if re.match(r"[\w.-]+", text)
        }
        for name, told in row.get("dependencies", {}).items():
            for row_or_range in told if isinstance(told, list) else [told]:
                one = {"version": row_or_range} if isinstance(row_or_range, str) else row_or_range
                when = re.findall(r'extra == "([^"]+)"', one.get("markers", "")) or (
                    [extras.get(canonicalize_name(name), "")] if one.get("optional") else []
                )
                needs.append((key, canonicalize_name(name), one.get("version", ""), tuple(when), tuple(one.get("extras", ()))))
    manifest = path.with_name("pyproject.toml")
    if manifest.is_file():
        needs += _asked_of_poetry(tomllib.loads(manifest.read_text()))
    known = {k.partition("/")[2].partition("@")[0]: k for k in {n[0] for n in needs} if k.startswith("own/")}
    truth.edges.update(_with_extras(needs, versions, known, every=not manifest.is_file()))
    return truth


def _asked_of_poetry(document: dict[str, Any]) -> list[tuple[str, str, str, tuple[str, ...], tuple[str, ...]]]:
    poetry, project = document.get("tool", {}).get("poetry", {}), document.get("project", {})
    own = f"own/{project.get('name') or poetry.get('name') or 'project'}"
    tables = [
        poetry.get("dependencies", {}),
        poetry.get("dev-dependencies", {}),
        *(g.get("dependencies", {}) for g in poetry.get("group", {}).values()),
    ]
    needs = []
    for name, told in ((n, t) for table in tables for n, t in table.items() if n != "python"):
        rows = told if isinstance(told, list) else [told]
        needs += [(own, canonicalize_name(name), "", (), tuple(one.get("extras", ())) if isinstance(one, dict) else ()) for one in rows]
    lists = [
        project.get("dependencies", []),
        *project.get("optional-dependencies", {}).values(),
        *document.get("dependency-groups", {}).values(),
    ]
    for text in (t for texts in lists for t in texts if isinstance(t, str)):
        parsed = Requirement(text)
        needs.append((own, canonicalize_name(parsed.name), "", (), tuple(parsed.extras)))
    return needs


def _with_extras(
    needs: Iterable[tuple[str, str, str, tuple[str, ...], tuple[str, ...]]],
    versions: dict[str, list[str]],
    own: dict[str, str],
    *,
    every: bool,
) -> Edges:
    """Needs that hold: those of an extra only where somebody asks for the extra."""
    needs = list(needs)
    asked: dict[str, set[str]] = defaultdict(set)
    found: Edges = set()
    before = -1
    while before != len(found) + sum(map(len, asked.values())):
        before = len(found) + sum(map(len, asked.values()))
        for source, name, wanted, when, extras in needs:
            own_name = source.partition("/")[2].rpartition("@")[0] or source.partition("/")[2]
            if when and not every and not {canonicalize_name(w) for w in when} & asked[own_name]:
                continue
            asked[name].update(map(canonicalize_name, extras))
            targets = [own[name]] if name in own else [f"pypi/{name}@{v}" for v in _allowed(wanted, versions.get(name, []))]
            found.update((source, t) for t in targets if t != source)
    return found


def _allowed(wanted: str, versions: list[str]) -> list[str]:
    """The versions that a range allows; all of them where it allows none, or is no range that is known."""
    try:
        held = SpecifierSet(wanted.replace(" ", "") if wanted != "*" else "")
    except InvalidSpecifier:
        return versions
    return [v for v in versions if held.contains(v, prereleases=True)] or versions


def _versions(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for name, version in pairs:
        if version not in found[name]:
            found[name].append(version)
    return found


def _pdm(path: Path) -> Truth:
    rows = tomllib.loads(path.read_text()).get("package", [])
    versions = _versions((canonicalize_name(r["name"]), r.get("version", "")) for r in rows if not r.get("path"))
    truth = Truth(set(), set(), set())
    for row in rows:
        own = bool(row.get("path"))
        key = f"own/{canonicalize_name(row['name'])}" if own else f"pypi/{canonicalize_name(row['name'])}@{row.get('version', '')}"
        truth.packages.update([] if own else [key])
        truth.hashes.update((key, f["hash"]) for f in row.get("files", []))
        for text in row.get("dependencies", []):
            parsed = Requirement(text)
            name = canonicalize_name(parsed.name)
            truth.edges.update(
                (key, t) for v in _allowed(str(parsed.specifier), versions.get(name, [])) if (t := f"pypi/{name}@{v}") != key
            )
    return truth


def _pipfile(path: Path) -> Truth:
    truth = Truth(set(), set(), set())
    for category, rows in json.loads(path.read_text()).items():
        for name, row in rows.items() if category != "_meta" else ():
            if "path" not in row and isinstance(row, dict):
                key = f"pypi/{canonicalize_name(name)}@{row.get('version', '').removeprefix('==')}"
                truth.packages.add(key)
                truth.hashes.update((key, h) for h in row.get("hashes", []))
    return truth


def _pylock(path: Path) -> Truth:
    rows = tomllib.loads(path.read_text()).get("packages", [])
    named = [(canonicalize_name(r["name"]), r.get("version", ""), bool(r.get("directory"))) for r in rows]
    keys = [f"own/{n}" if own else f"pypi/{n}@{v}" for n, v, own in named]
    truth = Truth({k for k in keys if not k.startswith("own/")}, set(), set())
    for row, key in zip(rows, keys, strict=True):
        for file in [*row.get("wheels", []), *(row[k] for k in ("sdist", "archive") if k in row)]:
            truth.hashes.update((key, f"{a}:{v}") for a, v in file.get("hashes", {}).items())
        for need in row.get("dependencies", []):
            meant = (
                k for k, (n, v, _) in zip(keys, named, strict=True) if n == canonicalize_name(need["name"]) and need.get("version", v) == v
            )
            truth.edges.update((key, k) for k in meant if k != key)
    return truth


def _requirements(path: Path) -> Truth:
    """Names with their version where `==` says it, hashes, and the annotations of pip-compile and uv as needs."""
    truth = Truth(set(), set(), set())
    vias: list[tuple[str, str]] = []
    current, in_via = "", False
    for line in re.sub(r"\\\n", " ", path.read_text().replace("\r\n", "\n")).split("\n"):
        stripped = line.strip()
        if not stripped.startswith("#"):
            via = re.search(r"\s# via (.+)", line)
            text = re.split(r"\s#|^#", stripped)[0]
            hashes = re.findall(r"--hash[= ](\w+:[0-9a-f]+)", text)
            bare = re.split(r"\s--", text)[0].strip()
            in_via = False
            if bare and not bare.startswith("-") and (found := _requirement(bare)):
                current = found
                truth.packages.add(current)
                truth.hashes.update((current, h) for h in hashes)
                vias += [(current, v) for v in via[1].split(",")] if via else []
            elif bare:
                current = ""
        elif current and (match := re.match(r"# via\s*(.*)", stripped)):
            in_via = True
            vias += [(current, v) for v in match[1].split(",")]
        elif current and in_via and line.startswith(" "):
            vias += [(current, v) for v in stripped.lstrip("# ").split(",")]
    by_name: dict[str, list[str]] = defaultdict(list)
    for package in truth.packages:
        by_name[package.partition("/")[2].partition("@")[0]].append(package)
    for target, via in vias:
        name = re.match(r"[A-Za-z0-9][\w.-]*(?:\[[^\]]*\])?\s*(?:\(|$)", via.strip())
        sources = by_name.get(canonicalize_name(re.split(r"[\[(\s]", via.strip())[0]), []) if name else []
        truth.edges.update((s, target) for s in sources if s != target)
    return truth


def _requirement(text: str) -> str:
    try:
        parsed = Requirement(text)
    except InvalidRequirement:
        return ""
    if parsed.url:
        return ""
    only = list(parsed.specifier)
    exact = len(only) == 1 and only[0].operator in {"==", "==="} and not only[0].version.endswith(".*")
    return f"pypi/{canonicalize_name(parsed.name)}@{only[0].version if exact else str(parsed.specifier)}"


def _environment(path: Path) -> Truth:
    truth = Truth(set(), set(), set())
    document = yaml.load(path.read_text(), yaml.CSafeLoader) or {}
    for entry in document.get("dependencies") or [] if isinstance(document, dict) else []:
        if isinstance(entry, str):
            name = re.split(r"[\s=<>!~\[]", entry.rpartition("::")[2])[0]
            truth.packages.update({f"conda/{name}"} if name != "pip" else ())
        for text in entry.get("pip") or [] if isinstance(entry, dict) else []:
            if not text.startswith("-") and (found := _requirement(text)):
                truth.packages.add(found.partition("@")[0])
    return truth


_MD5 = 32
"""Digits of the hash that such lists give without saying which it is."""


def _explicit(path: Path) -> Truth:
    truth = Truth(set(), set(), set())
    for line in path.read_text().splitlines():
        if match := re.match(r"https?://\S+/([^/#]+?)-([^-/#]+)-[^-/#]+\.(?:conda|tar\.bz2)(?:#(?:sha256:)?([0-9a-f]+))?", line):
            key = f"conda/{match[1]}@{match[2]}"
            truth.packages.add(key)
            truth.hashes.update({(key, f"{'md5' if len(match[3]) == _MD5 else 'sha256'}:{match[3]}")} if match[3] else ())
        elif match := re.match(r"# pip (\S+) @ \S+?(?:#(?:sha256=)?([0-9a-f]{64}))?$", line):
            wheel = re.search(rf"/{re.escape(match[1]).replace('-', '[-_.]')}-(\d[^-/]*?)(?:-|\.tar|\.zip)", line, re.IGNORECASE)
            key = f"pypi/{canonicalize_name(match[1])}@{wheel[1] if wheel else ''}"
            truth.packages.add(key)
            truth.hashes.update({(key, f"sha256:{match[2]}")} if match[2] else ())
    return truth


def _conda_lock(path: Path) -> Truth:
    rows = yaml.load(path.read_text(), yaml.CSafeLoader)["package"]
    truth = Truth(set(), set(), set())
    held: dict[tuple[str, str], list[str]] = defaultdict(list)
    keys = []
    for row in rows:
        system = "pypi" if row["manager"] == "pip" else "conda"
        name = canonicalize_name(row["name"]) if system == "pypi" else row["name"]
        keys.append(f"{system}/{name}@{row['version']}")
        held[row["platform"], canonicalize_name(row["name"])].append(keys[-1])
        truth.packages.add(keys[-1])
        truth.hashes.update((keys[-1], f"{a}:{v}") for a, v in row.get("hash", {}).items())
    for row, key in zip(rows, keys, strict=True):
        for name in row.get("dependencies") or {}:
            truth.edges.update((key, t) for t in held[row["platform"], canonicalize_name(name)] if t != key)
    return truth


def _pixi(path: Path) -> Truth:
    document = yaml.load(path.read_text(), yaml.CSafeLoader)
    truth = Truth(set(), set(), set())
    by_place: dict[str, tuple[str, str, dict[str, Any]]] = {}
    for row in document["packages"]:
        system = "conda" if "conda" in row or row.get("kind") == "conda" else "pypi"
        place = row.get(system) or row["url"]
        file = unquote(urlsplit(place).path.rpartition("/")[2])
        match = re.match(
            r"(.+)-([^-]+)-[^-]+\.(?:conda|tar\.bz2)\Z" if system == "conda" else r"(.+?)-(\d[^-]*?)(?:-.+\.whl|\.tar\.gz|\.zip)\Z", file
        )
        name = row.get("name") or (match and match[1]) or ""
        version = str(row.get("version") or (match and match[2]) or "")
        own = "://" not in place and not place.startswith("git+")
        key = f"own/{canonicalize_name(name)}" if own else f"{system}/{canonicalize_name(name) if system == 'pypi' else name}@{version}"
        by_place[place] = (key, name, row)
        truth.packages.update(() if own else {key})
        truth.hashes.update((key, f"{a}:{row[a]}") for a in ("sha256", "md5") if row.get(a))
    for environment in document["environments"].values():
        for refs in environment["packages"].values():
            present = [by_place[p] for ref in refs for s, p in ref.items() if s in {"conda", "pypi"} and p in by_place]
            held: dict[str, set[str]] = defaultdict(set)
            for key, name, _ in present:
                held[canonicalize_name(name)].add(key)
            truth.edges.update(_pixi_needs(present, held))
    return truth


def _pixi_needs(present: list[tuple[str, str, dict[str, Any]]], held: dict[str, set[str]]) -> Edges:
    asked: dict[str, set[str]] = defaultdict(set)
    found: Edges = set()
    parsed = [(key, name, [Requirement(t) for t in row.get("requires_dist") or ()]) for key, name, row in present]
    for key, _, row in present:
        for text in row.get("depends") or ():
            found.update((key, t) for t in held.get(canonicalize_name(re.match(r"[\w.-]+", text)[0]), ()) if t != key)
    before = -1
    while before != len(found) + sum(map(len, asked.values())):
        before = len(found) + sum(map(len, asked.values()))
        for key, name, needs in parsed:
            for need in needs:
                extras = set(map(canonicalize_name, re.findall(r'extra == "([^"]+)"', str(need.marker or ""))))
                if not extras or extras & asked[canonicalize_name(name)]:
                    asked[canonicalize_name(need.name)].update(map(canonicalize_name, need.extras))
                    found.update((key, t) for t in held.get(canonicalize_name(need.name), ()) if t != key)
    return found


def _npm(path: Path) -> Truth:
    document = json.loads(path.read_text())
    truth = Truth(set(), set(), set())
    places = document.get("packages") or _npm_places(document, path)
    linked = {row["resolved"]: place.rpartition("node_modules/")[2] for place, row in places.items() if row.get("link")}
    keys = {place: _npm_key(place, {"name": linked.get(place, ""), **row}, path) for place, row in places.items()}
    for place, row in places.items():
        if not keys[place].startswith("own/"):
            truth.packages.add(keys[place])
            truth.hashes.update((keys[place], h) for h in _integrity(row.get("integrity", "")))
        for name in () if row.get("link") else _npm_needs(row, own=keys[place].startswith("own/")):
            there = _npm_found(place, name, places)
            target = places[there].get("resolved", "") if there in places and places[there].get("link") else there
            truth.edges.update({(keys[place], keys[target])} if target in keys and keys[place] != keys[target] else ())
    return truth


def _npm_places(document: dict[str, Any], path: Path) -> dict[str, dict[str, Any]]:
    """What version 1 nests, under the places that later versions name; who asks is `requires`."""
    places: dict[str, dict[str, Any]] = {"": {**_manifest(path), "name": document.get("name") or path.parent.name, "version": ""}}
    waiting = [("", document)]
    while waiting:
        above, row = waiting.pop()
        for name, inner in row.get("dependencies", {}).items():
            place = f"{above}/node_modules/{name}".lstrip("/")
            asked = inner.get("requires")
            places[place] = {**inner, "dependencies": asked if isinstance(asked, dict) else {}}
            if alias := re.match(r"npm:(.+)@(.+)", inner.get("version", "")):
                places[place] |= {"name": alias[1], "version": alias[2]}
            if re.match(r"git|github:|https?://[^#]+\.git#", inner.get("version", "")):
                places[place] |= {"version": ""}
            waiting.append((place, inner))
    return places


def _npm_key(place: str, row: dict[str, Any], path: Path) -> str:
    name = row.get("name") or place.rpartition("node_modules/")[2] or path.parent.name
    own = "node_modules/" not in f"/{place}" or row.get("link")
    return f"own/{name}" if own else f"npm/{name}@{row.get('version', '')}"


def _npm_needs(row: dict[str, Any], *, own: bool) -> set[str]:
    tables = ["dependencies", "optionalDependencies", "peerDependencies", *(["devDependencies"] if own else [])]
    return {name for table in tables for name in row.get(table) or ()}


def _npm_found(place: str, name: str, places: dict[str, dict[str, Any]]) -> str:
    above = place
    while True:
        there = f"{above}/node_modules/{name}".lstrip("/")
        if there in places or not above:
            return there
        above = above.rpartition("node_modules/")[0].rstrip("/") if "node_modules/" in above else ""


def _manifest(path: Path) -> dict[str, Any]:
    manifest = path.with_name("package.json")
    return json.loads(manifest.read_text()) if manifest.is_file() else {}


def _integrity(text: str) -> Iterable[str]:
    for algorithm, value in re.findall(r"(sha\d+)-([A-Za-z0-9+/=]+)", text):
        with contextlib.suppress(ValueError):
            yield f"{algorithm}:{base64.b64decode(value, validate=True).hex()}"


def _pnpm(path: Path) -> Truth:
    truth = Truth(set(), set(), set())
    for document in yaml.load_all(path.read_text(), yaml.CSafeLoader):
        if isinstance(document, dict):
            _pnpm_document(document, path, truth)
    return truth


def _pnpm_document(document: dict[str, Any], path: Path, truth: Truth) -> None:
    packages, snapshots = document.get("packages") or {}, document.get("snapshots") or {}
    keys = {}
    for key, row in [*packages.items(), *((k, packages.get(_without_peers(k), {})) for k in snapshots)]:
        name, version = _pnpm_name(key, row or {})
        keys[key.lstrip("/")] = keys[_without_peers(key).lstrip("/")] = f"npm/{name}@{version}"
    for key, row in packages.items():
        node = keys[key.lstrip("/")]
        if (row.get("resolution") or {}).get("type") == "directory" or (
            key.startswith("file:") and "directory" in (row.get("resolution") or {})
        ):
            keys[key.lstrip("/")] = f"own/{_pnpm_name(key, row)[0]}"
            continue
        truth.packages.add(node)
        truth.hashes.update((node, h) for h in _integrity((row.get("resolution") or {}).get("integrity", "")))
    projects = document.get("importers") or {".": document}
    own = {folder: f"own/{path.parent.name if folder == '.' else folder}" for folder in projects}
    for key, row in [*packages.items(), *snapshots.items()]:
        for table in ("dependencies", "optionalDependencies"):
            for name, value in ((row or {}).get(table) or {}).items():
                _pnpm_edge(keys[key.lstrip("/")], name, str(value), keys, own, ".", truth)
    for folder, row in projects.items():
        for table in ("dependencies", "optionalDependencies", "devDependencies"):
            for name, value in (row.get(table) or {}).items():
                _pnpm_edge(own[folder], name, str(value["version"] if isinstance(value, dict) else value), keys, own, folder, truth)


def _pnpm_edge(source: str, name: str, value: str, keys: dict[str, str], own: dict[str, str], folder: str, truth: Truth) -> None:
    if value.startswith("link:"):
        place = _joined(folder, value.removeprefix("link:"))
        target = own.get(place, "")
    else:
        plain = value.lstrip("/")
        options = [plain, f"{name}@{plain}", f"{name}/{plain}"]
        options += [_without_peers(o) for o in options]
        target = next((keys[o] for o in options if o in keys), "")
    truth.edges.update({(source, target)} if target and source != target else ())


def _joined(folder: str, relative: str) -> str:
    parts = [p for p in folder.split("/") if p != "."]
    for part in relative.split("/"):
        parts = parts[:-1] if part == ".." else parts if part in {".", ""} else [*parts, part]
    return "/".join(parts) or "."


def _without_peers(key: str) -> str:
    plain = key.partition("(")[0]
    return re.sub(r"(/\d[^/_]*)_.*", r"\1", plain) if plain.startswith("/") else plain


def _pnpm_name(key: str, row: dict[str, Any]) -> tuple[str, str]:
    plain = _without_peers(key).lstrip("/")
    match = re.match(r"((?:@[^/@]+/)?[^/@]+)@(.+)", plain) or re.match(r"((?:@[^/@]+/)?[^/@]+)/(\d[^/_]*)(?:_.*)?\Z", plain)
    name = row.get("name") or (match[1] if match else plain)
    return name, str(row.get("version") or (match[2] if match else "")).removeprefix("runtime:")


def _yarn(path: Path) -> Truth:
    text = path.read_text()
    return _berry(text) if "__metadata:" in text else _classic(text, path)


def _berry(text: str) -> Truth:
    truth = Truth(set(), set(), set())
    rows = {k: r for k, r in yaml.load(text, yaml.CSafeLoader).items() if k != "__metadata"}
    meant, keys = {}, {}
    for key, row in rows.items():
        name = re.match(r"(?:@[^/]+/)?[^@]+", row["resolution"])[0]
        own = "@workspace:" in row["resolution"] or row.get("linkType") == "soft"
        keys[key] = f"own/{name}" if own else f"npm/{name}@{row['version']}"
        meant |= {part.strip(): keys[key] for part in key.split(", ")}
        truth.packages.update(() if own else {keys[key]})
        truth.hashes.update({(keys[key], str(row["checksum"]))} if row.get("checksum") and not own else ())
    for key, row in rows.items():
        for table in ("dependencies", "optionalDependencies"):
            for name, wanted in (row.get(table) or {}).items():
                target = next(
                    (meant[o] for o in (f"{name}@{wanted}", f"{name}@npm:{wanted}", f"{name}@workspace:{wanted}") if o in meant), ""
                )
                truth.edges.update({(keys[key], target)} if target and target != keys[key] else ())
    return truth


def _classic(text: str, path: Path) -> Truth:
    truth = Truth(set(), set(), set())
    meant: dict[str, str] = {}
    needs: list[tuple[str, str]] = []
    for block in re.split(r"\n(?=\S)", re.sub(r"^#.*\n", "", text, flags=re.MULTILINE)):
        head, _, body = block.strip("\n").partition("\n")
        version = re.search(r'^  "?version"? "?([^"\n]+)"?', body, re.MULTILINE)
        if not version:
            continue
        specifiers = [s.strip().strip('"') for s in head.rstrip(":").split(", ")]
        name, alias = re.match(r"((?:@[^/]+/)?[^@]+)@?(.*)", specifiers[0]).groups()
        real = re.match(r"npm:((?:@[^/]+/)?[^@]+)(?:@|\Z)", alias)
        key = f"npm/{real[1] if real else name}@{version[1]}"
        meant |= dict.fromkeys(specifiers, key)
        truth.packages.add(key)
        integrity = re.search(r'^  integrity "?([^"\n]+)"?', body, re.MULTILINE)
        truth.hashes.update((key, h) for h in _integrity(integrity[1] if integrity else ""))
        resolved = re.search(r'^  resolved "?[^"#\n]+#([0-9a-f]{40})"?$', body, re.MULTILINE)
        truth.hashes.update({(key, f"sha1:{resolved[1]}")} if resolved and ".tgz#" in body else ())
        below = ""
        for line in body.split("\n"):
            below = line.strip(" :") if re.match(r"  \S.*:$", line) else below
            if below in {"dependencies", "optionalDependencies"} and (m := re.match(r'    "?([^"\s]+)"? "?([^"\n]+?)"?$', line)):
                needs.append((key, f"{m[1]}@{m[2]}"))
    manifest = _manifest(path)
    own = f"own/{manifest.get('name') or path.parent.name}"
    needs += [
        (own, f"{n}@{v}") for t in ("dependencies", "optionalDependencies", "devDependencies") for n, v in (manifest.get(t) or {}).items()
    ]
    truth.edges.update((s, meant[t]) for s, t in needs if t in meant and meant[t] != s)
    return truth


def _cargo(path: Path) -> Truth:
    document = tomllib.loads(path.read_text())
    rows = document.get("package", [])
    older = document.get("metadata", {})
    truth = Truth(set(), set(), set())
    keys = [f"cargo/{r['name']}@{r['version']}" if r.get("source") else f"own/{r['name']}" for r in rows]
    for row, key in zip(rows, keys, strict=True):
        truth.packages.update({key} if row.get("source") else ())
        checksum = row.get("checksum") or older.get(f"checksum {row['name']} {row['version']} ({row.get('source', '')})", "")
        truth.hashes.update({(key, f"sha256:{checksum}")} if re.fullmatch("[0-9a-f]{64}", checksum) else ())
        for need in row.get("dependencies", []):
            name, version, source = (*need.split(" "), "", "")[:3]
            meant = (
                k
                for k, r in zip(keys, rows, strict=True)
                if r["name"] == name and version in {"", r["version"]} and source.strip("()") in {"", r.get("source", "")}
            )
            truth.edges.update((key, k) for k in meant if k != key)
    return truth


def _go(path: Path) -> Truth:
    truth = Truth(set(), set(), set())
    text = re.sub(r"//(?! indirect).*", "", path.read_text())
    text = re.sub(
        r"^(\w+) \(\n(.*?)^\)",
        lambda m: "\n".join(f"{m[1]} {line.strip()}" for line in m[2].splitlines() if line.strip()),
        text,
        flags=re.MULTILINE | re.DOTALL,
    )
    module = re.search(r"^module +\"?([^\s\"]+)", text, re.MULTILINE)
    replaced = {}
    for old, version, new, after in re.findall(r"^replace +(\S+)(?: +(v\S+))? +=> +(\S+)(?: +(v\S+))?", text, re.MULTILINE):
        replaced[old, version] = (new, after)
    sums = [line.split() for line in path.with_name("go.sum").read_text().splitlines()] if path.with_name("go.sum").is_file() else []
    for name, version, rest in re.findall(r"^require +\"?([^\s\"]+)\"? +(v\S+)(.*)", text, re.MULTILINE):
        new, after = replaced.get((name, version)) or replaced.get((name, "")) or (name, version)
        if not after:
            continue
        key = f"golang/{new}@{after}"
        truth.packages.add(key)
        truth.hashes.update(
            (key, f"{v.removeprefix(after)} {h}".strip()) for m, v, h in sums if m == new and v in {after, f"{after}/go.mod"}
        )
        truth.edges.update({(f"own/{module[1]}", key)} if module and "// indirect" not in rest else ())
    return truth


_KINDS = (
    (r"uv\.lock|.*\.py\.lock", "uv.lock"), (r"poetry\.lock", "poetry.lock"), (r"pdm\.lock|.*\.pdm\.lock", "pdm.lock"), (r"Pipfile\.lock", "Pipfile.lock"),
    (r"pylock(?:\..+)?\.toml", "pylock.toml"), (r"[^/]*requirements[^/]*\.(?:txt|in)|constraints[^/]*\.txt", "requirements"),
    (r"environment[^/]*\.ya?ml", "environment.yml"), (r"(?:.*\.)?conda-lock\.yml", "conda-lock.yml"), (r"conda-.+\.lock", "conda explicit"),
    (r"pixi\.lock", "pixi.lock"), (r"package-lock\.json|npm-shrinkwrap\.json", "package-lock.json"), (r"pnpm-lock\.yaml", "pnpm-lock.yaml"),
    (r"yarn\.lock", "yarn.lock"), (r"Cargo\.lock", "Cargo.lock"), (r"go\.mod", "go.mod + go.sum"),
)  # fmt: skip

_READERS: dict[str, Callable[[Path], Truth]] = {
    "uv.lock": _uv, "poetry.lock": _poetry, "pdm.lock": _pdm, "Pipfile.lock": _pipfile, "pylock.toml": _pylock, "requirements": _requirements,
    "environment.yml": _environment, "conda-lock.yml": _conda_lock, "conda explicit": _explicit, "pixi.lock": _pixi, "package-lock.json": _npm,
    "pnpm-lock.yaml": _pnpm, "yarn.lock": _yarn, "Cargo.lock": _cargo, "go.mod + go.sum": _go,
}  # fmt: skip

KINDS = tuple(_READERS)
