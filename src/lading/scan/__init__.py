"""Scan: walk a tree, run the extractors, join what they prove into one bill of materials, ask the rules."""

from lading.scan.run import scan

__all__ = ["scan"]
