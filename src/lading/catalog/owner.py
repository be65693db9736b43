"""Which extractor a YAML document belongs to, told cheaply from its place and its top-level keys, so that each is read once."""

import re
from collections.abc import Collection
from enum import Enum

from lading.core.errors import ExtractError
from lading.core.source import SourceFile
from lading.syntax.node import Node
from lading.syntax.yaml import parse_yaml, yaml_documents

_DIRECTIVE = re.compile(r"^[ \t]*(?:-[ \t]*)?\{\{", re.MULTILINE)
"""A line that is nothing to YAML, unless it stands in a text over several lines."""
_PLACEHOLDER = re.compile(r"\{\{[^{}\n]*\}\}")


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
    lower = name.lower()
    keys = document.value.keys() if isinstance(document.value, dict) else frozenset()
    if ".github/" in path or lower in {"action.yml", "action.yaml"}:
        return Owner.WORKFLOW
    if lower.startswith(".gitlab-ci") or "/.gitlab/" in f"/{path}":
        return Owner.GITLAB
    if lower in {".pre-commit-config.yaml", "azure-pipelines.yml"} or ".circleci/" in path or ".buildkite/" in path:
        return Owner.CI
    if "dependencies" in keys and ("channels" in keys or lower.startswith(("environment", "conda", "env"))):
        return Owner.CONDA
    if lower in {"chart.yaml", "chart.yml", "chart.lock", "requirements.yaml"}:
        return Owner.HELM_CHART
    if {"apiVersion", "kind"} <= keys:
        return Owner.KUBERNETES
    if "services" in keys and any(
        {"image", "build", "ports", "volumes", "environment"} & {k for k, _ in s.items()} for _, s in document.items("services")
    ):
        return Owner.COMPOSE
    if lower.startswith("values") or _in_chart(folder, paths):
        return Owner.HELM_VALUES
    if name.endswith((".dvc", "dvc.yaml", "dvc.lock")):
        return Owner.DVC
    return Owner.MLFLOW if name in {"MLmodel", "MLproject"} else Owner.OTHER


def owned_documents(file: SourceFile, *owners: Owner) -> list[Node]:
    """The YAML documents of a file that belong to one of these owners; none of a template, which is no YAML yet."""
    if is_chart_template(file):
        return []
    return [d for d in file.once(_documents) if owner_of(file.path, d, file.tree.paths) in owners]


def _documents(file: SourceFile) -> list[Node]:
    """The documents of a file; where placeholders of a template keep it from being YAML, with a mark in the place of each."""
    try:
        return yaml_documents(file)
    except ExtractError:
        if "{{" not in file.text:
            raise
        return parse_yaml(_PLACEHOLDER.sub("<template>", file.text), file)


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
        return bool(yaml_documents(file))
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
