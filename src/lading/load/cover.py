"""A folder laid over another for this process and its children alone, so that programs find verified files where the others were (Linux)."""

import ctypes
import os
import struct
from pathlib import Path

_NEW_USER, _NEW_MOUNTS = 0x10000000, 0x00020000
_BIND, _RECURSIVE, _PRIVATE = 4096, 16384, 1 << 18
_READ_ONLY, _NO_SET_UID, _NO_DEVICES, _REMOUNT = 1, 2, 4, 32
SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - where the C library looks
_SET_DUMPABLE = 4
_CAPABILITIES = struct.pack("=Ii", 0x20080522, 0)


def own_mounts() -> bool:
    """Give this process mounts of its own; False where the system does not let it, and nothing is changed then.

    A child tries first: half of it cannot be taken back.
    """
    child = os.fork()
    if child == 0:
        os._exit(0 if _separated() else 1)
    _, status = os.waitpid(child, 0)
    return status == 0 and _separated()


def _separated() -> bool:
    if _library().unshare(_NEW_MOUNTS) != 0 and not _as_own_user():
        return False
    return _mount(None, "/", _RECURSIVE | _PRIVATE)


def lay_over(folder: Path, verified: Path) -> bool:
    """Show the verified folder in the place of the other; whether that was possible."""
    return _mount(str(verified), str(folder), _BIND)


def own_shared_memory(size: int) -> bool:
    """Empty shared memory for this process and its children, which no other can write to; whether that was possible."""
    options = f"mode=1777,size={size}"
    return SHARED_MEMORY.is_dir() and _mount("tmpfs", str(SHARED_MEMORY), _NO_SET_UID | _NO_DEVICES, "tmpfs", options)


def closed(folder: Path) -> bool:
    """Let nobody write below a folder any more; whether that was possible."""
    return _mount(str(folder), str(folder), _BIND) and _mount(None, str(folder), _REMOUNT | _BIND | _READ_ONLY | _NO_SET_UID | _NO_DEVICES)


def lay_down_rights() -> None:
    """Give up the rights that a user namespace gave: a program that is started has none of them, and may not look at who has more."""
    if os.getuid():
        _library().capset(_CAPABILITIES, bytes(24))
        _library().prctl(_SET_DUMPABLE, 1, 0, 0, 0)


def _as_own_user() -> bool:
    """Mounts by way of a user namespace in which this user is itself."""
    user, group = os.getuid(), os.getgid()
    if _library().unshare(_NEW_USER | _NEW_MOUNTS) != 0:
        return False
    # the change of rights hides this process's descriptors from its children, which read sealed files through them
    _library().prctl(_SET_DUMPABLE, 1, 0, 0, 0)
    try:
        Path("/proc/self/setgroups").write_text("deny", "ascii")
        Path("/proc/self/uid_map").write_text(f"{user} {user} 1", "ascii")
        Path("/proc/self/gid_map").write_text(f"{group} {group} 1", "ascii")
    except OSError:
        return False
    return True


def _mount(source: str | None, target: str, flags: int, kind: str | None = None, options: str | None = None) -> bool:
    names = [os.fsencode(name) if name is not None else None for name in (source, target, kind, options)]
    return int(_library().mount(names[0], names[1], names[2], ctypes.c_ulong(flags), names[3])) == 0


def _library() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
