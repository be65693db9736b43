"""Audit: what is known to be bad among what a system inherits, on which basis, and what to do about it."""
