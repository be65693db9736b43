"""Python files and notebooks: what flows into calls that load something, and what stands under names that announce an artifact."""

from collections.abc import Iterator

from lading.catalog.commands import shell_observations
from lading.catalog.python_sinks import Sinks
from lading.core.coverage import Skipped
from lading.core.source import SourceFile
from lading.dataflow.notebook import notebook
from lading.dataflow.project import Project
from lading.extractors._registry import Observation, extractor


@extractor("*.py", "*.ipynb", "*.pyw")
def read(file: SourceFile) -> Iterator[Observation]:
    """Yield what a Python module or notebook loads from upstream, and the places where that cannot be told."""
    project = file.tree.once(Project)
    if file.name.endswith(".ipynb"):
        book = notebook(file)
        yield from (Skipped(file.path, reason, "LD200", line) for line, reason in book.broken)
        for lines in book.shell:
            yield from shell_observations(lines.text, file, lines.places)
        yield from Sinks(book.module, project, file.tree).observations()
    else:
        yield from Sinks(project.module_of(file), project, file.tree).observations()
