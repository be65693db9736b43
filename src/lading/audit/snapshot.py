"""Snapshots: a database with a signed statement of its digest and a counter that only rises, for machines without other networks."""

import hashlib
import os
import tempfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from lading.advisories.database import Database
from lading.advisories.store import FILE, Memory, Store
from lading.core.errors import EvidenceError, TrustError
from lading.sign.model import sign
from lading.trust import bundle, evidence
from lading.trust.evidence import Roots
from lading.trust.signer import Signatory
from lading.trust.statement import Resource, Statement, dated

PREDICATE = "urn:lading:advisory-snapshot:v1"
STATEMENT = "advisories.db.statement.json"
LARGEST_STATEMENT = 1 << 20
PUBLISHED = "published"
_BLOCK = 1 << 20
Fetch = Callable[[str, Path], None]
"""Copies a file of a snapshot, by its name, to a path."""


def publish(store: Store, target: Path, by: Signatory, now: datetime) -> int:
    """Write a snapshot into a folder and give its counter: the file first, its statement last, each whole or not at all."""
    with store.locked():
        with store.open() as database:
            database.verify()
            header = database.header
        memory = store.memory()
        counter = max(memory.counters.get(PUBLISHED, 0) + 1, header.generation)
        target.mkdir(parents=True, exist_ok=True)
        digest = _copied(store.file, target / FILE)
        subject = Resource(name=FILE, digest={"sha256": digest})
        told = {"counter": counter, "created": header.created, "records": header.records}
        signed = sign(dated(Statement((subject,), PREDICATE, told), now), by)
        _put(target / STATEMENT, bundle.encode(signed))
        store.remember(Memory(counters={**memory.counters, PUBLISHED: counter}, digests=memory.digests))
    return counter


def adopt(store: Store, fetch: Fetch, roots: Roots, now: datetime) -> int:
    """Take over a snapshot whose signer is trusted and which is not older than the last; the counter. What is there stays until then."""
    store.folder.mkdir(parents=True, exist_ok=True)
    with store.locked(), tempfile.TemporaryDirectory(dir=store.folder, prefix=f".{FILE}.") as made:
        statement_file, data_file = Path(made) / STATEMENT, Path(made) / FILE
        fetch(STATEMENT, statement_file)
        found = evidence.verify(bundle.decode(_small(statement_file)), roots, now)
        counter, digest = _told(found.statement)
        signer = found.signer.fingerprint
        memory = store.memory()
        last = memory.counters.get(signer, 0)
        if counter < last or (counter == last and memory.digests.get(signer) != digest):
            raise TrustError(f"the snapshot has the counter {counter}, the last one from its signer had {last}: it is a rollback")
        fetch(FILE, data_file)
        if _digest(data_file) != digest:
            raise TrustError("the database is not the one that its statement is about: it was changed, or belongs to another")
        with Database(data_file) as database:
            database.verify()
        store.remember(Memory(counters={**memory.counters, signer: counter}, digests={**memory.digests, signer: digest}))
        store.replace(lambda path: _move(data_file, path))
    return counter


def _move(source: Path, target: Path) -> None:
    source.replace(target)


def _told(statement: Statement) -> tuple[int, str]:
    """Counter and digest that a statement tells; TrustError when it is about something else."""
    counter = statement.predicate.get("counter")
    digest = statement.subject[0].digest.get("sha256", "")
    if statement.predicate_type != PREDICATE or type(counter) is not int or counter < 1 or not digest or len(statement.subject) != 1:
        raise TrustError(f"the statement is not about a snapshot of advisories: its type is {statement.predicate_type}")
    return counter, digest


def _small(path: Path) -> bytes:
    if path.stat().st_size > LARGEST_STATEMENT:
        raise TrustError("the statement of the snapshot is larger than any is")
    return path.read_bytes()


def copying(folder: Path) -> Fetch:
    """Takes the files of a snapshot from a folder."""

    def fetch(name: str, path: Path) -> None:
        try:
            _copied(folder / name, path)
        except OSError as e:
            raise EvidenceError(
                f"{folder} is no snapshot: {name} cannot be read: {e.strerror}", hint="lading advisories snapshot makes one"
            ) from e

    return fetch


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _copied(source: Path, target: Path) -> str:
    """Copy a file so that it appears whole; its SHA-256."""
    running = hashlib.sha256()
    scratch = target.with_name(f".{target.name}.{os.getpid()}")
    with source.open("rb") as stream, scratch.open("wb") as copy:
        while block := stream.read(_BLOCK):
            running.update(block)
            copy.write(block)
        copy.flush()
        os.fsync(copy.fileno())
    scratch.replace(target)
    return running.hexdigest()


def _put(target: Path, data: bytes) -> None:
    scratch = target.with_name(f".{target.name}.{os.getpid()}")
    scratch.write_bytes(data)
    scratch.replace(target)
