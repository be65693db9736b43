"""Test results from JUnit XML (as pytest and others write it) as an in-toto test result."""

from pathlib import Path
from typing import Any
from xml.parsers import expat

from lading.core.digest import Digest
from lading.core.errors import FormatError

LARGEST = 256 << 20


def test_result(path: Path) -> dict[str, Any]:
    """The predicate `https://in-toto.io/attestation/test-result/v0.1` of a JUnit file; FormatError when it is none."""
    try:
        if path.stat().st_size > LARGEST:
            raise FormatError(f"{path} has more than {LARGEST} bytes")
        data = path.read_bytes()
    except OSError as e:
        raise FormatError(f"{path} cannot be read: {e.strerror}") from e
    reader = _Reader()
    try:
        reader.read(data)
    except (expat.ExpatError, ValueError) as e:
        raise FormatError(f"{path} is not JUnit XML: {e}") from e
    if reader.depth_seen == 0 or reader.root not in {"testsuites", "testsuite"}:
        raise FormatError(f"{path} is XML, but its root is {reader.root!r} and not <testsuites>")
    failed, warned, passed = (sorted(reader.by_result[r]) for r in ("failed", "skipped", "passed"))
    return {
        "result": "FAILED" if failed else "PASSED",
        "configuration": [{"name": path.name, "digest": {"sha256": Digest.of_bytes(data).hex}}],
        "passedTests": passed,
        "warnedTests": warned,
        "failedTests": failed,
    }


class _Reader:
    """Reads elements only; a document that declares entities is refused, so that none can grow."""

    def __init__(self) -> None:
        self.root = ""
        self.depth_seen = 0
        self.case = ""
        self.outcome = "passed"
        self.by_result: dict[str, list[str]] = {"failed": [], "skipped": [], "passed": []}

    def read(self, data: bytes) -> None:
        parser = expat.ParserCreate()
        parser.StartElementHandler = self.start
        parser.EndElementHandler = self.end
        parser.EntityDeclHandler = self.entity
        parser.Parse(data, True)  # noqa: FBT003 - positional in the standard library

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self.depth_seen += 1
        self.root = self.root or name
        if name == "testcase":
            self.case = ".".join(filter(None, (attributes.get("classname", ""), attributes.get("name", ""))))
            self.outcome = "passed"
        elif name in {"failure", "error"}:
            self.outcome = "failed"
        elif name == "skipped":
            self.outcome = "skipped"

    def end(self, name: str) -> None:
        if name == "testcase":
            self.by_result[self.outcome].append(self.case)

    def entity(self, *_: object) -> None:
        raise ValueError("it declares entities")
