"""What a configuration document names: values under keys that announce an artifact, in YAML, JSON, TOML and HCL alike."""

import re
from collections.abc import Generator, Iterator
from functools import cache

from msgspec.structs import replace

from lading.catalog import mcp
from lading.catalog.identity import SCHEMES, hosted, is_known, is_local, is_placeholder, is_template, under_key
from lading.catalog.interpolated import Filled, filled
from lading.catalog.keys import Key, key_of, normal_key
from lading.catalog.loaders import Loader, Loaders, shipped
from lading.catalog.provided import MODELS, listed, provided, routed_component
from lading.catalog.upstreams import named, service
from lading.catalog.vision import registered_datasets
from lading.core.component import Component, Occurrence, Unresolved
from lading.core.kinds import Confidence, Kind, Scope
from lading.core.pattern import pattern
from lading.core.source import SourceFile
from lading.syntax.node import Node

Observation = Component | Unresolved

_ID_FIELDS = (
    "id", "path", "name", "repo", "repo_id", "repo_or_path", "hf_path", "hf_id", "hf_name", "hf_dataset", "hf_hub_url", "pretrained", "checkpoint",
    "repository", "uri", "url", "source", "remote", "default", "value", "_name_or_path", "name_or_path", "slug", "tag", "type", "weights",
)  # fmt: skip
_REVISIONS = ("revision", "commit", "commit_hash", "sha", "git_revision", "rev", "hf_revision", "ref")
_ROUTED = frozenset({"providers", "provider", "targets", "fallbacks", "grader", "graders", "default_provider", "models_to_test"})
_ROUTERS = frozenset({"litellm_params", "llm_config", "completion_params"})
_MOST_SIBLINGS = 12
"""Fields of one entry; a larger mapping is a whole configuration, in which a bare `revision` means something else."""
_SUFFIX = pattern(r"(?:_(?:name|id|path|or|repo|url|uri))+\Z")
_MAIN = frozenset({"model", "base_model", "pretrained_model", "dataset", "tokenizer", "adapter", "embedding", "embedding_model"})
_OF_ANY_KIND = frozenset({"hf_name", "hf_path", "hf_id", "repo_id", "hf_repo", "hf_hub_id", "huggingface_id"})
_SPECIFIC = frozenset({Kind.EMBEDDING, Kind.TOKENIZER, Kind.ADAPTER})


class Announced:
    """Walks one document of a file."""

    def __init__(self, file: SourceFile, root: Node, scope: Scope = Scope.RUNTIME) -> None:
        self.file = file
        self.root = root
        self.scope = scope
        self.told: set[int] = set()

    def observations(self, start: Node | None = None, parent: str = "") -> Iterator[Observation]:
        """What the mappings of the document announce, each place once; `parent` is the key the start stands under."""
        stack: list[tuple[str, Node]] = [(parent, start or self.root)]
        while stack:
            name, node = stack.pop()
            if isinstance(node.value, dict):
                done = yield from self._mapping(name, node)
                stack += [(k, v) for k, v in node.value.items() if k not in done]
            elif isinstance(node.value, list):
                inner = name if name.endswith("[]") else f"{name}[]"
                stack += [(inner, v) for v in node.value]

    def _mapping(self, parent: str, node: Node) -> Generator[Observation, None, frozenset[str]]:
        """Yield what one mapping announces; returns the keys that are dealt with and need no look inside."""
        assert isinstance(node.value, dict)
        if (target := _target_of(node)) and (loader := _loader(target)):
            yield from self._target(loader, node, target)
            return frozenset()
        done = _elsewhere(node)
        yield from self._sections(node, done)
        if told := provided(node):
            model, provider, text = told
            self.told.add(id(model))
            done.update(name for name in MODELS if node.string(name))
            yield hosted(provider, text, Kind.SERVICE, self._at(model.line, "provider, model", model.text))
        for model, provider in listed(node):
            done.add("models")
            yield hosted(provider, model.text, Kind.SERVICE, self._at(model.line, "models[]", model.text))
        above = key_of(parent.removesuffix("[]")) if parent else None
        identity = _identity(above, node, done)
        if above and identity:
            done.add(identity)
            yield from self._scalar(above, f"{parent}.{identity}", node.value[identity], node)
        for name, value in node.value.items():
            if name in done or id(value) in self.told:
                continue
            if name in MODELS and isinstance(value.value, str) and (parent in _ROUTERS or node.get("api_key")):
                yield from self._asked(value, f"{parent}.{name}".lstrip("."))
            else:
                yield from self._named(above, name, value, node)
        return frozenset(done)

    def _sections(self, node: Node, done: set[str]) -> Iterator[Observation]:
        """Sections whose name alone says what stands in them."""
        for section in (*mcp.SECTIONS, *(("servers",) if self.file.name == "mcp.json" else ())):
            if servers := node.get(section):
                done.add(section)
                yield from mcp.servers(servers, self._at)
        for name, entry in registered_datasets(datasets) if (datasets := node.get("DATASETS")) else ():
            yield named(Kind.DATASET, "detectron2", name, self._at(entry.line, "DATASETS", name))

    def _asked(self, value: Node, symbol: str) -> Iterator[Observation]:
        """What a router is asked for."""
        if is_template(value.text) or is_placeholder(value.text):
            yield self._unresolved(Kind.SERVICE, value, symbol, value.text)
        else:
            yield from routed_component(value, self._at, symbol)

    def _named(self, above: Key | None, name: str, value: Node, node: Node) -> Iterator[Observation]:
        key = key_of(name)
        if key is None:
            if normal_key(name) in _ROUTED:
                yield from self._routed(name, value)
            elif isinstance(value.value, str) and value.text.startswith(SCHEMES):
                yield from self._scalar(above or Key(Kind.MODEL), name, value, node)
        elif isinstance(value.value, str):
            yield from self._scalar(_narrowed(key, name, above, node), name, value, node, name)
        elif isinstance(value.value, list):
            for element in value.value:
                if isinstance(element.value, str):
                    yield from self._scalar(key, f"{name}[]", element, node, name)
        elif isinstance(value.value, dict):
            yield from self._files(key, name, value) if key.uri else self._table(key, name, value)

    def _files(self, key: Key, name: str, table: Node) -> Iterator[Observation]:
        """Files by split: `{train: [https://…], test: …}`."""
        for member, inner in table.items():
            for element in inner.elements() or [inner]:
                if isinstance(element.value, str):
                    yield from self._scalar(key, f"{name}.{member}", element, table)

    def _table(self, key: Key, name: str, table: Node) -> Iterator[Observation]:
        """A mapping whose keys are ids (`{org/name: 0.5}`)."""
        for member, value in table.items():
            number = isinstance(value.value, (int, float)) or (isinstance(value.value, str) and value.text.replace(".", "").isdigit())
            weighted = number or value.value is None or isinstance(value.value, dict)
            if weighted and ("/" in member or (number and is_known(member, key.kind))):
                at = self._at(value.key_line, f"{name}{{}}", member)
                if found := under_key(key.kind, member, at, revision=_revision(key, "", value), paths=self.file.tree.paths):
                    yield found

    def _scalar(self, key: Key, name: str, value: Node, mapping: Node, field: str = "") -> Iterator[Observation]:
        known = filled(self.root, value)
        if is_template(known.text) or (is_placeholder(known.text) and not is_local(known.text)):
            if known.text and not is_local(known.text) and not key.uri:
                yield self._unresolved(key.kind, value, name, known.text)
            return
        revision = filled(self.root, Node(text := _revision(key, field, mapping), value.line, text)).text
        bare = key.bare and (not key.beside or any(mapping.get(name) is not None for name in key.beside))
        paths = self.file.tree.paths
        for part in known.text.split(",") if "," in known.text and "/" in known.text and "://" not in known.text else [known.text]:
            if key.uri and "://" not in part:
                continue
            at = self._at(known.line, name, part, known.confidence)
            found = _registered(key, part, at) or under_key(
                key.kind, part, at, revision="" if is_template(revision) else revision, paths=paths, bare=bare
            )
            if found:
                yield self._followed(found, known, value, name)

    def _followed(self, found: Component, known: Filled, value: Node, name: str) -> Component:
        """The component with its place of use beside the place of the literal, where these are two."""
        if known.line == value.line:
            return found
        return replace(found, occurrences=(*found.occurrences, self._at(value.line, name, value.text, known.confidence)))

    def _unresolved(self, kind: Kind, value: Node, name: str, text: str) -> Unresolved:
        return Unresolved(kind, text, self._at(value.line, name, text, Confidence.UNRESOLVED), "a template or placeholder")

    def _routed(self, name: str, value: Node) -> Iterator[Observation]:
        """`providers: [openai:gpt-4o, {id: anthropic:messages:claude-…}]`."""
        nodes = value.value if isinstance(value.value, list) else [value]
        for node in nodes:
            entry = node if isinstance(node.value, str) else node.get("id") or node.get("provider") or node
            if isinstance(entry.value, str) and ("/" in entry.text or ":" in entry.text):
                yield from (c for c in routed_component(entry, self._at, name) if c.kind is Kind.SERVICE or c.upstream == "ollama")
            for member, inner in node.items() if isinstance(node.value, dict) and entry is node else ():
                if ":" in member and isinstance(inner.value, dict):
                    yield from routed_component(Node(member, inner.key_line, member), self._at, name)

    def _target(self, loader: Loader, node: Node, target: str) -> Iterator[Observation]:
        """A Hydra `_target_` or a component path: the loader of that name with the keys beside it as arguments."""
        for field in (*loader.id, "id", "name", "path", "pretrained_model_name_or_path"):
            value = node.get(field)
            if value and isinstance(value.value, str):
                yield from self._loaded(loader, f"{target}({field})", value, node)
                return
        line = next(f for k in _TARGETS if (f := node.get(k))).line
        if loader.default and loader.upstream == "huggingface":
            at = self._at(line, target, loader.default, Confidence.INFERRED)
            if found := under_key(
                loader.kind, loader.default, at, bare=True, revision=node.string(loader.revision) if loader.revision else ""
            ):
                yield found
        elif loader.upstream.startswith("hosted:") and not loader.optional:
            yield service(loader.upstream.removeprefix("hosted:"), loader.default or "", self._at(line, target, loader.default or target))
        elif loader.callee_is_id and loader.upstream != "local":
            needed = [n for n in loader.needs if node.string(n) not in {"", "False", "false", "null", "None"}]
            if not loader.needs or needed:
                yield named(loader.kind, loader.upstream, target.rpartition(".")[2], self._at(line, "_target_", target))

    def _loaded(self, loader: Loader, symbol: str, value: Node, node: Node) -> Iterator[Observation]:
        known = filled(self.root, value)
        text, at = known.text, self._at(known.line, symbol, known.text, known.confidence)
        if text in loader.builders:
            return
        if is_template(text) or loader.upstream in {"huggingface", "url", "routed", "download"}:
            revisions = (loader.revision,) if loader.revision else ()
            yield from self._scalar(Key(loader.kind, revisions, bare=not loader.slash), symbol, value, node)
        elif loader.upstream.startswith("hosted:"):
            yield service(loader.upstream.removeprefix("hosted:"), text, at)
        elif loader.upstream not in {"github", "mlflow", "local", "s3", "aws", "local-prefix"} and not is_local(text, self.file.tree.paths):
            needed = [n for n in loader.needs if node.string(n) not in {"", "False", "false", "null", "None"}]
            if not loader.needs or needed:
                yield named(loader.kind, loader.upstream, text, at)

    def _at(self, line: int, symbol: str, text: str, confidence: Confidence = Confidence.DECLARED) -> Occurrence:
        return Occurrence(self.file.path, line, symbol, text, confidence, self.scope)


_TARGETS = ("_target_", "_component_", "class_path")


def _target_of(node: Node) -> str:
    return next((text for k in _TARGETS if (text := node.string(k))), "")


def _elsewhere(node: Node) -> set[str]:
    """Keys of a mapping that name something else because of what stands beside them."""
    found: set[str] = set()
    if node.get("litellm_params"):
        found.add("model_name")  # an alias of this router
    if node.get("dataset_path"):
        found.add("dataset_name")  # a subset
    defaults = node.get("defaults")
    if defaults and isinstance(defaults.value, list):
        found.add("defaults")  # files of a Hydra configuration
    return found


def _identity(above: Key | None, node: Node, done: set[str]) -> str:
    """The field that says which artifact an entry is, when the key above announces one."""
    for field in _ID_FIELDS if above else ():
        value = node.get(field)
        if value is None or not isinstance(value.value, str) or field in done or key_of(field):
            continue
        text = value.text
        if field == "name" and node.get("path"):
            return ""  # a subset of what the path names
        if (
            "/" in text
            or field == "name"
            or (above and (above.bare or is_known(text, above.kind)))
            or is_template(text)
            or is_placeholder(text)
        ):
            return field
    return ""


def _narrowed(key: Key, name: str, above: Key | None, node: Node) -> Key:
    """`model` below `embedder` is an embedding, `repo_id` beside `repo_type: dataset` and `hf_name` below `dataset` are datasets."""
    if key.kind is not Kind.MODEL:
        return key
    if node.string("repo_type") == "dataset":
        return Key(Kind.DATASET, key.revisions)
    specific = above is not None and (above.kind in _SPECIFIC or (above.kind is Kind.DATASET and name in _OF_ANY_KIND))
    return Key(above.kind, key.revisions) if above and specific else key


def _revision(key: Key, name: str, mapping: Node) -> str:
    """The revision beside a name: under a key of its own, else under a shared one that is meant for it.

    `model_revision` beside both `model_name_or_path` and `reward_model_path` is the former's; a plain `revision` is that of the
    first thing a mapping announces.
    """
    stem = _SUFFIX.sub("", normal_key(name))
    if own := mapping.string(f"{stem}_revision") if stem else "":
        return own
    announced = [k for k, v in mapping.items() if isinstance(v.value, str) and key_of(k)] if name else []
    rivals = [k for k in announced if k != name and (other := key_of(k)) and other.kind is key.kind]
    if rivals and stem not in _MAIN:
        return ""
    shared = _REVISIONS if len(mapping.items()) <= _MOST_SIBLINGS else _REVISIONS[:1]
    general = shared if not announced or announced[0] == name else ()
    wanted = (*(r for r in key.revisions if r not in _REVISIONS), *general)
    return next((text for r in wanted if (text := mapping.string(r))), "")


def _registered(key: Key, text: str, at: Occurrence) -> Component | None:
    """A name of the registry that a key's names belong to (NVIDIA's, for example) rather than an id of the hub."""
    return named(key.kind, key.upstream, text, at) if key.upstream and re.fullmatch(r"[A-Za-z][\w.-]+", text) else None


def _loader(target: str) -> Loader | None:
    return _loaders().match(target, ()) if "." in target else None


@cache
def _loaders() -> Loaders:
    return Loaders(shipped())
