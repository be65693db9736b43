"""A signed model behind the load gate, made without any ML library, and how its weights read."""

import json
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from lading.load.model import Model
from lading.load.opening import opened
from lading.sign.files import Files
from lading.sign.model import sign_model
from lading.trust import bundle, keys
from lading.trust.keys import PrivateKey

KEY = keys.generate("ecdsa-p256")
OTHER = keys.generate("ecdsa-p256")
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
ROWS = 5 << 10
"""Rows of 1 KiB of the tensor that is larger than a chunk."""


def safetensors(tensors: dict[str, tuple[str, list[int], bytes]], metadata: dict[str, str] | None = None) -> bytes:
    """A file in the format, its tensors in the order given."""
    header: dict[str, object] = {"__metadata__": metadata} if metadata else {}
    data = b""
    for name, (dtype, shape, content) in tensors.items():
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [len(data), len(data) + len(content)]}
        data += content
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + data


def weights(first: int = 1) -> bytes:
    """Weights of more than one chunk; the first number tells one set from another."""
    big = b"".join(number.to_bytes(4, "little") * 256 for number in range(ROWS))
    return safetensors({"small": ("U8", [4], bytes([first, 2, 3, 4])), "big": ("U8", [ROWS, 1024], big)}, {"format": "pt"})


FILES = {
    "config.json": b'{"model_type": "tiny"}',
    "model.safetensors": weights(),
    "tokenizer/vocab.txt": "é\nß\n".encode(),
    "empty.txt": b"",
}


@dataclass
class Gated:
    """A model in a folder with its signature inside, and a policy outside of it."""

    model: Path
    policy: Path

    @classmethod
    def fresh(cls, folder: Path, name: str = "model") -> "Gated":
        """The model as it was signed, which opens."""
        model = folder / name
        for path, data in FILES.items():
            (model / path).parent.mkdir(parents=True, exist_ok=True)
            (model / path).write_bytes(data)
        (folder / "release.pub").write_bytes(KEY.public.pem)
        policy = folder / "lading.toml"
        policy.write_text('[[trust]]\nmatch = "*"\nkeys = ["release.pub"]\n')
        gated = cls(model, policy)
        gated.sign()
        return gated

    @property
    def weights(self) -> Path:
        """The file that attacks are about."""
        return self.model / "model.safetensors"

    def sign(self, key: PrivateKey = KEY, at: datetime | None = NOW, *, links: bool = False) -> None:
        """Sign the model as it is now."""
        signed = bundle.encode(sign_model(Files(self.model), key, (), ("model.sig",), links=links, at=at))
        (self.model / "model.sig").write_bytes(signed)

    def open(self, now: datetime = NOW) -> Model:
        """The model through the gate."""
        return opened(self.model, self.policy, now)

    def rules(self, text: str) -> None:
        """Write the policy."""
        self.policy.write_text(text)


def first_weight(data: bytes) -> int:
    """What a service would answer with: the first byte of the weights."""
    return data[8 + int.from_bytes(data[:8], "little")]


def overwrite(path: Path, data: bytes) -> None:
    """Change a file in place, keeping its inode."""
    descriptor = os.open(path, os.O_WRONLY)
    os.pwrite(descriptor, data, 0)
    os.close(descriptor)
