"""Statements read from files: envelopes, bundles and plain statements, one document a file or one a line."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from lading.core.errors import EvidenceError, LadingError, UsageError
from lading.core.limits import DEFAULT_LIMITS
from lading.ledger.builds import PROVENANCE, Build
from lading.trust import bundle, dsse
from lading.trust.bundle import Bundle
from lading.trust.dsse import IN_TOTO
from lading.trust.strict import load

SUFFIXES = (".waybill.jsonl", ".jsonl", ".json", ".sigstore", ".intoto")
Verify = Callable[[Bundle], object]
"""Raises a LadingError that says why a bundle is not to be believed."""


def builds(paths: Iterable[Path], verify: Verify | None = None) -> list[Build]:
    """The builds that the provenance statements of these files and folders tell, each statement once.

    Without `verify` every statement is taken at its word, for answers that say so; with it, one that is not signed by somebody trusted
    is a build of which nothing is known.
    """
    found: dict[str, Build] = {}
    for path in paths:
        if not path.exists():
            raise UsageError(f"{path} does not exist", hint="give files with statements, or a folder of them")
        for file in _files(path):
            found.update(_of_file(file, verify))
    return list(found.values())


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    return sorted(p for p in path.rglob("*") if p.name.endswith(SUFFIXES) and p.is_file() and not p.is_symlink())


def _of_file(path: Path, verify: Verify | None) -> Iterator[tuple[str, Build]]:
    try:
        data = path.read_bytes()
    except OSError as e:
        yield str(path), Build(statement=str(path), problems=(f"it cannot be read: {e.strerror}",))
        return
    if not data.strip():
        yield str(path), Build(statement=str(path), problems=("it is empty",))
    for name, document in _documents(data, str(path)):
        build = _build(document, name, verify)
        if build:
            yield name, build


def _documents(data: bytes, name: str) -> Iterator[tuple[str, bytes]]:
    """One document for the file, or one for each line."""
    lines = [(number, line) for number, line in enumerate(data.split(b"\n"), 1) if line.strip()]
    if name.endswith(".jsonl") or (len(lines) > 1 and all(line.startswith(b"{") and line.rstrip().endswith(b"}") for _, line in lines)):
        yield from ((f"{name}:{number}", line) for number, line in lines)
    else:
        yield name, data


def _build(document: bytes, name: str, verify: Verify | None) -> Build | None:
    """The build of one document; None for a statement of another kind; what cannot be read is a build with a problem."""
    try:
        if len(document) > DEFAULT_LIMITS.text_bytes:
            raise UsageError(f"it has more than {DEFAULT_LIMITS.text_bytes >> 20} MiB")
        statement = _statement(load(document, "the document"), verify)
    except LadingError as e:
        return Build(statement=name, problems=(e.sentence,))
    if isinstance(statement, Mapping) and statement.get("predicateType", PROVENANCE) != PROVENANCE:
        return None
    return Build.of(statement, name)


def _statement(value: Any, verify: Verify | None) -> object:  # noqa: ANN401 - JSON is anything
    if not isinstance(value, Mapping):
        return value
    if "dsseEnvelope" in value:
        signed = bundle.of_value(value, "the bundle")
    elif "payloadType" in value:
        signed = Bundle(dsse.decode(value, "the envelope"))
    elif verify:
        raise EvidenceError("it is not signed")
    else:
        return value
    if signed.envelope.payload_type != IN_TOTO:
        raise UsageError(f"the payload is of type {signed.envelope.payload_type[:80]!r}, not {IN_TOTO}")
    if verify:
        verify(signed)
    return load(signed.envelope.payload, "the payload")
