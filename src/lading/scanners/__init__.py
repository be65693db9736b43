"""Scanners: bytes to observations; one module is one kind of carrier, and each knows only itself."""
