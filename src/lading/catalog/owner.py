"""Which extractor a YAML document belongs to, told cheaply from its place and its top-level keys, so that each is read once."""

import re
from collections.abc import Collection
from enum import Enum

from lading.core.errors import ExtractError
from lading.core.pattern import pattern
from lading.core.source import SourceFile
from lading.syntax.node import Node
from lading.syntax.yaml import parse_yaml, yaml_documents

_DIRECTIVE = pattern(r"^[ \t]*(?:-[ \t]*)?\{\{", re.MULTILINE)
"""A line that is nothing to YAML, unless it stands in a text over several lines."""
_PLACEHOLDER = pattern(r"\{\{[^{}\n]*\}\}")


_CHART_FILES = frozenset({"chart.yaml", "chart.yml", "chart.lock", "requirements.yaml"})
_VALUES = pattern(r"(?:^|/)values[^/]*$|[-_.]values\.ya?ml$|(?:^|/)(?:helm[-_])?values/")


class Owner(Enum):
    """Who reads a document."""

    KUBERNETES = "kubernetes"
    COMPOSE = "compose"
    HELM_VALUES = "helm_values"
    HELM_CHART = "helm_chart"
    WORKFLOW = "workflow"
    GITLAB = "gitlab"
    CI = "ci"
    CONDA = "conda"
    DVC = "dvc"
    MLFLOW = "mlflow"
    OTHER = "other"


def owner_of(path: str, document: Node, paths: Collection[str]) -> Owner:  # noqa: PLR0911 - one answer per owner
    """The owner of a YAML document at a path of a tree with these paths."""
    folder, _, name = path.rpartition("/")
    keys = document.value.keys() if isinstance(document.value, dict) else frozenset()
    if {"apiVersion", "kind"} <= keys and name.lower() not in _CHART_FILES:
        return Owner.KUBERNETES
    if owner := _by_place(path, name.lower()):
        return owner
    if "dependencies" in keys and ("channels" in keys or name.lower().startswith(("environment", "conda", "env"))):
        return Owner.CONDA
    if name.lower() in _CHART_FILES:
        return Owner.HELM_CHART
    if "services" in keys and any(
        {"image", "build", "ports", "volumes", "environment"} & {k for k, _ in s.items()} for _, s in document.items("services")
    ):
        return Owner.COMPOSE
    if {"suite", "tests"} <= keys:
        return Owner.OTHER  # a test of a chart's templates: its images are made up
    if _VALUES.search(path.lower()) or _in_chart(folder, paths) or _has_image(document):
        return Owner.HELM_VALUES
    if name.endswith((".dvc", "dvc.yaml", "dvc.lock")):
        return Owner.DVC
    return Owner.MLFLOW if name in {"MLmodel", "MLproject"} else Owner.OTHER


def _by_place(path: str, name: str) -> Owner | None:
    """Files of automation stand at places of their own."""
    if ".github/" in path or name in {"action.yml", "action.yaml"}:
        return Owner.WORKFLOW
    if name.startswith(".gitlab-ci") or "/.gitlab/" in f"/{path}":
        return Owner.GITLAB
    ours = name == ".pre-commit-config.yaml" or name.startswith("azure-pipelines") or ".circleci/" in path or ".buildkite/" in path
    return Owner.CI if ours else None


def _has_image(document: Node) -> bool:
    """Whether a mapping holds an image the way values of charts do: `image: {repository: …}`, at the top or one or two levels below."""
    level = [document]
    for _ in range(3):
        if any(node.get("image", "repository") for node in level):
            return True
        level = [inner for node in level for _, inner in node.items()]
    return False


def owned_documents(file: SourceFile, *owners: Owner) -> list[Node]:
    """The YAML documents of a file that belong to one of these owners; none of a template, which is no YAML yet."""
    if is_chart_template(file):
        return []
    return [d for d in documents(file) if owner_of(file.path, d, file.tree.paths) in owners]


def documents(file: SourceFile) -> list[Node]:
    """The documents of a file without schemas of custom resources, which are long and name nothing.

    Where placeholders of a template keep it from being YAML, a mark stands in the place of each.
    """
    return file.once(_documents)


def _documents(file: SourceFile) -> list[Node]:
    try:
        return file.once(_as_it_stands)
    except ExtractError:
        text = file.once(_without_schemas)
        if "{{" in text:
            return parse_yaml(_PLACEHOLDER.sub("<template>", text), file)
        if "${" in text or "%{" in text:
            return parse_yaml(without_interpolations(text), file)
        raise


def without_interpolations(text: str) -> str:
    """YAML as `envsubst` or Terraform's `templatefile` read it, without braces and directives that keep it from being YAML."""
    return re.sub(r"(?m)^[ \t]*%\{[^\n]*$|%\{[^}\n]{0,400}\}", "", re.sub(r"\$\{(\w+)\}", r"$\1", text))


def _as_it_stands(file: SourceFile) -> list[Node]:
    text = file.once(_without_schemas)
    return yaml_documents(file) if text is file.text else parse_yaml(text, file)


def _without_schemas(file: SourceFile) -> str:
    return without_schemas(file.text)


def without_schemas(text: str) -> str:
    """Manifests with every CustomResourceDefinition blank, so that lines keep their number."""
    return _SCHEMA.sub(lambda m: "\n" * m[0].count("\n"), text) if "CustomResourceDefinition" in text else text


_SCHEMA = pattern(r"^(?:apiVersion:[^\n]*\n)?kind: CustomResourceDefinition\n(?:(?!---|apiVersion:)[^\n]*(?:\n|\Z))*", re.MULTILINE)


def is_chart_template(file: SourceFile) -> bool:
    """Whether a file is a template that becomes YAML only when it is rendered."""
    return file.once(_is_chart_template)


def _is_chart_template(file: SourceFile) -> bool:
    if file.name.endswith((".tpl", ".tftpl", ".gotmpl", ".j2")):
        return True
    if "{{" not in file.text or "/templates/" in f"/{file.path}":
        return "{{" in file.text
    return bool(_DIRECTIVE.search(file.text)) and not _is_yaml(file)


def _is_yaml(file: SourceFile) -> bool:
    try:
        return bool(file.once(_as_it_stands))
    except ExtractError:
        return False


def _in_chart(folder: str, paths: Collection[str]) -> bool:
    """Whether a folder, or one of the three above it, holds a Chart.yaml."""
    for _ in range(4):
        if f"{folder}/Chart.yaml".lstrip("/") in paths:
            return True
        folder = folder.rpartition("/")[0]
        if not folder:
            break
    return False
