"""A notebook as one module: its code cells in order share one namespace; magics and shell lines are set aside."""

import ast

from msgspec import Struct, field

from lading.core.errors import ExtractError
from lading.core.pattern import pattern
from lading.core.source import SourceFile
from lading.dataflow.module import Module, build_module, parse_python
from lading.dataflow.values import Place
from lading.syntax.notebook import Cell, code_cells

_SHELL = pattern(r"^\s*(?:[A-Za-z_]\w*\s*=\s*)?[!](?P<shell>.+)$")
_MAGIC = pattern(r"^\s*%(?P<magic>[A-Za-z_]\w*)\s*(?P<rest>.*)$")
_CELL_MAGIC = pattern(r"^\s*%%(?P<magic>[A-Za-z_!]\w*)\s*(?P<rest>.*)$")
_PYTHON_MAGICS = frozenset({"time", "timeit", "capture", "prun", "memit", "skip", "wandb"})
_SHELL_MAGICS = frozenset({"bash", "sh", "shell", "script", "!", "system", "sx", "pip", "conda", "mamba", "uv"})


class ShellLines(Struct, frozen=True):
    """Shell text of a notebook, and the place of its first line."""

    text: str
    places: tuple[Place, ...]


class Notebook(Struct):
    """The module of a notebook, its shell lines, and the cells that are no Python with the reason."""

    module: Module
    shell: list[ShellLines] = field(default_factory=list)
    broken: list[tuple[int, str]] = field(default_factory=list)


def notebook(file: SourceFile) -> Notebook:
    """The program of a notebook; ExtractError when the file is none."""
    return file.once(_notebook)


def _notebook(file: SourceFile) -> Notebook:
    places: dict[int, Place] = {}
    body: list[ast.stmt] = []
    shell: list[ShellLines] = []
    broken: list[tuple[int, str]] = []
    offset = 0
    for cell in code_cells(file):
        for index, physical in enumerate(cell.physical):
            places[offset + index + 1] = Place(file.path, physical, cell.number, index + 1)
        source, commands = _separate(cell, [places[offset + i + 1] for i in range(len(cell.lines))])
        shell += commands
        tree, problems = _parsed(source, file.path)
        for line, problem in problems:
            physical = cell.physical[line - 1] if line <= len(cell.physical) else 0
            broken.append((physical, f"{file.path}:{physical} (cell {cell.number}, line {line}) is not Python: {problem}"))
        if tree is not None:
            body += ast.increment_lineno(tree, offset).body
        offset += len(cell.lines) + 1
    fallback = Place(file.path, 1)
    module = build_module(ast.Module(body, []), file.path, lambda line: places.get(line, fallback), file.folder.replace("/", "."))
    return Notebook(module, shell, broken)


MOST_MENDED = 5
"""Lines of one cell that are left out as no Python before the whole cell is."""


def _parsed(source: list[str], path: str) -> tuple[ast.Module | None, list[tuple[int, str]]]:
    """The syntax tree of a cell without the lines that are no Python (`KEY = <your key>`), and those lines with the reason."""
    lines, problems = list(source), list[tuple[int, str]]()
    for _ in range(MOST_MENDED + 1):
        try:
            return parse_python("\n".join(lines), path), problems
        except ExtractError as e:
            at = e.__cause__.lineno or 1 if isinstance(e.__cause__, SyntaxError) else 1
            problems.append((at, e.sentence.partition(": ")[2] or e.sentence))
            if not (0 < at <= len(lines) and lines[at - 1].strip()):
                break
            lines[at - 1] = ""
    return None, problems


def _separate(cell: Cell, places: list[Place]) -> tuple[list[str], list[ShellLines]]:
    """The Python lines of a cell, others blanked, and its shell lines."""
    first = next((i for i, line in enumerate(cell.lines) if line.strip()), None)
    magic = _CELL_MAGIC.match(cell.lines[first]) if first is not None else None
    lines = list(cell.lines)
    if magic and first is not None:
        if magic["magic"] in _SHELL_MAGICS:
            return [""] * len(lines), [ShellLines("\n".join(lines[first + 1 :]), tuple(places[first + 1 :]))]
        if magic["magic"] not in _PYTHON_MAGICS and not (magic["magic"] == "writefile" and magic["rest"].endswith(".py")):
            return [""] * len(lines), []
        lines[first] = ""
    commands: list[ShellLines] = []
    index = 0
    while index < len(lines):
        text = _command(lines[index])
        if text is not None:
            last = index
            while lines[last].rstrip().endswith("\\") and last + 1 < len(lines):
                last += 1
            whole = "\n".join([text, *lines[index + 1 : last + 1]])
            commands.append(ShellLines(whole, tuple(places[index : last + 1])))
            indent = lines[index][: len(lines[index]) - len(lines[index].lstrip())]
            lines[index] = f"{indent}pass"
            lines[index + 1 : last + 1] = [""] * (last - index)
            index = last
        elif lines[index].rstrip().endswith("?") and not lines[index].lstrip().startswith("#"):
            lines[index] = ""
        index += 1
    return lines, commands


def _command(line: str) -> str | None:
    """The shell command or magic of a line; empty for a magic that fetches nothing, None for Python."""
    if shell := _SHELL.match(line):
        return shell["shell"].lstrip("!")
    if magic := _MAGIC.match(line):
        if magic["magic"] in _SHELL_MAGICS:
            return f"{magic['magic']} {magic['rest']}" if magic["magic"] in {"pip", "conda", "mamba", "uv"} else magic["rest"]
        if magic["magic"] in {"env", "set_env"}:
            name, _, value = magic["rest"].replace(" ", "=", 1).partition("=")
            return f"export {name.strip()}={value.strip().strip('=').strip()}"
        return ""
    return None
