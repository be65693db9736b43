"""Pins in text: an image by digest beside its tag, an action by commit with its tag as the comment."""

import re

from lading.catalog.upstreams import split_image
from lading.core.component import Occurrence

Made = tuple[int, int, bytes]
"""From where to where, and what stands there then."""
_GOES_ON = rb"[\w./:@-]"


class Left(Exception):  # noqa: N818 - no error: a place that stays as it is, with the reason
    """Why a place is not pinned."""


def image(data: bytes, at: Occurrence, digest: str) -> Made:
    """`name:tag` becomes `name:tag@digest`; what is put together from several places is left."""
    repository, _, held = split_image(at.written)
    if held or not repository:
        raise Left("it is put together from several places")
    written = at.written.encode()
    found = _once(data, at.line, rb"(?<!" + _GOES_ON + rb")" + re.escape(written) + rb"(?!" + _GOES_ON + rb")")
    return found[1], found[1], f"@{digest}".encode()


def action(data: bytes, at: Occurrence, name: str, commit: str) -> Made:
    """`owner/name@v4` becomes `owner/name@commit # v4`; a comment that is there stays."""
    written, _, tag = at.written.partition("@")
    if not tag or not written.startswith(name):
        raise Left("it names no revision")
    found = _once(data, at.line, rb"(?<![\w./-])" + re.escape(at.written.encode()) + rb"(?=[\s\"'#]|$)")
    _, end = _line(data, at.line)
    rest = data[found[1] : end].rstrip(b"\r\n")
    quote = rest[:1] if rest[:1] in {b'"', b"'"} else b""
    comment = b"" if b"#" in rest or rest.removeprefix(quote).strip() else f" # {tag}".encode()
    return found[0] + len(written) + 1, found[1] + len(rest.rstrip()), commit.encode() + rest.rstrip() + comment


def _once(data: bytes, line: int, pattern: bytes) -> tuple[int, int]:
    """Where a pattern stands in a line, if it stands there once."""
    start, end = _line(data, line)
    found = list(re.finditer(pattern, data[start:end]))
    if len(found) != 1:
        raise Left("it does not stand there as it is read" if not found else "it stands there more than once")
    return start + found[0].start(), start + found[0].end()


def _line(data: bytes, number: int) -> tuple[int, int]:
    """Where a line, counted from 1, begins and ends."""
    start = 0
    for _ in range(number - 1):
        start = data.find(b"\n", start) + 1
        if start == 0:
            return len(data), len(data)
    end = data.find(b"\n", start)
    return start, len(data) if end < 0 else end
