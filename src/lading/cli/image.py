"""Images as targets of commands: in a registry, on disk, or unpacked."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lading.core.finding import Report
    from lading.scan.run import Look

_SCHEME = "docker:"
_RELEASES = ("etc/os-release", "usr/lib/os-release")


def image_of(target: Path, look: "Look | None" = None) -> "Report | None":
    """What is in a target that is an image, and what `look` sees in its files; None when it is none."""
    more = (look,) if look else ()
    if target.parts[:1] == (_SCHEME,):
        from lading.image.run import pull  # noqa: PLC0415 - most targets are none

        return pull(f"{_SCHEME}//{'/'.join(target.parts[1:])}", *more)
    if (target / "oci-layout").is_file() or (target.suffix == ".tar" and target.is_file()):
        from lading.image.blobs import is_image  # noqa: PLC0415 - as above
        from lading.image.run import read  # noqa: PLC0415 - as above

        return read(target, *more) if is_image(target) else None
    if any((target / name).exists() for name in _RELEASES):
        from lading.image.run import is_root, read_root  # noqa: PLC0415 - as above

        return read_root(target, *more) if is_root(target) else None
    return None
