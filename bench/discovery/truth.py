"""The hand-made truth of the discovery benchmark, and how a tool's answer is held against it. ANNOTATING.md has the rules."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

AI = frozenset({"model", "adapter", "embedding", "tokenizer", "dataset", "service"})
TRUTH = Path(__file__).parent / "truth"


@dataclass(frozen=True)
class Artifact:
    """One artifact a careful reader finds in a project."""

    kind: str
    name: str
    written: tuple[str, ...]
    pin: str
    revision: str
    at: tuple[str, ...]

    @property
    def names(self) -> frozenset[str]:
        """Every spelling that counts as this artifact."""
        return frozenset(normal(n) for n in (self.name, *self.written))


@dataclass(frozen=True)
class Project:
    """A project at one commit, with the folders that were reviewed."""

    name: str
    source: str
    commit: str
    shape: str
    reviewed: tuple[str, ...]
    artifacts: tuple[Artifact, ...]

    def covers(self, path: str) -> bool:
        """Whether a path was reviewed by hand."""
        return not self.reviewed or any(path == r or path.startswith(r.rstrip("/") + "/") for r in self.reviewed)


@dataclass(frozen=True)
class Reported:
    """One artifact as a tool reports it; `pin` is None for tools that state none."""

    kind: str
    names: frozenset[str]
    pin: str | None = None
    version: str = ""
    places: tuple[str, ...] = ()
    haystack: str = ""


@dataclass
class Score:
    """Counts of one tool on one project; every rate of the tables is a quotient of two of them."""

    truth: dict[str, int] = field(default_factory=dict)
    found: dict[str, int] = field(default_factory=dict)
    reported: int = 0
    right: int = 0
    pins: int = 0
    pins_right: int = 0
    places: int = 0
    places_right: int = 0
    kinds_right: int = 0
    missed: list[Artifact] = field(default_factory=list)
    wrong: list[Reported] = field(default_factory=list)
    wrong_pins: list[tuple[Artifact, Reported]] = field(default_factory=list)
    wrong_places: list[tuple[Artifact, Reported]] = field(default_factory=list)

    def add(self, other: Score) -> None:
        """Sum another project's counts into this one."""
        for kind, count in other.truth.items():
            self.truth[kind] = self.truth.get(kind, 0) + count
            self.found[kind] = self.found.get(kind, 0) + other.found.get(kind, 0)
        for name in ("reported", "right", "pins", "pins_right", "places", "places_right", "kinds_right"):
            setattr(self, name, getattr(self, name) + getattr(other, name))


def projects() -> list[Project]:
    """Every annotated project."""
    return [_project(path) for path in sorted(TRUTH.glob("*.toml"))]


def _project(path: Path) -> Project:
    data = tomllib.loads(path.read_text())
    reviewed = data.get("reviewed", "complete")
    return Project(
        name=path.stem,
        source=data["project"],
        commit=data.get("commit", data.get("version", "")),
        shape=data.get("shape", ""),
        reviewed=() if reviewed == "complete" else tuple(reviewed),
        artifacts=tuple(
            Artifact(a["kind"], a["name"], tuple(a.get("written", ())), a["pin"], a.get("revision", ""), tuple(a["at"]))
            for a in data.get("artifact", ())
        ),
    )


def normal(name: str) -> str:
    """A name without what spelling alone adds: case, scheme, registry of the default hub, trailing slash."""
    name = name.strip().lower().rstrip("/")
    return re.sub(r"^(?:https?://|docker\.io/|index\.docker\.io/|library/)+", "", name)


def score(project: Project, answer: list[Reported]) -> Score:
    """Hold a tool's answer against the truth: by name within the same family of kinds, by containment for tools without names."""
    result = Score()
    answer = [r for r in answer if not r.places or any(project.covers(p.partition(":")[0]) for p in r.places)]
    matched: dict[int, list[Reported]] = {}
    result.reported = len(answer)
    for reported in answer:
        hits = [i for i, artifact in enumerate(project.artifacts) if _same(artifact, reported)]
        if hits:
            result.right += 1
        else:
            result.wrong.append(reported)
        for hit in hits:
            matched.setdefault(hit, []).append(reported)
    for index, artifact in enumerate(project.artifacts):
        result.truth[artifact.kind] = result.truth.get(artifact.kind, 0) + 1
        if index not in matched:
            result.missed.append(artifact)
            continue
        result.found[artifact.kind] = result.found.get(artifact.kind, 0) + 1
        _check(result, artifact, matched[index])
    return result


def _check(result: Score, artifact: Artifact, reports: list[Reported]) -> None:
    result.kinds_right += any(r.kind == artifact.kind for r in reports)
    stated = [r for r in reports if r.pin is not None]
    if stated:
        result.pins += 1
        best = next((r for r in stated if r.pin == artifact.pin), stated[0])
        result.pins_right += best.pin == artifact.pin
        if best.pin != artifact.pin:
            result.wrong_pins.append((artifact, best))
    located = [r for r in reports if r.places]
    if located:
        result.places += 1
        places = {p for r in located for p in r.places}
        right = bool(places & set(artifact.at))
        result.places_right += right
        if not right:
            result.wrong_places.append((artifact, located[0]))


def _same(artifact: Artifact, reported: Reported) -> bool:
    if reported.haystack:
        return any(n in reported.haystack for n in artifact.names)
    return _family(artifact.kind) == _family(reported.kind) and bool(artifact.names & reported.names)


def _family(kind: str) -> str:
    """Kinds whose border is a matter of taste (an embedding behind an API) are one family; `kind right` tells them apart."""
    return "model" if kind in {"model", "adapter", "embedding", "tokenizer", "service"} else kind
