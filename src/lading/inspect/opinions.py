"""What other scanners say, asked in processes and environments of their own: they can raise a verdict and never lower one."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

from msgspec.structs import replace

from lading.core.errors import UsageError
from lading.core.inspection import Grade, Inspection, Observation, readable, worst

_ARGUMENTS = {
    "picklescan": ("--strict", "--path"),
    "modelscan": ("--path",),
    "fickling": ("--check-safety",),
    "modelaudit": ("scan", "--no-cache"),
}
"""How each is asked about one file; all of them end with 1 when they object."""
_OBJECTS = 1
_SECONDS = 120


def known(program: Path) -> Path:
    """The program, made absolute; UsageError when it is not one of those that are known, or not there."""
    if program.name not in _ARGUMENTS:
        raise UsageError(f"{program.name!r} is no scanner that can be asked", hint=f"the path of one of: {', '.join(_ARGUMENTS)}")
    if not program.is_file():
        raise UsageError(f"{program} does not exist", hint="give the path of the program in its own environment")
    return program.absolute()


def asked(inspection: Inspection, program: Path) -> Inspection:
    """The inspection with the objection of another scanner, if it has one."""
    environment = {
        "PATH": "/usr/bin:/bin",
        "HOME": "/nonexistent",
        "PROMPTFOO_DISABLE_TELEMETRY": "1",
        "DO_NOT_TRACK": "1",
        "NO_COLOR": "1",
    }
    command = [str(program), *_ARGUMENTS[program.name], str(Path(inspection.path).absolute())]
    try:
        with tempfile.TemporaryDirectory() as scratch:  # some write their results where they stand
            done = subprocess.run(  # noqa: S603 - a program that the user names, with a path as its argument
                command, capture_output=True, text=True, errors="replace", timeout=_SECONDS, env=environment, cwd=scratch, check=False
            )
    except (OSError, subprocess.TimeoutExpired):
        return inspection
    if done.returncode != _OBJECTS:
        return inspection
    said = next((line.strip() for line in done.stdout.splitlines() if "FOUND" in line or "unsafe" in line.lower()), "")
    message = readable(f"{program.name} objects{f': {said[:300]}' if said else ''}")
    seen = Observation(rule="second-opinion", grade=Grade.SUSPICIOUS, message=message)
    return replace(inspection, grade=worst([inspection.grade, Grade.SUSPICIOUS]), observations=(*inspection.observations, seen))
