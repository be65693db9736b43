"""The append-only record of what was signed, and the questions it answers."""
