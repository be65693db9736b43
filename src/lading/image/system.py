"""A package of a system, as its manager tells it, and the component that it is."""

from msgspec import Struct

from lading.core.component import Component, License, Occurrence
from lading.core.kinds import Kind, Pin
from lading.core.purl import purl
from lading.image.needs import Files, Offer, Want

Release = tuple[str, str]
"""Id and version of the distribution."""
_MAKERS = {"deb": "debian", "apk": "alpine", "rpm": "redhat"}


class Package(Struct, frozen=True):
    """One installed package."""

    kind: str
    name: str
    version: str
    arch: str = ""
    upstream: str = ""
    """The source package and, where it has another, its version: `glibc@2.36-9`."""
    license: str = ""
    epoch: str = ""
    wants: tuple[Want, ...] = ()
    offers: tuple[Offer, ...] = ()
    files: Files | None = None

    @property
    def identity(self) -> tuple[str, str, str, str, str]:
        """What makes it another package when it changes."""
        return self.kind, self.name, self.epoch, self.version, self.arch


def component(package: Package, path: str, release: Release) -> Component:
    """The component that a package is in a distribution."""
    namespace = release[0] or _MAKERS[package.kind]
    told = {"arch": package.arch, "epoch": package.epoch, "upstream": package.upstream, "distro": "-".join(release) if all(release) else ""}
    return Component(
        kind=Kind.NATIVE_LIBRARY,
        name=package.name,
        upstream=namespace,
        version=f"{package.epoch}:{package.version}" if package.epoch else package.version,
        pin=Pin.MUTABLE,
        purl=purl(package.kind, package.name, namespace=namespace, version=package.version, **told),
        licenses=(License(package.license),) if package.license else (),
        occurrences=(Occurrence(path, 0, "installed", package.name),),
    )
