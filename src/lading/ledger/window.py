"""Window arithmetic: what a source's precision and a margin make of a window, and where a build stands to it."""

import re
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from lading.catalog.incidents import Window
from lading.core.errors import UsageError

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_MARGIN = re.compile(r"(\d{1,6})([smhd])\Z")
_FLOORS: dict[str, dict[str, int]] = {
    "second": {"microsecond": 0},
    "minute": {"microsecond": 0, "second": 0},
    "hour": {"microsecond": 0, "second": 0, "minute": 0},
    "day": {"microsecond": 0, "second": 0, "minute": 0, "hour": 0},
    "month": {"microsecond": 0, "second": 0, "minute": 0, "hour": 0, "day": 1},
}
_STEPS = {
    "second": timedelta(seconds=1),
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "month": timedelta(days=31),
}
EARLIEST = datetime.min.replace(tzinfo=UTC)
LATEST = datetime.max.replace(tzinfo=UTC)


class Place(StrEnum):
    """Where a build stands to a window."""

    BEFORE = "before"
    DURING = "during"
    AFTER = "after"
    UNKNOWN = "unknown"


def margin_of(text: str) -> timedelta:
    """The time that `90m`, `5h` or `2d` means; UsageError when it is none."""
    if not text:
        return timedelta()
    found = _MARGIN.match(text)
    if not found:
        raise UsageError(f"{text!r} is no margin", hint="a number with s, m, h or d: 90m, 5h, 2d")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


def bounds(window: Window, extra: timedelta = timedelta()) -> tuple[datetime, datetime]:
    """First and last moment that count: both ends widened to the precision, then by the margins."""
    start, end = window.start.astimezone(UTC), window.end.astimezone(UTC)
    floor = _FLOORS[window.precision]
    first = start.replace(**floor)  # type: ignore[arg-type]
    last = _ceiling(end, floor, _STEPS[window.precision])
    margin = margin_of(window.margin) + extra
    return (first - margin if first - EARLIEST > margin else EARLIEST, last + margin if LATEST - last > margin else LATEST)


def _ceiling(end: datetime, floor: dict[str, int], step: timedelta) -> datetime:
    """The last moment of the unit in which an end lies."""
    begin = end.replace(**floor)  # type: ignore[arg-type]
    if LATEST - begin <= step:
        return LATEST
    return (begin + step).replace(**floor) - timedelta(microseconds=1)  # type: ignore[arg-type]


def placed(started: datetime | None, finished: datetime | None, first: datetime, last: datetime) -> Place:
    """Where a build from `started` to `finished` stands: whatever overlaps is during; one time alone may be enough."""
    if finished is not None and finished < first:
        return Place.BEFORE
    if started is not None and started > last:
        return Place.AFTER
    if started is not None and finished is not None:
        return Place.DURING
    known = started or finished
    return Place.DURING if known is not None and first <= known <= last else Place.UNKNOWN
