"""Which calls load something from upstream: one table per library, and the rows a user adds.

A row says what a call loads (`kind`), from whom (`upstream`), which argument holds the name, the revision, the permission to run
remote code, the endpoint. `names` match the end of the dotted name of what is called; `*` stands for a part of a name.
"""

import re
import tomllib
from collections.abc import Callable, Iterable
from functools import cache

import msgspec
from msgspec import Struct

from lading.core.errors import ConfigError, PluginError
from lading.core.kinds import Kind
from lading.core.shipped import files

ANY_RECEIVER = "?"
"""How a dotted name begins when it is not known what a method is called on."""


class Loader(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One row: calls that load the same kind of thing in the same way.

    `upstream` is `huggingface`, `github` (torch.hub), `url`, `routed` (ids with a provider's prefix), `hosted:PROVIDER`, or the
    name under which a registry or library is known (`timm`, `nltk`, …).
    """

    names: tuple[str, ...]
    kind: Kind
    upstream: str = "huggingface"
    id: tuple[str, ...] = ()
    position: int = 0
    """The position of the id among the arguments; -1: by keyword only."""
    base: str = ""
    """The argument that is the model which the loaded one derives from; the first where it is not passed by name."""
    kind_by: str = ""
    """The keyword by whose value `dataset` a dataset is loaded instead."""
    revision: str = ""
    remote_code: str = ""
    """The keyword that permits remote code; `always` when the call always runs it."""
    endpoint: str = ""
    entry: tuple[str, ...] = ()
    """For `github`: the keywords of the entry point; it stands after the id."""
    callee_is_id: bool = False
    """The name of what is called is the name of what is loaded (`resnet50(weights=…)`)."""
    needs: tuple[str, ...] = ()
    """Loads only when one of these keywords is given and neither None nor False."""
    unless_none: str = ""
    """Loads unless this keyword is given as None or False."""
    default: str | None = None
    """What is loaded when no id is given; an empty text names the provider alone; absent: nothing can be said."""
    by_task: dict[str, str] = {}
    """What is loaded for a task (the first argument) when no id is given; a name that ends in `*` stands for all that begin so."""
    optional: bool = False
    """Without an id nothing is loaded."""
    reference: str = ""
    """The argument that is the function which builds the model (`arch=resnet34`); `position` is its position."""
    client: bool = False
    """A client of a provider, whose calls name the model: no artifact of its own where one of them is known."""
    checked: str = ""
    """For `url`: the keyword that asks for the digest in the file's name to be compared."""
    method: bool = False
    """Also matches on a receiver of unknown type, in files that import the library."""
    files: tuple[str, ...] = ()
    """Keywords that hold URLs of files, beside or instead of an id."""
    builders: tuple[str, ...] = ()
    """Ids that name a local reader and nothing upstream."""
    slash: bool = False
    """Only ids with an owner count: bare names mean something else here."""


class Table(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The loaders of one library."""

    source: str
    checked: object
    modules: tuple[str, ...]
    upstream: str = "huggingface"
    call: tuple[Loader, ...]


class Loaders:
    """All known loaders, asked by the dotted name of a call."""

    def __init__(self, tables: Iterable[Table]) -> None:
        self._rows: dict[str, list[tuple[Callable[[str], bool], Loader]]] = {}
        for table in tables:
            rows = [(_ends_in(row.names), row) for row in table.call]
            for module in table.modules:
                self._rows.setdefault(module, []).extend(rows)
        self._roots = frozenset(m.partition(".")[0] for m in self._rows)

    def match(self, dotted: str, imports: Iterable[str]) -> Loader | None:
        """The loader that a dotted name means; methods of unknown receivers by the libraries the file imports.

        `library.Class().method` is a method of an instance; a name that ends in `()` is an instance that is called, which loads nothing.
        """
        if dotted.endswith("()"):
            return None
        dotted = dotted.replace("()", "")
        if dotted.startswith(ANY_RECEIVER):
            return self._method(dotted, imports)
        root = dotted.partition(".")[0]
        for module in (dotted, *_prefixes(dotted)) if root in self._roots else ():
            tail = dotted[len(module) :]
            for ends, row in self._rows.get(module, ()):
                if ends(tail):
                    return row
        return None

    def _method(self, dotted: str, imports: Iterable[str]) -> Loader | None:
        for module in sorted(set(imports) & self._rows.keys()):
            for ends, row in self._rows[module]:
                if row.method and ends(dotted):
                    return row
        return None

    def knows(self, imports: Iterable[str]) -> bool:
        """Whether any of these imports is a library with loaders."""
        return any(i.partition(".")[0] in self._roots for i in imports)


def _prefixes(dotted: str) -> list[str]:
    parts = dotted.split(".")
    return [".".join(parts[:end]) for end in range(len(parts) - 1, 0, -1)]


def _ends_in(names: tuple[str, ...]) -> Callable[[str], bool]:
    """Whether a dotted name ends in one of these; patterns are compiled when one is first needed: most never are."""
    plain = tuple(f".{name}" for name in names if "*" not in name)
    if len(plain) == len(names):
        return lambda dotted: dotted.endswith(plain)
    patterns = tuple(name for name in names if "*" in name)
    return lambda dotted: dotted.endswith(plain) or _pattern(patterns).search(dotted) is not None


@cache
def _pattern(names: tuple[str, ...]) -> re.Pattern[str]:
    alternatives = (r"[^.]*".join(re.escape(piece) for piece in name.split("*")) for name in names)
    return re.compile(rf"\.(?:{'|'.join(alternatives)})\Z")


@cache
def shipped() -> tuple[Table, ...]:
    """The tables that come with lading, one per library."""
    folder = files("lading.catalog").joinpath("loaders")
    return tuple(
        _table(entry.name, entry.read_text("utf-8"))
        for entry in sorted(folder.iterdir(), key=lambda e: e.name)
        if entry.name.endswith(".toml")
    )


def _table(name: str, text: str) -> Table:
    data = tomllib.loads(text)
    for row in data.get("call", ()):
        row.setdefault("upstream", data.get("upstream", "huggingface"))
    try:
        return msgspec.convert(data, Table)
    except msgspec.ValidationError as e:
        raise PluginError(f"catalog table loaders/{name}: {e}", hint="docs/how-to/add-a-loader.md shows the fields") from e


def of_user(rows: list[object], path: str) -> Table | None:
    """The `[[loader]]` rows of a user's lading.toml as one table; ConfigError names what is wrong with a row."""
    if not rows:
        return None
    calls: list[Loader] = []
    modules: list[str] = []
    for number, row in enumerate(rows, 1):
        fields = dict(row) if isinstance(row, dict) else {}
        modules += [str(m) for m in fields.pop("modules", [])]
        try:
            calls.append(msgspec.convert(fields, Loader))
        except msgspec.ValidationError as e:
            raise ConfigError(f"{path}: loader {number}: {e}", hint="docs/how-to/add-a-loader.md shows the fields") from e
    if not modules:
        raise ConfigError(f"{path}: no loader says which modules it belongs to", hint='add modules = ["your_library"] to it')
    return Table(source=path, checked="", modules=tuple(dict.fromkeys(modules)), call=tuple(calls))
