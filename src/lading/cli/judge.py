"""What `verify` and `why` share: what is meant, by which rule it is judged, and what comes out."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lading.cli.key import roots_of
from lading.cli.output import is_commit, is_image
from lading.core.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lading.policy.rule import TrustRule
    from lading.sign.verify import Options, Result
    from lading.trust.evidence import Roots
    from lading.trust.keys import PrivateKey
    from lading.trust.statement import Resource


def judged(
    path: Path, signatures: "Sequence[Path]", roots: "Roots", rule: "TrustRule", now: datetime, options: "Options | None" = None
) -> "Result":
    """One verdict over a folder, a file, an image or a commit; without `signatures`, over those that lie with it."""
    from lading.sign.verify import Options, signatures_of, verify  # noqa: PLC0415 - when it is run

    if is_image(path):
        from lading.cli.sign import image_at  # noqa: PLC0415 - when there is an image
        from lading.sign.image import verify_image  # noqa: PLC0415 - as above

        return verify_image(*image_at(str(path)), roots, rule, now)
    if is_commit(path):
        from lading.sign.commit import commit_at, verify_commit  # noqa: PLC0415 - when there is a commit

        commit = commit_at(str(path))
        return verify_commit(commit, signatures or signatures_of(commit.folder), roots, rule, now)
    if not path.exists():
        raise UsageError(f"{path} does not exist", hint="give the folder or file of a model")
    return verify(path, signatures or signatures_of(path), roots, rule, now, options or Options())


def subject_at(path: Path) -> "Resource":
    """An artifact as the subject of statements."""
    if is_image(path):
        from lading.cli.sign import image_at  # noqa: PLC0415 - when there is an image
        from lading.sign.image import subject_of_image  # noqa: PLC0415 - as above

        return subject_of_image(image_at(str(path))[1])
    if is_commit(path):
        from lading.sign.commit import commit_at  # noqa: PLC0415 - when there is a commit

        return commit_at(str(path)).subject()
    if not path.exists():
        raise UsageError(f"{path} does not exist", hint="give the folder or file that the statement is about")
    from lading.sign.attest import subject_of  # noqa: PLC0415 - when it is run

    return subject_of(path)


def keep_about(
    path: Path, said: "Sequence[tuple[str, dict[str, Any]]]", key: "PrivateKey", waybill: Path | None = None
) -> tuple["Resource", str]:
    """Sign statements about an artifact and keep them: in its waybill, an image has them attached. The subject and the place."""
    from lading.sign.attest import attest, keep, waybill_of  # noqa: PLC0415 - when it is run

    about = subject_at(path)
    made = [attest(uri, (about,), predicate, key) for uri, predicate in said]
    if is_image(path) and waybill is None:
        from lading.cli.sign import image_at  # noqa: PLC0415 - when there is an image
        from lading.sign.image import attach  # noqa: PLC0415 - as above

        images, image = image_at(str(path))
        for one in made:
            attach(images, image, one)
        return about, images.place
    where = waybill or waybill_of(place_of(path))
    keep(where, *made)
    return about, str(where)


def trusted(path: Path, asked: "TrustRule", *, explicit: bool) -> tuple["TrustRule", "Roots"]:
    """The rule that holds for an artifact, as asked for or of lading.toml, with whom it trusts; terms of keys hold for both."""
    from lading.policy.settings import settings_and_folder  # noqa: PLC0415 - when it is run
    from lading.policy.trust import rule_for  # noqa: PLC0415 - as above

    place = place_of(path)
    settings, folder = settings_and_folder(place)
    resolved, base = place.resolve(), folder.resolve()
    name = resolved.relative_to(base).as_posix() if base in resolved.parents else resolved.name
    found = None if explicit else rule_for(settings.trust, name)
    return found or asked, roots_of(found or asked, folder if found else Path(), settings.key, folder)


def place_of(path: Path) -> Path:
    """The folder or file behind `oci:FOLDER[:TAG]`, `git:FOLDER[@REVISION]` or a plain path."""
    if is_commit(path):
        return Path(str(path).removeprefix("git:").partition("@")[0] or ".")
    if str(path).startswith("docker:"):
        return Path(str(path).removeprefix("docker:").lstrip("/"))
    return Path(str(path).removeprefix("oci:")) if is_image(path) else path
