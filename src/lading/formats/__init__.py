"""Formats: documents to and from the bill of materials. One module is one format."""
