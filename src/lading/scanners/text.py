"""Plain text and tables of text: what no loader runs, and the programs that somebody might."""

from __future__ import annotations

from collections.abc import Iterator

from lading.core.inspection import Grade
from lading.core.pattern import pattern
from lading.scanners._registry import Part, Seen, Span, scanner

_PROGRAMS = (
    ".sh",
    ".bash",
    ".bat",
    ".cmd",
    ".ps1",
    ".js",
    ".mjs",
    ".vbs",
    ".pl",
    ".rb",
    ".php",
    ".lua",
    ".r",
    ".zsh",
    ".command",
    ".desktop",
    ".reg",
)
_SECRETS = pattern(
    rb"-----BEGIN (?:RSA |EC |OPENSSH |DSA |ENCRYPTED )?PRIVATE KEY-----\s+[A-Za-z0-9+/=\s]{100}|\bAKIA[0-9A-Z]{16}\b|\bhf_[A-Za-z]{34}\b|\bgh[pousr]_[A-Za-z0-9]{36}\b"
    rb"|\bsk-ant-[A-Za-z0-9_-]{90,}|\bxox[baprs]-[0-9]{8,}-[A-Za-z0-9-]{20,}\b|\bAIza[0-9A-Za-z_-]{35}\b"
)
_MARKS = (b"PRIVATE KEY", b"AKIA", b"hf_", b"ghp_", b"gho_", b"ghu_", b"ghs_", b"ghr_", b"sk-ant-", b"xox", b"AIza")
"""What every secret that is looked for holds."""
_STEP = 1 << 20
_LONGEST_LETTER = 4


def _is_text(part: Part) -> bool:
    head = part.head.removeprefix(b"\xef\xbb\xbf")
    return bool(head) and not _CONTROL.search(head) and _decodes(head)


def _is_older_text(part: Part) -> bool:
    """Text as older programs write it: Latin letters of one byte, or two bytes for each behind a mark."""
    return part.suffix in {".txt", ".csv", ".tsv", ".md", ".rst", ".vocab"} and (part.head[:2] in _MARKED or not _CONTROL.search(part.head))


@scanner("text in an older encoding", _is_older_text, weak=3)
def older(part: Part) -> Iterator[Seen]:
    """No loader runs it; accounted for as long as it goes on as text."""
    if part.head[:2] in _MARKED:
        yield Span(0, part.window.size, inert=True)
        return
    yield from scan(part)


_MARKED = (b"\xff\xfe", b"\xfe\xff")
_CONTROL = pattern(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")


def _decodes(head: bytes) -> bool:
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as e:
        return len(head) > e.start > len(head) - _LONGEST_LETTER
    return True


@scanner("text", _is_text, weak=3)
def scan(part: Part) -> Iterator[Seen]:
    """Text to its end; what is no text behind it is told."""
    if part.head.startswith(b"#!") or part.suffix in _PROGRAMS:
        yield part.sees("code-file", f"{part.name} is a program; whether somebody runs it is not told", Grade.UNSCANNABLE, effect="execute")
    if part.head.startswith(b"version https://git-lfs.github.com/spec/"):
        yield part.sees("unknown-format", "it is a pointer to a file that is kept elsewhere", Grade.UNSCANNABLE)
    position = 0
    while position < part.window.size:
        block = part.window.read(position, _STEP)
        bad = _CONTROL.search(block)
        if bad:
            yield Span(0, position + bad.start())
            yield part.sees("trailing-bytes", "it begins as text and goes on as something else", offset=position + bad.start())
            return
        secret = None
        if any(mark in block for mark in _MARKS):
            part.budget.spend(len(block) // 20)
            secret = _SECRETS.search(block)
        if secret:
            yield part.sees("secret", "it holds what looks like a key or token", offset=position + secret.start(), effect="integrity")
            break
        position += len(block)
    yield Span(0, part.window.size)
