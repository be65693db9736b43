"""pip requirements: names, specifiers, hashes, URLs and includes, each with its line (pip's requirements file format)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_NAME = re.compile(r"(?P<name>[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*(?:\[(?P<extras>[^\]]*)\])?\s*(?P<rest>.*)\Z", re.DOTALL)
_HASH = re.compile(r"--hash[= ](?P<algorithm>sha256|sha384|sha512)[:=](?P<hex>[0-9a-fA-F]+)")


@dataclass(frozen=True, slots=True)
class Requirement:
    """One requirement; `url` for direct references, `hashes` as `algorithm:hex`."""

    name: str
    specifier: str
    url: str
    hashes: tuple[str, ...]
    line: int
    written: str


def requirements(text: str) -> Iterator[Requirement]:
    """The requirements of a file; options, comments and includes are passed over."""
    for line, logical in _logical_lines(text):
        hashes = tuple(f"{m['algorithm']}:{m['hex'].lower()}" for m in _HASH.finditer(logical))
        plain = re.split(r"\s--[a-z]|\s#", logical, maxsplit=1)[0].strip()
        if plain.startswith(("-e ", "--editable ")):
            plain = plain.split(None, 1)[1]
        if plain.startswith("-") or not plain:
            continue
        found = parse(plain, line, hashes)
        if found:
            yield found


def parse(text: str, line: int, hashes: tuple[str, ...] = ()) -> Requirement | None:
    """One PEP 508 requirement or a bare URL; None for what is neither."""
    written = text
    if "://" in text and " @ " not in text and not re.match(r"[\w.\[\],-]+\s*@", text):
        return Requirement("", "", text.partition(";")[0].strip(), hashes, line, written)
    match = _NAME.match(text)
    if match is None or text.startswith((".", "/")):
        return None
    rest = match["rest"].strip()
    if rest.startswith("@"):
        return Requirement(match["name"], "", rest[1:].partition(" ;")[0].strip(), hashes, line, written)
    specifier = rest.partition(";")[0].strip().strip("()")
    if specifier and specifier[0] not in "<>=!~":
        return None
    return Requirement(match["name"], specifier.replace(" ", ""), "", hashes, line, written)


def _logical_lines(text: str) -> Iterator[tuple[int, str]]:
    start, parts = 0, list[str]()
    for number, line in enumerate(text.splitlines(), 1):
        stripped = line.strip()
        if not parts:
            start = number
            if stripped.startswith("#"):
                continue
        parts.append(stripped.removesuffix("\\"))
        if not stripped.endswith("\\"):
            yield start, " ".join(parts).strip()
            parts = []
    if parts:
        yield start, " ".join(parts).strip()
