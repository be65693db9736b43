"""Pickles put together by hand, opcode by opcode; nothing here pickles or unpickles."""

import struct

from attacks.registry import MARKER

STOP = b"."


def text(value: str) -> bytes:
    """A text of protocol 1 and later."""
    data = value.encode()
    return b"X" + struct.pack("<I", len(data)) + data


def binary(value: bytes) -> bytes:
    """Bytes of protocol 3 and later."""
    return b"B" + struct.pack("<I", len(value)) + value


def name(full: str) -> bytes:
    """A global of protocol 0; `module:name`."""
    module, _, attribute = full.partition(":")
    return f"c{module}\n{attribute}\n".encode()


def stack_name(full: str) -> bytes:
    """A global of protocol 4, looked up by two texts of the stack."""
    module, _, attribute = full.partition(":")
    return text(module) + text(attribute) + b"\x93"


def items(*values: bytes) -> bytes:
    """A tuple."""
    return b"(" + b"".join(values) + b"t"


def call(target: bytes, *arguments: bytes) -> bytes:
    """A call of what stands on the stack."""
    return target + items(*arguments) + b"R"


def proto(number: int, body: bytes) -> bytes:
    """A whole pickle of a protocol."""
    return (b"\x80" + bytes([number]) if number > 1 else b"") + body + STOP


RUN = call(name("os:system"), text(MARKER))
"""What an attack would do: here a marker."""
