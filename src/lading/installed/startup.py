"""Code that runs whenever Python starts: `.pth` lines that import, `sitecustomize` and `usercustomize`."""

from collections.abc import Iterator
from pathlib import Path

from lading.catalog.integrity import STARTUP
from lading.core.component import Occurrence

LARGEST = 1 << 20


def startup(site: Path, prefix: str) -> Iterator[tuple[str, Occurrence]]:
    """Every file of a site-packages folder that runs at start-up, with the line that does."""
    for path in sorted(site.glob("*.pth")):
        with path.open("rb") as stream:
            lines = stream.read(LARGEST).decode("utf-8", "replace").splitlines()
        for number, line in enumerate(lines, 1):
            if line.startswith(("import ", "import\t")):
                yield path.name, Occurrence(f"{prefix}{path.name}", number, STARTUP, line[:200])
    for name in ("sitecustomize", "usercustomize"):
        for place in (site / f"{name}.py", site / name / "__init__.py"):
            if place.is_file():
                path_of = place.relative_to(site).as_posix()
                yield path_of, Occurrence(f"{prefix}{path_of}", 0, STARTUP, name)
