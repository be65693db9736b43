"""What the gate denied, in words: libraries report it as a missing file or a bare errno."""

import re
from collections.abc import Iterator
from pathlib import Path

from lading.load.enforcement import Enforced
from lading.load.places import WEIGHTS

_QUOTED = re.compile(r"""['"`]([^'"`\n]{1,1024})['"`]""")
_WORD = re.compile(r"""[^\s'"`:,;()<>\[\]]{2,1024}""")
_COMPLAINT = re.compile(r"(?i)denied|no such file|not found|not exist|cannot|can't|could not|couldn't|unable|fail|error|errno|missing")
_MOST_LOOKED_AT = 20_000
_MOST_TOLD = 50


class Denials:
    """Reads along what a command says and tells, once for each file, what was kept from it and why."""

    def __init__(self, work: Path, enforced: Enforced) -> None:
        self._work = work
        self._enforced = enforced
        self._seen: set[Path] = set()
        self._told = 0

    def sentences(self, line: bytes) -> Iterator[str]:
        """A sentence for each file that a complaint names, that is there, and that this process, behind the same gate, cannot read."""
        text = line.decode("utf-8", "replace")
        if not _COMPLAINT.search(text):
            return
        for name in (*_QUOTED.findall(text), *_WORD.findall(text)):
            path = self._work / name
            if path in self._seen or len(self._seen) >= _MOST_LOOKED_AT or self._told >= _MOST_TOLD:
                continue
            self._seen.add(path)
            if _denied(path):
                self._told += 1
                yield f"refused: {path} {self._reason(path)}"

    def _reason(self, path: Path) -> str:
        model = next((m for m in self._enforced.models if m == path or m in path.parents), None)
        if model and self._enforced.paths[model] != model:
            return f"was not verified where it lies; its verified copy is in {self._enforced.paths[model]} (LADING_MODEL)"
        if path.name.lower().endswith(WEIGHTS):
            return "belongs to no model that was verified; sign its model and name it with --model, or permit the file with --read"
        return "is outside of what the command may read; permit it with --read, or [load] read in the policy"


def _denied(path: Path) -> bool:
    """Whether a file is there and cannot be read."""
    try:
        if not path.is_file():
            return False
        path.open("rb").close()
    except PermissionError:
        return True
    except (OSError, ValueError):
        return False
    return False
