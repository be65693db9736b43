"""setup.cfg: the requirements setuptools reads from it."""

from collections.abc import Iterator

from lading.catalog.requirement import requirement
from lading.core.component import Component, Occurrence
from lading.core.kinds import Scope
from lading.core.pattern import pattern
from lading.core.source import SourceFile
from lading.extractors._registry import extractor

_SECTION = pattern(r"\[(?P<name>[^\]]+)\]\s*\Z")
_KEY = pattern(r"(?P<name>[A-Za-z][\w.-]*)\s*[=:]\s*(?P<value>.*)\Z")
_SCOPES = {"install_requires": Scope.RUNTIME, "setup_requires": Scope.CI, "tests_require": Scope.TEST}


@extractor("setup.cfg")
def read(file: SourceFile) -> Iterator[Component]:
    """Yield the requirements of `[options]` and `[options.extras_require]`."""
    section = key = ""
    for number, line in enumerate(file.text.splitlines(), 1):
        text = line.split(" #", 1)[0].strip()
        if not text or text.startswith(("#", ";")):
            continue
        if header := _SECTION.match(text):
            section, key = header["name"], ""
            continue
        if not line[0].isspace() and (named := _KEY.match(text)):
            key, text = named["name"], named["value"]
        at = Occurrence(file.path, number, f"{section}.{key}", text, scope=_SCOPES.get(key, Scope.RUNTIME))
        if _is_requirement(section, key) and (found := requirement(text, at)):
            yield found


def _is_requirement(section: str, key: str) -> bool:
    return (section == "options" and key in _SCOPES) or (section == "options.extras_require" and bool(key))
