"""MLflow: MLmodel files and MLproject entry points: the images, environments and models they name."""

from collections.abc import Iterator

from lading.catalog.announced import Announced
from lading.catalog.commands import Line, shell_observations
from lading.catalog.containers import image_at
from lading.core.source import SourceFile
from lading.extractors._registry import Observation, extractor
from lading.syntax.yaml import yaml_documents


@extractor("MLmodel", "MLproject")
def read(file: SourceFile) -> Iterator[Observation]:
    """Yield what an MLflow model or project names."""
    for document in yaml_documents(file):
        if image := document.get("docker_env", "image"):
            yield from image_at(file, image, "docker_env.image")
        for name, flavor in document.items("flavors"):
            yield from Announced(file, flavor).observations(parent=name)
        for _, entry in document.items("entry_points"):
            command = entry.get("command")
            known = {k: v.text or v.string("default") for k, v in entry.items("parameters")}
            if command and command.text:
                text = command.text
                for name, value in known.items():
                    text = text.replace(f"{{{name}}}", value or f"${name}")
                places = [Line(file.path, command.line + offset) for offset in range(text.count("\n") + 1)]
                yield from shell_observations(text, file, places)
            for name, parameter in entry.items("parameters"):
                default = parameter.get("default")
                if default and default.text:
                    yield from Announced(file, document).observations(type(default)({name: default}, default.line))
