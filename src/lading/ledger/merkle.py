"""RFC 6962 trees as pure functions: hashes, proofs made from stored subtree hashes, proofs checked against a root."""

from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from typing import TypeVar

from lading.core.errors import ProofError, UsageError

Node = Callable[[int, int], bytes]
"""`node(level, number)`: the hash of the complete subtree over the 2**level leaves from number * 2**level."""

EMPTY = sha256(b"").digest()
SIZE = 32
LARGEST = 1 << 62

T = TypeVar("T")


def leaf_hash(entry: bytes) -> bytes:
    """The hash of an entry as a leaf."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of two subtrees side by side."""
    return sha256(b"\x01" + left + right).digest()


def grow(size: int, leaves: list[bytes], node: Node) -> Iterator[tuple[int, int, list[bytes]]]:
    """Level, first number and hashes of every subtree that leaves added to a tree of `size` complete."""
    level, first, hashes = 0, size, leaves
    while hashes:
        yield level, first, hashes
        if first % 2:
            first -= 1
            hashes = [node(level, first), *hashes]
        hashes = [node_hash(left, right) for left, right in zip(hashes[::2], hashes[1::2], strict=False)]
        level, first = level + 1, first // 2


def span(begin: int, end: int, node: Node) -> bytes:
    """The hash of the leaves from begin to end, where begin is a multiple of the largest subtree that fits."""
    if begin == end:
        return EMPTY
    if (end - begin).bit_count() == 1:
        level = (end - begin).bit_length() - 1
        return node(level, begin >> level)
    middle = begin + _split(end - begin)
    return node_hash(span(begin, middle, node), span(middle, end, node))


def inclusion(index: int, size: int, node: Node) -> list[bytes]:
    """The audit path of a leaf in the tree of the first `size` leaves, the leaf's sibling first."""
    if not 0 <= index < size:
        raise UsageError(
            f"entry {index} is not among the first {size}", hint=f"entries 0 to {size - 1} are" if size else "the tree is empty"
        )
    begin, end, path = 0, size, []
    while end - begin > 1:
        middle = begin + _split(end - begin)
        if index < middle:
            path.append(span(middle, end, node))
            end = middle
        else:
            path.append(span(begin, middle, node))
            begin = middle
    return path[::-1]


def consistency(old: int, new: int, node: Node) -> list[bytes]:
    """The proof that the first `old` leaves of the tree of `new` leaves are the tree of `old` leaves."""
    if not 0 <= old <= new:
        raise UsageError(f"a tree of {old} is no beginning of a tree of {new}", hint="the older size comes first")
    if old in {0, new}:
        return []
    begin, end, proof = 0, new, []
    while end != old:
        middle = begin + _split(end - begin)
        if old <= middle:
            proof.append(span(middle, end, node))
            end = middle
        else:
            proof.append(span(begin, middle, node))
            begin = middle
    return [*([span(begin, end, node)] if begin else []), *proof[::-1]]


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Nothing when the proof leads from the leaf to the root, else ProofError; that root and size belong together a checkpoint says."""
    if not 0 <= index < size <= LARGEST:
        raise ProofError(f"the proof is for entry {index}, the tree has {size} entries")
    reached = _walked(proof, lambda steps: _climbed(leaf, index, size, steps), f"the way from entry {index} to the root of {size} entries")
    if reached != root:
        raise ProofError(f"the proof of entry {index} leads to root {reached.hex()}, the tree of {size} entries has {root.hex()}")


def verify_consistency(old: int, new: int, proof: Sequence[bytes], old_root: bytes, new_root: bytes) -> None:
    """Nothing when the proof shows that the old tree is the beginning of the new one, else ProofError."""
    if not 0 <= old <= new <= LARGEST:
        raise ProofError(f"a tree of {old} entries is no beginning of a tree of {new}")
    if old in {0, new}:
        _trivial(old, new, proof, old_root, new_root)
        return
    before, after = _walked(proof, lambda steps: _joined(old, new, old_root, steps), f"the way from {old} to {new} entries")
    if before != old_root:
        raise ProofError(f"the proof leads to root {before.hex()} for {old} entries, the older tree has {old_root.hex()}")
    if after != new_root:
        raise ProofError(f"the proof leads to root {after.hex()} for {new} entries, the newer tree has {new_root.hex()}")


def _climbed(leaf: bytes, index: int, size: int, steps: Iterator[bytes]) -> bytes:
    if size == 1:
        return leaf
    middle = _split(size)
    if index < middle:
        return node_hash(_climbed(leaf, index, middle, steps), next(steps))
    right = _climbed(leaf, index - middle, size - middle, steps)
    return node_hash(next(steps), right)


def _joined(old: int, new: int, left: bytes | None, steps: Iterator[bytes]) -> tuple[bytes, bytes]:
    """The roots of the old and the new tree; `left` is the hash of the old one where it needs no proof."""
    if old == new:
        same = next(steps) if left is None else left
        return same, same
    middle = _split(new)
    if old <= middle:
        before, after = _joined(old, middle, left, steps)
        return before, node_hash(after, next(steps))
    before, after = _joined(old - middle, new - middle, None, steps)
    beside = next(steps)
    return node_hash(beside, before), node_hash(beside, after)


def _walked(proof: Sequence[bytes], walk: Callable[[Iterator[bytes]], T], way: str) -> T:
    if any(len(step) != SIZE for step in proof):
        raise ProofError(f"a hash of the proof is not {SIZE} bytes long")
    steps = iter(proof)
    try:
        reached = walk(steps)
    except StopIteration as e:
        raise ProofError(f"the proof has fewer hashes than {way}") from e
    if next(steps, None) is not None:
        raise ProofError(f"the proof has more hashes than {way}")
    return reached


def _trivial(old: int, new: int, proof: Sequence[bytes], old_root: bytes, new_root: bytes) -> None:
    if proof:
        raise ProofError(f"the proof from {old} to {new} entries has {len(proof)} hashes where none belongs")
    if old == 0 and old_root != EMPTY:
        raise ProofError(f"the older tree has no entries and the root {old_root.hex()}, which is not that of an empty tree")
    if old == new and old_root != new_root:
        raise ProofError(f"two trees of {old} entries have different roots, {old_root.hex()} and {new_root.hex()}")


def _split(length: int) -> int:
    """The largest power of two smaller than a length."""
    return 1 << (length - 1).bit_length() - 1
