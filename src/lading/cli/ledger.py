"""`lading ledger`: envelopes recorded so that none can be removed, changed or re-ordered unseen."""

import sys
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import click
import msgspec

from lading.cli.output import emit
from lading.cli.signer import signing_key
from lading.core.digest import Digest
from lading.core.errors import LadingError, UsageError
from lading.ledger.checkpoint import LARGEST as LARGEST_NOTE
from lading.ledger.checkpoint import Checkpoint
from lading.ledger.describe import described
from lading.ledger.file import Access
from lading.ledger.store import LARGEST, Index, Ledger, leaf

BATCH = 1000
_FILE = click.Path(path_type=Path, dir_okay=False)
_INPUT = click.Path(path_type=Path, allow_dash=True)


def _at(function: Callable[..., Any]) -> Callable[..., Any]:
    return click.option(
        "--ledger", "at", type=_FILE, default=Path("lading.ledger"), envvar="LADING_LEDGER", show_default=True, help="The ledger's file."
    )(function)


def _format(function: Callable[..., Any]) -> Callable[..., Any]:
    return click.option("--format", "-f", "format_name", type=click.Choice(["text", "json"]), default="text")(function)


_KEY = click.option("--key", type=_INPUT, help="The log's public key: a line name+id+key, or a key file with --origin.")
_ORIGIN = click.option("--origin", default="", help="The name of the log, such as acme.example/ledger.")


@click.group(name="ledger")
def command() -> None:
    """Record signed envelopes in one file so that none can be removed, changed or re-ordered unseen.

    A ledger proves what was recorded and in which order. Whether a signature is good it does not say.
    """


@command.command(epilog="\b\nExamples:\n  lading ledger add model.sig\n  lading ledger add build.waybill.jsonl --ledger acme.ledger")
@click.argument("files", type=_INPUT, nargs=-1, required=True)
@_at
@_format
def add(files: tuple[Path, ...], at: Path, format_name: str) -> int:
    """Record the envelopes in FILES: DSSE or Sigstore bundles, one a file, or one a line of a .jsonl file or of standard input (-).

    All are read before the first is recorded. One that is there already keeps its place.
    """
    envelopes = [found for file in files for found in _read(file)]
    with Ledger(at) as ledger:
        for begin in range(0, len(envelopes), BATCH):
            receipts = ledger.append(envelopes[begin : begin + BATCH])
            if format_name == "json":
                emit(b"".join(msgspec.json.encode(r) + b"\n" for r in receipts), None)
            else:
                click.echo("\n".join(f"{r.number}  {r.digest}  {'recorded' if r.new else 'was there'}" for r in receipts))
    return 0


@command.command(
    epilog="\b\nExamples:\n  lading ledger show\n  lading ledger show sha256:9f86d0…\n  lading ledger show --type https://slsa.dev/provenance/v1 -f json"
)
@click.argument("digest", default="")
@click.option("--type", "kind", default="", help="Only envelopes with this predicate type.")
@click.option("--envelope", is_flag=True, help="Write the bytes of the envelope DIGEST as they were recorded.")
@_at
@_format
def show(digest: str, kind: str, at: Path, format_name: str, *, envelope: bool) -> int:
    """List the entries: all, the envelope DIGEST, or those that say something of the subject DIGEST."""
    with Ledger(at, Access.READ) as ledger:
        numbers = _numbers(ledger, digest)
        if envelope:
            if not digest or ledger.number_of(digest) is None:
                raise UsageError("--envelope writes one envelope", hint="give its digest: lading ledger show DIGEST --envelope")
            emit(ledger.envelope(numbers[0]), None)
            return 0
        wanted = set(ledger.by_predicate(kind)) if kind else None
        for number in numbers:
            if wanted is None or number in wanted:
                _line(number, ledger.envelope(number), format_name)
    return 0


@command.command(
    epilog="\b\nExamples:\n  lading ledger export public/\n  lading ledger export public/ --key log.key --origin acme.example/ledger"
)
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--key", default="", metavar="KEY", help="The log's Ed25519 private key, a file or one elsewhere; with it the checkpoint is signed."
)
@click.option("--passphrase-file", type=_FILE, help="The passphrase of the key; else LADING_PASSPHRASE.")
@_ORIGIN
@_at
def export(folder: Path, key: str, passphrase_file: Path | None, origin: str, at: Path) -> int:
    """Write tiles, entries, envelopes and a signed checkpoint to FOLDER, for any client of tlog-tiles. What is there may only grow."""
    from lading.ledger.tiles import export as exported  # noqa: PLC0415 - when it is run

    with Ledger(at, Access.READ) as ledger:
        size = ledger.size
        note = None
        if key:
            from lading.ledger.note import sign, verifier_for  # noqa: PLC0415 - with a key only

            if not origin:
                raise UsageError("a checkpoint needs the name of its log", hint="give --origin NAME, such as acme.example/ledger")
            signer = signing_key(key, passphrase_file)
            note = sign(Checkpoint(origin, size, ledger.root(size)), signer)
            click.echo(f"public key: {verifier_for(origin, signer.public)}", err=True)
        written = exported(ledger, folder, size, note)
    click.echo(f"{folder}: {size} entries, {written} new files", err=True)
    if not key:
        click.echo("hint: without --key there is no checkpoint; a reader cannot tell that nothing is missing", err=True)
    return 0


@command.command(
    epilog="\b\nExamples:\n  lading ledger verify\n  lading ledger verify --checkpoint public/checkpoint --key log.pub\n\n"
    "Exit codes: 0 as recorded, 3 something was removed, changed, re-ordered or added around it."
)
@click.option("--checkpoint", type=_INPUT, help="A signed checkpoint that was kept elsewhere.")
@_KEY
@_ORIGIN
@_at
@_format
def verify(checkpoint: Path | None, key: Path | None, origin: str, at: Path, format_name: str) -> int:
    """Walk through the whole ledger and name everything that is not as it was recorded.

    Without a checkpoint kept elsewhere, a ledger whose last entries were removed, or which was made anew, looks whole.
    """
    from lading.ledger.verify import walk  # noqa: PLC0415 - when it is run

    trusted = _checkpoint(checkpoint, key, origin)
    with Ledger(at, Access.READ) as ledger:
        answer = walk(ledger, described, trusted)
    if format_name == "json":
        emit(
            msgspec.json.format(msgspec.json.encode({**_facts(answer.size, answer.root), "problems": answer.problems}), indent=1) + b"\n",
            None,
        )
    else:
        click.echo(
            "\n".join([*answer.problems, *(["… and more"] if answer.more else [])]) or f"{answer.size} entries, root {answer.root.hex()}"
        )
    if trusted is None:
        click.echo("note: compared with itself only; --checkpoint FILE --key FILE also tells what is missing at the end", err=True)
    return 3 if answer.problems else 0


@command.command(
    epilog="\b\nExamples:\n  lading ledger proof sha256:9f86d0…\n  lading ledger proof sha256:9f86d0… --checkpoint public/checkpoint -o model.tlog-proof"
)
@click.argument("digest")
@click.option("--checkpoint", type=_INPUT, help="The checkpoint that the proof is to lead to.")
@click.option("--output", "-o", type=_FILE, help="Write the tlog-proof to this file.")
@_at
@_format
def proof(digest: str, checkpoint: Path | None, output: Path | None, at: Path, format_name: str) -> int:
    """Prove that the envelope DIGEST was recorded; with a checkpoint as a tlog-proof that anybody checks offline."""
    with Ledger(at, Access.READ) as ledger:
        number = ledger.number_of(_digest(digest))
        if number is None:
            spoken = ledger.by_subject(_digest(digest))
            raise UsageError(
                f"{digest} is no envelope of {at}",
                hint=f"entries {', '.join(map(str, spoken[:5]))} speak of it: lading ledger show {digest}"
                if spoken
                else "lading ledger show lists them",
            )
        if checkpoint:
            from lading.ledger.proof import proof_of  # noqa: PLC0415 - with a checkpoint only

            emit(proof_of(ledger, number, _bytes(checkpoint, LARGEST_NOTE)).encoded(), output)
            return 0
        if output:
            raise UsageError("a proof to keep leads to a checkpoint", hint="give --checkpoint FILE, which lading ledger export signs")
        size = ledger.size
        root, hashes = ledger.root(size), ledger.inclusion(number, size)
        _print_proof(number, leaf(sha256(ledger.envelope(number)).digest()), _facts(size, root), hashes, format_name)
    return 0


@command.command(epilog="\b\nExample:\n  lading ledger check model.tlog-proof model.sig --key log.pub")
@click.argument("proof_file", metavar="PROOF", type=_INPUT)
@click.argument("envelope", type=_INPUT)
@click.option("--key", type=_INPUT, required=True, help="The log's public key: a line name+id+key, or a key file with --origin.")
@_ORIGIN
def check(proof_file: Path, envelope: Path, key: Path, origin: str) -> int:
    """Check offline, without the ledger, that PROOF shows ENVELOPE in the log of a key."""
    from lading.ledger.note import verifier_of  # noqa: PLC0415 - when it is run
    from lading.ledger.proof import check as checked  # noqa: PLC0415 - when it is run
    from lading.ledger.proof import parse  # noqa: PLC0415 - when it is run

    proven = parse(_bytes(proof_file, LARGEST_NOTE))
    checkpoint = checked(proven, _bytes(envelope), verifier_of(_bytes(key, LARGEST_NOTE), origin))
    click.echo(f"{envelope} is entry {proven.index} of the {checkpoint.size} of {checkpoint.origin}")
    return 0


@command.command(epilog="\b\nExample:\n  lading ledger rebuild --checkpoint public/checkpoint --key log.pub")
@click.option("--checkpoint", type=_INPUT, help="A signed checkpoint that was kept elsewhere: it tells whether the entries are right.")
@_KEY
@_ORIGIN
@_at
def rebuild(checkpoint: Path | None, key: Path | None, origin: str, at: Path) -> int:
    """Derive tree and indexes anew from the entries. Nothing is kept unless the root stays, or the checkpoint holds."""
    from lading.ledger.verify import held  # noqa: PLC0415 - when it is run

    trusted = _checkpoint(checkpoint, key, origin)

    def hold(ledger: Ledger) -> None:
        assert trusted
        held(trusted, ledger.size, ledger.root(min(trusted.size, ledger.size)))

    if not at.is_file():
        raise UsageError(f"there is no ledger at {at}", hint="--ledger says where")
    with Ledger(at) as ledger:
        root = ledger.rebuild(described, hold if trusted else None)
        click.echo(f"{ledger.size} entries, root {root.hex()}")
    return 0


def _read(file: Path) -> Iterator[tuple[bytes, Index]]:
    """The envelopes of a file, each with what it is found by; the error of one that is none names its place."""
    data = _bytes(file)
    lines = data.splitlines() if file.suffix == ".jsonl" or str(file) == "-" else [data]
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                yield line, described(line)
            except LadingError as e:
                where = f"{file}:{number}" if len(lines) > 1 else str(file)
                raise type(e)(f"{where}: {e.sentence}", hint=e.hint) from e


def _bytes(file: Path, largest: int = LARGEST) -> bytes:
    try:
        if str(file) == "-":
            data = sys.stdin.buffer.read(largest + 1)
        else:
            with file.open("rb") as stream:
                data = stream.read(largest + 1)
    except OSError as e:
        raise UsageError(f"{file} cannot be read: {e.strerror}", hint="give the path of a file, or - for standard input") from e
    if len(data) > largest:
        raise UsageError(f"{file} is larger than {largest >> 20} MiB")
    return data


def _checkpoint(file: Path | None, key: Path | None, origin: str) -> Checkpoint | None:
    if bool(file) != bool(key):
        raise UsageError("a checkpoint and the key of its log go together", hint="--checkpoint FILE --key FILE")
    if not file or not key:
        return None
    from lading.ledger.note import verified, verifier_of  # noqa: PLC0415 - with a checkpoint only

    return verified(_bytes(file, LARGEST_NOTE), verifier_of(_bytes(key, LARGEST_NOTE), origin))


def _numbers(ledger: Ledger, digest: str) -> list[int] | range:
    if not digest:
        return range(ledger.size)
    number = ledger.number_of(_digest(digest))
    numbers = [number] if number is not None else ledger.by_subject(_digest(digest))
    if not numbers:
        raise UsageError(f"{ledger.path} has nothing of {digest}", hint="lading ledger show lists what there is")
    return numbers


def _digest(text: str) -> str:
    try:
        return str(Digest.parse(text if ":" in text else f"sha256:{text}"))
    except ValueError as e:
        raise UsageError(str(e), hint="lading ledger show lists digests") from e


def _line(number: int, envelope: bytes, format_name: str) -> None:
    index = described(envelope)
    digest = f"sha256:{sha256(envelope).hexdigest()}"
    if format_name == "json":
        row = {"number": number, "digest": digest, "predicate_type": index.predicate_type, "subjects": index.subjects}
        emit(msgspec.json.encode(row) + b"\n", None)
    else:
        click.echo("\n".join([f"{number}  {digest}  {index.predicate_type or 'no statement'}", *(f"   of {s}" for s in index.subjects)]))


def _facts(size: int, root: bytes) -> dict[str, Any]:
    return {"size": size, "root": root.hex()}


def _print_proof(number: int, hash_: bytes, facts: dict[str, Any], hashes: list[bytes], format_name: str) -> None:
    if format_name == "json":
        row = {"index": number, "leaf": hash_.hex(), **facts, "hashes": [h.hex() for h in hashes]}
        emit(msgspec.json.format(msgspec.json.encode(row), indent=1) + b"\n", None)
    else:
        click.echo(f"entry {number} of {facts['size']}, leaf {hash_.hex()}")
        click.echo("".join(f"  {h.hex()}\n" for h in hashes) + f"root {facts['root']}")
    click.echo("note: without --checkpoint nothing says that this root is the log's", err=True)
