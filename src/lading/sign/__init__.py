"""Signing and verifying artifacts: what stands on disk against what was signed of it."""
