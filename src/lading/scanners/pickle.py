"""Bare pickles of every protocol, those of joblib with their arrays, and several one after the other."""

import re
from collections.abc import Iterator

from lading.pickles.machine import MOST_OPCODES, Machine
from lading.scanners._registry import Part, Seen, scanner
from lading.scanners._streams import pickles

NAMES = (
    ".pkl",
    ".pickle",
    ".p",
    ".joblib",
    ".pck",
    ".pcl",
    ".dill",
    ".dat",
    ".data",
    ".pt",
    ".pth",
    ".ckpt",
    ".bin",
    ".sav",
    ".model",
    ".pdparams",
    ".pdopt",
)
_LEGACY_TORCH = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."
_OPENING = pattern(rb"[(\]})NIJKMLFGSTUVXcipPq0-2lde.\x80-\x8f\x95-\x98BC\x8a]")
_TRIED = 1 << 20
_LONGEST_NUMBER = 16
"""An opcode that is cut off by the end of what is tried."""
_OTHERS = frozenset({"torch", "torch-storages", "torch-tensors", "torchscript", "template", "python", "keras-config"})
"""What is read by a scanner of its own, or is no pickle whatever it begins with."""


def _is_pickle(part: Part) -> bool:
    head = part.head
    if head.startswith((_LEGACY_TORCH, b"PK\x03\x04")) or part.context in _OTHERS:
        return False
    if re.match(rb"\x80[\x00-\x05](?:[^\x00]|$)", head):  # a zero is no opcode: nothing would be run
        return True
    return _is_old(part)


def _is_old(part: Part) -> bool:
    """Protocols 0 and 1 have no mark: tried, and believed when something is called, or the whole is a pickle."""
    if not _OPENING.match(part.head):
        return False
    machine = _tried(part)
    if machine.exhausted or any(c.what in {"call", "new", "build"} for c in machine.calls):
        return True
    if part.suffix in NAMES and (machine.names or machine.stopped):
        return True
    return machine.stopped and machine.end == part.window.size and bool(machine.names)


def _tried(part: Part) -> Machine:
    """A run over the beginning, and over the whole where the beginning goes on as a pickle to its end."""
    machine = Machine(part.window.part(0, _TRIED).view).run()
    part.budget.spend(machine.opcodes // 3)
    goes_on = not machine.stopped and (machine.end > _TRIED - _LONGEST_NUMBER or "longer than" in machine.error)
    if part.window.size > _TRIED and goes_on:
        machine = Machine(part.window.view, most=min(part.budget.work * 3, MOST_OPCODES)).run()
        part.budget.spend(min(part.budget.work, machine.opcodes // 3))
    return machine


@scanner("pickle", lambda part: part.context in {"pickle", "pickle-attribute"} or _is_pickle(part))
def scan(part: Part) -> Iterator[Seen]:
    """Follow every pickle."""
    yield from pickles(part)
