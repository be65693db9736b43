"""Shell scripts and batch jobs: what their commands fetch and the arguments that name artifacts."""

import re
from collections.abc import Iterator

from lading.catalog.commands import Line, shell_observations
from lading.catalog.containers import images_below, served
from lading.catalog.identity import SCHEMES
from lading.catalog.owner import without_interpolations, without_schemas
from lading.core.errors import ExtractError
from lading.core.source import SourceFile
from lading.extractors._registry import Observation, extractor
from lading.syntax.shell import Heredoc, heredocs
from lading.syntax.yaml import parse_yaml


@extractor("*.sh", "*.bash", "*.zsh", "*.slurm", "*.sbatch", "*.sub", "Makefile", "*.mk", "makefile", "GNUmakefile", "Justfile", "justfile")
def read(file: SourceFile) -> Iterator[Observation]:
    """Yield what the commands of a script fetch."""
    text = _recipes(file.text) if not file.name.endswith((".sh", ".bash", ".zsh", ".slurm", ".sbatch", ".sub")) else file.text
    places = [Line(file.path, number) for number in range(1, text.count("\n") + 2)]
    yield from shell_observations(text, file, places)
    for document in heredocs(text):
        yield from _applied(file, document)


def _applied(file: SourceFile, document: Heredoc) -> Iterator[Observation]:
    """The images and models of manifests that a script hands to a cluster or writes to a file."""
    if not any(mark in document.text for mark in ("image:", *SCHEMES)):
        return
    try:
        roots = parse_yaml(without_interpolations(without_schemas(document.text)), file, document.line + 1)
    except ExtractError:  # other text than YAML
        return
    for root in roots:
        yield from images_below(file, root)
        if isinstance(root.value, dict):
            yield from served(file, root)


def _recipes(text: str) -> str:
    """The command lines of a Makefile, its variables as shell variables; other lines blank, so that lines keep their number."""
    lines = []
    for line in text.splitlines():
        if line.startswith(("\t", "    ")):
            command = re.sub(r"(?<!\$)\$\((\w+)\)", r"${\1}", line.lstrip().lstrip("@-"))
            lines.append(command.replace("$$", "$"))
        else:
            name, operator, value = line.partition("=")
            name = name.rstrip("?:+ ").strip()
            lines.append(f"{name}='{value.strip()}'" if operator and name.isidentifier() and "'" not in value else "")
    return "\n".join(lines)
