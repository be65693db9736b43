"""The words with which a place says what is wrong with an installed file."""

MODIFIED = "modified file"
MISSING = "missing file"
UNLISTED = "unlisted file"
STARTUP = "start-up code"
