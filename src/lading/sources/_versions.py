"""Which of the versions that an upstream has a range means, as Terraform and Helm read ranges."""

import operator
import re
from collections.abc import Callable, Iterable
from itertools import zip_longest

_VERSION = re.compile(r"v?(?P<numbers>\d+(?:\.\d+)*)(?:-(?P<before>[\w.-]+))?(?:\+[\w.-]+)?\Z")
_TERM = re.compile(r"\s*(?P<sign>~>|>=|<=|!=|[~^=<>])?\s*(?P<version>v?\d[\w.*+-]*)\s*,?")
_Key = tuple[tuple[int, ...], tuple[object, ...]]
"""Numbers, then what comes before the release: `(0, …)` for a preview, `(1,)` for the release itself."""
_ORDER: dict[str, Callable[[_Key, _Key], bool]] = {
    "!=": operator.ne,
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}


def newest(versions: Iterable[str], asked: str) -> str:
    """The newest version in a range (`~> 6.0`, `>=1.2, <2`, `^3`; empty: any); empty when there is none, or the range is not read."""
    terms, at = [], 0
    while at < len(asked.rstrip()):
        if (term := _TERM.match(asked, at)) is None:
            return ""
        terms.append((term["sign"] or "=", term["version"]))
        at = term.end()
    known = [(key, v) for v in versions if (key := _key(v))]
    if any(t is None for t in terms):
        return ""
    exact = bool(terms) and all(sign == "=" for sign, _ in terms)
    fitting = [(key, v) for key, v in known if all(_fits(key, *term) for term in terms) and (exact or key[1] == (1,))]
    return max(fitting, default=(None, ""))[1]


def _key(version: str) -> _Key | None:
    match = _VERSION.match(version.strip())
    if not match:
        return None
    parts = [(0, int(p), "") if p.isdigit() else (1, 0, p) for p in (match["before"] or "").split(".") if p]
    return _numbers(match["numbers"]), (0, *parts) if parts else (1,)


def _numbers(text: str) -> tuple[int, ...]:
    found = [int(n) for n in text.split(".")]
    return tuple(n for n, _ in zip_longest(found, range(3), fillvalue=0))


def _fits(key: _Key, sign: str, wanted: str) -> bool:
    other = _key(wanted.rstrip(".*x"))
    if other is None:
        return False
    open_ended = wanted.endswith(("*", "x"))
    given = wanted.lstrip("v").partition("-")[0].rstrip(".*x").count(".") + 1
    if sign in _ORDER:
        return _ORDER[sign](key, other)
    if sign == "=":
        return key[0][:given] == other[0][:given] if open_ended else key == other
    held = {"~>": max(1, given - 1), "~": min(2, given)}.get(sign) or next((i + 1 for i, n in enumerate(other[0][:given]) if n), given)
    return key >= other and key[0][:held] == other[0][:held]
