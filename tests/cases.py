"""Extractor cases: `cases/<extractor>/` is a small tree, `expected.json` what the extractor proves from it.

`python tests/cases.py` (`make cases`) writes every expected.json anew; read the difference before you commit it.
"""

import sys
from pathlib import Path

import msgspec

from lading.core.component import Component, Edge, Unresolved
from lading.core.coverage import Skipped
from lading.core.errors import ExtractError
from lading.extractors._registry import EXTRACTORS
from lading.scan.folder import Folder

CASES = Path(__file__).parent / "cases"


def observed(case: Path, name: str = "") -> bytes:
    """What the extractor of a name, else the one named like the folder, proves from it, as stable JSON."""
    reader = EXTRACTORS.load()[name or case.name.partition("--")[0]]
    folder = Folder(case, exclude=("expected.json",))
    rows: list[tuple[str, object]] = []
    for path in folder.paths:
        file = folder.file(path)
        if file is None or not reader.reads(path):
            continue
        try:
            rows.extend((_noun(o), o) for o in reader.read(file))
        except ExtractError as e:
            rows.append(("skipped", Skipped(path, e.sentence, e.code)))
    plain = sorted(({noun: msgspec.to_builtins(o)} for noun, o in rows), key=msgspec.json.encode)
    return msgspec.json.format(msgspec.json.encode(plain, order="sorted"), indent=1) + b"\n"


def _noun(observation: object) -> str:
    nouns: dict[object, str] = {Component: "component", Edge: "edge", Unresolved: "unresolved", Skipped: "skipped"}
    return nouns[type(observation)]


def folders() -> list[Path]:
    """Every case; `<extractor>--<variant>` is a further case of the same extractor."""
    return sorted(p for p in CASES.iterdir() if p.is_dir())


if __name__ == "__main__":
    for case in folders():
        (case / "expected.json").write_bytes(observed(case))
    sys.stdout.write(f"wrote {len(folders())} expected.json\n")
