"""Dockerfiles: base images with their ARGs filled in, images copied from, what RUN fetches, variables that name models."""

import re
from collections.abc import Iterator

from msgspec import Struct
from msgspec.structs import replace

from lading.catalog.built import is_built
from lading.catalog.commands import Line, shell_observations
from lading.catalog.identity import is_template
from lading.catalog.upstreams import image
from lading.core.component import Occurrence, Unresolved
from lading.core.kinds import Confidence, Kind, Scope
from lading.core.pattern import pattern
from lading.core.source import SourceFile
from lading.extractors._registry import Observation, extractor

_INSTRUCTION = pattern(r"\s*(?P<name>[A-Za-z]+)\s+(?P<rest>.*)\Z", re.DOTALL)
_VARIABLE = pattern(r"\$(?:\{(?P<braced>\w+)(?:(?P<operator>:?[-+])(?P<default>[^}]*))?\}|(?P<plain>\w+))")
_FROM_OPTION = pattern(r"--(?:from|mount=\S*?from)=(?P<image>[^\s,]+)|from=(?P<mounted>[^\s,]+)")


class Instruction(Struct, frozen=True):
    """An instruction with the lines it stands on."""

    name: str
    text: str
    line: int
    lines: int


@extractor(
    "Dockerfile",
    "Dockerfile.*",
    "*.Dockerfile",
    "*.dockerfile",
    "Dockerfile-*",
    "*Dockerfile",
    "Containerfile",
    "Containerfile.*",
    "dockerfile.*",
)
def read(file: SourceFile) -> Iterator[Observation]:
    """Yield the images a Dockerfile builds on and what its instructions fetch."""
    if file.name.endswith((".py", ".md", ".sh", ".j2", ".yaml", ".yml", ".json", ".txt", ".dockerignore", ".pyc")):
        return
    variables: dict[str, str] = {}
    stages: set[str] = set()
    for instruction in instructions(file.text):
        match instruction.name:
            case "FROM":
                yield from _base(file, instruction, variables, stages)
            case "ARG":
                yield from _argument(file, instruction, variables)
            case "ENV":
                yield from _environment(file, instruction, variables)
            case "COPY" | "ADD" | "RUN" | "CMD" | "ENTRYPOINT":
                yield from _mentioned(file, instruction, variables, stages)
            case _:
                pass


def instructions(text: str) -> Iterator[Instruction]:
    """The instructions of a Dockerfile: continuations joined (keeping their line breaks), comments and heredocs apart."""
    lines = text.splitlines()
    number = 0
    while number < len(lines):
        start = number
        if not lines[number].strip() or lines[number].lstrip().startswith("#"):
            number += 1
            continue
        parts = [lines[number]]
        while parts[-1].rstrip().endswith("\\") and number + 1 < len(lines):
            number += 1
            parts.append("" if lines[number].lstrip().startswith("#") else lines[number])
            if not parts[-1].strip():
                parts[-1] = "\\"
        if heredoc := re.search(r"<<-?[\"']?(\w+)[\"']?", parts[0]):
            while number + 1 < len(lines) and lines[number].strip() != heredoc[1]:
                number += 1
                parts.append(lines[number])
            parts[0] = parts[0].replace(heredoc[0], "")
        number += 1
        if match := _INSTRUCTION.match("\n".join(parts)):
            yield Instruction(match["name"].upper(), match["rest"], start + 1, len(parts))


def _base(file: SourceFile, instruction: Instruction, variables: dict[str, str], stages: set[str]) -> Iterator[Observation]:
    words = [w for w in instruction.text.replace("\\\n", " ").split() if not w.startswith("--")]
    if not words:
        return
    yield from _image(file, instruction.line, "FROM", words[0], variables, stages)
    if len(words) > 2 and words[1].lower() == "as":  # noqa: PLR2004 - FROM image AS name
        stages.add(words[2].lower())


def _image(file: SourceFile, line: int, symbol: str, written: str, variables: dict[str, str], stages: set[str]) -> Iterator[Observation]:
    text = _filled(written, variables)
    if text.lower() in stages or text.lower() == "scratch" or text.isdigit():
        return
    at = Occurrence(file.path, line, symbol, text, Confidence.INFERRED if text != written else Confidence.DECLARED, Scope.DEPLOY)
    if (is_template(text) or "$" in text) and _names_a_stage(text, stages):
        return
    if is_template(text) or "$" in text:
        yield Unresolved(Kind.IMAGE, written, at, "an argument without a default")
    elif (found := image(text, at)) and not is_built(text, file.tree):
        declared = _declared(file, written, text)
        yield replace(found, occurrences=(declared, at)) if declared else found


def _names_a_stage(text: str, stages: set[str]) -> bool:
    """Whether a text with variables (`builder_${TARGETARCH}`) can be the name of a stage above."""
    parts = [re.escape(part) for part in _VARIABLE.sub("\0", text.lower()).split("\0")]
    return len("".join(parts)) > 2 and any(re.fullmatch(r"[\w.-]+".join(parts), stage) for stage in stages)  # noqa: PLR2004 - shorter parts tell nothing


def _declared(file: SourceFile, written: str, text: str) -> Occurrence | None:
    """Where the one ARG that is the whole image is given its default."""
    match = _VARIABLE.fullmatch(written)
    if match is None:
        return None
    name = match["braced"] or match["plain"]
    pattern = re.compile(rf"\s*ARG\s+{re.escape(name)}=", re.IGNORECASE)
    line = next((n for n, row in enumerate(file.text.splitlines(), 1) if pattern.match(row)), 0)
    return Occurrence(file.path, line, "ARG", text, scope=Scope.DEPLOY) if line else None


def _argument(file: SourceFile, instruction: Instruction, variables: dict[str, str]) -> Iterator[Observation]:
    for word in instruction.text.replace("\\\n", " ").split():
        name, equals, value = word.partition("=")
        if equals:
            variables[name] = _filled(value.strip("\"'"), variables)
            yield from _named(file, instruction.line, name, variables[name])


def _environment(file: SourceFile, instruction: Instruction, variables: dict[str, str]) -> Iterator[Observation]:
    for offset, line in enumerate(instruction.text.split("\n")):
        text = line.rstrip("\\").strip()
        pairs = re.findall(r"(\w+)=(\"[^\"]*\"|'[^']*'|\S+)", text) if "=" in text else [tuple(text.split(None, 1))]
        for pair in pairs:
            if len(pair) == 2:  # noqa: PLR2004 - a name and a value
                variables[pair[0]] = _filled(pair[1].strip("\"'"), variables)
                yield from _named(file, instruction.line + offset, pair[0], variables[pair[0]])


def _named(file: SourceFile, line: int, name: str, value: str) -> Iterator[Observation]:
    """A variable whose name announces an artifact."""
    yield from shell_observations(f"export {name}='{value}'", file, [Line(file.path, line)])


def _mentioned(file: SourceFile, instruction: Instruction, variables: dict[str, str], stages: set[str]) -> Iterator[Observation]:
    for match in _FROM_OPTION.finditer(instruction.text) if instruction.name in {"COPY", "ADD", "RUN"} else ():
        name = match["image"] or match["mounted"]
        if "/" in name or ":" in name or "$" in name:
            line = instruction.line + instruction.text.count("\n", 0, match.start())
            yield from _image(file, line, f"{instruction.name} --from", name, variables, stages)
    if instruction.name == "COPY":
        return
    places = [Line(file.path, instruction.line + offset) for offset in range(instruction.lines)]
    text = instruction.text
    if instruction.name == "ADD":
        text = f"wget {text}" if "http" in text else ""
    elif text.lstrip().startswith("["):
        text = re.sub(r"[\[\],]", " ", text)
    yield from shell_observations(re.sub(r"--(?:mount|network|security)=\S+", "", text), file, places, variables)


def _filled(text: str, variables: dict[str, str]) -> str:
    def value(match: re.Match[str]) -> str:
        name = match["braced"] or match["plain"]
        known = variables.get(name, "")
        return known or (match["default"] or "" if match["operator"] else match[0])

    return _VARIABLE.sub(value, text).strip("\"'")
