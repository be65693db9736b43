"""Texts that are programs: what a text must hold to be read as Python that acts, or as a line for the shell, wherever it stands."""

from __future__ import annotations

import re

from lading.core.pattern import pattern

_PYTHON = pattern(
    r"__import__\s*\(|\b(?:os|posix|nt|subprocess|pty|shutil|socket|runpy|marshal|pickle|ctypes|importlib|builtins|sys|webbrowser|urllib\.request|requests)\.[\w.]{1,60}\s*\("
    r"|\brequire\s*\(\s*['\"](?:node:)?child_process['\"]|\b(?:exec|eval|compile|execfile)\s*\(\s*(?:\w|['\"])|\bimport\s+(?:os|subprocess|socket|sys|pty|ctypes|marshal|shutil|base64)\b\s*(?:[;,\n]|$)"
)
_SHELL = pattern(
    r"\b(?:curl|wget)\s[^\n]{0,400}?[|;&]\s*(?:sudo\s+)?(?:ba|z|da)?sh\b|\b(?:curl|wget)\s+(?:-\w+\s+)*https?://|/bin/(?:ba|z|da)?sh\b|\brm\s+-[a-z]*[rf][a-z]*\s+[-/~*.$\w]"
    r"|\bchmod\s+(?:-R\s+)?(?:[0-7]{3,4}|\+x)\s|/dev/tcp/|\bnc\s+-\w*[elc]|\bpowershell(?:\.exe)?\s+-|\bInvoke-WebRequest\b|\bbash\s+-[ic]\b|\bmkfifo\s"
)
_MARKUP = pattern(r"<script\b|\bjavascript:", re.IGNORECASE)
_LONGEST = 1 << 16


def reads_as_program(text: str) -> bool:
    """Whether a text holds a call of Python that acts, or a command for the shell that fetches, deletes or opens."""
    text = text[:_LONGEST]
    return bool(_PYTHON.search(text) or _SHELL.search(text))


def reads_as_script(text: str) -> bool:
    """The same, or a script for a browser."""
    return reads_as_program(text) or bool(_MARKUP.search(text[:_LONGEST]))
