"""What a followed pickle means: every global against the list, every call against the rule of what is called."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from lading.core.inspection import Grade
from lading.core.pattern import pattern
from lading.pickles.known import canonical, effect_of, rule_of
from lading.pickles.machine import Call, Machine
from lading.pickles.values import MOST_KEPT, Made, Mapping, Name, Unknown
from lading.pickles.weight import explodes
from lading.syntax.programs import reads_as_program

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


def judge(machine: Machine, *, persistent: bool = False, own: str = "") -> Iterator[Judged]:
    """Yield what counts against a pickle; `persistent` where its loader gives persistent ids a meaning, `own` a package that it brings along."""
    yield from _names(machine, own)
    told = 0
    for call in machine.calls:
        found = _call(call, machine)
        if found and (told < MOST_TOLD * 2 or found.grade is Grade.MALICIOUS):
            yield found
            told += 1
            if told >= MOST_TOLD * 4:
                break
    if machine.persistent and not persistent:
        yield Judged(
            rule="pickle-persistent-id", grade=Grade.SUSPICIOUS, offset=machine.persistent[0][0], effect="unknown",
            message=f"{len(machine.persistent)} persistent ids are handed to whatever loads this; only torch gives them a known meaning",
        )  # fmt: skip
    if explodes(machine):
        yield Judged(
            rule="pickle-expansion", grade=Grade.SUSPICIOUS, offset=machine.start, effect="exhaustion",
            message="what it builds refers to itself so often that looking at it would never end",
        )  # fmt: skip
    for offset, note in machine.notes[:10]:
        yield Judged(
            rule="pickle-unusual", grade=Grade.SUSPICIOUS, offset=offset, message=f"no pickler writes this: {note}", effect="unknown"
        )


def _names(machine: Machine, own: str) -> Iterator[Judged]:
    """What counts against the globals that are looked up."""
    called = {id(call.target): call for call in reversed(machine.calls) if isinstance(call.target, Name)}
    told = 0
    for name in machine.names:
        if own and name.module.partition(".")[0] == own:
            continue
        if told >= MOST_TOLD and not effect_of(name.module, name.name):  # behind many that are unknown, only dangers are told
            continue
        found = _name(name, called.get(id(name)), machine)
        if found:
            yield found
            told += 1
            if told >= MOST_TOLD * 2:
                break


def _name(name: Name, call: Call | None, machine: Machine) -> Judged | None:
    rule = rule_of(canonical(name.module, name.name))
    if rule and (rule != "method-type" or (call and _method_type(call, machine))):
        return _handed_on(name) if name.uses > 0 and rule in _DIRECT else None
    effect = effect_of(name.module, name.name)
    arguments = shown(call.arguments, machine) if call else ""
    told = brief(name.full)
    doing = f"calls {told}{arguments if arguments.startswith('(') else f'({arguments})'}" if call else f"imports {told}"
    if effect:
        return Judged(
            rule="pickle-dangerous-global", grade=Grade.MALICIOUS, offset=name.offset, callable=brief(name.full), arguments=arguments, effect=effect,
            message=f"loading {doing}, which can {_WORDS.get(effect, effect)}",
        )  # fmt: skip
    if call and _holds_program(call.arguments, machine):
        return Judged(
            rule="pickle-runs-text", grade=Grade.MALICIOUS, offset=name.offset, callable=brief(name.full), arguments=arguments, effect="execute",
            message=f"loading {doing}: a text that is a program, handed to something of which nothing is known",
        )  # fmt: skip
    return Judged(
        rule="pickle-unknown-global", grade=Grade.SUSPICIOUS, offset=name.offset, callable=brief(name.full), arguments=arguments, effect="import",
        message=f"loading {doing}, of which nothing is known",
    )  # fmt: skip


def _holds_program(value: Any, machine: Machine, depth: int = 0) -> bool:  # noqa: ANN401 - any value of the stack
    """Whether a program stands among the arguments of a call."""
    value = machine.text(value)
    if isinstance(value, bytes):
        value = value.decode("latin-1")
    if isinstance(value, str):
        return reads_as_program(value)
    if isinstance(value, Made):
        value = value.arguments
    parts = value if isinstance(value, (tuple, list)) else ()
    return depth < 4 and any(_holds_program(v, machine, depth + 1) for v in parts[:32])  # noqa: PLR2004 - arguments in lists in tuples


LONGEST_NAME = 120
"""Characters of a name that are told; a longer one is no name that Python code has."""


def brief(text: str) -> str:
    """A name as it is told."""
    return text if len(text) <= LONGEST_NAME else f"{text[:LONGEST_NAME]}… ({len(text)} characters)"


_DIRECT = frozenset({"method-type", "member", "nested", "scalar", "codec", "sized", "instance-first", "from-type"})
"""Rules of arguments hold only where the pickle itself makes the call."""


def _handed_on(name: Name) -> Judged:
    return Judged(
        rule="pickle-handed-on", grade=Grade.SUSPICIOUS, offset=name.offset, callable=brief(name.full), effect="unknown",
        message=f"{brief(name.full)} is handed on to be called later with arguments that nobody sees now",
    )  # fmt: skip


_WORDS = {"execute": "run anything", "network": "reach the network", "write-file": "read or write files"}


def _call(call: Call, machine: Machine) -> Judged | None:
    target = call.target
    if isinstance(target, Name):
        return _named(call, target, machine)
    if isinstance(target, Made) and call.what not in _CALLS:
        return _state(call, target, machine)
    if isinstance(target, Unknown) and call.what not in _CALLS and target.what in {"persistent object", "forgotten"}:
        return None
    if isinstance(target, (Made, Unknown)):
        return _objection(call, machine, "pickle-computed-call", "loading calls or changes something that only a run would tell")
    return _objection(call, machine, "pickle-unusual", "loading calls a value that is no function") if call.what in _CALLS else None


_CALLS = frozenset({"call", "new"})


def _named(call: Call, target: Name, machine: Machine) -> Judged | None:
    rule = rule_of(canonical(target.module, target.name))
    if rule is None:  # the name itself is objected to
        return None
    if call.what not in _CALLS:
        return _objection(call, machine, "pickle-changes-shared", f"loading changes {target.full} itself, for the whole process")
    if isinstance(call.arguments, Unknown) or not _RULES[rule](call, machine):
        return _objection(call, machine, "pickle-arguments", f"loading calls {target.full} with arguments that no library writes")
    return None


def _state(call: Call, target: Made, machine: Machine) -> Judged | None:
    """An object is given a state: what made it must give objects, and some classes run what stands in the state."""
    if call.what in {"set", "append"}:
        return _objection(call, machine, "pickle-arguments", "loading puts items into something that is no container")
    rule = rule_of(_class_of(target))
    if rule == "distribution" and not _distribution(call, machine):
        return _objection(call, machine, "pickle-runs-text", "loading runs a text of the state of a distribution of SciPy", Grade.MALICIOUS)
    if rule in _STATES and not _STATES[rule](call, machine):
        return _objection(call, machine, "pickle-arguments", f"loading gives {brief(_class_of(target))} a state that may reach something")
    if rule in {"type-of-constant", "member", "codec", "sized", "ufunc"} and call.what == "build":
        return _objection(call, machine, "pickle-changes-shared", "loading changes something that other code shares")
    return None


def _class_of(made: Made) -> str:
    """The listed name of what an object was made of; what made it where that tells no class."""
    if not isinstance(made.maker, Name):
        return ""
    first = made.arguments[0] if isinstance(made.arguments, tuple) and made.arguments else None
    kind = first if made.maker.name in {"_reconstructor", "__newobj__"} and isinstance(first, Name) else made.maker
    return canonical(kind.module, kind.name)


def _objection(call: Call, machine: Machine, rule: str, message: str, grade: Grade = Grade.SUSPICIOUS) -> Judged:
    full = call.target.full if isinstance(call.target, Name) else ""
    return Judged(
        rule=rule,
        grade=grade,
        offset=call.offset,
        message=message,
        callable=full,
        arguments=shown(call.arguments, machine),
        effect="unknown",
    )


def _arguments(call: Call) -> tuple[Any, ...]:
    return call.arguments if isinstance(call.arguments, tuple) else ()


def _listed(value: Any) -> bool:  # noqa: ANN401 - any value of the stack
    return isinstance(value, Name) and rule_of(canonical(value.module, value.name)) is not None


def _first_is_known(call: Call, machine: Machine) -> bool:
    """A class or function comes first, or nothing; one that is not listed has its own objection."""
    arguments = _arguments(call)
    if not arguments:
        return True
    first = machine.text(arguments[0])
    return first is None or isinstance(first, Name) or (isinstance(first, Made) and _class_of(first) in _HOLD)


_HOLD = frozenset({"builtins.getattr", "functools.partial"})
"""What gives a function whose own call is judged where it stands."""


def _array_maker(call: Call, _: Machine) -> bool:
    """An array is made by NumPy's own function."""
    arguments = _arguments(call)
    first = arguments[0] if arguments else None
    return isinstance(first, Name) and canonical(first.module, first.name) == "numpy._core.multiarray._reconstruct"


def _memory(call: Call, machine: Machine) -> bool:
    """A memory of joblib without a place on disk, from which it would unpickle what it remembers."""
    state = call.arguments
    return isinstance(state, Mapping) and len(state) < MOST_KEPT and machine.text(state.get("location", machine.data)) is None


def _formula(call: Call, machine: Machine) -> bool:
    """A formula of statsmodels, whose names and calls are evaluated when it is loaded, is arithmetic of columns."""
    state = call.arguments
    if not isinstance(state, Mapping) or len(state) >= MOST_KEPT:
        return False
    keys = {machine.text(item) for item in state[::2] if not isinstance(item, (Mapping, list))}
    if not keys & {"restore_design_info", "restore_model_spec"}:
        return True
    text = machine.text(state.get("formula", machine.data))
    return isinstance(text, str) and len(text) < _LONGEST_TEMPLATE and bool(_FORMULA.fullmatch(text)) and not _CALLED.search(text)


def _packed(call: Call, machine: Machine) -> bool:
    """An object of torch's own runtime is of one of the kinds that hold packed numbers."""
    state = call.arguments
    return isinstance(state, tuple) and len(state) == 2 and machine.text(state[1]) in _PACKED  # noqa: PLR2004 - numbers and kind


_PACKED = frozenset(
    f"__torch__.torch.classes.{kind}"
    for kind in ("quantized.LinearPackedParamsBase", "quantized.Conv2dPackedParamsBase", "quantized.Conv3dPackedParamsBase",
                 "quantized.EmbeddingPackedParamsBase", "rnn.CellParamsBase", "sparse.LinearPackedParamsBase")
)  # fmt: skip
_FORMULA = pattern(
    r"(?:(?:np\.(?:log|log1p|exp|sqrt|abs|square|sin|cos)|C|I|center|standardize|scale|bs|cr|poly)(?=\()|[A-Za-z_]\w*(?!\w|\s*\(|\.)|[\d.]|[-+*/:~^|,()\s])*"
)
_CALLED = pattern(r"__|\)\s*\(")


def _finite(call: Call, machine: Machine) -> bool:  # noqa: ARG001 - as all of these
    """A container is made of something that is there, not of something that counts on for ever."""
    return not any(isinstance(a, Made) and isinstance(a.maker, Name) and a.maker.module in _ENDLESS for a in _arguments(call))


_ENDLESS = frozenset({"itertools", "builtins", "__builtin__"})


def _instance_first(call: Call, _: Machine) -> bool:
    """What is changed is an object that the pickle made, not a class or module."""
    arguments = _arguments(call)
    return bool(arguments) and isinstance(arguments[0], Made)


def _type_of_constant(call: Call, machine: Machine) -> bool:
    """The types of `None`, `...` and `NotImplemented` have no other name."""
    arguments = [machine.text(a) for a in _arguments(call)]
    if len(arguments) != 1:
        return False
    return arguments[0] is None or (isinstance(arguments[0], Name) and arguments[0].name in {"Ellipsis", "NotImplemented"})


def _new_only(call: Call, _: Machine) -> bool:
    """An object is made without its constructor."""
    return call.what == "new"


def _distribution(call: Call, machine: Machine) -> bool:
    """SciPy runs a text of the state of a distribution: it must be the one that it writes itself."""
    states = [s for s in (call.arguments if isinstance(call.arguments, tuple) else (call.arguments,)) if isinstance(s, Mapping)]
    if call.what == "new" or (call.what == "call" and not states):
        return True
    texts = [state.get("_parse_arg_template", machine.data) for state in states]
    return bool(states) and all(len(s) < MOST_KEPT for s in states) and all(t is None or _is_template(machine.text(t)) for t in texts)


def _is_beside(call: Call, machine: Machine) -> bool:
    """Old joblib keeps arrays in files beside: their name must be a plain one."""
    state = call.arguments
    name = machine.text(state.get("filename", machine.data)) if isinstance(state, Mapping) else None
    return isinstance(name, str) and bool(name) and not re.search(r"[/\\:\0]", name) and name not in {".", ".."}


_STATES = {"memory": _memory, "formula": _formula, "packed": _packed, "file-beside": _is_beside}
"""What the word in a table asks of the state that an object is given."""


def _is_template(text: Any) -> bool:  # noqa: ANN401 - any value of the stack
    return isinstance(text, str) and len(text) < _LONGEST_TEMPLATE and all(_TEMPLATE_LINE.fullmatch(line) for line in text.splitlines())


_LONGEST_TEMPLATE = 4096
_TEMPLATE_LINE = pattern(
    r"|def _parse_args\w*\(self, [\w ,='+-]*\):|    return \([\w ,]*\)[\w ,'+-]*|    return self\._argcheck_rvs\([\w ,=]*\)"
)


def _member(call: Call, machine: Machine) -> bool:
    """`getattr` of a listed class, or an object of it, by a plain name whose joined name is listed too: members, nested classes, methods."""
    arguments = _arguments(call)
    if len(arguments) != 2 or not isinstance(arguments[0], (Name, Made)):  # noqa: PLR2004 - object and name
        return False
    name, of = machine.text(arguments[1]), arguments[0]
    holder = canonical(of.module, of.name) if isinstance(of, Name) else _class_of(of)
    return isinstance(name, str) and rule_of(f"{holder}.{name}") is not None


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


def _method_type(call: Call, machine: Machine) -> bool:
    """The type of bound methods, as cloudpickle names it; what is then made of it is a call of its own."""
    return [machine.text(a) for a in _arguments(call)] == ["MethodType"]


def _ufunc(call: Call, machine: Machine) -> bool:
    """A function of NumPy, named by its module."""
    arguments = [machine.text(a) for a in _arguments(call)]
    return len(arguments) == 2 and str(arguments[0]).split(".")[0] in {"numpy", "scipy"}  # noqa: PLR2004


def _from_type(call: Call, _: Machine) -> bool:
    """A listed rebuilding function, a listed class."""
    arguments = _arguments(call)
    rebuilds = len(arguments) >= 2 and isinstance(arguments[0], Name) and arguments[0].full.startswith(_REBUILDS)  # noqa: PLR2004
    return rebuilds and _listed(arguments[0]) and _listed(arguments[1])


_REBUILDS = ("torch._utils._rebuild", "torch.nested._internal.nested_tensor._rebuild_njt")


def _any(_: Call, __: Machine) -> bool:
    return True


def _something(call: Call, _: Machine) -> bool:
    return bool(_arguments(call))


def _never(_: Call, __: Machine) -> bool:
    return False


_RULES = {
    "type": _any, "anything": _any, "inert-call": _any, "nested": _something, "reference": _never, "sized": _sized, "codec": _codec, "member": _member, "method-type": _method_type,
    "first-is-known": _first_is_known, "scalar": _scalar, "ufunc": _ufunc, "from-type": _from_type, "type-of-constant": _type_of_constant,
    "finite": _finite, "file-beside": _new_only, "instance-first": _instance_first, "new": _new_only, "distribution": _distribution,
    "array-maker": _array_maker, "memory": _new_only, "formula": _new_only, "packed": _new_only,
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
        if isinstance(item, Made) and isinstance(item.maker, Name) and item.maker.full == "_codecs.encode":
            continue  # a unit of time, as protocol 2 writes it
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
