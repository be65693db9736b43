"""The load gate: the bytes that are deserialized are the bytes that were verified."""

from lading.load.api import enforce, load_file, load_with, open_file, safe_open, sealed_path, verified_directory, verify_and_open

__all__ = [
    "Enforced",
    "enforce",
    "load_file",
    "load_with",
    "open_file",
    "safe_open",
    "sealed_path",
    "verified_directory",
    "verify_and_open",
]
