"""Programs in a folder that nothing runs when a model is loaded from it: told, and no reason to distrust the rest."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

from msgspec.structs import replace

from lading.core.inspection import Grade, Inspection, Observation, worst
from lading.core.pattern import pattern
from lading.pickles.known import rules
from lading.scanners.python_source import HIDDEN, parse

_PROGRAMS = frozenset({".py", ".ipynb", ".sh", ".bash", ".zsh", ".js", ".mjs"})
_TELLING = frozenset(
    {
        "code-file", "python-code", "secret", "external-link", "native-code", "unread-bytes", "trailing-bytes", "misleading-name", "index-escape",
        "pickle-unknown-global", "pickle-dangerous-global", "pickle-arguments", "config-target", "remote-code", "broken-file", "unknown-format",
    }
)  # fmt: skip
"""What may be seen in a folder without a doubt which code its loaders import: it names none, or tells the name."""
_MOST_NAMES = 60
"""Behind so many observations about a file, names may have been left out."""
_NAMING = frozenset({"pickle-unknown-global", "pickle-dangerous-global", "pickle-arguments", "config-target", "remote-code"})
_CONFIGURATIONS = frozenset(
    {".json", ".yaml", ".yml", ".toml", ".cfg", ".ini", ".conf", ".pbtxt", ".properties", ".xml", ".gin", ".prototxt"}
)
_NAMED = frozenset({"mlmodel", "dockerfile", "procfile", "readme.md"})
_WORDS_ONLY = frozenset({"tokenizer.json", "vocab.json", "added_tokens.json", "special_tokens_map.json"})
"""Lists of words, where every name stands and none means a program."""
_WORD = pattern(r"\w+(?!\w|[\"']?\s*:\s)")
_PART = pattern(r"\w+")
_ESCAPED = pattern(rb"\\(?:u00[0-7]|x[0-7]|U0000)|&#|\x00")
"""Letters that are written as numbers, in which a name could hide."""
_NAME = pattern(r"[A-Za-z_]\w*")
_FRONT = pattern(rb"\A---\r?\n.*?\n---\s*$", re.DOTALL | re.MULTILINE)
_LONGEST = 4 << 20
_ON_PATH = frozenset({"code", "src"})
"""Folders that loaders put on the path of imports."""
NOTE = "a program that nothing here runs or imports when a model is loaded; whether it is safe to run is not told"


def settled(inspections: list[Inspection], root: Path) -> list[Inspection]:
    """The inspections of a folder, where programs are told from code that a loader imports."""
    if not any(_of_program(i) and i.grade is not Grade.BENIGN for i in inspections) or any(_doubt(i) for i in inspections):
        return inspections
    if all(_of_program(i) for i in inspections):  # there is no model beside them: the question is about the programs themselves
        return inspections
    reached, named = _reached(inspections), _named(inspections)
    if reached is None or named is None:
        return inspections
    shadows = _shadows()
    return [i if _stem(i.path) in reached or _is_named(i, named) or _shadowing(i, root, shadows) else _idle(i) for i in inspections]


def _is_named(inspection: Inspection, named: set[str]) -> bool:
    return named.issuperset(_PART.findall(_stem(inspection.path)))


def _of_program(inspection: Inspection) -> bool:
    return Path(inspection.path).suffix.lower() in _PROGRAMS


def _doubt(inspection: Inspection) -> bool:
    """Whether code may be imported of which no name is told: by what was not understood, or not read."""
    if _of_program(inspection):
        return False
    if _is_configuration(inspection) and any(o.grade is Grade.UNSCANNABLE and o.rule != "config-target" for o in inspection.observations):
        return True
    if sum(o.rule in _NAMING for o in inspection.observations) >= _MOST_NAMES:
        return True
    return any(o.grade.rank >= Grade.SUSPICIOUS.rank and o.rule not in _TELLING for o in inspection.observations)


def _is_configuration(inspection: Inspection) -> bool:
    path = Path(inspection.path)
    return path.suffix.lower() in _CONFIGURATIONS or path.name.lower() in _NAMED


def _stem(path: str) -> str:
    """The name under which a program is imported: that of its folder where it stands for the folder."""
    place = Path(path)
    return place.parent.name if place.stem in {"__init__", "__main__"} else place.stem


def _reached(inspections: list[Inspection]) -> set[str] | None:
    """The modules that code imports which a loader imports by its name; None where only a run would tell."""
    paths: dict[str, list[Path]] = {}
    for inspection in inspections:
        if inspection.path.endswith(".py"):
            paths.setdefault(_stem(inspection.path), []).append(Path(inspection.path))
    waiting = [_stem(i.path) for i in inspections if any(_imported(o) for o in i.observations)]
    waiting += [w for i in inspections for o in i.observations if o.rule in _NAMING for w in _NAME.findall(f"{o.callable} {o.message}")]
    found: set[str] = set()
    while waiting:
        stem = waiting.pop()
        if stem in found or stem not in paths:
            continue
        found.add(stem)
        for path in paths[stem]:
            names = _imports(path, paths)
            if names is None:
                return None
            waiting += names & paths.keys()
    return found


def _imported(observation: Observation) -> bool:
    return observation.rule == "code-file" and observation.message.startswith("loaders import")


def _imports(path: Path, paths: dict[str, list[Path]]) -> set[str] | None:
    """Every part of a name that a program imports; None where it computes what it imports, or cannot be read."""
    try:
        tree = parse(path.read_bytes())
    except OSError:
        return None
    if tree is None:
        return None
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found.update(part for alias in node.names for part in alias.name.split("."))
        elif isinstance(node, ast.ImportFrom):
            found.update([*(node.module or "").split("."), *(alias.name for alias in node.names)])
            if any(alias.name == "*" for alias in node.names):  # a package may import any of its modules then
                found |= _modules_of((node.module or "").rpartition(".")[2] or path.parent.name, paths)
        elif (isinstance(node, ast.Name) and node.id in _COMPUTES) or (isinstance(node, ast.Attribute) and node.attr in _COMPUTE):
            return None
    return found


_COMPUTE = frozenset({"import_module", "run_path", "run_module", "spec_from_file_location", "path_hooks", "__import__"})
_COMPUTES = _COMPUTE | {"exec", "eval"}


def _modules_of(package: str, paths: dict[str, list[Path]]) -> set[str]:
    """Every module in folders of a name."""
    return {stem for stem, places in paths.items() if any(place.parent.name == package for place in places)}


def _named(inspections: list[Inspection]) -> set[str] | None:
    """Every word of the configurations that is no key: a program that one of them names is not idle; None where one cannot be read."""
    found: set[str] = set()
    for inspection in inspections:
        path = Path(inspection.path)
        if not _is_configuration(inspection) or path.name.lower() in _WORDS_ONLY:
            continue
        text = _text(path)
        if text is None:
            return None
        found.update(_WORD.findall(text.decode("utf-8", "replace")))
    return found


def _text(path: Path) -> bytes | None:
    """What a configuration holds; of a page for people, what stands above it for programs."""
    try:
        with path.open("rb") as stream:
            text = stream.read(_LONGEST + 1)
    except OSError:
        return None
    if path.name.lower() == "readme.md":
        front = _FRONT.match(text)
        return front.group(0) if front else b""
    return text if len(text) <= _LONGEST and not _ESCAPED.search(text) else None


def _shadows() -> frozenset[str]:
    """The names of modules that others import: a file of such a name is imported in their place."""
    return frozenset({*sys.stdlib_module_names, *(name.partition(".")[0] for name in rules())})


def _shadowing(inspection: Inspection, root: Path, shadows: frozenset[str]) -> bool:
    parts = [Path(part).stem for part in Path(inspection.path).relative_to(root).parts]
    return parts[0] in shadows or (len(parts) > 1 and parts[0] in _ON_PATH and parts[1] in shadows)


def _idle(inspection: Inspection) -> Inspection:
    """A program that nothing runs: what it would do at once is suspicious, what is only not known is a note."""
    if not _of_program(inspection) or inspection.grade is Grade.BENIGN:
        return inspection
    script = inspection.path.endswith(".py") and not inspection.path.endswith("__init__.py")
    observations = tuple(_milder(o, script=script) for o in inspection.observations)
    return replace(inspection, observations=observations, grade=worst([o.grade for o in observations]))


def _milder(observation: Observation, *, script: bool) -> Observation:
    """An observation about an idle program; a notebook and what stands for a folder keep what they would run at once."""
    if observation.rule == "code-file" and observation.grade is Grade.UNSCANNABLE:
        return replace(observation, grade=Grade.BENIGN, message=NOTE)
    hidden = observation.callable.startswith("dunder") or HIDDEN in observation.message
    if script and observation.rule == "python-code" and observation.grade is Grade.MALICIOUS and not hidden:
        return replace(observation, grade=Grade.SUSPICIOUS)
    return observation
