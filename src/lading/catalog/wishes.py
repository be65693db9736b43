"""What Python packages of a lock ask of each other: ranges, and extras, which count only where somebody asks for them."""

from collections.abc import Iterable, Sequence

from msgspec import Struct

from lading.catalog.lockfile import MOST_VERSIONS, normal


class Wish(Struct, frozen=True):
    """A package that is asked for: in a range, where one of the extras `when` is asked for (always when there is none), with extras of its own."""

    name: str
    allowed: str = ""
    when: tuple[str, ...] = ()
    extras: tuple[str, ...] = ()
    marker: str = ""


def wish(text: str) -> Wish | None:
    """The wish that a PEP 508 requirement is; None when it is none."""
    from packaging.requirements import InvalidRequirement, Requirement  # noqa: PLC0415 - slow to import

    try:
        parsed = Requirement(text)
    except (InvalidRequirement, RecursionError):
        return None
    marker = str(parsed.marker or "")
    return Wish(normal(parsed.name), str(parsed.specifier), extras_of(marker), tuple(sorted(map(normal, parsed.extras))), marker)


def extras_of(marker: str) -> tuple[str, ...]:
    """The extras that a marker names."""
    pieces = marker.replace("'", '"').split('extra == "')[1:]
    return tuple(sorted({normal(piece.partition('"')[0]) for piece in pieces}))


def holding(packages: Sequence[tuple[str, Sequence[Wish]]]) -> list[tuple[Wish, ...]]:
    """The wishes of each package that hold: those of an extra only where somebody asks for the extra, however far away."""
    waiting = list(dict.fromkeys((name, "") for name, _ in packages))
    asked, wished = set(waiting), _by_extra(packages)
    while waiting:
        for one in wished.get(waiting.pop(), ()):
            new = [(one.name, extra) for extra in one.extras if (one.name, extra) not in asked]
            asked.update(new)
            waiting += new
    return [tuple(w for w in wishes if any((name, extra) in asked for extra in w.when or ("",))) for name, wishes in packages]


def _by_extra(packages: Iterable[tuple[str, Sequence[Wish]]]) -> dict[tuple[str, str], list[Wish]]:
    found: dict[tuple[str, str], list[Wish]] = {}
    for name, wishes in packages:
        for one in wishes:
            for extra in one.when or ("",):
                found.setdefault((name, extra), []).append(one)
    return found


def fitting(allowed: str, versions: Sequence[str]) -> Sequence[str]:
    """The versions that a range allows; all where it allows none of them or is no range that is known."""
    if len(versions) > MOST_VERSIONS:
        return ()
    if len(versions) < 2 or allowed in {"", "*"}:  # noqa: PLR2004 - one version is the one
        return versions
    from packaging.specifiers import InvalidSpecifier, SpecifierSet  # noqa: PLC0415 - slow to import

    try:
        held = SpecifierSet(allowed)
        return [v for v in versions if held.contains(v, prereleases=True)] or versions
    except (InvalidSpecifier, ValueError):
        return versions
