"""Whether anybody announces plugins: the answer costs a look at the lists, where asking importlib.metadata costs more than most commands."""

import os
import sys
from functools import cache

_LISTS = (".dist-info", ".egg-info", "egg-info")
_LONGEST = 1 << 16


def may_announce(group: str) -> bool:
    """Whether a distribution may have entry points of a group; only where it is certain that none has, the answer is no."""
    return _has_other_finders() or any(text is None or group.encode() in text for place in sys.path for text in _lists(place))


def _has_other_finders() -> bool:
    """Whether distributions are found in other ways than by the folders of `sys.path`."""
    return any(hasattr(f, "find_distributions") and getattr(f, "__name__", "") != "PathFinder" for f in sys.meta_path)


@cache
def _lists(place: str) -> tuple[bytes | None, ...]:
    """The lists of entry points that lie in a folder of modules; None where only the library can tell."""
    try:
        with os.scandir(place or ".") as entries:
            return tuple(_read(f"{e.path}/entry_points.txt") for e in entries if e.name.lower().endswith(_LISTS))
    except NotADirectoryError:
        return (None,)  # an archive
    except OSError:
        return ()


def _read(path: str) -> bytes | None:
    try:
        handle = os.open(path, os.O_RDONLY)
    except OSError as e:
        return b"" if isinstance(e, (FileNotFoundError, NotADirectoryError)) else None
    try:
        read = os.read(handle, _LONGEST)
    except OSError:
        return None
    finally:
        os.close(handle)
    return read if len(read) < _LONGEST else None
