"""Bare pickles of every protocol, those of joblib with their arrays, and several one after the other."""

from collections.abc import Iterator

from lading.core.pattern import pattern
from lading.pickles.machine import MOST_OPCODES, Machine
from lading.scanners._registry import Part, Seen, scanner
from lading.scanners._streams import OPCODES, pickles

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
_MARKED = pattern(rb"\x80[\x00-\x05](?:[^\x00]|$)")
"""How protocols from 2 on begin; a zero is no opcode, so that nothing would be run."""
_OPENING = pattern(rb"[(\]})NIJKMLFGSTUVXcipPq0-2lde.\x80-\x8f\x95-\x98BC\x8a]")
_TRIED = 1 << 20
_OTHERS = frozenset({"torch", "torch-storages", "torch-tensors", "torchscript", "template", "python", "keras-config"})
"""What is read by a scanner of its own, or is no pickle whatever it begins with."""
_TRIED_OPCODES = 1 << 21


def _is_pickle(part: Part) -> bool:
    head = part.head
    if head.startswith((_LEGACY_TORCH, b"PK\x03\x04")) or part.context in _OTHERS:
        return False
    if _MARKED.match(head):
        return True
    return _is_old(part)


def _is_old(part: Part) -> bool:
    """Protocols 0 and 1 have no mark: tried, and believed when something is called, or the whole is a pickle."""
    if not _OPENING.match(part.head):
        return False
    if _is_believed(part, _followed(part, _TRIED, MOST_OPCODES)):
        return True
    if part.window.size <= _TRIED:
        return False
    further = _followed(part, part.window.size, _TRIED_OPCODES)  # what is called may stand behind any number of numbers and texts
    return further.exhausted or _is_believed(part, further)


def _followed(part: Part, size: int, most: int) -> Machine:
    window = part.window.part(0, size)
    machine = Machine(window.sparse, most=most, fill=window.fill).run()
    part.budget.spend(machine.opcodes // OPCODES)
    return machine


def _is_believed(part: Part, machine: Machine) -> bool:
    if any(c.what in {"call", "new", "build"} for c in machine.calls):
        return True
    if part.suffix in NAMES and (machine.names or machine.stopped):
        return True
    return machine.stopped and machine.end == part.window.size and bool(machine.names)


@scanner("pickle", lambda part: part.context in {"pickle", "pickle-attribute"} or _is_pickle(part))
def scan(part: Part) -> Iterator[Seen]:
    """Follow every pickle."""
    yield from pickles(part)
