"""pip requirements files: libraries with versions, ranges and hashes; models and archives by URL."""

from collections.abc import Iterator

from lading.catalog.python_libraries import required
from lading.core.component import Component
from lading.core.source import SourceFile
from lading.extractors._registry import extractor
from lading.syntax.requirements import requirements


@extractor("requirements*.txt", "requirements*.in", "*requirements.txt", "*requirements.in", "*/requirements/*.txt", "constraints*.txt")
def read(file: SourceFile) -> Iterator[Component]:
    """Yield a component for every requirement; files it includes are read as files of their own."""
    for requirement in requirements(file.text):
        yield from required(file, requirement, "requirements")
