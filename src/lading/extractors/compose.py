"""Compose files: images with their variables filled in, what the services serve."""

from collections.abc import Iterator

from lading.catalog.containers import filled, image_at, served
from lading.catalog.owner import Owner, owned_documents
from lading.core.source import SourceFile
from lading.extractors._registry import Observation, extractor


@extractor("*.yml", "*.yaml")
def read(file: SourceFile) -> Iterator[Observation]:
    """Yield the image of every service that is not built here, and what the services are told to serve."""
    for document in owned_documents(file, Owner.COMPOSE):
        known = _environment(file)
        for name, service in document.items("services"):
            image = service.get("image")
            if image is not None and service.get("build") is None:
                text = filled(image.text, known)
                yield from image_at(file, image, f"services.{name}.image", text, inferred=text != image.text)
            yield from served(file, service, known)


def _environment(file: SourceFile) -> dict[str, str]:
    """The variables of the `.env` file beside it, which compose reads by itself."""
    beside = file.sibling(".env")
    lines = beside.text.splitlines() if beside and beside.size < 1 << 16 else []
    pairs = (line.partition("=") for line in lines if "=" in line and not line.lstrip().startswith("#"))
    return {name.strip(): value.strip().strip("\"'") for name, _, value in pairs}
