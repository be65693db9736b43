"""The database of RPM: what is installed, from its SQLite, NDB or Berkeley DB form."""

import sqlite3
from collections.abc import Iterator

from lading.image import berkeley, ndb
from lading.image.damage import Damage
from lading.image.needs import Need, Offer
from lading.image.rpm_header import Header, header
from lading.image.system import Package
from lading.versions import rpm

MOST_PACKAGES = 200_000
_STEPS = 50_000_000
_COUNTER = 4
"""Bytes of the record that counts packages, which lies under the number none."""
_KEYS = "gpg-pubkey"
"""What keys of signers are kept as; they are no packages."""


def read(data: bytes) -> Iterator[Package]:
    """Every package that a database holds; ValueError behind them when there is anything that cannot be read."""
    for found in packages(data):
        version = f"{found.version}-{found.release}"
        relations = (found.wants, found.offers, found.files)
        yield Package("rpm", found.name, version, found.arch, "", found.license, found.epoch, *relations)


def packages(data: bytes) -> Iterator[Header]:
    """Every header that a database holds; ValueError behind them when there is anything that cannot be read."""
    damage, size = Damage(), 0
    for number, blob in enumerate(_blobs(data, damage)):
        size += len(blob)
        if number >= MOST_PACKAGES or size > len(data):
            raise ValueError(f"it has more than {MOST_PACKAGES} packages, or packages that lie in one another")
        try:
            found = header(blob, damage)
        except ValueError as e:
            damage.add(str(e))
        else:
            if found.name != _KEYS:
                yield found
    if damage.places:
        raise ValueError(str(damage))


def fits(_: str, need: Need, offer: Offer) -> bool:
    """Whether the versions that are needed and those that are offered have one in common; where either tells none, all do."""
    if not (need.operator and need.version and offer.operator and offer.version):
        return True
    try:
        needed, offered = rpm.key(need.version), rpm.key(offer.version)
    except ValueError:
        return need.version == offer.version
    if not needed[2] or not offered[2]:
        needed, offered = needed[:2], offered[:2]
    if needed < offered:
        return ">" in need.operator or "<" in offer.operator
    if needed > offered:
        return "<" in need.operator or ">" in offer.operator
    return bool(set(need.operator) & set(offer.operator))


def _blobs(data: bytes, damage: Damage) -> Iterator[bytes]:
    if data[:16] == b"SQLite format 3\0":
        return _sqlite(data)
    if data[:4] == ndb.MAGIC:
        return ndb.headers(data, damage)
    if berkeley.is_hash(data):
        return (value for key, value in berkeley.records(data, damage) if key != bytes(4) or len(value) != _COUNTER)
    raise ValueError("it is in no form that RPM is known to write")


def _sqlite(data: bytes) -> Iterator[bytes]:
    """The headers of the SQLite form; a database that was left in the mode with a log is read as one without."""
    connection = sqlite3.connect(":memory:")
    try:
        connection.deserialize(data[:18] + b"\1\1" + data[20:])
        connection.execute("PRAGMA trusted_schema = OFF")
        steps = iter(range(_STEPS // 10_000))
        connection.set_progress_handler(lambda: next(steps, None) is None, 10_000)
        (kind,) = connection.execute("SELECT type FROM sqlite_master WHERE name = 'Packages'").fetchone() or ("",)
        if kind != "table":
            raise ValueError("it has no table of packages")
        for (blob,) in connection.execute("SELECT blob FROM Packages"):
            if not isinstance(blob, bytes):
                raise ValueError("a header of it is no bytes")  # noqa: TRY004 - of the input
            yield blob
    except (sqlite3.Error, MemoryError) as e:  # SQLite asks for more memory than there is when a length in it is wrong
        raise ValueError(f"SQLite cannot read it: {str(e) or 'it takes too much memory'}") from e
    finally:
        connection.close()
