"""The answers of other tools, each as its own document says; a tool that is not installed is reported as not run."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from truth import Reported, normal

TIMEOUT = 300


def cdxgen(folder: Path) -> list[Reported] | None:
    """CycloneDX by cdxgen in its AI mode (`npm install @cyclonedx/cdxgen`)."""
    return _cyclonedx(shutil.which("cdxgen"), folder, "-t", "ai", "--no-install-deps", "-o", "{out}", "{folder}")


def ai_bom(folder: Path) -> list[Reported] | None:
    """CycloneDX by ai-bom (`pip install ai-bom`)."""
    return _cyclonedx(shutil.which("ai-bom"), folder, "scan", "{folder}", "--deep", "--format", "cyclonedx", "-o", "{out}")


def regex(folder: Path) -> list[Reported]:
    """The baseline: a hub id next to a well-known key, one line at a time."""
    found: dict[str, list[str]] = {}
    for path in sorted(folder.rglob("*")):
        if path.suffix in _READ and ".git" not in path.parts and path.is_file():
            for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
                for match in _KEYED.finditer(line):
                    found.setdefault(match["id"], []).append(f"{path.relative_to(folder)}:{number}")
    return [Reported("model", frozenset({normal(i)}), places=tuple(places), haystack=normal(i)) for i, places in found.items()]


_READ = {".py", ".ipynb", ".yaml", ".yml", ".json", ".toml", ".sh"}
_ID = r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}"
_KEYED = re.compile(
    rf"(?:from_pretrained|load_dataset|SentenceTransformer|pipeline|model(?:_name(?:_or_path)?|_id)?|dataset(?:_name)?|path|id|repo_id)"
    rf"\W{{1,8}}(?P<id>{_ID})[\\\"']"
)


def _cyclonedx(program: str | None, folder: Path, *arguments: str) -> list[Reported] | None:
    if program is None:
        return None
    with tempfile.TemporaryDirectory() as scratch:
        out = Path(scratch) / "bom.json"
        command = [program, *(a.format(out=out, folder=folder) for a in arguments)]
        quiet = {**os.environ, "CDXGEN_NO_BANNER": "true", "NO_COLOR": "1"}
        try:
            subprocess.run(command, capture_output=True, check=False, timeout=TIMEOUT, env=quiet, cwd=scratch)
            document = json.loads(out.read_bytes())
        except (OSError, ValueError, subprocess.TimeoutExpired):
            return []
    return [_component(c) for c in _all_components(document)]


def _all_components(document: dict[str, Any]) -> list[dict[str, Any]]:
    rows = [*document.get("components", []), *document.get("services", [])]
    return [r for r in rows if r.get("type") not in {"library", "framework", "file", "cryptographic-asset"} or "huggingface" in str(r)]


def _component(component: dict[str, Any]) -> Reported:
    properties = " ".join(str(p.get("value", "")) for p in component.get("properties", []))
    words = (component.get(k, "") for k in ("name", "group", "purl", "bom-ref", "version", "description"))
    joined = f"{component.get('group', '')}/{component.get('name', '')}"
    haystack = " ".join([*(str(w) for w in words), joined, properties]).lower()
    return Reported(component.get("type", "service"), frozenset({normal(component.get("name", ""))}), haystack=haystack)


PEERS = {"cdxgen -t ai": cdxgen, "ai-bom --deep": ai_bom, "6-pattern regex": regex}
