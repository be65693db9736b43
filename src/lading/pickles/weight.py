"""How large the values of a pickle become when every reference is followed: a few bytes can stand for more than any memory holds."""

from __future__ import annotations

from typing import Any

from lading.pickles.machine import Machine
from lading.pickles.values import Made

MOST = 1 << 30
_MOST_VISITED = 300_000
_VISIT = 4
"""As how many opcodes one look at a value counts."""


def explodes(machine: Machine) -> bool:
    """Whether hashing, comparing or printing what was built would touch more than a thousand million values."""
    if not machine.shares:  # a tree has no more values than the pickle has opcodes
        return False
    weights: dict[int, int] = {}
    waiting: list[Any] = [machine.result, *machine.stack, *machine.objects]
    while waiting and len(weights) < _MOST_VISITED:
        machine.opcodes += _VISIT
        value = waiting[-1]
        children = _children(value)
        open_ones = [c for c in children if id(c) not in weights and _children(c)]
        if open_ones and id(value) not in weights:
            weights[id(value)] = 1  # so that a value that holds itself is not followed for ever
            waiting.extend(open_ones)
            continue
        waiting.pop()
        if children:
            weights[id(value)] = min(MOST, 1 + sum(weights.get(id(c), 1) for c in children))
            if weights[id(value)] >= MOST:
                return True
    return False


def _children(value: Any) -> list[Any] | tuple[Any, ...]:  # noqa: ANN401 - any value of the stack
    if isinstance(value, (list, tuple)):
        return value
    return (value.arguments, value.state) if isinstance(value, Made) and value.state is not None else ()
