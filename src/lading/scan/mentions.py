"""Which files of the tree mention an artifact that lies on disk: what nothing mentions is forgotten."""

import re

from msgspec.structs import replace

from lading.core.component import Component
from lading.core.kinds import Flag
from lading.scan.folder import Folder

_READ = (
    ".py",
    ".ipynb",
    ".yaml",
    ".yml",
    ".json",
    ".toml",
    ".sh",
    ".cfg",
    ".ini",
    ".env",
    ".tf",
    ".md",
    ".txt",
    ".dvc",
    "Dockerfile",
    "Makefile",
    "Modelfile",
    "lock",
)
_LARGEST = 2 << 20
PROPERTY = "lading:mentioned-in"


def with_mentions(components: tuple[Component, ...], folder: Folder) -> tuple[Component, ...]:
    """The components; those on disk with the first file that mentions their name, where one does."""
    names = {_name(c): c.ref for c in components if Flag.ON_DISK in c.flags and len(_name(c)) > 2}  # noqa: PLR2004 - shorter names are everywhere
    if not names:
        return components
    pattern = re.compile(rb"|".join(re.escape(n.encode("utf-8", "surrogateescape")) for n in sorted(names, key=len, reverse=True)))
    own = {f.path for c in components for f in c.files}
    found: dict[str, str] = {}
    for path in folder.paths:
        if len(found) == len(names):
            break
        if path.endswith(_READ) and path not in own:
            for match in pattern.findall(_data(folder, path)):
                found.setdefault(match.decode("utf-8", "surrogateescape"), path)
    mentioned = {names[name]: path for name, path in found.items()}
    return tuple(_marked(c, mentioned[c.ref]) if c.ref in mentioned else c for c in components)


def _name(component: Component) -> str:
    return component.name.rpartition("/")[2]


def _data(folder: Folder, path: str) -> bytes:
    try:
        with folder.open(path) as stream:
            return stream.read(_LARGEST)
    except OSError:
        return b""


def _marked(component: Component, path: str) -> Component:
    return replace(
        component,
        properties=tuple(
            sorted({*component.properties, (PROPERTY, path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace"))})
        ),
    )
