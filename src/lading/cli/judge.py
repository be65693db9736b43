"""What `verify` and `why` share: what is meant, by which rule it is judged, and what comes out."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from lading.cli.key import roots_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lading.policy.rule import TrustRule
    from lading.sign.verify import Options, Result
    from lading.trust.evidence import Roots


def judged(
    path: Path, signatures: "Sequence[Path]", roots: "Roots", rule: "TrustRule", now: datetime, options: "Options | None" = None
) -> "Result":
    """One verdict over a folder, a file, an image or a commit; without `signatures`, over those that lie with it."""
    from lading.core.errors import UsageError  # noqa: PLC0415 - when it is run
    from lading.sign.subject import image_at, is_commit, is_image  # noqa: PLC0415 - as above
    from lading.sign.verify import Options, signatures_of, verify  # noqa: PLC0415 - as above

    if is_image(path):
        from lading.sign.image import verify_image  # noqa: PLC0415 - when there is an image

        return verify_image(*image_at(path), roots, rule, now)
    if is_commit(path):
        from lading.sign.commit import commit_at, verify_commit  # noqa: PLC0415 - when there is a commit

        commit = commit_at(str(path))
        return verify_commit(commit, signatures or signatures_of(commit.folder), roots, rule, now)
    if not path.exists():
        raise UsageError(f"{path} does not exist", hint="give the folder or file of a model")
    return verify(path, signatures or signatures_of(path), roots, rule, now, options or Options())


def trusted(path: Path, asked: "TrustRule", *, explicit: bool) -> tuple["TrustRule", "Roots"]:
    """The rule that holds for an artifact, as asked for or of lading.toml, with whom it trusts; terms of keys hold for both.

    A lading.toml inside a folder or image is part of what is judged, and says nothing about whom to trust.
    """
    from lading.policy.settings import settings_and_folder  # noqa: PLC0415 - when it is run
    from lading.policy.trust import rule_for  # noqa: PLC0415 - as above
    from lading.sign.subject import is_commit, place_of  # noqa: PLC0415 - as above

    place = place_of(path)
    resolved = place.resolve()
    within = place.is_dir() and not is_commit(path)
    settings, folder = settings_and_folder(resolved.parent if within else place)
    base = folder.resolve()
    name = resolved.relative_to(base).as_posix() if base in resolved.parents else resolved.name
    found = None if explicit else rule_for(settings.trust, name)
    return found or asked, roots_of(found or asked, folder if found else Path(), settings.key, folder)
