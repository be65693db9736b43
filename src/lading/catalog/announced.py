"""What a configuration document names: values under keys that announce an artifact, in YAML, JSON, TOML and HCL alike."""

import re
from collections.abc import Generator, Iterator
from functools import cache

from lading.catalog.hosted import hosted_model
from lading.catalog.identity import hosted, is_local, is_placeholder, is_template, under_key
from lading.catalog.keys import Key, key_of, normal_key
from lading.catalog.loaders import Loader, Loaders, shipped
from lading.catalog.upstreams import named, service
from lading.core.component import Component, Occurrence, Unresolved
from lading.core.kinds import Confidence, Flag, Kind, Pin, Scope
from lading.core.source import SourceFile
from lading.syntax.node import Node

Observation = Component | Unresolved

_ID_KEYS = ("id", "path", "name", "repo", "repo_id", "repo_or_path", "hf_path", "hf_id", "hf_hub_url", "model", "model_id", "model_name", "model_name_or_path", "name_or_path",
            "pretrained_model_name_or_path", "_name_or_path", "dataset", "dataset_path", "dataset_name", "dataset_id", "pretrained", "checkpoint", "repository", "uri", "url", "source", "model_path", "hf_dataset", "hf_name")  # fmt: skip
_REVISIONS = frozenset({"revision", "commit", "commit_hash", "sha", "git_revision", "rev"})
_ROUTED = frozenset({"providers", "provider", "targets", "default_model", "models", "fallbacks", "litellm_params", "grader"})
_INTERPOLATION = re.compile(r"\$\{(?P<path>[A-Za-z_][\w.]*)\}\Z")
_DEFAULTED = re.compile(r"\$\{(?:oc\.env:|env:)?(?P<name>[A-Za-z_]\w*)\s*(?::-|:|,|-)\s*(?P<default>[^}]*)\}\Z")
_JINJA_DEFAULT = re.compile(r"""\{\{-?\s*[\w.]+\s*\|\s*default\(?\s*["'](?P<default>[^"']+)["']\)?\s*-?\}\}\Z""")


class Announced:
    """Walks one document of a file."""

    def __init__(self, file: SourceFile, root: Node, scope: Scope = Scope.RUNTIME) -> None:
        self.file = file
        self.root = root
        self.scope = scope

    def observations(self, start: Node | None = None, parent: str = "") -> Iterator[Observation]:
        """What the mappings of the document announce; each place once."""
        stack: list[tuple[str, Node]] = [(parent, start or self.root)]
        while stack:
            name, node = stack.pop()
            if isinstance(node.value, dict):
                done = yield from self._mapping(name, node)
                stack += [(k, v) for k, v in node.value.items() if k not in done]
            elif isinstance(node.value, list):
                stack += [(name, v) for v in node.value]

    def _mapping(self, parent: str, node: Node) -> Generator[Observation, None, frozenset[str]]:  # noqa: C901 - one case per way to write
        """Yield what one mapping announces; returns the keys that are dealt with and need no look inside."""
        assert isinstance(node.value, dict)
        if (target := node.string("_target_") or node.string("_component_") or node.string("class_path")) and (loader := _loader(target)):
            yield from self._target(loader, node, target)
            return frozenset()
        provided = self._provider(node)
        if provided:
            yield provided
        servers = node.get("mcpServers")
        if servers:
            yield from self._mcp(servers)
        done: set[str] = {"mcpServers"} if servers else set()
        for name, value in node.value.items():
            if provided and name in {"model", "model_name", "name", "model_id", "deployment_name", "engine"}:
                continue
            key = key_of(name)
            if key is None and isinstance(value.value, (str, list)) and normal_key(name) in _ROUTED:
                yield from self._routed(name, value)
            elif (
                key is None
                and parent
                and name in {"name", "path", "id", "repo", "repo_id", "default", "value", "repository", "source"}
                and isinstance(value.value, str)
            ):
                above = key_of(parent)
                if above and not ("/" not in value.text and name != "name"):
                    yield from self._scalar(above, f"{parent}.{name}", value, node)
            elif key is not None:
                if parent == "litellm_params" and name == "model":
                    yield from self._routed(name, value)
                else:
                    yield from self._keyed(key, name, value, node)
                if isinstance(value.value, list) and all(isinstance(e.value, str) for e in value.value):
                    done.add(name)
        return frozenset(done)

    def _keyed(self, key: Key, name: str, value: Node, mapping: Node) -> Iterator[Observation]:
        if isinstance(value.value, str):
            yield from self._scalar(key, name, value, mapping)
        elif isinstance(value.value, list):
            for element in value.value:
                if isinstance(element.value, str):
                    yield from self._scalar(key, f"{name}[]", element, mapping)
                elif isinstance(element.value, dict):
                    yield from self._entry(key, f"{name}[]", element)
        elif isinstance(value.value, dict):
            yield from self._table(key, name, value)

    def _entry(self, key: Key, name: str, entry: Node) -> Iterator[Observation]:
        """One mapping of a list: `- path: org/name`, `- id: org/name`."""
        for field in _ID_KEYS:
            found = entry.get(field)
            if found and isinstance(found.value, str) and (key_of(field) is None):
                seen = list(self._scalar(key, f"{name}.{field}", found, entry))
                yield from seen
                if seen:
                    return

    def _table(self, key: Key, name: str, table: Node) -> Iterator[Observation]:
        """A mapping whose keys are ids (`{org/name: 0.5}`)."""
        for member, value in table.items():
            weighted = (
                isinstance(value.value, (int, float, dict))
                or value.value is None
                or (isinstance(value.value, str) and value.text.replace(".", "").isdigit())
            )
            if weighted and "/" in member and (found := self._found(key, member, f"{name}{{}}", value.key_line, "")):
                yield found

    def _scalar(self, key: Key, name: str, value: Node, mapping: Node) -> Iterator[Observation]:
        text, confidence = self._resolved(value.text or str(value.value))
        revision = _revision(name, mapping)
        if is_template(text) or (is_placeholder(text) and not is_local(text)):
            if text.strip():
                yield Unresolved(key.kind, text, self._at(value.line, name, text, Confidence.UNRESOLVED), "a template or placeholder")
            return
        if found := self._found(key, text, name, value.line, "" if is_template(revision) else revision, confidence):
            yield found

    def _found(
        self, key: Key, text: str, name: str, line: int, revision: str, confidence: Confidence = Confidence.DECLARED
    ) -> Component | None:
        at = self._at(line, name, text, confidence)
        if key.kind is Kind.DATASET and re.match(r"https?://|s3://|gs://", text) and not is_template(text) and not _is_endpoint(text):
            return under_key(key.kind, text, at, paths=self.file.tree.paths)
        return under_key(key.kind, text, at, revision=revision, paths=self.file.tree.paths)

    def _resolved(self, text: str) -> tuple[str, Confidence]:
        """The text with an interpolation of the same document or a default filled in."""
        if match := _DEFAULTED.match(text) or _JINJA_DEFAULT.match(text):
            return match["default"].strip("\"' "), Confidence.INFERRED
        if match := _INTERPOLATION.match(text):
            value = self.root.string(*match["path"].split("."))
            if value and not is_template(value):
                return value, Confidence.INFERRED
        return text, Confidence.DECLARED

    def _provider(self, node: Node) -> Component | None:
        """`provider: openai` beside `model: gpt-4o`."""
        provider = (
            node.string("provider")
            or node.string("api_type")
            or node.string("model_provider")
            or node.string("llm_provider")
            or node.string("vendor")
        )
        model = next(
            (
                f
                for k in ("model", "model_name", "name", "model_id", "engine", "deployment_name")
                if (f := node.get(k)) and isinstance(f.value, str)
            ),
            None,
        )
        if not provider or model is None or is_template(model.text) or is_placeholder(model.text):
            return None
        found = hosted_model(f"{provider.lower()}:{model.text}", routed=True)
        if found is None or found[1] != model.text or model.text.count("/") > 2:  # noqa: PLR2004 - a path
            return None
        return hosted(*found, Kind.SERVICE, self._at(model.line, "provider, model", model.text))

    def _routed(self, name: str, value: Node) -> Iterator[Observation]:
        """`providers: [openai:gpt-4o, anthropic:messages:claude-…]`, `litellm_params: {model: azure/…}`."""
        nodes = value.value if isinstance(value.value, list) else [value]
        for node in nodes:
            entry = node if isinstance(node.value, str) else node.get("id") or node
            if (
                not isinstance(entry.value, str)
                or is_template(entry.text)
                or ("/" not in entry.text and ":" not in entry.text and not hosted_model(entry.text))
            ):
                continue
            prefix, _, rest = entry.text.partition(":")
            text = f"{prefix}:{rest.rpartition(':')[2]}" if rest.count(":") and prefix != "ollama" else entry.text
            if found := hosted_model(text, routed=True):
                yield hosted(*found, Kind.SERVICE, self._at(entry.line, name, entry.text))

    def _target(self, loader: Loader, node: Node, target: str) -> Iterator[Observation]:
        """A Hydra `_target_`: the loader of that name with the keys beside it as arguments."""
        for field in (*loader.id, "id", "name", "path", "pretrained_model_name_or_path"):
            value = node.get(field)
            if value and isinstance(value.value, str):
                yield from self._scalar(Key(loader.kind, (loader.revision,) if loader.revision else ()), f"{target}({field})", value, node)
                return
        if loader.callee_is_id and loader.upstream != "local":
            line = (node.get("_target_") or node.get("class_path") or node).line
            needed = [n for n in loader.needs if node.string(n) not in {"", "False", "false", "null", "None"}]
            if not loader.needs or needed:
                name = target.rpartition(".")[2]
                yield named(loader.kind, loader.upstream, name, self._at(line, "_target_", target))

    def _mcp(self, servers: Node) -> Iterator[Observation]:
        """Servers of the Model Context Protocol: packages run by npx or uvx, images, URLs."""
        for name, server in servers.items():
            if url := server.string("url"):
                if not is_template(url) and not _is_endpoint(url):
                    yield service("mcp", name, self._at(server.line, "mcpServers", url), endpoint=url)
                continue
            package = next(
                (a for a in server.elements("args") if (not a.text.startswith("-") and not is_local(a.text)) or a.text.startswith("@")),
                None,
            )
            if server.string("command") in {"npx", "uvx", "bunx", "pnpm"} and package:
                bare, _, version = package.text.rpartition("@") if "@" in package.text[1:] else (package.text, "", "")
                yield named(
                    Kind.SERVICE,
                    "mcp",
                    bare,
                    self._at(package.line, f"mcpServers.{name}", package.text),
                    version=version,
                    pin=Pin.MUTABLE if version else Pin.NONE,
                    flags=(Flag.REMOTE_CODE,),
                )

    def _at(self, line: int, symbol: str, text: str, confidence: Confidence = Confidence.DECLARED) -> Occurrence:
        return Occurrence(self.file.path, line, symbol, text, confidence, self.scope)


def _revision(name: str, mapping: Node) -> str:
    """The revision beside a name: `model_revision` belongs to `model…`, a plain `revision` to the first thing the mapping announces."""
    bare = normal_key(name.partition("[")[0].rpartition(".")[2])
    for key in (k for k, v in mapping.items() if isinstance(v.value, (str, int)) and v.text):
        normal = normal_key(key)
        if normal in _REVISIONS and _is_first(name, mapping):
            return mapping.string(key)
        if normal.endswith("_revision") and bare.startswith(normal.removesuffix("_revision")):
            return mapping.string(key)
    return ""


def _is_first(name: str, mapping: Node) -> bool:
    announced = [k for k, v in mapping.items() if isinstance(v.value, str) and (key_of(k) or k in _ID_KEYS)]
    return not announced or name.endswith(announced[0])


def _is_endpoint(url: str) -> bool:
    return bool(re.match(r"https?://(?:localhost|127\.|0\.0\.0\.0)|https?://[^/]+:\d+(?:/|$)", url))


def _loader(target: str) -> Loader | None:
    return _loaders().match(target, ()) if "." in target else None


@cache
def _loaders() -> Loaders:
    return Loaders(shipped())
