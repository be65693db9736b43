"""An image as a bill of materials: what is installed, what its applications name and carry, and which layer brought it."""

import tempfile
from collections.abc import Iterable
from contextlib import AbstractContextManager
from pathlib import Path

from msgspec.structs import replace

from lading.audit import environment
from lading.core.bom import Bom
from lading.core.component import Component
from lading.core.digest import Digest
from lading.core.errors import FormatError, LadingError
from lading.core.finding import Report
from lading.core.kinds import Kind, Phase
from lading.core.limits import DEFAULT_LIMITS
from lading.core.merge import merge
from lading.image import blobs, layers
from lading.image.files import Found
from lading.image.history import History
from lading.image.packages import installed
from lading.installed import read_sites
from lading.scan.folder import Folder
from lading.scan.run import Look, collect, judge, unchanged
from lading.sign.registry import registry_at

_WRONG = (*layers.DAMAGED, KeyError, TypeError, RecursionError, AttributeError, IndexError)
_BASE = "org.opencontainers.image.base."
_TOLD = ("User", "Entrypoint", "Cmd", "WorkingDir")


def read(path: Path, look: Look = unchanged) -> Report:
    """Everything in an image on disk; FormatError when it is no image."""
    return _read(path.name, blobs.opened(path), str(path), look)


def pull(reference: str, look: Look = unchanged) -> Report:
    """Everything in an image of a registry (`docker://HOST/NAME[:TAG|@DIGEST]`), layer by layer, without keeping it."""
    registry, tag = registry_at(reference)
    return _read(reference.partition("://")[2], registry.files(tag), reference, look)


def is_root(folder: Path) -> bool:
    """Whether a folder is the root of an unpacked image."""
    told = (
        "var/lib/dpkg/status",
        "var/lib/dpkg/status.d",
        "lib/apk/db/installed",
        "usr/lib/apk/db/installed",
        "var/lib/rpm",
        "usr/lib/sysimage/rpm",
    )
    release = any((folder / n).is_file() for n in ("etc/os-release", "usr/lib/os-release"))
    return release and any((folder / n).exists() for n in told)


def read_root(folder: Path, look: Look = unchanged) -> Report:
    """Everything in an unpacked root folder."""
    with tempfile.TemporaryDirectory(prefix="lading-image-") as aside:
        found = Found(Path(aside))
        layers.read_folder(folder, found)
        return _report(Component(kind=Kind.SYSTEM, name=folder.resolve().name), found, History(), look)


def _read(name: str, place: AbstractContextManager[blobs.Source], where: str, look: Look) -> Report:
    with tempfile.TemporaryDirectory(prefix="lading-image-") as aside:
        found, history = Found(Path(aside)), History()
        try:
            with place as source:
                manifest = blobs.manifest(source)
                for layer in manifest.layers:
                    layers.apply(source, layer, found)
                    history.after(layer.name, found)
                subject = _subject(name, manifest)
        except LadingError:
            raise
        except _WRONG as e:
            hint = "an OCI layout, what `docker save` writes, or docker://HOST/NAME:TAG"
            raise FormatError(f"{where} is no image that can be read: {e}", hint=hint) from e
        return _report(subject, found, history, look)


def _report(subject: Component, found: Found, history: History, look: Look) -> Report:
    """What the rules say of the image, and what is seen in its files while they are laid aside."""
    return look(judge(_bom(subject, found, history)), (found.applications, found.environments))


def _subject(name: str, manifest: blobs.Manifest) -> Component:
    """The image itself: its digest, its base, how it starts, and the steps that made its layers."""
    settings = manifest.config.get("config") or {}
    rows = {f"config:{key.lower()}": _text(settings.get(key)) for key in _TOLD} if isinstance(settings, dict) else {}
    rows |= {f"base:{key.removeprefix(_BASE)}": value for key, value in manifest.annotations.items() if key.startswith(_BASE)}
    rows |= {key: str(manifest.config.get(key, "")) for key in ("os", "architecture", "created")}
    rows |= {f"layer:{number}": f"{layer.name} {layer.made_by}".strip()[:500] for number, layer in enumerate(manifest.layers)}
    digests = (Digest.parse(manifest.digest),) if manifest.digest else ()
    return Component(kind=Kind.SYSTEM, name=name, digests=digests, properties=tuple(sorted((k, v) for k, v in rows.items() if v)))


def _text(value: object) -> str:
    return " ".join(map(str, value)) if isinstance(value, list) else str(value or "")


def _bom(subject: Component, found: Found, history: History) -> Bom:
    told = installed(found, history)
    python = environment.bom(subject.name, told.distributions)
    sites = read_sites(found.environments, sorted(found.sites), subject.name, found.layer_of)
    brought = collect(Folder(found.applications, DEFAULT_LIMITS, ()), subject.name)
    unread = (*found.gaps(), *sites.coverage.unread, *brought.coverage.unread)
    read_files = len(found.files) + sites.coverage.read + brought.coverage.read
    return replace(
        brought,
        subject=subject,
        components=_placed(merge([*told.components, *python.components, *sites.components, *brought.components]), found, told.layers),
        edges=tuple(sorted({*told.edges, *python.edges, *sites.edges, *brought.edges})),
        coverage=replace(
            brought.coverage,
            files=read_files + len(unread),
            read=read_files,
            bytes=brought.coverage.bytes + sites.coverage.bytes,
            excluded=tuple(sorted({*brought.coverage.excluded, *sites.coverage.excluded, *found.left_out()})),
            unread=tuple(sorted(unread)),
        ),
        phase=Phase.DEPLOYED,
    )


def _placed(components: Iterable[Component], found: Found, layers_of: dict[str, str]) -> tuple[Component, ...]:
    """Each component with the layer that brought it: a package that since which its manager knows it, else the file that tells of it."""
    placed = []
    for component in components:
        named = layers_of.get(component.ref)
        files = {found.layer_of.get(o.path, "") for o in component.occurrences}
        brought = sorted(layer for layer in (files if named is None else {named}) if layer)
        placed.append(replace(component, properties=(*component.properties, *(("layer", b) for b in brought))))
    return tuple(placed)
