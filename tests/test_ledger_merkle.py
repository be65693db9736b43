"""The tree of a ledger: every proof agrees with RFC 6962 as written and verifies, and nothing else does."""

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import oracles
from lading.core.errors import ProofError, UsageError
from lading.ledger import merkle

MOST = 200
ENTRIES = [f"entry {i}".encode() for i in range(MOST)]
LEVELS: list[list[bytes]] = [[merkle.leaf_hash(e) for e in ENTRIES]]
while len(LEVELS[-1]) > 1:
    below = LEVELS[-1]
    LEVELS.append([merkle.node_hash(below[i], below[i + 1]) for i in range(0, len(below) - 1, 2)])
ROOTS = [oracles.merkle_root(ENTRIES[:n]) for n in range(MOST + 1)]

sizes = st.integers(1, MOST)


def node(level: int, number: int) -> bytes:
    return LEVELS[level][number]


def flipped(data: bytes, bit: int) -> bytes:
    changed = bytearray(data)
    changed[bit // 8 % len(data)] ^= 1 << bit % 8
    return bytes(changed)


def refused_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    try:
        merkle.verify_inclusion(leaf, index, size, proof, root)
    except ProofError:
        return True
    return False


def refused_consistency(old: int, new: int, proof: Sequence[bytes], before: bytes, after: bytes) -> bool:
    try:
        merkle.verify_consistency(old, new, proof, before, after)
    except ProofError:
        return True
    return False


def test_the_root_of_every_size_is_that_of_the_standard() -> None:
    for size in range(MOST + 1):
        assert merkle.span(0, size, node) == ROOTS[size]


def test_a_known_tree_has_the_known_root() -> None:
    """The vectors that implementations of certificate transparency share."""
    entries = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
    assert merkle.EMPTY.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    data = [bytes.fromhex(e) for e in entries]
    assert merkle.leaf_hash(b"").hex() == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    assert oracles.merkle_root(data).hex() == "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"


def test_every_inclusion_proof_of_every_size_is_that_of_the_standard_and_verifies() -> None:
    for size in range(1, MOST + 1):
        for index in range(size):
            merkle.verify_inclusion(LEVELS[0][index], index, size, merkle.inclusion(index, size, node), ROOTS[size])
    for size in (1, 2, 3, 7, 8, 100, 127, 128, 129, MOST):
        for index in range(size):
            assert merkle.inclusion(index, size, node) == oracles.merkle_path(index, ENTRIES[:size])


def test_every_consistency_proof_of_every_two_sizes_verifies() -> None:
    for new in range(MOST + 1):
        for old in range(new + 1):
            merkle.verify_consistency(old, new, merkle.consistency(old, new, node), ROOTS[old], ROOTS[new])


@settings(deadline=None)
@given(sizes, st.data())
def test_a_consistency_proof_is_that_of_the_standard(new: int, data: st.DataObject) -> None:
    old = data.draw(st.integers(1, new))
    assert merkle.consistency(old, new, node) == oracles.merkle_proof(old, ENTRIES[:new])


@settings(max_examples=400, deadline=None)
@given(sizes, st.data())
def test_a_changed_bit_of_leaf_root_or_proof_is_refused(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    bit = data.draw(st.integers(0, 255))
    leaf, root, proof = LEVELS[0][index], ROOTS[size], merkle.inclusion(index, size, node)
    assert refused_inclusion(flipped(leaf, bit), index, size, proof, root)
    assert refused_inclusion(leaf, index, size, proof, flipped(root, bit))
    for i, step in enumerate(proof):
        assert refused_inclusion(leaf, index, size, [*proof[:i], flipped(step, bit), *proof[i + 1 :]], root)
    for other in {index ^ 1 << b for b in range(9)}:
        assert refused_inclusion(leaf, other, size, proof, root)


@settings(max_examples=400, deadline=None)
@given(sizes, st.data())
def test_a_changed_bit_of_roots_or_consistency_proof_is_refused(new: int, data: st.DataObject) -> None:
    old = data.draw(st.integers(1, new))
    bit = data.draw(st.integers(0, 255))
    before, after, proof = ROOTS[old], ROOTS[new], merkle.consistency(old, new, node)
    assert refused_consistency(old, new, proof, flipped(before, bit), after)
    assert refused_consistency(old, new, proof, before, flipped(after, bit))
    for i, step in enumerate(proof):
        assert refused_consistency(old, new, [*proof[:i], flipped(step, bit), *proof[i + 1 :]], before, after)


def test_every_bit_of_every_proof_of_some_sizes_counts() -> None:
    for size in (1, 2, 3, 5, 8, 13):
        for index in range(size):
            proof = merkle.inclusion(index, size, node)
            for i, step in enumerate(proof):
                for bit in range(256):
                    assert refused_inclusion(LEVELS[0][index], index, size, [*proof[:i], flipped(step, bit), *proof[i + 1 :]], ROOTS[size])


@settings(deadline=None)
@given(sizes, st.data())
def test_a_proof_that_is_longer_shorter_or_of_other_lengths_is_refused(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    old = data.draw(st.integers(1, size))
    for wrong in (lambda p: [*p, ROOTS[1]], lambda p: p[:-1], lambda p: [*p[:-1], p[-1][:31]], lambda p: p[::-1]):
        path, proof = merkle.inclusion(index, size, node), merkle.consistency(old, size, node)
        if path and wrong(path) != path:
            assert refused_inclusion(LEVELS[0][index], index, size, wrong(path), ROOTS[size])
        if proof and wrong(proof) != proof:
            assert refused_consistency(old, size, wrong(proof), ROOTS[old], ROOTS[size])


@settings(deadline=None)
@given(st.integers(), st.integers(), st.lists(st.binary(max_size=40), max_size=8), st.binary(max_size=40), st.binary(max_size=40))
def test_arbitrary_proofs_are_refused_and_never_fail(a: int, b: int, proof: list[bytes], left: bytes, right: bytes) -> None:
    assert refused_inclusion(left, a, b, proof, right)
    assert refused_consistency(a, b, proof, left, right) or (not proof and (left == right or a == 0))


@pytest.mark.parametrize("size", [1 << 63, 10**500])
def test_sizes_beyond_all_trees_are_refused(size: int) -> None:
    assert refused_inclusion(ROOTS[1], 0, size, [], ROOTS[1])
    assert refused_consistency(1, size, [], ROOTS[1], ROOTS[2])


def test_a_proof_of_what_is_not_there_is_not_made() -> None:
    with pytest.raises(UsageError, match="entry 5 is not among the first 5"):
        merkle.inclusion(5, 5, node)
    with pytest.raises(UsageError, match="no beginning"):
        merkle.consistency(6, 5, node)
