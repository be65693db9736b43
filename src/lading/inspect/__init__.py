"""Inspection: one verdict over every file, from all readings that some loader would accept."""

from lading.inspect.folder import inspect_all
from lading.inspect.run import inspect_bytes, inspect_path

__all__ = ["inspect_all", "inspect_bytes", "inspect_path"]
