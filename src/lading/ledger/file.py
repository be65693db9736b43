"""The SQLite file of a ledger: made, opened, checked for its shape, and its failures told in sentences."""

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from pathlib import Path

from lading.core.errors import LedgerError, TamperError, UsageError

APPLICATION = 0x4C444C47
VERSION = 1
PAGE = 8192
"""Provenance statements have a few kilobytes: a third less space than with the database's 4096."""

PATIENCE = 60.0
"""How many seconds a writer waits for another one."""

TABLES = (
    "CREATE TABLE entry (number INTEGER PRIMARY KEY, envelope BLOB NOT NULL) STRICT",
    "CREATE TABLE tree (level INTEGER NOT NULL, run INTEGER NOT NULL, hashes BLOB NOT NULL, PRIMARY KEY (level, run)) STRICT",
    "CREATE TABLE digest (digest BLOB PRIMARY KEY, number INTEGER NOT NULL) STRICT, WITHOUT ROWID",
    "CREATE TABLE subject (digest TEXT NOT NULL, number INTEGER NOT NULL, PRIMARY KEY (digest, number)) STRICT, WITHOUT ROWID",
    "CREATE TABLE predicate (type TEXT NOT NULL, number INTEGER NOT NULL, PRIMARY KEY (type, number)) STRICT, WITHOUT ROWID",
)
"""Only the first holds what cannot be derived."""


class Access(Enum):
    """What a ledger is opened for."""

    READ = "ro"
    WRITE = "rwc"


def connected(path: Path, access: Access) -> sqlite3.Connection:
    """A connection to the ledger at a path, made there when it is opened for writing and nothing is there."""
    if access is Access.READ and not path.is_file():
        raise UsageError(f"there is no ledger at {path}", hint="lading ledger add FILE makes one; --ledger says where")
    with told(path):
        connection = _opened(path, access)
        try:
            _prepared(path, connection, access)
        except BaseException:
            connection.close()
            raise
    return connection


def _opened(path: Path, access: Access) -> sqlite3.Connection:
    if access is Access.WRITE:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as e:
            raise LedgerError(f"{path.parent} cannot be made: {e.strerror}", hint="choose a folder that you may write to") from e
    mode = access.value if access is Access.WRITE or os.access(path.parent, os.W_OK) or _unfinished(path) else "ro&immutable=1"
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode={mode}", uri=True, isolation_level=None, timeout=PATIENCE)


def _unfinished(path: Path) -> bool:
    """Whether something is written that is not yet in the file itself."""
    return path.with_name(f"{path.name}-wal").exists()


def _prepared(path: Path, connection: sqlite3.Connection, access: Access) -> None:
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA cell_size_check = ON")
    connection.execute("PRAGMA cache_size = -65536")
    connection.execute("PRAGMA synchronous = FULL")
    if access is Access.WRITE and not _objects(connection):
        connection.execute(f"PRAGMA page_size = {PAGE}")
        _written_ahead(connection)
        connection.execute("BEGIN IMMEDIATE")
        if not _objects(connection):
            for table in TABLES:
                connection.execute(table)
            connection.execute(f"PRAGMA application_id = {APPLICATION}")
            connection.execute(f"PRAGMA user_version = {VERSION}")
        connection.execute("COMMIT")
    _shaped(path, connection)


def _written_ahead(connection: sqlite3.Connection) -> None:
    """Switch to a write-ahead log; two that make the same ledger at once wait for each other."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as e:
            if e.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(0.01)
        else:
            return


def _shaped(path: Path, connection: sqlite3.Connection) -> None:
    """LedgerError unless the file is a ledger of this version; TamperError when anything stands in it beside the tables."""
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if application != APPLICATION:
        raise LedgerError(f"{path} is a database, but no ledger", hint="--ledger names another file")
    if version != VERSION:
        raise LedgerError(f"{path} is a ledger of version {version}, known is {VERSION}", hint="a newer lading reads it")
    strange = _objects(connection) ^ set(TABLES)
    if strange:
        raise TamperError(
            f"{path}: the tables of the ledger were changed: {min(strange)[:200]}", hint="take the entries from an export or a copy"
        )


def _objects(connection: sqlite3.Connection) -> set[str]:
    return {
        str(sql) for (sql,) in connection.execute("SELECT coalesce(sql, name) FROM sqlite_schema WHERE name NOT LIKE 'sqlite_autoindex%'")
    }


@contextmanager
def told(path: Path) -> Iterator[None]:
    """What the database refuses, as a sentence about the ledger."""
    try:
        yield
    except (sqlite3.DatabaseError, UnicodeDecodeError) as e:
        raise _error(path, e) from e


def _error(path: Path, e: sqlite3.DatabaseError | UnicodeDecodeError) -> LedgerError | TamperError:
    code = getattr(e, "sqlite_errorcode", 0) & 0xFF
    undecodable = isinstance(e, UnicodeDecodeError) or (isinstance(e, sqlite3.OperationalError) and not code)
    if undecodable or code in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_TOOBIG}:
        return TamperError(f"{path} was cut off or overwritten: {e}", hint="take the entries from an export or a copy")
    if code in {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR}:
        return LedgerError(
            f"{path} cannot be written: the disk is full or fails ({e}); nothing of this batch is recorded, all before is",
            hint="make room and add it again",
        )
    if code in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
        return LedgerError(f"{path} is being written by another process", hint="try again")
    if code in {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH}:
        return LedgerError(f"{path} cannot be opened: {e}", hint="a ledger needs a folder that may be written to")
    return LedgerError(f"{path}: {e}", hint="lading ledger verify")
