"""Whom a rule trusts: its keys, authorities and lists read from their files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lading.core.errors import KeyFileError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from lading.policy.rule import KeyTerm, TrustRule
    from lading.trust.evidence import Roots


def read(file: Path) -> bytes:
    """The bytes of a key or certificate file; KeyFileError when it cannot be read."""
    try:
        return file.read_bytes()
    except OSError as e:
        raise KeyFileError(f"{file} cannot be read: {e.strerror}") from e


def roots_of(rule: TrustRule, folder: Path, terms: Sequence[KeyTerm] = (), terms_folder: Path | None = None) -> Roots:
    """The keys, authorities and revocation lists of a rule, read from files relative to a folder, and how long keys count."""
    from lading.trust.evidence import Roots  # noqa: PLC0415 - when it is run
    from lading.trust.keys import load_public  # noqa: PLC0415 - as above

    lifetimes = {load_public(read((terms_folder or folder) / t.file), t.file).fingerprint: t.lifetime() for t in terms}
    keys = tuple(load_public(read(folder / k), k) for k in rule.keys)
    instance = rule.sigstore if rule.sigstore in {"", "public"} else str(folder / rule.sigstore)
    if not (rule.authorities or rule.revocations or rule.timestamping):
        return Roots(keys, lifetimes=lifetimes, sigstore=instance)
    from lading.trust.certificates import load_certificates, load_revocations  # noqa: PLC0415 - X.509 only when there is some

    return Roots(
        keys,
        tuple(c for a in rule.authorities for c in load_certificates(read(folder / a), a)),
        tuple(load_revocations(read(folder / r), r) for r in rule.revocations),
        tuple(c for t in rule.timestamping for c in load_certificates(read(folder / t), t)),
        lifetimes,
        instance,
    )
