"""`lading.lock`: every AI artifact pinned to a revision and the digests of its files."""
