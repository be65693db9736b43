"""Images that the scanned tree builds itself: they are the system, not something it inherits."""

import re
from collections.abc import Iterator

from lading.catalog.owner import documents
from lading.catalog.upstreams import split_image
from lading.core.errors import ExtractError
from lading.core.pattern import pattern
from lading.core.source import SourceFile, Tree
from lading.syntax.node import Node

_YAML = (".yml", ".yaml")
_SCRIPTS = (".sh", ".bash", ".mk", "Makefile", "makefile", "justfile", "Justfile")
_BUILDS = pattern(rb"\bbuild:|\bartifacts:|\b(?:docker|podman|buildah|nerdctl|ENGINE[})]+) +(?:buildx +)?(?:build|bud)\b")
_LARGEST = 1 << 19
_COMMAND = pattern(r"(?:docker|podman|buildah|nerdctl|ENGINE[})]+) +(?:buildx +)?(?:build|bud)\b(?P<words>(?:[^\n\\]|\\\n|\\.)*)")
_TAG = pattern(r"(?:\s-t|\s--tag)[ =]+[\"']?(?P<name>[^\s\"']+)")
_RECIPE = pattern(r"(?:\s-f|\s--file)[ =]+[\"']?(?P<path>[^\s\"']+)")
_VARIABLE = pattern(r"\$[{(]?(?P<name>\w+)(?::?-(?P<default>[^})]*))?[})]?")
_ASSIGNED = pattern(r"^[ \t]*(?:export +)?(?P<name>\w+)[ \t]*[?:]?=[ \t]*[\"']?(?P<value>[^\s\"'#]+)", re.MULTILINE)

_GIVEN = pattern(r"^[ \t]*(?P<name>[A-Z]\w*)(?:: +|=)[\"']?(?P<value>[^\s\"'#]+)", re.MULTILINE)
_OF_WORKFLOW = pattern(r"\$\{\{\s*env\.(\w+)\s*\}\}")


def is_built(reference: str, tree: Tree) -> bool:
    """Whether the tree builds an image of this name and tag: under another tag a registry has what was published some other day."""
    repository, tag, _ = split_image(reference)
    tags = tree.once(_built).get(repository) if repository else None
    return tags is not None and ("/" not in repository or "" in tags or (tag or "latest") in tags)


def _built(tree: Tree) -> dict[str, frozenset[str]]:
    """The tags under which images are built, by name; an empty one where only a run tells."""
    found: dict[str, set[str]] = {}
    for written in _tags(tree):
        repository, tag, _ = split_image(written.strip())
        if repository:
            found.setdefault(repository, set()).add(tag)
    return {name: frozenset(tags) for name, tags in found.items()}


def _tags(tree: Tree) -> Iterator[str]:
    for path in tree.paths:
        if path.endswith((*_YAML, *_SCRIPTS)) and _mentions_a_build(tree, path) and (file := tree.file(path)):
            try:
                yield from _in_commands(file)
                yield from _in_documents(file) if path.endswith(_YAML) else ()
            except ExtractError:  # said where the file itself is read
                continue


def _mentions_a_build(tree: Tree, path: str) -> bool:
    try:
        if tree.size(path) > _LARGEST:
            return False
        with tree.open(path) as stream:
            return bool(_BUILDS.search(stream.read(_LARGEST)))
    except OSError:
        return False


def _in_commands(file: SourceFile) -> Iterator[str]:
    """The tags of `docker build -t NAME .` with the variables that the same file assigns; what is built from a clone is not ours."""
    text = _OF_WORKFLOW.sub(r"${\1}", file.text)
    assigned = _GIVEN if ".github/" in file.path else _ASSIGNED
    known = {m["name"]: m["value"] for m in assigned.finditer(text)}
    cloned = text.find("git clone")
    for command in _COMMAND.finditer(text):
        if "https://" in command["words"] or "git@" in command["words"] or 0 <= cloned < command.start():
            continue
        if (recipe := _RECIPE.search(command["words"])) and not _in_tree(recipe["path"], file.tree):
            continue
        for tag in _TAG.finditer(command["words"]):
            yield _filled(tag["name"], known)


def _in_tree(path: str, tree: Tree) -> bool:
    """Whether a path of a command can be one of the tree: its parts behind the last variable end a path there."""
    known = path.rpartition("$")[2].partition("/")[2] if "$" in path else path
    known = known.lstrip("./")
    return any(p == known or p.endswith(f"/{known}") for p in tree.paths)


def _filled(text: str, known: dict[str, str]) -> str:
    for _ in range(3):
        text = _VARIABLE.sub(lambda m: known.get(m["name"]) or m["default"] or m[0], text)
    return _without_unknown_tag(text)


def _without_unknown_tag(text: str) -> str:
    """A name whose tag alone is not known: the tag is dropped."""
    name, _, tag = text.rpartition(":")
    return name if name and "/" not in tag and "$" in tag and "$" not in name else text


def _in_documents(file: SourceFile) -> Iterator[str]:
    for document in documents(file):
        for _, service in document.items("services"):
            if (build := service.get("build")) and (image := service.string("image")) and _stands_here(file, build):
                yield _filled(image, {})
        for artifact in document.elements("build", "artifacts") if document.string("apiVersion").startswith("skaffold/") else ():
            yield artifact.string("image")


def _stands_here(file: SourceFile, build: Node) -> bool:
    """Whether what a service is built from lies in this tree; another repository may be checked out beside it instead."""
    context = build.text if isinstance(build.value, str) else build.string("context") or "."
    recipe = build.string("dockerfile") or "Dockerfile"
    if build.get("dockerfile_inline"):
        return True
    return file.sibling(f"{context}/{recipe}") is not None
