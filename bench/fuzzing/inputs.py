"""An input of a parser, and corpora of them: a file of lines, so that a difference in git reads line by line."""

import base64
import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple


class Input(NamedTuple):
    """Bytes with the name they have, and what holds them."""

    name: str
    context: str
    data: bytes

    @property
    def id(self) -> str:
        """What tells it from others."""
        return hashlib.sha256(b"\0".join((self.name.encode(), self.context.encode(), self.data))).hexdigest()[:16]


def line(one: Input) -> str:
    """An input as a line; its bytes as the text they are, or else in base64."""
    text = one.data.decode("utf-8", "replace")
    readable = text.encode() == one.data and all(c.isprintable() or c in "\n\t" for c in text)
    row = {
        "name": one.name,
        "context": one.context,
        "text" if readable else "base64": text if readable else base64.b64encode(one.data).decode(),
    }
    return json.dumps(row, ensure_ascii=False)


def parsed(text: str) -> Input:
    """An input from its line."""
    row = json.loads(text)
    return Input(row["name"], row["context"], row["text"].encode() if "text" in row else base64.b64decode(row["base64"]))


def load(path: Path) -> list[Input]:
    """The inputs of a corpus; none where there is no such file."""
    return [parsed(text) for text in path.read_text("utf-8").split("\n") if text] if path.exists() else []


def store(path: Path, inputs: Iterable[Input]) -> None:
    """Write a corpus, in the order of what tells its inputs apart."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{line(one)}\n" for one in sorted(set(inputs), key=lambda i: i.id)), "utf-8")


def add(path: Path, one: Input) -> None:
    """One more line."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as stream:
        stream.write(f"{line(one)}\n")
