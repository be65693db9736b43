"""What a followed pickle means: every global against the list, every call against the rule of what is called."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from lading.core.inspection import Grade
from lading.pickles.known import canonical, effect_of, rules
from lading.pickles.machine import Call, Machine
from lading.pickles.values import Made, Mapping, Name, Unknown

MOST_TOLD = 100
_LARGEST_MADE = 1 << 30
_CODECS = frozenset({"latin1", "latin-1", "latin_1", "iso-8859-1", "utf-8", "utf8", "ascii", "raw_unicode_escape"})
_TEXT = 160


class Judged(Struct, frozen=True, kw_only=True):
    """One objection to one moment of a pickle."""

    rule: str
    grade: Grade
    message: str
    offset: int
    callable: str = ""
    arguments: str = ""
    effect: str = ""


def judge(machine: Machine, *, persistent: bool = False) -> Iterator[Judged]:
    """Yield what counts against a pickle; `persistent` where its loader gives persistent ids a meaning."""
    called = {id(call.target): call for call in reversed(machine.calls) if isinstance(call.target, Name)}
    told = 0
    for name in machine.names:
        found = _name(name, called.get(id(name)), machine)
        if found:
            yield found
            told += 1
            if told >= MOST_TOLD:
                break
    for call in machine.calls:
        found = _call(call, machine)
        if found:
            yield found
            told += 1
            if told >= MOST_TOLD * 2:
                break
    if machine.persistent and not persistent:
        yield Judged(
            rule="pickle-persistent-id", grade=Grade.SUSPICIOUS, offset=machine.persistent[0][0], effect="unknown",
            message=f"{len(machine.persistent)} persistent ids are handed to whatever loads this; only torch gives them a known meaning",
        )  # fmt: skip
    for offset, note in machine.notes[:10]:
        yield Judged(rule="pickle-unusual", grade=Grade.SUSPICIOUS, offset=offset, message=f"no pickler writes this: {note}", effect="unknown")


def _name(name: Name, call: Call | None, machine: Machine) -> Judged | None:
    if canonical(name.module, name.name) in rules():
        return None
    effect = effect_of(name.module, name.name)
    arguments = shown(call.arguments, machine) if call else ""
    doing = f"calls {name.full}{arguments if arguments.startswith('(') else f'({arguments})'}" if call else f"imports {name.full}"
    if effect:
        return Judged(
            rule="pickle-dangerous-global", grade=Grade.MALICIOUS, offset=name.offset, callable=name.full, arguments=arguments, effect=effect,
            message=f"loading {doing}, which can {_WORDS.get(effect, effect)}",
        )  # fmt: skip
    return Judged(
        rule="pickle-unknown-global", grade=Grade.SUSPICIOUS, offset=name.offset, callable=name.full, arguments=arguments, effect="import",
        message=f"loading {doing}, of which nothing is known",
    )  # fmt: skip


_WORDS = {"execute": "run anything", "network": "reach the network", "write-file": "read or write files"}


def _call(call: Call, machine: Machine) -> Judged | None:
    target = call.target
    if isinstance(target, Name):
        full = canonical(target.module, target.name)
        rule = rules().get(full)
        if rule is None:
            return None
        if call.what in {"build", "append", "set"}:
            return _objection(call, machine, "pickle-changes-shared", f"loading changes {target.full} itself, for the whole process")
        if not _RULES[rule](call, machine):
            return _objection(call, machine, "pickle-arguments", f"loading calls {target.full} with arguments that no library writes")
        return None
    if isinstance(target, Made):
        if call.what in {"call", "new"}:
            return _objection(call, machine, "pickle-computed-call", "loading calls something that another call gave")
        return None
    if isinstance(target, Unknown):
        if call.what in {"call", "new"} or target.what != "persistent object":
            return _objection(call, machine, "pickle-computed-call", "loading calls or changes something that cannot be told")
        return None
    if call.what in {"call", "new"}:
        return _objection(call, machine, "pickle-unusual", "loading calls a value that is no function")
    return None


def _objection(call: Call, machine: Machine, rule: str, message: str) -> Judged:
    full = call.target.full if isinstance(call.target, Name) else ""
    return Judged(
        rule=rule, grade=Grade.SUSPICIOUS, offset=call.offset, message=message, callable=full, arguments=shown(call.arguments, machine), effect="unknown"
    )


def _arguments(call: Call) -> tuple[Any, ...]:
    return call.arguments if isinstance(call.arguments, tuple) else ()


def _listed(value: Any) -> bool:  # noqa: ANN401 - any value of the stack
    return isinstance(value, Name) and canonical(value.module, value.name) in rules()


def _first_is_known(call: Call, machine: Machine) -> bool:
    """A class comes first; it must be listed, or be nothing."""
    arguments = _arguments(call)
    if not arguments:
        return True
    first = machine.text(arguments[0])
    if isinstance(first, Name) and rules().get(canonical(first.module, first.name)) == "getattr":
        return False
    return first is None or isinstance(first, Name)  # an unlisted name has its own objection


def _member(call: Call, machine: Machine) -> bool:
    """`getattr` of a listed class by a plain name whose joined name is listed too: members of enumerations and nested classes."""
    arguments = _arguments(call)
    if len(arguments) != 2 or not isinstance(arguments[0], Name):  # noqa: PLR2004 - object and name
        return False
    name = machine.text(arguments[1])
    holder = canonical(arguments[0].module, arguments[0].name)
    return isinstance(name, str) and f"{holder}.{name}" in rules()


def _codec(call: Call, machine: Machine) -> bool:
    """Text encoded by a codec that only maps characters."""
    arguments = [machine.text(a) for a in _arguments(call)]
    return len(arguments) == 2 and isinstance(arguments[0], str) and arguments[1] in _CODECS  # noqa: PLR2004


def _sized(call: Call, machine: Machine) -> bool:
    """Bytes out of bytes, text or a modest number."""
    arguments = [machine.text(a) for a in _arguments(call)]
    if len(arguments) > 1:
        return len(arguments) == 2 and isinstance(arguments[0], str) and arguments[1] in _CODECS  # noqa: PLR2004
    return not arguments or not isinstance(arguments[0], int) or arguments[0] <= _LARGEST_MADE


def _scalar(call: Call, machine: Machine) -> bool:
    """A number of a plain type: a scalar of the type `object` would hold another pickle."""
    arguments = _arguments(call)
    if not arguments:
        return False
    kind = dtype(arguments[0], machine)
    return kind is not None and "O" not in kind


def _ufunc(call: Call, machine: Machine) -> bool:
    """A function of NumPy, named by its module."""
    arguments = [machine.text(a) for a in _arguments(call)]
    return len(arguments) == 2 and str(arguments[0]).split(".")[0] in {"numpy", "scipy"}  # noqa: PLR2004


def _from_type(call: Call, _: Machine) -> bool:
    """A listed rebuilding function, a listed class."""
    arguments = _arguments(call)
    return len(arguments) >= 2 and _listed(arguments[0]) and _listed(arguments[1])  # noqa: PLR2004


def _one(call: Call, _: Machine) -> bool:
    return len(_arguments(call)) == 1


def _any(_: Call, __: Machine) -> bool:
    return True


def _never(_: Call, __: Machine) -> bool:
    return False


_RULES = {
    "type": _any, "anything": _any, "inert-call": _any, "nested": _any, "reference": _never, "sized": _sized, "codec": _codec, "member": _member,
    "first-is-known": _first_is_known, "scalar": _scalar, "ufunc": _ufunc, "from-type": _from_type, "one-argument": _one,
}  # fmt: skip
"""What the word in a table asks of the arguments."""


def dtype(value: Any, machine: Machine) -> str | None:  # noqa: ANN401 - any value of the stack
    """The type of a NumPy array as its letters, with those of its fields; None when it is no such type."""
    if not isinstance(value, Made) or not isinstance(value.maker, Name) or not value.maker.full.startswith("numpy"):
        return None
    if not isinstance(value.arguments, tuple) or not value.arguments:
        return value.maker.name if "DType" in value.maker.name else None
    letters = machine.text(value.arguments[0])
    if isinstance(letters, Name):
        letters = letters.name
    if isinstance(letters, bytes):
        letters = letters.decode("latin-1")
    if not isinstance(letters, str):
        return None
    return letters + _fields(value.state, machine, 0)


def _fields(state: Any, machine: Machine, depth: int) -> str:  # noqa: ANN401 - any value of the stack
    found = ""
    if depth > 4 or not isinstance(state, (tuple, list)):  # noqa: PLR2004 - arrays of records of arrays
        return found
    for item in state:
        if isinstance(item, Made):
            found += f",{dtype(item, machine) or 'O'}"
        elif isinstance(item, (tuple, Mapping)):
            found += _fields(item, machine, depth + 1)
    return found


def shown(value: Any, machine: Machine, depth: int = 0) -> str:  # noqa: ANN401, PLR0911 - one answer per kind
    """A value for people: short, and without anything that a terminal would obey."""
    if depth > 3:  # noqa: PLR2004 - enough for the arguments of a call
        return "…"
    value = machine.text(value)
    if isinstance(value, Name):
        return value.full[:_TEXT]
    if isinstance(value, Made):
        return f"{shown(value.maker, machine, depth + 1)}(…)"
    if isinstance(value, Unknown):
        return f"<{value.what or 'unknown'}>"
    if isinstance(value, tuple):
        return f"({', '.join(shown(v, machine, depth + 1) for v in value[:6])})"
    if isinstance(value, Mapping):
        return "{…}" if value else "{}"
    if isinstance(value, list):
        return f"[{', '.join(shown(v, machine, depth + 1) for v in value[:6])}]"
    return re.sub(r"[^\x20-\x7e]", "?", repr(value[:_TEXT] if isinstance(value, (str, bytes)) else value))[:_TEXT]
