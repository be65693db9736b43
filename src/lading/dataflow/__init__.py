"""Dataflow: what values reach an expression of a Python program, followed without running it. Knows no artifact."""
