"""The score of a CVSS 4.0 vector (FIRST, CVSS v4.0 specification, section 8: macro vectors and interpolation)."""

import re

_VECTOR = re.compile(r"CVSS:4\.0((?:/[A-Z]{1,3}:[A-Za-z]{1,5}){11,32})\Z")
_LEVELS = {
    "AV": "NALP", "PR": "NLH", "UI": "NPA", "AC": "LH", "AT": "NP",
    "VC": "HLN", "VI": "HLN", "VA": "HLN", "SC": "SHLN", "SI": "SHLN", "SA": "SHLN",
    "CR": "HML", "IR": "HML", "AR": "HML", "E": "APU",
}  # fmt: skip
"""The values of each metric that counts, the worst first; S stands for safety, which only the modified metrics know."""
_UNSAID = {"E": "A", "CR": "H", "IR": "H", "AR": "H"}
_GROUPS = (("AV", "PR", "UI"), ("AC", "AT"), ("VC", "VI", "VA", "CR", "IR", "AR"), ("SC", "SI", "SA"))
_WORST = (
    (("NNN",), ("ANN", "NLN", "NNP"), ("PNN", "ALP")),
    (("LN",), ("HN", "LP")),
    (("HHHHHH",), ("HHLMMH", "HHHMMM"), ("LHHHHH", "HLHHHH"), ("LHLHMH", "LHHHMM", "HLHMHM", "HLLMHH", "LLHHHM"), (), ("LLLHHH",)),
    (("HSS",), ("HHH",), ("LLL",)),
)
"""For each group of metrics and each of its levels the worst combinations of values in it (section 8.2, highest severity vectors)."""
_DEPTHS = ((1, 4, 5), (1, 2), (7, 6, 8, 8, 0, 10), (6, 5, 4))
"""How many steps lead from there to the next level."""
_TABLE = """
000  100 99 98 95 95 92 100 96 93 87 91 81 93 90 89 80 81 68
001  98 95 95 92 90 84 93 92 89 81 81 65 88 80 78 70 69 48
002  92 82 72 79 69 50 69 55 27
010  99 97 95 92 92 85 95 91 90 83 84 71 92 81 82 71 72 53
011  95 93 92 85 85 73 92 82 80 72 70 59 84 70 71 52 50 30
012  86 75 52 71 52 29 63 29 17
100  98 95 94 87 91 81 94 89 86 74 77 64 87 75 74 63 63 49
101  94 89 88 77 76 67 86 76 74 58 59 50 72 57 57 52 52 25
102  83 70 54 65 58 26 53 21 13
110  95 90 88 76 76 70 90 77 75 62 61 53 77 66 68 59 52 30
111  89 78 76 67 62 58 74 59 57 57 47 23 61 52 57 29 24 16
112  71 59 30 58 26 15 23 13 6
200  93 87 86 72 75 58 86 74 74 61 56 34 70 54 52 40 40 22
201  85 75 74 55 62 51 72 57 55 41 46 19 53 36 34 19 19 8
202  64 51 20 47 21 11 24 9 4
210  88 75 73 53 60 50 73 55 59 40 41 20 54 43 45 22 20 11
211  75 55 58 45 40 21 61 51 48 18 20 9 46 18 17 7 8 2
212  53 24 14 24 12 5 10 3 1
"""
"""The scores of the macro vectors in tenths: in each row the levels of three groups, then by the fourth, the fifth and, where it has two levels, the sixth."""
_IMPACTS = ("VC", "VI", "VA", "SC", "SI", "SA")
_HALF = 0.5 + 1e-5

Macro = tuple[int, int, int, int, int]
"""Levels: exploitability, complexity, vulnerable system with its requirements (2 x level + requirement), subsequent systems, maturity."""


def _scores() -> dict[Macro, int]:
    found: dict[Macro, int] = {}
    for line in _TABLE.split("\n")[1:-1]:
        levels, *values = line.split()
        first, second, third = map(int, levels)
        sixths = (1,) if third == 2 else (0, 1)  # noqa: PLR2004 - where nothing is high no requirement matters
        places = [(f, m, s) for f in range(3) for m in range(3) for s in sixths]
        for (fourth, fifth, sixth), value in zip(places, map(int, values), strict=True):
            found[first, second, 2 * third + sixth, fourth, fifth] = value
    return found


_SCORES = _scores()


def score(vector: str) -> float | None:
    """The score, with what threat and environment it tells; None when it is no vector of CVSS 4.0."""
    metrics = _metrics(vector)
    if metrics is None:
        return None
    if all(metrics[m] == "N" for m in _IMPACTS):
        return 0.0
    macro = _macro(metrics)
    value = _SCORES[macro]
    lowered = [step for group in range(5) if (step := _lowered(metrics, macro, group)) is not None]
    mean = sum(lowered) / len(lowered) if lowered else 0.0
    return int(min(max(value - mean, 0.0), 100.0) + _HALF) / 10


def _metrics(vector: str) -> dict[str, str] | None:
    """The value of each metric that counts: modified before base, the worst where nothing is said."""
    form = _VECTOR.match(vector)
    if not form:
        return None
    told = [part.partition(":")[::2] for part in form[1][1:].split("/")]
    given = dict(told)
    if len(given) != len(told):
        return None
    found = {}
    for name, values in _LEVELS.items():
        base = given.get(name, _UNSAID.get(name, ""))
        base = _UNSAID[name] if base == "X" and name in _UNSAID else base
        if base not in values.replace("S", "") or not base:
            return None
        modified = given.get(f"M{name}", "X")
        if modified != "X" and (modified not in values or (modified == "S" and name == "SC")):
            return None
        found[name] = base if modified == "X" else modified
    return found


def _macro(m: dict[str, str]) -> Macro:
    """The macro vector (section 8.2, tables 24 to 29)."""
    nothing_needed = [m[name] == "N" for name in _GROUPS[0]]
    first = 0 if all(nothing_needed) else 1 if any(nothing_needed) and m["AV"] != "P" else 2
    second = int((m["AC"], m["AT"]) != ("L", "N"))
    third = 0 if m["VC"] == m["VI"] == "H" else 1 if "H" in {m["VC"], m["VI"], m["VA"]} else 2
    wanted = any(m[need] == m[impact] == "H" for need, impact in (("CR", "VC"), ("IR", "VI"), ("AR", "VA")))
    fourth = 0 if "S" in {m["SI"], m["SA"]} else 1 if "H" in {m["SC"], m["SI"], m["SA"]} else 2
    return first, second, 2 * third + (not wanted), fourth, "APU".index(m["E"])


def _lowered(metrics: dict[str, str], macro: Macro, group: int) -> float | None:
    """By how much the vector lies below the worst of its macro vector in one group; None where no lower level is."""
    lower = [found for step in _steps(macro, group) if (found := _SCORES.get(step)) is not None]
    if not lower:
        return None
    if group == len(_GROUPS):
        return 0.0
    return (_SCORES[macro] - max(lower)) * _distance(metrics, group, macro[group]) / _DEPTHS[group][macro[group]]


def _steps(macro: Macro, group: int) -> list[Macro]:
    """The next lower macro vectors in a group; with nothing lowered in the third both ways lead on."""
    third = 2
    ways = {0: (1, 2), 1: (2,), 2: (1,), 3: (2,)}.get(macro[third], ()) if group == third else (1,)
    return [(*macro[:group], macro[group] + way, *macro[group + 1 :]) for way in ways]  # type: ignore[misc]


def _distance(metrics: dict[str, str], group: int, level: int) -> int:
    """How many steps the vector lies below the first worst combination that is in no metric less bad than it."""
    names = _GROUPS[group]
    steps: list[int] = []
    for worst in _WORST[group][level]:
        steps = [_LEVELS[n].index(metrics[n]) - _LEVELS[n].index(w) for n, w in zip(names, worst, strict=True)]
        if min(steps) >= 0:
            break
    return sum(steps)
