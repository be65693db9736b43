"""Lading: the bill of lading for AI."""

__version__ = "0.1.0"
