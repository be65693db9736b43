"""Small advisories of our own, and databases made of them."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from lading.advisories.feeds import Raw
from lading.advisories.store import Store

NOW = datetime(2030, 1, 31, 12, tzinfo=UTC)


def advisory(identifier: str, ecosystem: str = "PyPI", name: str = "acme", **more: Any) -> dict[str, Any]:
    """A record about one package; `events` or `versions` say which versions."""
    affected: dict[str, Any] = {"package": {"ecosystem": ecosystem, "name": name}}
    if "events" in more:
        affected["ranges"] = [{"type": more.pop("type", "ECOSYSTEM"), "events": more.pop("events")}]
    if "versions" in more:
        affected["versions"] = more.pop("versions")
    if "specific" in more:
        affected["database_specific"] = more.pop("specific")
    return {"id": identifier, "modified": "2030-01-01T00:00:00Z", "summary": f"About {name}", "affected": [affected], **more}


def store(folder: Path, *records: dict[str, Any] | bytes, name: str = "feed", now: datetime = NOW, fresh: bool = False) -> Store:
    """A database with these records in it."""
    made = Store(folder)
    made.bring([(name, [Raw(r if isinstance(r, bytes) else json.dumps(r).encode()) for r in records])], now, fresh=fresh)
    return made


def later(days: float) -> datetime:
    """A time after the records came in."""
    return NOW + timedelta(days=days)
