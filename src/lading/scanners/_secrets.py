"""Keys and tokens that stand in a document."""

from __future__ import annotations

from lading.core.pattern import pattern

_SECRETS = pattern(
    rb"-----BEGIN (?:RSA |EC |OPENSSH |DSA |ENCRYPTED )?PRIVATE KEY-----\s+[A-Za-z0-9+/=\s]{24}|\bAKIA[0-9A-Z]{16}\b|\bhf_[A-Za-z]{34}\b|\bgh[pousr]_[A-Za-z0-9]{36}\b"
    rb"|\bsk-ant-[A-Za-z0-9_-]{90,}|\bsk-proj-[A-Za-z0-9_-]{40,}|\bxox[baprs]-[0-9]{8,}-[A-Za-z0-9-]{20,}\b|\bAIza[0-9A-Za-z_-]{35}\b"
)
_MARKS = (b"PRIVATE KEY", b"AKIA", b"hf_", b"ghp_", b"gho_", b"ghu_", b"ghs_", b"ghr_", b"sk-ant-", b"sk-proj-", b"xox", b"AIza")
"""What every secret that is looked for holds."""
MESSAGE = "it holds what looks like a key or token"


def marked(block: bytes) -> bool:
    """Whether a secret can stand in a block: cheap, and asked first."""
    return any(mark in block for mark in _MARKS)


def secret(block: bytes) -> int:
    """Where the first one stands, or -1."""
    found = _SECRETS.search(block) if marked(block) else None
    return found.start() if found else -1
