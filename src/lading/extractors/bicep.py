"""Bicep: modules of registries, images of containers, models deployed to Azure AI services, the services themselves."""

import re
from collections.abc import Iterator

from lading.catalog.announced import Announced
from lading.catalog.containers import image_at
from lading.catalog.upstreams import service
from lading.core.component import Component, Occurrence, Unresolved
from lading.core.kinds import Kind, Pin, Scope
from lading.core.pattern import pattern
from lading.core.purl import purl
from lading.core.source import SourceFile
from lading.extractors._registry import Observation, extractor
from lading.syntax.node import Node

_TEXT = r"'(?P<text>(?:[^'\\\n]|\\.)*)'"
_DEFAULT = pattern(rf"^[ \t]*(?:param|var)[ \t]+(?P<name>\w+)(?:[ \t]+[\w.\[\]?]+)?[ \t]*=[ \t]*{_TEXT}[ \t]*(?://.*)?$", re.MULTILINE)
_MODULE = pattern(rf"^[ \t]*module[ \t]+\w+[ \t]+{_TEXT}", re.MULTILINE)
_RESOURCE = pattern(r"^[ \t]*resource[ \t]+\w+[ \t]+'(?P<type>[\w./-]+)@[^']*'[ \t]*(?P<existing>existing\b)?", re.MULTILINE)
_IMAGE = pattern(rf"\b(?P<key>image|containerImage|containerImageName|linuxFxVersion|imageName)[ \t]*:[ \t]*(?:{_TEXT}|(?P<name>\w+))")
_MODEL = pattern(r"\bmodel[ \t]*:[ \t]*\{(?P<body>[^{}]*)\}")
_FIELD = pattern(rf"\b(?P<key>format|name|version)[ \t]*:[ \t]*(?:{_TEXT}|(?P<reference>\w+))")
_REFERENCE = pattern(r"\$\{(\w+)\}")
_COMMENT = pattern(r"/\*.*?(?:\*/|\Z)|^[ \t]*//[^\n]*", re.DOTALL | re.MULTILINE)
_SERVICES = {
    "Microsoft.CognitiveServices/accounts": "azure-ai",
    "Microsoft.Search/searchServices": "azure-search",
    "Microsoft.MachineLearningServices/workspaces": "azure-machine-learning",
}


@extractor("*.bicep", "*.bicepparam")
def read(file: SourceFile) -> Iterator[Observation]:
    """Yield what a Bicep file takes from registries and deploys."""
    text = _COMMENT.sub(lambda m: re.sub(r"[^\n]", " ", m[0]), file.text)
    known = {m["name"]: m["text"] for m in _DEFAULT.finditer(text)}
    for match in _MODULE.finditer(text):
        yield from _module(match["text"], Occurrence(file.path, _line(text, match.start()), "module", match["text"], scope=Scope.DEPLOY))
    for match in _IMAGE.finditer(text):
        yield from _image(file, text, match, known)
    named = False
    for match in _MODEL.finditer(text):
        for found in _model(file, text, match, known):
            named = True
            yield found
    for match in _RESOURCE.finditer(text) if not named else ():
        if (provider := _SERVICES.get(match["type"])) and not match["existing"]:
            yield service(provider, "", Occurrence(file.path, _line(text, match.start()), match["type"], match["type"], scope=Scope.DEPLOY))
    for match in _DEFAULT.finditer(text):
        node = Node(match["text"], _line(text, match.start("text")), match["text"])
        announced = Announced(file, Node({match["name"]: node}, node.line), Scope.DEPLOY).observations()
        yield from (_on_azure(o) for o in announced)


def _on_azure(observation: Component | Unresolved) -> Observation:
    """A model of OpenAI is one that Azure serves, here."""
    if isinstance(observation, Component) and observation.upstream == "openai":
        return service("azure-openai", observation.name.partition("/")[2], observation.occurrences[0])
    return observation


_REGISTRY = pattern(r"(?:br/public:|br:)(?P<path>[\w./-]+):(?P<version>[\w.-]+)\Z")


def _module(source: str, at: Occurrence) -> Iterator[Component]:
    """A module of a registry (`br/public:avm/res/…:0.1.0`); those of this tree are its own."""
    if match := _REGISTRY.match(source):
        name, version = match["path"], match["version"]
        registry = "mcr.microsoft.com/bicep" if source.startswith("br/public:") else name.partition("/")[0]
        yield Component(
            kind=Kind.INFRASTRUCTURE, name=name, upstream="bicep", version=version, pin=Pin.MUTABLE,
            purl=purl("oci", name.rpartition("/")[2], repository_url=f"{registry}/{name}" if source.startswith("br/public:") else name, tag=version),
            occurrences=(at,), supplier=registry,
        )  # fmt: skip


def _image(file: SourceFile, text: str, match: re.Match[str], known: dict[str, str]) -> Iterator[Observation]:
    written = match["text"] if match["text"] is not None else known.get(match["name"], "")
    name = _filled(written.removeprefix("DOCKER|"), known)
    if match["key"] == "linuxFxVersion" and not written.startswith("DOCKER|"):
        return
    if "/" in name or ":" in name:
        node = Node(written, _line(text, match.start()), written)
        yield from image_at(file, node, match["key"], name, inferred=name != match["text"])


def _model(file: SourceFile, text: str, match: re.Match[str], known: dict[str, str]) -> Iterator[Component | Unresolved]:
    """A deployment's model: `model: { format: 'OpenAI', name: 'gpt-4o', version: '…' }`."""
    given = {f["key"]: f for f in _FIELD.finditer(match["body"])}
    name = given.get("name")
    if name is None or "format" not in given:
        return
    line = _line(text, match.start("body") + name.start())
    value = _filled(name["text"], known) if name["text"] is not None else known.get(name["reference"], "")
    at = Occurrence(file.path, line, "model.name", value or name["reference"], scope=Scope.DEPLOY)
    if not value or "${" in value:
        yield Unresolved(Kind.SERVICE, value or name["reference"], at, "a parameter without a default")
    else:
        maker = given["format"]["text"] or known.get(given["format"]["reference"] or "", "")
        yield service("azure-openai" if maker == "OpenAI" else "azure-ai", value, at)


def _filled(text: str, known: dict[str, str]) -> str:
    return _REFERENCE.sub(lambda m: known.get(m[1], m[0]), text)


def _line(text: str, position: int) -> int:
    return text.count("\n", 0, position) + 1
