"""`.env` files: variables whose names announce a model, dataset, tokenizer or service."""

from collections.abc import Iterator

from lading.catalog.commands import Line, shell_observations
from lading.core.component import Component
from lading.core.source import SourceFile
from lading.extractors._registry import extractor


@extractor(".env", ".env.*", "*.env", "env.example", "env.template", "dotenv")
def read(file: SourceFile) -> Iterator[Component]:
    """Yield a component for every variable that names one."""
    places = [Line(file.path, number) for number in range(1, file.text.count("\n") + 2)]
    yield from (o for o in shell_observations(file.text, file, places) if isinstance(o, Component))
