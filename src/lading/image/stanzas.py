"""Text of paragraphs, each of rows of a key and a value: how dpkg and apk keep what is installed."""

from collections.abc import Iterator


def stanzas(data: bytes, separator: str) -> Iterator[dict[str, str]]:
    """The rows of each paragraph; a row that goes on over lines is its first."""
    for block in data.decode("utf-8", "replace").split("\n\n"):
        rows = (line.split(separator, 1) for line in block.split("\n") if separator in line and not line[:1].isspace())
        yield {k: v.strip() for k, v in rows}
