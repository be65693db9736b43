"""PyTorch's format before 1.6: five pickles one after the other, then the storages; and the pickle inside of the newer archives."""

from __future__ import annotations

from collections.abc import Iterator

from lading.core.inspection import Grade
from lading.pickles.machine import Machine
from lading.pickles.values import Name
from lading.scanners._registry import Part, Seen, Span, scanner
from lading.scanners._streams import _incomplete, follow, pickles

_MAGIC = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."
_SIZES = {
    "Double": 8,
    "Long": 8,
    "ComplexFloat": 8,
    "ComplexDouble": 16,
    "Float": 4,
    "Int": 4,
    "Half": 2,
    "BFloat16": 2,
    "Short": 2,
    "QInt32": 4,
}


@scanner("PyTorch legacy", lambda part: part.head.startswith(_MAGIC))
def legacy(part: Part) -> Iterator[Seen]:
    """Follow the five pickles, then pass over as many numbers as they announce."""
    position = 0
    machines: list[Machine] = []
    for _ in range(5):
        machine, seen = follow(part, position, persistent=True)
        machines.append(machine)
        yield from seen
        yield from _incomplete(part, machine)
        yield Span(position, machine.end)
        position = machine.end
        if not machine.stopped:
            return
    yield from _storages(part, machines, position)


def _storages(part: Part, machines: list[Machine], position: int) -> Iterator[Seen]:
    sizes = _announced(machines[3])
    keys = [machines[4].text(k) for k in machines[4].result] if isinstance(machines[4].result, list) else []
    begin = position
    waiting = iter(keys)
    while position + 8 <= part.window.size:
        part.budget.spend(2)
        count = part.window.number("<Q", position) or 0
        key = next(waiting, None)
        size = 1 if key is None else sizes.get(str(key), 1)
        if position + 8 + count * size > part.window.size:
            yield part.sees("trailing-bytes", "behind the pickles lie bytes that are no storage", Grade.SUSPICIOUS, offset=position)
            break
        position += 8 + count * size
    yield Span(begin, min(position, part.window.size), inert=True)


def _announced(machine: Machine) -> dict[str, int]:
    """The width of the items of every storage, by its key."""
    found: dict[str, int] = {}
    for _, ident in machine.persistent:
        if isinstance(ident, tuple) and len(ident) > 2 and isinstance(ident[1], Name):  # noqa: PLR2004 - tag, type, key
            kind = ident[1].name.removesuffix("Storage")
            found[str(machine.text(ident[2]))] = _SIZES.get(kind, 1)
    return found


@scanner("PyTorch data.pkl", lambda part: part.context == "torch")
def member(part: Part) -> Iterator[Seen]:
    """Follow the pickle of an archive, in which persistent ids name storages."""
    yield from pickles(part, persistent=True)


@scanner("TorchScript data", lambda part: part.context == "torchscript")
def script(part: Part) -> Iterator[Seen]:
    """Follow the pickle of a program: its own classes are defined in the archive and run by torch alone."""
    yield from pickles(part, persistent=True, own="__torch__")


@scanner("PyTorch storages or tensors", lambda part: part.context in {"torch-storages", "torch-tensors"})
def oldest(part: Part) -> Iterator[Seen]:
    """Follow the pickle of how many there are, then for each one a pickle and numbers; behind storages stands a pickle of their views."""
    machine, seen = follow(part)
    yield from [*seen, *_incomplete(part, machine), Span(0, machine.end)]
    count, position = machine.text(machine.result), machine.end
    of_storages = part.context == "torch-storages"
    for number in range(min(count, _MOST_OLD) + of_storages if isinstance(count, int) else 0):
        if position >= part.window.size:
            return
        machine, seen = follow(part, position)
        yield from [*seen, *_incomplete(part, machine), Span(position, machine.end)]
        if not machine.stopped:
            return
        width = 0 if number == count else _numbers(part, machine, of_storages=of_storages)
        position = machine.end + width
        yield Span(machine.end, min(position, part.window.size), inert=True)


def _numbers(part: Part, machine: Machine, *, of_storages: bool) -> int:
    """How many bytes stand behind the pickle of a storage (a count and its items) or of a tensor (its shape, strides and place)."""
    if not of_storages:
        return 16 + 16 * max(part.window.number("<i", machine.end) or 0, 0)
    kind = machine.result[2] if isinstance(machine.result, tuple) and len(machine.result) > 2 else None  # noqa: PLR2004 - key, place, type
    width = _SIZES.get(kind.name.removesuffix("Storage"), 1) if isinstance(kind, Name) else 1
    return 8 + width * max(part.window.number("<q", machine.end) or 0, 0)


_MOST_OLD = 100_000
