"""Where decisions of the gate are kept: a file or standard error, a ledger, counters for a node's collector."""

import fcntl
import os
import re
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from msgspec import Struct

from lading.core.digest import Digest
from lading.core.errors import LadingError
from lading.ledger.describe import described
from lading.ledger.store import Index, Ledger
from lading.load.decision import Decision
from lading.sign.attest import add
from lading.sign.model import sign
from lading.trust import bundle
from lading.trust.signer import Signatory

MOST_SPOOLED = 16 << 20
"""Bytes of decisions that wait for a ledger."""
_COUNTED = re.compile(r'lading_load_decisions_total\{answer="(\w+)"\} (\d+)')
_ANSWERS = ("allow", "refuse", "unknown")


class Recorder(Struct, frozen=True, kw_only=True):
    """Keeps every decision in each place that was asked for; signed when there is somebody who signs."""

    file: Path | None = None
    """`-` is standard error."""
    by: Signatory | None = None
    ledger: Path | None = None
    metrics: Path | None = None

    def keep(self, decision: Decision) -> None:
        """Keep a decision; LadingError when a file cannot be written. A ledger that is away gets it later."""
        line = bundle.encode(sign(decision.statement(), self.by)).rstrip(b"\n") + b"\n" if self.by else decision.line()
        if str(self.file) == "-":
            sys.stderr.write(line.decode())
        elif self.file:
            add(self.file, line)
        if self.ledger:
            _into(self.ledger, line)
        if self.metrics:
            _count(self.metrics, str(decision.answer))


def spool_of(ledger: Path) -> Path:
    """Where decisions wait while a ledger is away."""
    state = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
    return state / "lading" / f"{Digest.of_bytes(os.fsencode(ledger.absolute())).hex[:16]}.waybill.jsonl"


def _into(ledger: Path, line: bytes) -> None:
    """Record a decision, and what waited before it; when the ledger is away it waits."""
    spool = spool_of(ledger)
    waiting = spool.read_bytes().splitlines() if spool.is_file() else []
    try:
        with Ledger(ledger) as opened:
            opened.append(_envelopes([*waiting, line.rstrip(b"\n")]))
    except LadingError as e:
        _wait(spool, line, e)
    else:
        spool.unlink(missing_ok=True)


def _envelopes(lines: list[bytes]) -> Iterator[tuple[bytes, Index]]:
    """What can be recorded; a line that broke off when the disk was full is passed over."""
    for line in lines:
        with suppress(LadingError):
            yield line, described(line)


def _wait(spool: Path, line: bytes, reason: LadingError) -> None:
    spool.parent.mkdir(parents=True, exist_ok=True)
    if (spool.stat().st_size if spool.is_file() else 0) + len(line) > MOST_SPOOLED:
        sys.stderr.write(f"lading: {spool} is full; this decision is kept nowhere else: {line.decode()}")
        return
    add(spool, line)
    sys.stderr.write(f"lading: {reason.sentence}; the decision waits in {spool}\n")


def _count(file: Path, answer: str) -> None:
    """Add one to the counter in a file for the text-file collector of a node, which never sees half of it."""
    folder = os.open(file.absolute().parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        found = dict(_COUNTED.findall(file.read_text("utf-8"))) if file.is_file() else {}
        counts = {name: int(found.get(name, 0)) + (name == answer) for name in _ANSWERS}
        rows = "".join(f'lading_load_decisions_total{{answer="{name}"}} {number}\n' for name, number in counts.items())
        scratch = file.with_name(f".{file.name}.{os.getpid()}")
        scratch.write_text(
            f"# HELP lading_load_decisions_total Decisions of the load gate.\n# TYPE lading_load_decisions_total counter\n{rows}"
        )
        scratch.replace(file)
    except OSError as e:
        raise LadingError(f"{file} cannot be written: {e.strerror}", hint="choose another place with --metrics") from e
    finally:
        os.close(folder)
