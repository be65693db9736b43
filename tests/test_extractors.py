"""What every extractor keeps, whoever wrote it."""

from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cases import CASES, folders, observed
from lading.core.component import Component
from lading.core.errors import ExtractError
from lading.core.purl import parse
from lading.extractors._registry import EXTRACTORS, Extractor
from lading.scan.folder import Folder

ALL = list(EXTRACTORS.load().values())


@pytest.mark.parametrize("case", folders(), ids=lambda p: p.name)
def test_a_case_is_read_as_expected(case: Path) -> None:
    assert observed(case).decode() == (case / "expected.json").read_text()


@pytest.mark.parametrize("reader", ALL, ids=lambda e: e.name)
def test_every_extractor_has_a_case(reader: Extractor) -> None:
    assert (CASES / reader.name).is_dir()


@pytest.mark.parametrize("case", folders(), ids=lambda p: p.name)
def test_every_place_exists_and_every_purl_is_one(case: Path) -> None:
    for row in msgspec.json.decode((case / "expected.json").read_bytes()):
        if "component" not in row:
            continue
        component = msgspec.convert(row["component"], Component)
        if component.purl:
            assert str(parse(component.purl)) == component.purl
        assert component.occurrences
        for occurrence in component.occurrences:
            lines = (case / occurrence.path).read_bytes().count(b"\n") + 1
            assert 0 <= occurrence.line <= lines


def _a_path_for(reader: Extractor) -> str:
    return reader.patterns[0].replace("*", "x").lstrip("/")


@pytest.mark.parametrize("reader", ALL, ids=lambda e: e.name)
@given(data=st.binary(max_size=400) | st.text(max_size=200).map(lambda t: t.encode("utf-8", "surrogatepass")))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_arbitrary_bytes_raise_nothing_but_an_extract_error(
    reader: Extractor, data: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    root = tmp_path_factory.mktemp("bytes")
    path = root / _a_path_for(reader)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    folder = Folder(root)
    (name,) = folder.paths
    file = folder.file(name)
    assert file is not None
    try:
        list(reader.read(file))
    except ExtractError as e:
        assert e.sentence  # noqa: PT017 - either outcome is right, a silent one is not


_JUNK = [b"\0", b'"', b"'", b"{", b"}", b"[", b"]", b"${", b"%{", b"<<EOF\n", b"\n", b"- ", b": ", b"&a ", b"*a", b"!Sub ", b"|\n", b"\xff", b"/*", b"'''",
         b"$(", b"\\", b"(", b"=", b"@", b"{{", b"://[", b"9" * 30]  # fmt: skip


@pytest.mark.parametrize("case", folders(), ids=lambda p: p.name)
@given(slips=st.lists(st.tuples(st.floats(0, 1), st.sampled_from(_JUNK), st.integers(0, 12)), min_size=1, max_size=5))
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_a_case_with_slips_in_it_raises_nothing_but_an_extract_error(
    case: Path, slips: list[tuple[float, bytes, int]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    root = tmp_path_factory.mktemp("slips")
    for path in (p for p in case.rglob("*") if p.is_file() and p.name != "expected.json"):
        data = path.read_bytes()
        for place, junk, lost in slips:
            at = int(place * len(data))
            data = data[:at] + junk + data[at + lost :]
        (root / path.relative_to(case)).parent.mkdir(parents=True, exist_ok=True)
        (root / path.relative_to(case)).write_bytes(data)
    assert observed(root, case.name.partition("--")[0])
