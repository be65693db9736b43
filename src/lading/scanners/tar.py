"""TAR archives: NeMo, the oldest torch files, layers of images, web datasets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from lading.binary.tar import BLOCK, Entry, entries, is_tar
from lading.core.inspection import Grade
from lading.scanners._registry import Nested, Part, Seen, Span, scanner

_TOLD = 20


@scanner("TAR archive", lambda part: is_tar(part.window))
def scan(part: Part) -> Iterator[Seen]:
    """Look at every member, and at where it would be unpacked to."""
    names: Counter[str] = Counter()
    last = 0
    old_torch = {e.name for e in entries(part.window, 8) if isinstance(e, Entry)} >= {"sys_info", "pickle"}
    for entry in entries(part.window, part.limits.entries):
        if isinstance(entry, str):
            yield part.sees("broken-file", entry, Grade.UNSCANNABLE)
            continue
        yield Span(entry.header, min(entry.header + BLOCK, part.window.size))
        last = entry.header
        if entry.kind == "end":
            break
        yield Span(entry.begin, min(entry.end, part.window.size))
        if entry.kind == "name":
            continue
        names[entry.name] += 1
        yield from _path(part, entry)
        if entry.size:
            context = f"torch-{entry.name}" if entry.name in {"storages", "tensors"} else "torch"
            yield Nested(part.window.part(entry.begin, entry.size), entry.name, context if old_torch else "tar")
    if part.window.is_zero(last, part.window.size):
        yield Span(last, part.window.size)
    for name, count in [(n, c) for n, c in names.items() if c > 1][:_TOLD]:
        yield part.sees(
            "archive-duplicate",
            f"{count} members are named {name}: the last one wins, a reader that streams takes the first",
            effect="integrity",
        )


def _path(part: Part, entry: Entry) -> Iterator[Seen]:
    if leads_out(entry.name):
        yield part.sees(
            "archive-path",
            f"{entry.name} leads out of the folder it is unpacked to",
            Grade.MALICIOUS,
            offset=entry.header,
            effect="write-file",
        )
    if entry.kind in "12":
        grade = Grade.MALICIOUS if leads_out(entry.link) else Grade.SUSPICIOUS
        yield part.sees("archive-link", f"{entry.name} is a link to {entry.link}", grade, offset=entry.header, effect="write-file")
    elif entry.kind in "346":
        yield part.sees("archive-link", f"{entry.name} is a device or a pipe", offset=entry.header, effect="write-file")


def leads_out(path: str) -> bool:
    """Whether a path is absolute or climbs."""
    plain = path.replace("\\", "/")
    return plain.startswith("/") or ".." in plain.split("/") or plain[1:2] == ":"
