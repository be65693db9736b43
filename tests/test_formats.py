"""What every document format keeps, whoever wrote it."""

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import oracles
from lading.core.bom import Bom
from lading.core.errors import FormatError
from lading.core.finding import Report
from lading.formats._registry import FORMATS, Format
from strategies import boms

ALL = list(FORMATS.load().values())
READ = [f for f in ALL if f.read]
named = pytest.mark.parametrize("format_", READ, ids=lambda f: f.name)
quick = settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))


def _read(format_: Format, document: bytes) -> Bom:
    assert format_.read
    return format_.read(document)


@named
@given(bom=boms())
@quick
def test_every_bill_survives_a_document_and_back(format_: Format, bom: Bom) -> None:
    document = format_.write(Report(bom=bom))
    assert format_.detects
    assert format_.detects(document)
    assert _read(format_, document) == bom


@named
@given(bom=boms())
@quick
def test_the_same_bill_gives_the_same_bytes(format_: Format, bom: Bom) -> None:
    document = format_.write(Report(bom=bom))
    assert document == format_.write(Report(bom=msgspec.json.decode(msgspec.json.encode(bom), type=type(bom))))
    assert document == format_.write(Report(bom=_read(format_, document)))


@pytest.mark.parametrize("format_", [f for f in READ if oracles.of(f.name)], ids=lambda f: f.name)
@given(bom=boms())
@settings(quick, max_examples=8, phases=[Phase.generate])
def test_the_official_validator_accepts_every_document(format_: Format, bom: Bom) -> None:
    validator = oracles.of(format_.name)
    assert validator
    assert validator(format_.write(Report(bom=bom))) == []


@named
@given(data=st.binary(max_size=300) | st.text(max_size=100).map(str.encode))
@quick
def test_arbitrary_bytes_raise_nothing_but_a_format_error(format_: Format, data: bytes) -> None:
    with pytest.raises(FormatError):
        _read(format_, data)
