"""Versions sort as their ecosystem sorts them; what is no version says so."""

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lading.versions import LONGEST, alpine, debian, go, maven, order_of, pep440, rpm, semver

RISING = {
    pep440: ["0.dev0", "0a1", "0", "1.0.dev1", "1.0a1", "1.0rc1", "1.0", "1.0+cpu", "1.0.post1", "1!0.5"],
    semver: ["1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0-rc.1", "1.0.0", "1.0.1", "v1.10.0"],
    go: ["v0.0.0-20190101000000-abcdef", "v0.1.0", "go1.21rc2", "go1.21", "go1.21.5", "v2.0.0+incompatible"],
    debian: ["1.0~~", "1.0~rc1-1", "1.0-1", "1.0-1+b1", "1.0-1.1", "1.0a-1", "1.0+dfsg-1", "1.0.1-1", "2.0", "1:0.1"],
    rpm: ["1.0~rc1-1", "1.0-1", "1.0-1.el9", "1.0-2", "1.0^git1-1", "1.0a-1", "1.0.1-1", "1.10-1", "1:0.1-1"],
    alpine: ["1.0_alpha", "1.0_alpha1", "1.0_beta1", "1.0_pre1", "1.0_rc1", "1.0", "1.0-r0", "1.0-r1", "1.0_git1", "1.0_p1", "1.0a", "1.0.0", "1.0.01", "1.0.1"],
    maven: ["1-alpha-1", "1-alpha-2", "1-beta-1", "1-m2", "1-rc", "1-snapshot", "1", "1-sp", "1-abc", "1-1", "1.1", "1.10"],
}  # fmt: skip
SAME = {
    pep440: [("2022.12.7", "2022.12.07"), ("1.0", "v1"), ("1.0", "0!1.0.0"), ("2.6.0-cu124", "2.6.0+cu124")],
    semver: [("1.2", "1.2.0"), ("v1.0.0", "1.0.0+build"), ("2023.05.18", "2023.5.18")],
    go: [("v2.0.0+incompatible", "2.0.0")],
    debian: [("1.0", "0:1.0"), ("1.0", "1.0-0"), ("1.00", "1.0")],
    rpm: [("1.0-1", "0:1.0-1"), ("1.0.-1", "1.0-1"), ("1.05-1", "1.5-1")],
    alpine: [("1.0", "1.0")],
    maven: [("1", "1.0"), ("1", "1-ga"), ("1.0.0", "1-final"), ("1-rc", "1-cr"), ("1.0alpha1", "1.0-a1")],
}
WRONG = {
    pep440: ["", "latest", "1.0.x", "3.0.3-NA", "*"],
    semver: ["", "latest", "1.x", "^1.0.0", "one"],
    go: ["", "latest", "go1"],
    debian: ["", "1.0-", "a:1.0", "1.0_1", "x1"],
    rpm: ["", "a:1-1", "1-2-3", "1 0"],
    alpine: ["", "1.0_nope1", "1.0-1", "v1.0"],
    maven: ["", "latest", "1 0", "${version}"],
}
MODULES = list(RISING)


@pytest.mark.parametrize("module", MODULES, ids=lambda m: m.__name__.rpartition(".")[2])
def test_versions_rise_in_the_order_of_their_ecosystem(module: Any) -> None:
    rising = RISING[module]
    shuffled = random.Random(7).sample(rising, len(rising))
    assert sorted(shuffled, key=module.key) == rising
    for number, low in enumerate(rising):
        for high in rising[number + 1 :]:
            assert module.key(low) < module.key(high), f"{low} < {high}"


@pytest.mark.parametrize(("module", "pair"), [(m, p) for m, pairs in SAME.items() for p in pairs], ids=str)
def test_two_spellings_of_a_version_are_the_same(module: Any, pair: tuple[str, str]) -> None:
    assert module.key(pair[0]) == module.key(pair[1])


@pytest.mark.parametrize(("module", "text"), [(m, t) for m, texts in WRONG.items() for t in texts], ids=str)
def test_what_is_no_version_says_so(module: Any, text: str) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        module.key(text)


@pytest.mark.parametrize("module", MODULES, ids=lambda m: m.__name__.rpartition(".")[2])
@given(text=st.text(max_size=30) | st.from_regex(r"[0-9a-z.+~^:_-]{1,20}", fullmatch=True))
def test_any_text_is_a_version_that_equals_itself_or_is_none(module: Any, text: str) -> None:
    try:
        found = module.key(text)
    except ValueError:
        return
    assert found == module.key(text)
    assert not found < module.key(text)


@pytest.mark.parametrize("module", MODULES, ids=lambda m: m.__name__.rpartition(".")[2])
def test_a_version_that_is_too_long_is_none(module: Any) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        module.key("1" * (LONGEST + 1))


@pytest.mark.parametrize("module", MODULES, ids=lambda m: m.__name__.rpartition(".")[2])
@given(data=st.data())
def test_the_order_is_total(module: Any, data: Any) -> None:
    texts = data.draw(st.lists(st.from_regex(r"[0-9]{1,2}([.][0-9]{1,2}){0,2}(-?(rc|a|b)[0-9])?", fullmatch=True), min_size=3, max_size=3))
    try:
        a, b, c = sorted(module.key(t) for t in texts)
    except ValueError:
        return
    assert not b < a
    assert not c < b
    assert not c < a


def test_a_release_of_a_distribution_has_the_order_of_the_distribution() -> None:
    assert order_of("AlmaLinux:9") is rpm.key
    assert order_of("Debian:12") is debian.key
    assert order_of("nobody knows it") is None


@pytest.mark.parametrize("tag", ["cu121", "cpu", "rocm5.7", "xpu", "cpu.cxx11.abi", "cxx11.abi", "computecanada"])
def test_a_build_tag_is_known(tag: str) -> None:
    assert pep440.BUILD_TAG.match(pep440.public(f"2.1.0+{tag}")[1])


@pytest.mark.parametrize("tag", ["cgr.1", "internal", "cpuless", "customized"])
def test_a_tag_of_a_vendor_is_no_build_tag(tag: str) -> None:
    assert not pep440.BUILD_TAG.match(pep440.public(f"2.1.0+{tag}")[1])
