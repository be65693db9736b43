"""GGUF: the header's keys tell architecture, quantization, base model, license and chat template (GGUF specification, version 3)."""

import struct
from collections.abc import Iterator
from typing import BinaryIO

from lading.catalog.licenses import stated
from lading.catalog.on_disk import held, template_digest
from lading.catalog.upstreams import hub, is_hub_id
from lading.core.component import Component, Edge, ModelFacts, Occurrence
from lading.core.errors import ExtractError, LimitError
from lading.core.kinds import Confidence, Kind, Relation
from lading.core.source import SourceFile
from lading.extractors._registry import extractor

_SCALARS = {0: "<B", 1: "<b", 2: "<H", 3: "<h", 4: "<I", 5: "<i", 6: "<f", 7: "<?", 10: "<Q", 11: "<q", 12: "<d"}
_STRING, _ARRAY = 8, 9
_QUANTIZATION = {0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 7: "Q8_0", 8: "Q5_0", 9: "Q5_1", 10: "Q2_K", 11: "Q3_K_S", 12: "Q3_K_M", 13: "Q3_K_L",
                 14: "Q4_K_S", 15: "Q4_K_M", 16: "Q5_K_S", 17: "Q5_K_M", 18: "Q6_K", 24: "IQ1_S", 25: "IQ4_NL", 32: "BF16"}  # fmt: skip

Scalar = int | float | bool | str


@extractor("*.gguf")
def read(file: SourceFile) -> Iterator[Component | Edge]:
    """Yield the model a GGUF file is, and the base models its header names."""
    values = _header(file)
    architecture = str(values.get("general.architecture", ""))
    template = values.get("tokenizer.chat_template")
    facts = ModelFacts(
        format="gguf",
        architecture=str(values.get("general.name", "")),
        architecture_family=architecture,
        context_length=_integer(values.get(f"{architecture}.context_length")),
        quantization=_QUANTIZATION.get(_integer(values.get("general.file_type", -1)), ""),
        chat_template=template_digest(template) if isinstance(template, str) else None,
    )
    license_ = values.get("general.license")
    model = held(file, what="GGUF header", facts=facts, licenses=(stated(str(license_)),) if license_ else ())
    yield model
    for number in range(min(_integer(values.get("general.base_model.count")), 16)):
        url = str(values.get(f"general.base_model.{number}.repo_url", ""))
        name = url.partition("huggingface.co/")[2].strip("/")
        if is_hub_id(name):
            base = hub(Kind.MODEL, name, Occurrence(file.path, 0, f"general.base_model.{number}.repo_url", url, Confidence.DECLARED))
            yield base
            yield Edge(model.ref, Relation.DERIVED_FROM, base.ref)


def _header(file: SourceFile) -> dict[str, Scalar]:
    with file.open() as stream:
        reader = _Reader(file, stream)
        if reader.raw(4) != b"GGUF":
            raise ExtractError(f"{file.path} is no GGUF file: it does not begin with GGUF")
        version = reader.number("<I")
        if version not in {2, 3}:
            raise ExtractError(f"{file.path} is GGUF version {version}; 2 and 3 are read")
        _, count = reader.number("<Q"), reader.number("<Q")
        if count > file.limits.entries:
            raise LimitError(f"{file.path} has {count} header keys, more than the {file.limits.entries} that are read")
        found: dict[str, Scalar] = {}
        for _ in range(count):
            name = reader.string()
            value = reader.value(reader.number("<I"))
            if value is not None:
                found[name] = value
        return found


class _Reader:
    def __init__(self, file: SourceFile, stream: BinaryIO) -> None:
        self.file = file
        self.stream = stream
        self.left = min(file.limits.header_bytes, file.size)

    def raw(self, size: int) -> bytes:
        self.left -= size
        if self.left < 0:
            raise LimitError(
                f"{self.file.path} has a header that is longer than the file or than the {self.file.limits.header_bytes} bytes that are read"
            )
        data = self.stream.read(size)
        if len(data) < size:
            raise ExtractError(f"{self.file.path} ends within its header")
        return data

    def number(self, layout: str) -> int:
        return int(struct.unpack(layout, self.raw(struct.calcsize(layout)))[0])

    def string(self) -> str:
        return self.raw(self.number("<Q")).decode("utf-8", "replace")

    def value(self, type_: int) -> Scalar | None:
        """A scalar or string; arrays are passed over."""
        if type_ == _STRING:
            return self.string()
        if type_ == _ARRAY:
            self._skip_array()
            return None
        if type_ not in _SCALARS:
            raise ExtractError(f"{self.file.path} has a header value of type {type_}, which GGUF does not have")
        layout = _SCALARS[type_]
        scalar: Scalar = struct.unpack(layout, self.raw(struct.calcsize(layout)))[0]
        return scalar

    def _skip_array(self) -> None:
        type_, count = self.number("<I"), self.number("<Q")
        if type_ in _SCALARS:
            size = struct.calcsize(_SCALARS[type_]) * count
            self.left -= size
            if self.left < 0:
                raise LimitError(f"{self.file.path} has an array of {count} values, more than its header can hold")
            self.stream.seek(size, 1)
        elif type_ == _STRING:
            for _ in range(count):
                self.raw(self.number("<Q"))
        else:
            raise ExtractError(f"{self.file.path} has an array of type {type_}, which is not read")


def _integer(value: object) -> int:
    return value if isinstance(value, int) and 0 <= value < 1 << 40 else 0
