"""What was linked into an object of machine code: libraries by the texts they leave, crates and modules by the lists that builds write."""

import re
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import islice

from msgspec import Struct

from lading.binary import go_build, rust_audit
from lading.binary.code import Code
from lading.binary.window import Window
from lading.catalog.tables import table

_READ = frozenset({
    ".rodata", ".data", ".rodata.str1.1", ".rodata.str1.8",
    "__TEXT,__cstring", "__TEXT,__const", "__DATA,__data", "__DATA,__const", "__DATA_CONST,__const",
    ".rdata",
})  # fmt: skip
_BLOCK, _LONGEST_TEXT = 64 << 20, 1 << 12
"""Bytes that are read at once, and how far a text may reach into the next ones."""
MOST_FOUND = 5_000
"""Texts of one kind in one section; each library counts once."""


class Linked(Struct, frozen=True, order=True):
    """A part of an object: a library, crate or module, and the text that tells of it."""

    ecosystem: str
    name: str
    version: str
    text: str
    how: str = "version string"


class Pattern(Struct, frozen=True):
    """A row of the table: what a library leaves, and beside what else it counts."""

    name: str
    ecosystem: str
    how: str
    text: re.Pattern[bytes]
    witness: re.Pattern[bytes] | None
    files: frozenset[str]
    only_in_its_own: bool


@cache
def patterns() -> tuple[Pattern, ...]:
    """The texts of well-known libraries, then the places of sources that builds leave."""
    told = table("native")
    return tuple(
        Pattern(
            name=row.get("name", ""),
            ecosystem=row.get("ecosystem", "generic"),
            how=row.get("how", "version string"),
            text=re.compile(row["pattern"].encode()),
            witness=re.compile(re.escape(row["beside"].encode())) if "beside" in row else None,
            files=frozenset(row.get("files", ())),
            only_in_its_own=row.get("only_in_its_own", False),
        )
        for row in (*told["library"], *told["path"])
        if "pattern" in row
    )


def linked(window: Window, header: Code, stem: str) -> set[Linked]:
    """Everything that an object of a name shows to be in it; ValueError when a list that a build wrote cannot be read."""
    found = {
        one for start, end in header.stretches(_READ, window.size) for data in _blocks(window, start, end) for one in _texts(data, stem)
    }
    for section in header.sections:
        if section.name in rust_audit.SECTIONS:
            found |= {
                Linked("cargo", c.name, c.version, f"{c.name} {c.version}", "list of crates")
                for c in rust_audit.crates(window.read(section.offset, min(section.size, rust_audit.LONGEST)))
            }
        elif section.name in go_build.SECTIONS:
            found |= {
                Linked("golang", m.name, m.version, f"{m.name} {m.version}", "list of modules")
                for m in go_build.modules(window.read(section.offset, min(section.size, go_build.LONGEST)))
            }
    return _once(found)


def _blocks(window: Window, start: int, end: int) -> Iterator[bytes]:
    for begin in range(start, end, _BLOCK):
        yield window.read(begin, min(_BLOCK + _LONGEST_TEXT, end - begin))


def _texts(data: bytes, stem: str) -> Iterator[Linked]:
    for pattern in patterns():
        if pattern.only_in_its_own and stem not in pattern.files:
            continue
        if pattern.witness and not pattern.witness.search(data):
            continue
        for match in islice(pattern.text.finditer(data), MOST_FOUND):
            yield _told(pattern, match)


def _told(pattern: Pattern, match: re.Match[bytes]) -> Linked:
    groups = {k: v.decode("ascii", "replace") for k, v in match.groupdict().items()}
    parts = [g.decode("ascii", "replace") for g in match.groups()] if not groups else []
    version = groups.get("version") or (parts[0] if len(parts) == 1 else joined(parts))
    text = match[0].strip(b"\0").decode("ascii", "replace")[:200]
    return Linked(pattern.ecosystem, groups.get("name") or pattern.name, version, text, pattern.how)


def joined(parts: Iterable[str]) -> str:
    """Numbers of a release that stand apart, put together: `2`, `14`, `05` is 2.14.5."""
    return ".".join(str(int(p)) if p.isdecimal() else p for p in parts if p)


def _once(found: Iterable[Linked]) -> set[Linked]:
    """Each part once, however many texts tell of it: a list of the build before a text."""
    best: dict[tuple[str, str, str], Linked] = {}
    for one in sorted(found, key=lambda o: (o.how not in {"list of crates", "list of modules"}, o)):
        best.setdefault((one.ecosystem, one.name.replace("_", "-"), one.version), one)
    return set(best.values())
