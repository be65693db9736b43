"""What people name when they sign or verify: a path, an image (`oci:FOLDER[:TAG]`, `docker://HOST/NAME[:TAG]`), a commit (`git:FOLDER[@REVISION]`)."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lading.core.errors import UsageError
from lading.sign.attest import attest, keep, subject_of, waybill_of
from lading.trust.signer import Signatory
from lading.trust.statement import Resource

if TYPE_CHECKING:
    from lading.sign.oci import Descriptor, Images


def is_commit(path: Path) -> bool:
    """Whether somebody means a Git commit."""
    return str(path).startswith("git:")


def is_image(path: Path) -> bool:
    """Whether somebody means an image."""
    return str(path).startswith(("oci:", "docker:"))


def place_of(path: Path) -> Path:
    """The folder or file that is meant, that of an image in a registry being its name."""
    if is_commit(path):
        return Path(str(path).removeprefix("git:").partition("@")[0] or ".")
    if str(path).startswith("docker:"):
        return Path(str(path).removeprefix("docker:").lstrip("/"))
    return Path(_folder_and_tag(str(path))[0]) if is_image(path) else path


def image_at(path: Path) -> "tuple[Images, Descriptor]":
    """Where an image lies, and the image; UsageError when there is none."""
    if str(path).startswith("docker:"):
        from lading.sign.registry import SCHEME, registry_at  # noqa: PLC0415 - the clients of HTTP

        registry, wanted = registry_at(f"{SCHEME}{place_of(path)}")
        return registry, registry.image(wanted)
    from lading.sign.layout import Layout  # noqa: PLC0415 - when there is an image

    folder, tag = _folder_and_tag(str(path))
    layout = Layout(Path(folder))
    return layout, layout.image(tag)


def _folder_and_tag(text: str) -> tuple[str, str]:
    folder = text.removeprefix("oci:")
    if Path(folder).exists() or ":" not in folder:
        return folder, ""
    folder, _, tag = folder.rpartition(":")
    return folder, tag


def subject_at(path: Path) -> Resource:
    """An artifact as the subject of statements."""
    if is_image(path):
        from lading.sign.image import subject_of_image  # noqa: PLC0415 - when there is an image

        return subject_of_image(image_at(path)[1])
    if is_commit(path):
        from lading.sign.commit import commit_at  # noqa: PLC0415 - when there is a commit

        return commit_at(str(path)).subject()
    if not path.exists():
        raise UsageError(f"{path} does not exist", hint="give the folder or file that the statement is about")
    return subject_of(path)


def keep_about(
    path: Path,
    said: Sequence[tuple[str, dict[str, Any]]],
    by: Signatory,
    at: datetime,
    waybill: Path | None = None,
    about: Resource | None = None,
) -> tuple[Resource, str]:
    """Sign statements about an artifact and keep them: in its waybill, an image has them attached. The subject and the place."""
    about = about or subject_at(path)
    made = [attest(uri, (about,), predicate, by, at) for uri, predicate in said]
    if is_image(path) and waybill is None:
        from lading.sign.image import attach  # noqa: PLC0415 - when there is an image

        images, image = image_at(path)
        for one in made:
            attach(images, image, one)
        return about, images.place
    where = waybill or waybill_of(place_of(path))
    keep(where, *made)
    return about, str(where)
