"""lading's answer, read from its own JSON document."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from truth import Reported, normal

MEASURED = frozenset({"model", "adapter", "embedding", "tokenizer", "dataset", "service", "image", "action", "infrastructure"})


def answer(folder: Path) -> list[Reported]:
    """Every measured component that lading reports, without what lies on disk under a local name."""
    run = subprocess.run(
        [sys.executable, "-m", "lading", "scan", str(folder), "--format", "json"], capture_output=True, check=False, text=True
    )
    components = json.loads(run.stdout)["bom"].get("components", [])
    return [_reported(c) for c in components if c["kind"] in MEASURED and c.get("upstream") != "local"]


def _reported(component: dict) -> Reported:
    occurrences = component.get("occurrences", [])
    names = {component["name"], *(o.get("written", "") for o in occurrences)}
    names |= {n.partition("?")[0] for n in set(names)}
    if component["kind"] == "image":
        names |= {n.partition("@")[0].rpartition(":")[0] or n for n in set(names)}
    return Reported(
        kind=component["kind"],
        names=frozenset(normal(n) for n in names if n),
        pin=component.get("pin", "none"),
        version=component.get("version", ""),
        places=tuple(f"{o['path']}:{o.get('line', 0)}" for o in occurrences),
    )
