"""Attested builds: a command run, and a signed statement of what went in, where, when, and what came out."""
