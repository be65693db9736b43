"""How bad: the score of a CVSS 3 or 4 vector, else the word that a source uses, else unknown and never low."""

import re
from collections.abc import Iterable

from lading.advisories import cvss4
from lading.advisories.osv import Score

UNKNOWN = "unknown"
_WORDS = {
    "critical": "critical",
    "important": "high",
    "high": "high",
    "moderate": "medium",
    "medium": "medium",
    "low": "low",
    "none": "info",
}
_IMPACT = {"H": 0.56, "L": 0.22, "N": 0.0}
_WEIGHTS = {
    "AV": {"N": 0.85, "A": 0.62, "L": 0.55, "P": 0.2},
    "AC": {"L": 0.77, "H": 0.44},
    "UI": {"N": 0.85, "R": 0.62},
    "C": _IMPACT,
    "I": _IMPACT,
    "A": _IMPACT,
}
_PRIVILEGES = {"U": {"N": 0.85, "L": 0.62, "H": 0.27}, "C": {"N": 0.85, "L": 0.68, "H": 0.5}}
_VECTOR = re.compile(r"CVSS:3\.[01]/([\w:/]{1,200})\Z")


def severity(scores: Iterable[Score], word: object = None) -> tuple[str, float]:
    """The word and the score of the worst vector that can be scored; the score is 0 where only a word is known."""
    found = max((s for score in scores if (s := scored(score.score)) is not None), default=None)
    if found is not None:
        return worded(found), found
    words = [word, *(s.score for s in scores)]
    return next((_WORDS[w.lower()] for w in words if isinstance(w, str) and w.lower() in _WORDS), UNKNOWN), 0.0


def worded(score: float) -> str:
    """The word of a score."""
    limits = ((9.0, "critical"), (7.0, "high"), (4.0, "medium"), (0.1, "low"))
    return next((word for least, word in limits if score >= least), "info")


def scored(vector: str) -> float | None:
    """The score of a vector of CVSS 3 or 4; None when it is none."""
    return cvss4.score(vector) if vector.startswith("CVSS:4") else base_score(vector)


def base_score(vector: str) -> float | None:
    """The base score of a CVSS 3.0 or 3.1 vector; None when it is none."""
    form = _VECTOR.match(vector)
    if not form:
        return None
    parts = dict(p.split(":", 1) for p in form[1].split("/") if ":" in p)
    try:
        changed = {"U": False, "C": True}[parts["S"]]
        weights = {name: table[parts[name]] for name, table in _WEIGHTS.items()}
        privileges = _PRIVILEGES[parts["S"]][parts["PR"]]
    except KeyError:
        return None
    lost = 1 - (1 - weights["C"]) * (1 - weights["I"]) * (1 - weights["A"])
    impact = 7.52 * (lost - 0.029) - 3.25 * (lost - 0.02) ** 15 if changed else 6.42 * lost
    if impact <= 0:
        return 0.0
    exploitability = 8.22 * weights["AV"] * weights["AC"] * privileges * weights["UI"]
    return _round_up(min((1.08 if changed else 1.0) * (impact + exploitability), 10))


def _round_up(value: float) -> float:
    """The smallest tenth not below, as CVSS 3.1 defines it for floating-point numbers."""
    whole = round(value * 100_000)
    return whole / 100_000 if whole % 10_000 == 0 else (whole // 10_000 + 1) / 10
