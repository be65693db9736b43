"""Landlock: a process gives up, for itself and its children and for good, to read files outside of named places (Linux 5.13 and newer)."""

import ctypes
import os
import struct
from collections.abc import Iterable
from pathlib import Path

from lading.core.errors import EnforcementError

# numbers of include/uapi/linux/landlock.h and asm-generic/unistd.h, the same on every architecture since 5.13
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_VERSION = 1
_PATH_BENEATH = 1
_NO_NEW_PRIVS = 38
EXECUTE, READ_FILE, REFER = 1 << 0, 1 << 2, 1 << 13
_REFER_SINCE = 2
_TASKS = Path("/proc/self/task")


def version() -> int:
    """The version of Landlock that the kernel has; 0 when it has none."""
    return max(0, _system_call(_CREATE_RULESET, None, 0, _VERSION))


def restrict(readable: Iterable[Path]) -> None:
    """Let this process and its children read and run files only beneath these files and folders.

    EnforcementError when the kernel cannot, or when another thread is running, which would go on unrestricted.
    """
    found = version()
    if not found:
        raise EnforcementError(
            "this kernel has no Landlock, so nothing keeps the process from unverified files",
            hint="Linux 5.13 or newer with `landlock` among its security modules; or mount only a folder made by lading verify --stage",
        )
    if len(list(_TASKS.iterdir())) > 1:
        raise EnforcementError(
            "other threads are running, which would stay free to read anything",
            hint="call enforce() before numpy, torch or anything else that starts threads is imported, or use lading run",
        )
    handled = EXECUTE | READ_FILE | (REFER if found >= _REFER_SINCE else 0)
    ruleset = _called("create a ruleset", _CREATE_RULESET, struct.pack("Q", handled), 8, 0)
    try:
        for path in readable:
            _allow(ruleset, path, EXECUTE | READ_FILE)
        if handled & REFER:
            _allow(ruleset, Path("/"), REFER)  # files may move between folders, but never to where more may be read
        _no_new_privileges()
        _called("restrict the process", _RESTRICT_SELF, ruleset, 0)
    finally:
        os.close(ruleset)


def _allow(ruleset: int, path: Path, rights: int) -> None:
    """Add a rule for what exists; what does not exist has nothing to read."""
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        _called(f"add {path}", _ADD_RULE, ruleset, _PATH_BENEATH, struct.pack("=Qi", rights, place), 0)
    finally:
        os.close(place)


def _no_new_privileges() -> None:
    """No program that is started gains rights by its owner; the kernel wants this of who restricts itself."""
    if _library().prctl(_NO_NEW_PRIVS, 1, 0, 0, 0):
        raise EnforcementError(f"the process cannot give up new privileges: {os.strerror(ctypes.get_errno())}")


def _called(what: str, *arguments: object) -> int:
    result = _system_call(*arguments)
    if result < 0:
        raise EnforcementError(f"Landlock cannot {what}: {os.strerror(ctypes.get_errno())}")
    return result


def _system_call(number: object, *arguments: object) -> int:
    plain = [a if isinstance(a, bytes) or a is None else ctypes.c_long(a) for a in arguments if isinstance(a, bytes | int) or a is None]
    call = _library().syscall
    call.restype = ctypes.c_long
    return int(call(ctypes.c_long(number if isinstance(number, int) else -1), *plain))


def _library() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
