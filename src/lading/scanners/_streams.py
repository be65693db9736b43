"""Pickles within a scanner's bytes: followed, judged, nested ones handed on, arrays of joblib passed over by their computed length."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from itertools import chain
from typing import Any

from lading.binary.window import Window
from lading.core.inspection import Grade, Observation
from lading.pickles.judge import dtype, judge
from lading.pickles.known import canonical
from lading.pickles.machine import MOST_OPCODES, Call, Machine
from lading.pickles.values import MOST_TEXT, Made, Mapping, Name, bounds
from lading.scanners._encoded import buried, encoded
from lading.scanners._registry import Nested, Part, Seen, Span

LOADER = "pickle.load and everything built on it: torch.load, joblib.load, numpy with allow_pickle, pandas.read_pickle"
_WRAPPER = "numpy_pickle.NumpyArrayWrapper"
_MOST_PICKLES = 10_000
OPCODES, _PICKLE = 4, 10
"""How many opcodes are followed for one unit of work, and how many units the shortest pickle costs."""


def follow(part: Part, start: int = 0, *, persistent: bool = False, own: str = "") -> tuple[Machine, Iterator[Seen]]:
    """One pickle of a part from a position, with everything that is to be said of it."""
    jumps: list[Span] = []
    inner: list[Seen] = []

    def raw(machine: Machine, made: Any, pos: int) -> int:  # noqa: ANN401 - any value of the stack
        return _array(part, machine, made, pos, jumps, inner)

    most = min(part.budget.work * OPCODES, MOST_OPCODES)
    machine = Machine(part.window.sparse, start, raw=raw, most=most, fill=part.window.fill).run()
    seen: list[Seen] = [*jumps, *inner]
    seen += [_observation(part, j) for j in judge(machine, persistent=persistent, own=own)]
    part.budget.owe(_PICKLE + machine.opcodes // OPCODES)
    seen += list(_nested(part, machine))
    return machine, chain(seen, () if jumps else _within(part, machine, start))


def _within(part: Part, machine: Machine, start: int) -> Iterator[Seen]:
    """Pickles in the bytes of another one; what lies in one that is held was found with it."""
    yield from encoded(part.window, start, machine.end)
    if part.context != "held":
        yield from buried(part, start + 1, machine.end, {begin for begin, _ in machine.nested}, old=False)


def _observation(part: Part, judged: Any) -> Observation:  # noqa: ANN401 - Judged
    return part.sees(
        judged.rule, judged.message, judged.grade, offset=judged.offset, callable=judged.callable, arguments=judged.arguments,
        effect=judged.effect, loader=LOADER,
    )  # fmt: skip


def _nested(part: Part, machine: Machine) -> Iterator[Seen]:
    """Bytes that a call loads are followed as what they are; others only when they are a whole pickle and nothing else."""
    loaded: set[int] = set()
    told: set[tuple[tuple[int, int], str]] = set()
    for call in machine.calls:
        if (code := _graph_code(call, machine)) is not None:
            yield Nested(Window(code.encode("utf-8", "replace")), f"code at {call.offset}", "python")
            continue
        argument, context = _loaded(call, machine)
        if not context:
            continue
        place = bounds(argument, machine.data)
        if place and (place, context) in told:
            continue
        if place:
            loaded.add(place[0])
            told.add((place, context))
            yield Nested(part.window.part(*place), f"bytes at {place[0]}", context)
        elif (encoded := _encoded(argument, machine)) is not None:
            yield Nested(Window(encoded), f"text at {argument.offset}", context)
        else:
            yield part.sees("pickle-arguments", "loading reads another pickle from something that is no constant", offset=call.offset)
    for begin, length in machine.nested[:64]:
        if begin not in loaded and _is_whole_pickle(part, begin, length):
            yield Nested(part.window.part(begin, length), f"bytes at {begin}", "held")


def _loaded(call: Call, machine: Machine) -> tuple[Any, str]:
    """The bytes that a call unpickles in turn, and what loads them; an empty word where it loads nothing."""
    if not isinstance(call.target, Name) or not isinstance(call.arguments, tuple) or not call.arguments:
        return None, ""
    full = canonical(call.target.module, call.target.name)
    if full == "torch.storage._load_from_bytes":
        return call.arguments[0], "torch-bytes"
    if full in _LOADS:
        return call.arguments[0], "pickle"
    if full == "numpy._core.multiarray.scalar" and len(call.arguments) > 1 and "O" in (dtype(call.arguments[0], machine) or "O"):
        return call.arguments[1], "pickle"
    return None, ""


def _graph_code(call: Call, machine: Machine) -> str | None:
    """The text that torch runs to make a module of a graph of operations; None where nothing of that kind is called."""
    if not isinstance(call.target, Name) or call.target.full != "torch.fx.graph_module.reduce_graph_module" or call.what != "call":
        return None
    body, block = call.arguments if isinstance(call.arguments, tuple) and len(call.arguments) == 2 else (None, "")  # noqa: PLR2004 - body, imports
    texts = [machine.text(body.get(key, machine.data)) for key in ("_code", "code")] if isinstance(body, Mapping) else []
    return str(machine.text(block)) + next((t for t in texts if isinstance(t, str)), "exec(unknown)")


_LOADS = frozenset(
    {"pickle.loads", "_pickle.loads", "cloudpickle.loads", "dill.loads", "dill._dill.loads", "cloudpickle.cloudpickle.loads"}
)


def _encoded(value: Any, machine: Machine) -> bytes | None:  # noqa: ANN401 - any value of the stack
    """Bytes as protocol 2 writes them: a text, encoded."""
    if not (isinstance(value, Made) and isinstance(value.maker, Name) and value.maker.full == "_codecs.encode" and value.arguments):
        return None
    text = machine.text(value.arguments[0])
    if not isinstance(text, str) or len(text) >= MOST_TEXT // 2:
        return None
    return text.encode("latin-1", "replace")


def _is_whole_pickle(part: Part, begin: int, length: int) -> bool:
    head = part.window.read(begin, 2)
    if length > 1 << 26 or not (re.match(rb"\x80[\x02-\x05]|c[a-z_]", head) and part.window.read(begin + length - 1, 1) == b"."):
        return False
    inside = part.window.part(begin, length)
    inner = Machine(inside.sparse, most=min(part.budget.work * OPCODES, MOST_OPCODES), fill=inside.fill).run()
    part.budget.owe(inner.opcodes // OPCODES)
    return inner.stopped and inner.end == length and bool(inner.names or inner.nested)


def _array(part: Part, machine: Machine, made: Any, pos: int, jumps: list[Span], inner: list[Seen]) -> int:  # noqa: ANN401
    """Where the pickle goes on behind an array that joblib writes into the middle of it."""
    if not (
        isinstance(made, Made) and isinstance(made.maker, Name) and made.maker.full.endswith(_WRAPPER) and isinstance(made.state, Mapping)
    ):
        return pos
    state = made.state
    kind = dtype(state.get("dtype", machine.data), machine)
    shape = state.get("shape", machine.data)
    if kind is None or not isinstance(shape, tuple):
        machine.note(pos, "an array of joblib of which type or shape cannot be told")
        return pos
    if "O" in kind:
        held, seen = follow(part, pos)
        inner += [*seen, *_incomplete(part, held)]
        return held.end
    padding = machine.text(state.get("numpy_array_alignment_bytes", machine.data))
    begin = pos
    if isinstance(padding, int) and padding > 0 and "numpy_array_alignment_bytes" in _keys(state, machine):
        begin = pos + 1 + machine.data[pos]
    items = [machine.text(n) for n in shape]
    length = itemsize(kind) * math.prod(n for n in items if isinstance(n, int) and n >= 0)
    if length < 0 or begin + length > len(machine.data):
        machine.note(pos, "an array of joblib that is longer than the file")
        return pos
    jumps.append(Span(begin, begin + length, inert=True))
    return begin + length


def _keys(state: Mapping, machine: Machine) -> set[Any]:
    return {k for k in (machine.text(item) for item in state[::2]) if isinstance(k, str)}


def itemsize(kind: str) -> int:
    """How many bytes one item of a NumPy type takes."""
    match = re.match(r"[<>|=]?([a-zA-Z?])(\d*)", kind)
    if not match:
        return 0
    letter, digits = match.groups()
    size = (
        int(digits[:12])
        if digits
        else {"?": 1, "b": 1, "B": 1, "h": 2, "H": 2, "i": 4, "I": 4, "f": 4, "e": 2, "d": 8, "l": 8, "L": 8, "q": 8, "Q": 8}.get(letter, 1)
    )
    return size * 4 if letter == "U" else size


def _incomplete(part: Part, machine: Machine) -> Iterator[Observation]:
    if machine.exhausted:
        yield part.sees(
            "limit", f"the pickle is not followed to its end: {machine.error}", Grade.UNSCANNABLE, offset=machine.end, effect="exhaustion"
        )
    elif not machine.stopped:
        ran = f", after {len(machine.calls)} calls" if machine.calls else ""
        yield part.sees("pickle-broken", f"the pickle breaks off{ran}: {machine.error}", Grade.UNSCANNABLE, offset=machine.end)


def pickles(part: Part, *, persistent: bool = False, own: str = "") -> Iterator[Seen]:
    """Everything in bytes that are pickles one after the other; what lies behind the last one is left unaccounted for."""
    position = 0
    for number in range(_MOST_PICKLES):
        machine, seen = follow(part, position, persistent=persistent, own=own)
        if number and not machine.stopped and not any(c.what in {"call", "new"} for c in machine.calls):
            if part.window.is_zero(position, part.window.size):
                yield Span(position, part.window.size, inert=True)
            else:
                yield part.sees("trailing-bytes", "behind the pickle lie bytes that are no pickle", Grade.SUSPICIOUS, offset=position)
                yield Span(position, part.window.size)
            return
        yield from seen
        yield from _incomplete(part, machine)
        yield Span(position, machine.end)
        position = machine.end
        if position >= part.window.size or not machine.stopped:
            return
    yield part.sees("limit", f"more than {_MOST_PICKLES} pickles one after the other", Grade.UNSCANNABLE)
