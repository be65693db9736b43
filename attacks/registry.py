"""What a sample is, and all of them by family."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

MARKER = "echo lading-marker"
"""What an attack would run; here it says that nothing was run."""

Content = bytes | dict[str, bytes]


@dataclass(frozen=True)
class Sample:
    """One file, or a folder of files, with the verdicts that are right for it."""

    family: str
    name: str
    file: str
    right: tuple[str, ...]
    make: Callable[[], Content]

    @property
    def what(self) -> str:
        """What is wrong with it, in a sentence."""
        return " ".join((self.make.__doc__ or self.name).split())

    def write(self, folder: Path) -> Path:
        """Write it below a folder; the path of the file, or of the folder where it is one."""
        content = self.make()
        if isinstance(content, bytes):
            path = folder / self.file
            path.write_bytes(content)
            return path
        for name, data in content.items():
            (folder / self.file / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / self.file / name).write_bytes(data)
        return folder / self.file


SAMPLES: list[Sample] = []
MALICIOUS = ("malicious",)
FLAGGED = ("malicious", "suspicious")
STOPPED = ("malicious", "suspicious", "unscannable")
BENIGN = ("benign",)


def sample(file: str, *right: str) -> Callable[[Callable[[], Content]], Callable[[], Content]]:
    """Register a maker; its module is the family, its name the name, its docstring what is wrong."""

    def register(make: Callable[[], Content]) -> Callable[[], Content]:
        SAMPLES.append(Sample(make.__module__.rpartition(".")[2], make.__name__, file, right, make))
        return make

    return register


def table(family: str, rows: Mapping[str, Content], *right: str, suffix: str = ".pkl", what: str = "") -> None:
    """Register many samples that differ in their bytes only."""
    for name, content in rows.items():

        def make(content: Content = content) -> Content:
            return content

        make.__doc__ = what or name.replace("_", " ")
        SAMPLES.append(Sample(family, name, f"{name}{suffix}", right, make))


def samples() -> list[Sample]:
    """All samples of all families."""
    for path in sorted(Path(__file__).parent.glob("*.py")):
        if path.stem not in {"__init__", "registry", "opcodes"}:
            import_module(f"attacks.{path.stem}")
    return sorted(SAMPLES, key=lambda s: (s.family, s.name))
