"""Jenkinsfiles: images of agents, shared libraries, manifests of pods, what shell steps fetch. Groovy is read, not run."""

import re
from collections.abc import Iterator

from msgspec.structs import replace

from lading.catalog.commands import Line, shell_observations
from lading.catalog.containers import embedded, image_at
from lading.catalog.upstreams import pin_of
from lading.core.component import Component, Occurrence
from lading.core.kinds import Kind, Scope
from lading.core.pattern import pattern
from lading.core.source import SourceFile
from lading.extractors._registry import Observation, extractor
from lading.syntax.node import Node

_TEXT = r"(?P<quote>'''|\"\"\"|'|\")(?P<text>(?:\\.|(?!(?P=quote))[^\\])*)(?P=quote)"
_IMAGE = pattern(
    rf"(?:\bimage[ \t]*[:(]?|\bdocker[ \t]+|\bdocker\.image[ \t]*\(|\bcontainerTemplate\b[^\n]{0, 400}?\bimage:)[ \t]*{_TEXT}", re.DOTALL
)
_STEP = pattern(rf"\b(?:sh|bat|powershell)\b[ \t]*\(?[ \t]*(?:script:[ \t]*)?{_TEXT}", re.DOTALL)
_POD = pattern(rf"\byaml[ \t]*[:(]?[ \t]*{_TEXT}", re.DOTALL)
_LIBRARY = pattern(r"@Library\(\s*\[?(?P<names>[^)\]]{0,400})|\blibrary[ \t]*\(?[ \t]*(?:identifier:[ \t]*)?(?P<one>['\"][^'\"]+['\"])")
_ASSIGNED = pattern(
    r"^[ \t]*(?:def[ \t]+|String[ \t]+)?(?P<name>[A-Za-z_]\w*)[ \t]*=[ \t]*(?P<quote>['\"])(?P<value>[^'\"\n]*)(?P=quote)", re.MULTILINE
)
_REFERENCE = pattern(r"\$\{?(?:env\.|params\.)?(\w+)\}?")
_COMMENT = pattern(r"/\*.*?(?:\*/|\Z)|^[ \t]*//[^\n]*", re.DOTALL | re.MULTILINE)


@extractor("Jenkinsfile", "Jenkinsfile.*", "*.Jenkinsfile", "*.jenkinsfile", "Jenkinsfile-*")
def read(file: SourceFile) -> Iterator[Observation]:
    """Yield the images a pipeline runs in, the libraries it loads and what its steps fetch."""
    text = _COMMENT.sub(lambda m: re.sub(r"[^\n]", " ", m[0]), file.text)
    known = {m["name"]: m["value"] for m in _ASSIGNED.finditer(text)}
    for match in _IMAGE.finditer(text):
        yield from _image(file, text, match, known)
    for match in _POD.finditer(text):
        line = _line(text, match.start("text"))
        yield from (_of_automation(o) for o in embedded(file, Node(match["text"], line, match["text"])))
    for match in _LIBRARY.finditer(text):
        yield from _libraries(file, text, match)
    for match in _STEP.finditer(text):
        first = _line(text, match.start("text"))
        places = [Line(file.path, first + offset) for offset in range(match["text"].count("\n") + 1)]
        yield from shell_observations(match["text"], file, places, known)


def _image(file: SourceFile, text: str, match: re.Match[str], known: dict[str, str]) -> Iterator[Observation]:
    written = match["text"].strip()
    name = _REFERENCE.sub(lambda m: known.get(m[1], m[0]), written) if match["quote"].startswith('"') else written
    if ("/" in name or ":" in name) and not any(c.isspace() for c in name):
        node = Node(written, _line(text, match.start("text")), written)
        yield from image_at(file, node, "image", name, Scope.CI, inferred=name != written)


def _libraries(file: SourceFile, text: str, match: re.Match[str]) -> Iterator[Component]:
    """Shared libraries: code that the server fetches from where its administrator has set it."""
    for name in re.findall(r"['\"]([\w./-]+(?:@[\w./-]+)?)['\"]", match["names"] or match["one"] or ""):
        library, _, revision = name.partition("@")
        at = Occurrence(file.path, _line(text, match.start()), "@Library", name, scope=Scope.CI)
        yield Component(
            kind=Kind.ACTION, name=library, upstream="jenkins-library", version=revision, pin=pin_of(revision), occurrences=(at,)
        )


def _of_automation(observation: Observation) -> Observation:
    """The same, seen where automation runs."""
    if isinstance(observation, Component):
        return replace(observation, occurrences=tuple(replace(o, scope=Scope.CI) for o in observation.occurrences))
    return observation


def _line(text: str, position: int) -> int:
    return text.count("\n", 0, position) + 1
