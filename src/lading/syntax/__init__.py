"""Syntax: text formats read with the line of every value. Knows no artifact; bounded by `Limits`."""
