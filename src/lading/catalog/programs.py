"""Programs that fetch or serve an artifact named by an argument: a table, told apart by the name of the program and its verb."""

from collections.abc import Iterable, Iterator
from functools import cache

import msgspec
from msgspec import Struct

from lading.catalog.arguments import Arguments, plain, values
from lading.catalog.hosted import hosted_model
from lading.catalog.identity import hosted, is_local, is_placeholder, is_template, uri
from lading.catalog.places import Observation, Script
from lading.catalog.tables import table
from lading.catalog.upstreams import hub, is_hub_id, named, service
from lading.core.component import Component, Occurrence
from lading.core.kinds import Kind, Pin
from lading.syntax.shell import Command, Word


class Program(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One row; the file of the table explains the fields."""

    names: tuple[str, ...]
    kind: Kind
    upstream: str = "huggingface"
    verbs: tuple[str, ...] = ()
    position: int = 0
    all: bool = False
    options: tuple[str, ...] = ()
    with_value: frozenset[str] = frozenset()
    revision: tuple[str, ...] = ()
    kinds: dict[str, Kind] = {}
    bare: bool = False
    """Ids without an owner count as well."""


@cache
def programs() -> dict[str, tuple[Program, ...]]:
    """The rows by name of the program."""
    rows = msgspec.convert(table("programs")["program"], tuple[Program, ...])
    found: dict[str, tuple[Program, ...]] = {}
    for row in rows:
        for name in row.names:
            found[name] = (*found.get(name, ()), row)
    return found


def is_open(text: str) -> bool:
    """Whether a text is filled in only when the command runs."""
    return is_template(text) or is_placeholder(text)


def component(program: Program, text: str, at: Occurrence, revision: str, kind: Kind, paths: Iterable[str]) -> Component | None:
    """What a name given to a program is; None when it is local or none of the program's names."""
    match program.upstream:
        case "huggingface":
            return _hub(program, text, at, revision, kind, paths)
        case "ollama":
            return ollama(text, at, kind)
        case "routed":
            found = hosted_model(text, routed=True)
            return hosted(*found, kind, at) if found else None
        case upstream if upstream.startswith("hosted:"):
            return service(upstream.removeprefix("hosted:"), text.partition(":")[0], at)
        case upstream:
            name, _, version = text.partition(":")
            held = revision or version
            return None if is_local(text) and upstream != "coqui" else named(kind, upstream, name, at, version=held, pin=_held(held))


def _hub(program: Program, text: str, at: Occurrence, revision: str, kind: Kind, paths: Iterable[str]) -> Component | None:
    if found := uri(kind, text, at):
        return found
    name = text.partition(":")[0]
    known = frozenset(paths) if text.count("/") == 1 else frozenset[str]()
    if not is_hub_id(name) or is_local(name, known) or not ("/" in name or program.bare):
        return None
    return hub(kind, name, at, revision=revision)


def ollama(name: str, at: Occurrence, kind: Kind = Kind.MODEL) -> Component:
    """A model of the Ollama registry, `name[:tag][@digest]`, or of the hub by way of it (`hf.co/owner/name`)."""
    for host in ("hf.co/", "huggingface.co/"):
        if name.startswith(host) and is_hub_id(name.removeprefix(host).partition(":")[0]):
            return hub(kind, name.removeprefix(host).partition(":")[0], at)
    version = name.rpartition("@")[2] if "@" in name else name.partition(":")[2]
    return named(kind, "ollama", name, at, version=version, pin=Pin.EXACT if "@" in name else _held(version))


def _held(version: str) -> Pin:
    return Pin.MUTABLE if version else Pin.NONE


def named_by_argument(script: Script, words: Arguments, command: Command) -> Iterator[Observation]:
    """What a program of the table is told to fetch or serve."""
    for program in programs().get(command.name, ()):
        chosen = _chosen(program, words)
        revision = next((w.text for w in values(words, *program.revision)), "") if program.revision else ""
        kind = next((program.kinds[w.text] for w in values(words, "--repo-type") if w.text in program.kinds), program.kind)
        symbol = " ".join(dict.fromkeys((command.name, *(w.text for w in words[:1] if w.text in program.verbs))))
        for word in chosen:
            if is_open(word.text):
                yield from script.unresolved(kind, word, symbol)
            elif found := component(program, word.text, script.at(word, symbol), revision, kind, script.file.tree.paths):
                yield found


def _chosen(program: Program, words: Arguments) -> list[Word]:
    """The words that name what a program fetches."""
    arguments = plain(words, with_value=program.with_value)
    if program.verbs:
        if not arguments or arguments[0].text not in program.verbs:
            return []
        arguments = arguments[1:]
    given = values(words, *program.options) if program.options else []
    if program.position < 0:
        return given
    return [*given, *(arguments if program.all else arguments[program.position : program.position + 1])]
