"""Where decisions of the gate are kept: a file of statements, or standard error for whoever collects it."""

import sys
from pathlib import Path

from lading.load.decision import Decision
from lading.sign.attest import add


def keep(decision: Decision, record: Path | None) -> None:
    """Add a decision to a file; `-` is standard error."""
    if record is None:
        return
    if str(record) == "-":
        sys.stderr.write(decision.line().decode())
    else:
        add(record, decision.line())
