"""What an object of Kubernetes brings into the cluster: images of containers and volumes, and places that models come from."""

from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from lading.core.errors import UsageError

_CONTAINERS = frozenset({"containers", "initContainers", "ephemeralContainers"})
_MOST = 100_000
_DEEPEST = 60


class Reference(Struct, frozen=True):
    """A name as written, and where it stands."""

    where: str
    text: str
    is_model: bool = False


def references(value: object, where: str = "", depth: int = 0, seen: list[int] | None = None) -> Iterator[Reference]:
    """Every image and model that an object names, at any place where the API or a serving operator takes one."""
    seen = seen if seen is not None else [0]
    seen[0] += 1
    if depth > _DEEPEST or seen[0] > _MOST:
        raise UsageError("the object is nested too deep or has too many parts to be looked through")
    if isinstance(value, list):
        for number, item in enumerate(value):
            yield from references(item, f"{where}[{number}]", depth + 1, seen)
    elif isinstance(value, dict):
        for key, item in value.items():
            place = f"{where}.{key}" if where else str(key)
            yield from _named(key, item, place, value)
            yield from references(item, place, depth + 1, seen)


def _named(key: str, item: Any, place: str, around: dict[str, Any]) -> Iterator[Reference]:  # noqa: ANN401 - JSON is anything
    if key in _CONTAINERS and isinstance(item, list):
        for number, container in enumerate(item):
            text = container.get("image", "") if isinstance(container, dict) else ""
            # what has no image is filled in by somebody else, later
            yield Reference(f"{place}[{number}].image", text if isinstance(text, str) else "")
    elif key == "image" and isinstance(item, dict) and isinstance(item.get("reference"), str):
        yield Reference(f"{place}.reference", item["reference"])
    elif key in {"storageUri", "storage_uri"} and isinstance(item, str):
        yield Reference(place, item, is_model=True)
    elif key == "model" and isinstance(item, dict) and isinstance(item.get("uri"), str):
        yield Reference(f"{place}.uri", item["uri"], is_model=True)
    elif key == "env" and isinstance(item, list):
        yield from (
            Reference(f"{place}[{number}].value", entry["value"], is_model=True)
            for number, entry in enumerate(item)
            if isinstance(entry, dict) and entry.get("name") == "STORAGE_URI" and isinstance(entry.get("value"), str)
        )
    elif key == "args" and _is_initializer(around) and isinstance(item, list) and item and isinstance(item[0], str):
        yield Reference(f"{place}[0]", item[0], is_model=True)


def _is_initializer(container: dict[str, Any]) -> bool:
    return container.get("name") == "storage-initializer"


def full_name(image: str) -> str:
    """An image as Kubernetes means it: with its registry, and the tag that is meant when there is none."""
    first, slash, _ = image.partition("/")
    if not slash or not ("." in first or ":" in first or first == "localhost"):
        image = f"docker.io/{image if slash else f'library/{image}'}"
    name, at, digest = image.partition("@")
    if at:  # a tag beside a digest says nothing
        head, _, last = name.rpartition("/")
        return f"{head}/{last.partition(':')[0]}@{digest}"
    return image if ":" in image.rpartition("/")[2] else f"{image}:latest"
