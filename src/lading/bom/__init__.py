"""Bom: what is done with documents once they are read: compared, joined, validated."""
