"""Extractors: files to components. One module is one format; `_registry` says what an extractor is."""
