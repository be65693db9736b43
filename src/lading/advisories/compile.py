"""Compiling records into the file that is asked: packages by name, intervals by rank, bodies in compressed blocks."""

import struct
import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from lading.advisories import names
from lading.advisories.database import HEADER, MAGIC, SLOT, Entry, Header, Problem, Section, Source, hashed
from lading.advisories.exploited import Tables
from lading.advisories.head import Head, Revision
from lading.advisories.intervals import compiled_together
from lading.advisories.osv import Affected, Read, Score, extension
from lading.advisories.own import SOURCE
from lading.advisories.severity import severity
from lading.core.purl import parse
from lading.versions import order_of

BLOCK = 1 << 16
"""Bytes of text that are compressed together."""
MOST_PROBLEMS = 1000
MOST_GENERATIONS = 64
LONGEST_SUMMARY = 200
_ENCODER = msgspec.msgpack.Encoder()
_OWN = (b'"lading"',)
_TOLD = (*_OWN, b'"severity"', b'"indicators_observed"')
_MALICIOUS = ("MAL-", "LWA-")


@dataclass(frozen=True)
class State:
    """One state of a record: its bytes, where they are from, when we first saw them."""

    data: bytes
    digest: bytes
    source: str
    modified: str
    first_seen: str


@dataclass(frozen=True)
class Kept:
    """A record as it is now, with all its states, the newest last."""

    read: Read
    states: tuple[State, ...]


@dataclass
class Contents:
    """All that a file is made of."""

    records: list[Kept]
    created: str
    generation: int
    sources: tuple[Source, ...] = ()
    tables: dict[str, bytes] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    skipped: int = 0
    changes: dict[int, tuple[str, ...] | None] = field(default_factory=dict)


def write(contents: Contents, path: Path) -> None:
    """Write the file; the caller moves it to where it is asked."""
    records = contents.records
    with ThreadPoolExecutor(2) as pool:
        blocks = _Blocks(pool)
        places = [[blocks.add(state.data) for state in kept.states] for kept in records]
        packages = _packages(records)
        entries = {key: _entry(key, rows) for key, rows in packages.items()}
        heads = list(_heads(contents, places))
        bodies, block_places = blocks.done()
    heads = [_placed(head, block_places) for head in heads]
    blobs: dict[str, bytes] = {f"p\0{key}": _ENCODER.encode(entry) for key, entry in entries.items()}
    blobs.update((key, _ENCODER.encode(sorted(set(numbers)))) for key, numbers in _postings(records).items())
    slots, blob_bytes = _slots(blobs)
    offsets, head_bytes = _joined([_ENCODER.encode(h) for h in heads])
    sections = {
        "slots": [slots],
        "blobs": [blob_bytes],
        "offsets": [offsets],
        "heads": [head_bytes],
        "tables": [zlib.compress(_ENCODER.encode(contents.tables), 6)],
        "changes": [zlib.compress(_ENCODER.encode(contents.changes), 6)],
        "bodies": bodies,
    }
    header = Header(
        created=contents.created,
        generation=contents.generation,
        records=len(records),
        keys=len(entries),
        slots=len(slots) // SLOT.size,
        withdrawn=sum(1 for h in heads if h.withdrawn),
        revisions=sum(len(k.states) for k in records),
        sections={},
        sources=contents.sources,
        ecosystems=_ecosystems(entries, heads),
        skipped=contents.skipped,
        degraded=sum(1 for h in heads if h.problems),
        problems=tuple(contents.problems[:MOST_PROBLEMS]),
    )
    _file(path, header, sections)


def _ecosystems(entries: Mapping[str, Entry], heads: list[Head]) -> dict[str, tuple[int, int]]:
    """For each ecosystem how many packages have vulnerabilities and how many malicious releases; what lading tells itself covers none."""
    found: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for key, entry in entries.items():
        told = [heads[number] for number, _, _ in entry.rows if heads[number].source != SOURCE]
        counts = found[key.partition("\0")[0]] if told else [0, 0]
        counts[0] += any(not h.malicious for h in told)
        counts[1] += any(h.malicious for h in told)
    return {name: (counts[0], counts[1]) for name, counts in sorted(found.items())}


def _file(path: Path, header: Header, sections: Mapping[str, list[bytes]]) -> None:
    """The header, then each section; the header says where each lies, so it is as long before as after that is known."""
    sizes = {name: sum(map(len, parts)) for name, parts in sections.items()}
    checksums = {name: _checksum(parts) for name, parts in sections.items()}
    most = msgspec.structs.replace(header, sections={name: Section((1 << 63), size, 0xFFFFFFFF) for name, size in sizes.items()})
    start = len(MAGIC) + HEADER.size + len(_ENCODER.encode(most))
    places, offset = {}, start
    for name, size in sizes.items():
        places[name] = Section(offset, size, checksums[name])
        offset += size
    encoded = _ENCODER.encode(msgspec.structs.replace(header, sections=places))
    with path.open("wb") as stream:
        stream.write(MAGIC + HEADER.pack(len(encoded), zlib.crc32(encoded)) + encoded)
        stream.write(bytes(start - stream.tell()))
        for parts in sections.values():
            stream.writelines(parts)


def _checksum(parts: list[bytes]) -> int:
    found = 0
    for part in parts:
        found = zlib.crc32(part, found)
    return found


def keys_of(record: Read) -> set[str]:
    """Everything that a record is found by: the keys of packages, digests (`d`) and commits (`c`)."""
    found = {key for affected in record.record.affected or () if (key := key_of(affected))}
    found.update(f"d\0{digest}" for digest in indicators(record))
    found.update(f"c\0{commit}" for commit in commits(record))
    return found


def commits(record: Read) -> Iterator[str]:
    """The commits at which a record says that something bad came in."""
    for affected in record.record.affected or ():
        for row in affected.ranges or ():
            if row.type == "GIT":
                yield from (e.introduced for e in row.events if e.introduced not in {None, "0"} and e.introduced)


def key_of(affected: Affected) -> str:
    """What the package of an entry is found by; empty when the entry names none."""
    package = affected.package
    if package is None:
        return ""
    if package.ecosystem and package.name:
        return names.key_of(package.ecosystem, package.name)
    try:
        found = parse(package.purl)
    except ValueError:
        return ""
    ecosystem = names.ecosystem_of(found)
    return names.key_of(ecosystem, names.name_of(found)) if ecosystem else ""


def _packages(records: list[Kept]) -> dict[str, list[tuple[int, Affected]]]:
    found: dict[str, list[tuple[int, Affected]]] = defaultdict(list)
    for number, kept in enumerate(records):
        record = kept.read.record
        if not record.withdrawn:
            for affected in record.affected or ():
                if key := key_of(affected):
                    found[key].append((number, affected))
    return dict(sorted(found.items()))


def _entry(key: str, rows: list[tuple[int, Affected]]) -> Entry:
    bounds, compiled = compiled_together([affected for _, affected in rows], order_of(key.partition("\0")[0]))
    exact: dict[str, list[int]] = defaultdict(list)
    clean: dict[int, tuple[str, ...]] = {}
    for (number, affected), row in zip(rows, compiled, strict=True):
        for text in row.exact:
            exact[text].append(number)
        own = extension(affected.database_specific, _OWN).get("lading")
        if isinstance(own, dict) and isinstance(own.get("clean_versions"), list) and own["clean_versions"]:
            clean[number] = tuple(v for v in own["clean_versions"] if isinstance(v, str))
    made = tuple((number, row.spans, row.certainty) for (number, _), row in zip(rows, compiled, strict=True))
    return Entry(bounds, made, {v: tuple(sorted(set(n))) for v, n in sorted(exact.items())}, clean)


def _postings(records: list[Kept]) -> dict[str, list[int]]:
    """Records by their id, by the digests that they name and by commits."""
    found: dict[str, list[int]] = defaultdict(list)
    for number, kept in enumerate(records):
        record = kept.read.record
        found[f"i\0{record.id}"].append(number)
        if record.withdrawn:
            continue
        for digest in indicators(kept.read):
            found[f"d\0{digest}"].append(number)
        for commit in commits(kept.read):
            found[f"c\0{commit}"].append(number)
    return found


def indicators(read: Read) -> Iterator[str]:
    """The digests of bad bytes that a record tells, as `algorithm:hex`."""
    specific = extension(read.record.database_specific, _TOLD)
    own = specific.get("lading")
    for row in own.get("indicators", ()) if isinstance(own, dict) else ():
        if isinstance(row, dict) and isinstance(row.get("kind"), str) and isinstance(row.get("value"), str):
            yield f"{row['kind']}:{row['value'].lower()}"
    for row in specific.values():
        observed = row.get("indicators_observed") if isinstance(row, dict) else None
        values = observed.get("sha256") if isinstance(observed, dict) else None
        yield from (f"sha256:{v.lower()}" for v in values or () if isinstance(v, str)) if isinstance(values, list) else ()


def _heads(contents: Contents, places: list[list[tuple[int, int, int]]]) -> Iterator[Head]:
    clusters = _clusters(contents.records)
    tables = Tables.of(contents.tables)
    for number, kept in enumerate(contents.records):
        record, states = kept.read.record, kept.states
        revisions = tuple(
            Revision(s.modified, s.first_seen, s.digest, block, 0, start, size)
            for s, (block, start, size) in zip(states, places[number], strict=True)
        )
        specific = extension(record.database_specific, _TOLD)
        own = specific.get("lading")
        own = own if isinstance(own, dict) else {}
        word, score = severity(_scores(kept.read), specific.get("severity"))
        ids = (record.id, *(record.aliases or ()), *(record.upstream or ()))
        window, ownership = own.get("window"), own.get("ownership")
        yield Head(
            id=record.id,
            source=states[-1].source,
            modified=record.modified,
            published=record.published,
            withdrawn=record.withdrawn or "",
            aliases=tuple(sorted(set(record.aliases or ()) - {record.id})),
            summary=summary_of(record.summary or record.details),
            severity=word,
            score=score,
            malicious=record.id.startswith(_MALICIOUS) or _is_malicious(own),
            cluster=clusters[number],
            exploited=tables.of_ids(ids),
            revisions=revisions,
            problems=kept.read.problems,
            kind=own["kind"] if isinstance(own.get("kind"), str) else "",
            window=(str(window.get("start", "")), str(window.get("end", ""))) if isinstance(window, dict) else ("", ""),
            owned_until=str(ownership.get("valid_until", "")) if isinstance(ownership, dict) else "",
            atlas=tuple(a for a in own.get("atlas", ()) if isinstance(a, str)) if isinstance(own.get("atlas"), list) else (),
        )


def _is_malicious(own: Mapping[str, Any]) -> bool:
    return own.get("kind") in {"malicious-model", "compromised-release", "poisoned-dataset", "malicious-package"}


def _scores(read: Read) -> Iterable[Score]:
    yield from read.record.severity or ()
    for affected in read.record.affected or ():
        yield from affected.severity or ()


def summary_of(text: str) -> str:
    """The first words of a text, on one line."""
    line = " ".join(text[: 4 * LONGEST_SUMMARY].split())
    return line if len(line) <= LONGEST_SUMMARY else line[: LONGEST_SUMMARY - 1].rpartition(" ")[0] + "…"


def _clusters(records: list[Kept]) -> list[int]:
    """For each record the first of those that share an alias with it, directly or through others."""
    parent = list(range(len(records)))

    def root(number: int) -> int:
        while parent[number] != number:
            parent[number] = parent[parent[number]]
            number = parent[number]
        return number

    owner: dict[str, int] = {}
    for number, kept in enumerate(records):
        record = kept.read.record
        if record.withdrawn:
            continue
        for name in (record.id, *(record.aliases or ())):
            mine, other = root(number), root(owner.setdefault(name, number))
            parent[max(mine, other)] = min(mine, other)
    return [root(number) for number in range(len(records))]


class _Blocks:
    """Texts gathered into blocks, which are compressed while others are gathered."""

    def __init__(self, pool: ThreadPoolExecutor) -> None:
        self._pool = pool
        self._open: list[bytes] = []
        self._size = 0
        self._made: list[Any] = []

    def add(self, data: bytes) -> tuple[int, int, int]:
        """Number of the block, where in it, how long."""
        place = len(self._made), self._size, len(data)
        self._open.append(data)
        self._size += len(data)
        if self._size >= BLOCK:
            self._close()
        return place

    def done(self) -> tuple[list[bytes], list[tuple[int, int]]]:
        """The compressed blocks, and where each lies."""
        if self._open:
            self._close()
        blocks: list[bytes] = [future.result() for future in self._made]
        places, offset = [], 0
        for block in blocks:
            places.append((offset, len(block)))
            offset += len(block)
        return blocks, places

    def _close(self) -> None:
        self._made.append(self._pool.submit(zlib.compress, b"".join(self._open), 1))
        self._open, self._size = [], 0


def _placed(head: Head, places: list[tuple[int, int]]) -> Head:
    revisions = tuple(msgspec.structs.replace(r, block=places[r.block][0], block_size=places[r.block][1]) for r in head.revisions)
    return msgspec.structs.replace(head, revisions=revisions)


def _slots(blobs: Mapping[str, bytes]) -> tuple[bytes, bytes]:
    """A table of hashes with room to spare, and the blobs that it points to."""
    count = max(8, 1 << (2 * len(blobs)).bit_length())
    table = bytearray(count * SLOT.size)
    pieces, offset = [], 0
    for key, data in blobs.items():
        name = key.encode("utf-8", "surrogatepass")[:0xFFFF]
        blob = len(name).to_bytes(2, "little") + name + data
        found = hashed(name)
        place = found % count
        while SLOT.unpack_from(table, place * SLOT.size)[0]:
            place = (place + 1) % count
        SLOT.pack_into(table, place * SLOT.size, found, offset, len(blob))
        pieces.append(blob)
        offset += len(blob)
    return bytes(table), b"".join(pieces)


def _joined(pieces: list[bytes]) -> tuple[bytes, bytes]:
    """Where each piece begins and the last one ends, and the pieces."""
    ends, offset = [0], 0
    for piece in pieces:
        offset += len(piece)
        ends.append(offset)
    return struct.pack(f"<{len(ends)}Q", *ends), b"".join(pieces)
