"""Plain text and tables of text: what no loader runs, and the programs that somebody might."""

from __future__ import annotations

from collections.abc import Iterator

from lading.core.inspection import Grade
from lading.core.pattern import pattern
from lading.scanners._named import named
from lading.scanners._registry import Part, Seen, Span, scanner
from lading.scanners._secrets import MESSAGE, marked, secret
from lading.syntax.programs import reads_as_program

_PROGRAMS = (
    ".sh",
    ".bash",
    ".bat",
    ".cmd",
    ".ps1",
    ".js",
    ".mjs",
    ".cjs",
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
    ".hta",
    ".wsf",
    ".url",
    ".scf",
    ".hta",
    ".wsf",
    ".jse",
    ".vbe",
)
_HANDLER = pattern(
    rb"(?m)^[ \t]*(?:args|kwargs)[ \t]*[=:][^\n]*(?:__\w+__|\b(?:os|subprocess|eval|exec|open|getattr|compile|builtins)\b[^\n]*\()"
)
_COMPILED = frozenset({".c", ".cc", ".cpp", ".cu", ".cuh", ".h", ".hpp"})
_STEP = 1 << 20
_PIECE = 1 << 16
_LONGEST_LETTER = 4


def _is_text(part: Part) -> bool:
    head = part.head.removeprefix(b"\xef\xbb\xbf")
    return bool(head) and not head.startswith(b"%PDF-") and not _CONTROL.search(head) and _decodes(head)


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
        acts = any(
            reads_as_program(part.window.read(at, _PIECE).decode("utf-8", "replace"))
            for at in range(0, min(part.window.size, _STEP), _PIECE)
        )
        message = "is a program that fetches, deletes or starts others" if acts else "is a program; whether somebody runs it is not told"
        yield part.sees("code-file", f"{part.name} {message}", Grade.SUSPICIOUS if acts else Grade.UNSCANNABLE, effect="execute")
    if part.context == "pt2" and part.suffix in _COMPILED:
        yield part.sees(
            "code-file",
            f"{part.name} is source code that is compiled with the model",
            Grade.UNSCANNABLE,
            effect="execute",
            loader="AOTInductor",
        )
    yield from named(part)
    if part.suffix in {".ini", ".cfg", ".conf"} and (handler := _HANDLER.search(part.window.read(0, part.limits.text_bytes))):
        message = "its arguments of a handler call something: logging.config evaluates them"
        yield part.sees("config-target", message, offset=handler.start(), effect="execute", loader="logging.config.fileConfig")
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
        if marked(block):
            part.budget.spend(len(block) // 16)
            place = secret(block)
            if place >= 0:
                yield part.sees("secret", MESSAGE, offset=position + place, effect="integrity")
                break
        position += len(block)
    yield Span(0, part.window.size)
