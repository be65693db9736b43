"""A hint whether code of the repository imports a Python package: where it does first. Not seen is not the same as not used."""

import os
import re
from pathlib import Path

MOST_FILES = 20_000
LARGEST = 1 << 20
_IMPORT = re.compile(rb"^[ \t]*(?:import|from)[ \t]+([A-Za-z_][\w.]*)", re.MULTILINE)
_LEFT_OUT = frozenset({"node_modules", "__pycache__", "site-packages", "venv"})
_MODULES = {
    "beautifulsoup4": "bs4",
    "faiss-cpu": "faiss",
    "opencv-python": "cv2",
    "opencv-python-headless": "cv2",
    "pillow": "PIL",
    "protobuf": "google",
    "pyjwt": "jwt",
    "python-dateutil": "dateutil",
    "python-dotenv": "dotenv",
    "python-multipart": "multipart",
    "pyyaml": "yaml",
    "scikit-image": "skimage",
    "scikit-learn": "sklearn",
    "tensorflow-cpu": "tensorflow",
    "tensorflow-gpu": "tensorflow",
}
"""Packages whose module has another name."""


def imports(root: Path) -> dict[str, str]:
    """Each module that Python files below a folder import, with the place of the first import."""
    found: dict[str, str] = {}
    for number, path in enumerate(_files(root)):
        if number >= MOST_FILES:
            break
        try:
            data = path.read_bytes() if path.stat().st_size <= LARGEST else b""
        except OSError:
            continue
        for match in _IMPORT.finditer(data):
            module = match[1].decode().partition(".")[0]
            if module not in found:
                line = data.count(b"\n", 0, match.start(1)) + 1
                found[module] = f"{path.relative_to(root).as_posix()}:{line}"
    return found


def place(found: dict[str, str], package: str) -> str:
    """Where a package is imported first; empty where it was not seen."""
    return found.get(_MODULES.get(package) or package.replace("-", "_"), "")


def _files(root: Path) -> list[Path]:
    listed: list[Path] = []
    for here, folders, files in os.walk(root):
        folders[:] = sorted(f for f in folders if not f.startswith(".") and f not in _LEFT_OUT)
        listed += [Path(here) / f for f in sorted(files) if f.endswith(".py")]
    return listed
