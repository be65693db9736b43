"""Container specifications in YAML: images, environment variables that name models, arguments of inference servers."""

import re
from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from lading.catalog.announced import Announced
from lading.catalog.built import is_built
from lading.catalog.commands import Line, shell_observations
from lading.catalog.identity import is_placeholder, is_template
from lading.catalog.owner import without_interpolations
from lading.catalog.upstreams import image, located, repository
from lading.core.component import Component, Occurrence, Unresolved
from lading.core.errors import ExtractError
from lading.core.kinds import Confidence, Kind, Scope
from lading.core.pattern import pattern
from lading.core.source import SourceFile
from lading.syntax.node import Node, walk
from lading.syntax.yaml import parse_yaml

Observation = Component | Unresolved

_DEFAULT = pattern(r"\$\{(?P<name>\w+)(?::?[-=]|:\?)(?P<default>[^}]*)\}")


def filled(text: str, known: dict[str, str]) -> str:
    """A text with `${NAME:-default}` and known variables filled in."""
    text = _DEFAULT.sub(lambda m: known.get(m["name"]) or m["default"], text)
    return re.sub(r"\$\{?(\w+)\}?", lambda m: known.get(m[1], m[0]), text)


def image_at(
    file: SourceFile, node: Node, symbol: str, text: str = "", scope: Scope = Scope.DEPLOY, *, inferred: bool = False
) -> Iterator[Observation]:
    """The image a node names, or the place where only a run would tell."""
    text = (text or node.text).strip()
    at = Occurrence(file.path, node.line, symbol, text, Confidence.INFERRED if inferred else Confidence.DECLARED, scope)
    if not text:
        return
    if "<template>" in text:
        written = _line(file, node.line).partition(":")[2].strip(" \t\r,\"'") or text
        if ".Values" not in written:  # else the values say it where they stand
            yield Unresolved(
                Kind.IMAGE, written, replace(at, written=written, confidence=Confidence.UNRESOLVED), "filled in by the template"
            )
    elif is_template(text) or "$" in text or (is_placeholder(text) and "/" in text):
        yield Unresolved(Kind.IMAGE, text, at, "a template, variable or placeholder")
    elif (found := image(text.removeprefix("docker://"), at)) and not is_built(text, file.tree):
        yield found


def images_below(file: SourceFile, root: Node, known: dict[str, str] | None = None, scope: Scope = Scope.DEPLOY) -> Iterator[Observation]:
    """Every image below a node: `image: name:tag`, or repository, tag and digest side by side."""
    for path, node in walk(root):
        if not path or not isinstance(path[-1], str):
            continue
        name = path[-1]
        if name.lower().endswith("image") and isinstance(node.value, str):
            text = filled(node.text, known or {})
            if _is_reference(name, text):
                yield from image_at(file, node, name, text, scope, inferred=text != node.text)
        elif isinstance(node.value, dict) and (node.get("repository") or ("image" in name.lower() and node.get("name"))):
            yield from joined(file, node, name, scope)


def _is_reference(name: str, text: str) -> bool:
    """Whether a key that ends in `image` holds an image of containers rather than a picture or a switch."""
    if name in {"image", "baseImage", "base_image", "containerImage", "container_image", "dockerImage", "docker_image", "runtimeImage"}:
        return not text.endswith((".png", ".jpg", ".jpeg", ".svg", ".gif", ".webp")) and not text.startswith(("/", ".", "http"))
    return bool(re.search(r"[/:].*[a-z]", text)) and not text.startswith(("/", ".", "http")) and not text.endswith((".png", ".jpg", ".svg"))


def joined(file: SourceFile, node: Node, symbol: str, scope: Scope = Scope.DEPLOY, app_version: str = "") -> Iterator[Observation]:
    """An image whose registry, repository, tag and digest stand under keys of their own."""
    repository = node.get("repository") or node.get("name")
    if (
        repository is None
        or not isinstance(repository.value, str)
        or not repository.text
        or repository.text.startswith(("http", "git@", "oci://"))
    ):
        return
    if (
        not any(node.get(k) for k in ("tag", "digest", "registry", "pullPolicy", "imagePullPolicy", "sha", "newTag"))
        and "image" not in symbol.lower()
    ):
        return
    registry, tag, digest = (
        node.string("registry"),
        node.string("tag") or node.string("imageTag"),
        node.string("digest") or node.string("sha"),
    )
    tag = tag or app_version
    digest = f"sha256:{digest}" if digest and ":" not in digest else digest
    name = "/".join(p.strip("/") for p in (registry, repository.text) if p)
    text = name + (f":{tag}" if tag and "@" not in name and ":" not in name.rpartition("/")[2] else "") + (f"@{digest}" if digest else "")
    yield from image_at(file, repository, f"{symbol}.repository", text, scope, inferred=bool(tag or digest or registry))


def served(file: SourceFile, root: Node, known: dict[str, str] | None = None, scope: Scope = Scope.DEPLOY) -> Iterator[Observation]:
    """What containers serve: arguments and environment variables that name models, keys that announce them."""
    yield from Announced(file, root, scope).observations()
    for path, node in walk(root):
        name = str(path[-1]) if path else ""
        if name in {"args", "command", "extraArgs", "vllmArgs", "entrypoint", "extra_args", "serverArgs", "additionalArgs", "engineArgs"}:
            yield from arguments(file, node, known)
        elif name in {"env", "environment", "envs", "extraEnv", "extraEnvVars", "environment_variables"}:
            yield from environment(file, node, known or {})
        elif name in {"working_dir", "py_modules"}:
            yield from _code(file, node, name, scope)
        elif isinstance(node.value, str) and node.line > node.key_line and "\n" in node.text:
            yield from embedded(file, node, known, scope)


_ARCHIVE = pattern(
    r"https://github\.com/(?P<name>[\w.-]+/[\w.-]+)/archive/(?:refs/(?:heads|tags)/)?(?P<revision>[^/]+?)\.(?:zip|tar\.gz)\Z"
)


def _code(file: SourceFile, node: Node, name: str, scope: Scope) -> Iterator[Observation]:
    """Code that a Ray runtime environment fetches."""
    for entry in node.elements() or [node]:
        if isinstance(entry.value, str) and entry.text.startswith("https://") and not is_template(entry.text):
            at = Occurrence(file.path, entry.line, name, entry.text, scope=scope)
            match = _ARCHIVE.match(entry.text)
            yield (repository(Kind.FILE, match["name"], at, revision=match["revision"]) if match else located(Kind.FILE, entry.text, at))


_MAPPING = pattern(r"^[ \t]*(?:-[ \t]+)?[\"']?[\w./-]+[\"']?:(?:[ \t]|$)", re.MULTILINE)
_COMMENTS = pattern(r"\A(?:[ \t]*(?:#[^\n]*)?\n)+")
_PLACEHOLDER = pattern(r"\{\{[^{}\n]*\}\}")
_LARGEST = 1 << 18


def embedded(file: SourceFile, node: Node, known: dict[str, str] | None = None, scope: Scope = Scope.DEPLOY) -> Iterator[Observation]:
    """A document written as text within a document: Ray Serve configurations, ConfigMaps, patches, manifests of workflows."""
    text = node.text
    first = _COMMENTS.sub("", text, count=1)
    if len(text) > _LARGEST or not _stands_as_it_is(file, node) or not (_MAPPING.match(first) or first.lstrip().startswith(("[", "{"))):
        return
    for document in _readable(_PLACEHOLDER.sub("<template>", text), file, node.line):
        if isinstance(document.value, (dict, list)):
            yield from images_below(file, document, known, scope)
            yield from served(file, document, known, scope)


def _stands_as_it_is(file: SourceFile, node: Node) -> bool:
    """Whether a text over several lines stands in the file line by line: then its lines have numbers."""
    number, line = next(((n, line) for n, line in enumerate(node.text.split("\n")) if line.strip()), (0, ""))
    return _line(file, node.line + number).strip() == line.strip() != ""


def _line(file: SourceFile, number: int) -> str:
    lines = file.once(_lines)
    return lines[number - 1] if 0 < number <= len(lines) else ""


def _lines(file: SourceFile) -> list[str]:
    return file.text.split("\n")


def _readable(text: str, file: SourceFile, line: int) -> list[Node]:
    for attempt in (text, without_interpolations(text)):
        try:
            return parse_yaml(attempt, file, line)
        except ExtractError:  # other text than YAML
            continue
    return []


def joined_settings(file: SourceFile, settings: Sequence[tuple[str, str, int]]) -> Iterator[Observation]:
    """Images that `image.repository=…` and `image.tag=…` set one by one, or `image=…` at once."""
    groups: dict[str, dict[str, Node]] = {}
    for name, text, line in settings:
        group, _, part = name.rpartition(".")
        if part in {"registry", "repository", "tag", "digest"} and "\0" not in text:
            groups.setdefault(group, {})[part] = Node(text, line, text)
        elif part.lower().endswith("image") and "/" in text and "\0" not in text:
            yield from image_at(file, Node(text, line, text), name)
    for group, parts in groups.items():
        if "repository" in parts:
            yield from joined(file, Node(dict(parts), parts["repository"].line), group)


def arguments(file: SourceFile, node: Node, known: dict[str, str] | None = None) -> Iterator[Observation]:
    """The words of a command given as a list or as text."""
    if isinstance(node.value, list):
        words = [e for e in node.value if isinstance(e.value, (str, int, float))]
        text = "\n".join(_quoted(filled(w.text, known or {})) + " \\" for w in words)
        places = [Line(file.path, w.line) for w in words]
        scripts = [w for w in words if "\n" in w.text.strip() or (" " in w.text.strip() and "--" in w.text)]
        for script in scripts:
            yield from _script(file, script, known)
        yield from shell_observations(
            f"{text}\n" if words and not words[0].text.startswith("-") else f"server \\\n{text}\n",
            file,
            [places[0], *places] if places and words[0].text.startswith("-") else places,
        )
    elif isinstance(node.value, str) and node.text.strip():
        yield from _script(file, node, known)
    elif isinstance(node.value, dict):
        yield from Announced(file, node).observations()


def _script(file: SourceFile, node: Node, known: dict[str, str] | None) -> Iterator[Observation]:
    text = filled(node.text, known or {})
    places = [Line(file.path, node.line + offset) for offset in range(text.count("\n") + 1)]
    yield from shell_observations(text if not text.lstrip().startswith("-") else f"server {text}", file, places)


def environment(file: SourceFile, node: Node, known: dict[str, str]) -> Iterator[Observation]:
    """Variables as a mapping, as `NAME=value`, or as name and value side by side."""
    pairs: list[tuple[str, Node, str]] = []
    if isinstance(node.value, dict):
        pairs = [(k, v, v.text) for k, v in node.value.items() if isinstance(v.value, str)]
    elif isinstance(node.value, list):
        for entry in node.value:
            if isinstance(entry.value, dict) and (value := entry.get("value")) and isinstance(value.value, str):
                pairs.append((entry.string("name"), value, value.text))
            elif isinstance(entry.value, str) and "=" in entry.text:
                name, _, text = entry.text.partition("=")
                pairs.append((name, entry, text))
    for name, place, text in pairs:
        line = f"export {name}='{filled(text, known)}'"
        if name.isidentifier() and line.count("'") == 2:  # noqa: PLR2004 - the two that are ours
            yield from (o for o in shell_observations(line, file, [Line(file.path, place.line)]) if isinstance(o, Component))


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "").replace("\n", " ") + "'"
