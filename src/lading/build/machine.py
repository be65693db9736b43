"""Where a build runs: a known CI system by its variables, or a plain machine; secrets are never looked at."""

import os
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct


class System(Struct, frozen=True):
    """A CI system: the variable that tells it, those that may be recorded, and how they name the builder and the run."""

    name: str
    tell: str
    recorded: tuple[str, ...]
    builder: str
    run: str


SYSTEMS = (
    System(
        "github",
        "GITHUB_ACTIONS",
        ("GITHUB_REPOSITORY", "GITHUB_SHA", "GITHUB_REF", "GITHUB_WORKFLOW_REF", "GITHUB_WORKFLOW_SHA", "GITHUB_JOB", "GITHUB_EVENT_NAME",
         "GITHUB_RUN_ID", "GITHUB_RUN_ATTEMPT", "RUNNER_OS", "RUNNER_ARCH", "RUNNER_ENVIRONMENT", "ImageOS", "ImageVersion"),
        "{GITHUB_SERVER_URL}/{GITHUB_WORKFLOW_REF}",
        "{GITHUB_SERVER_URL}/{GITHUB_REPOSITORY}/actions/runs/{GITHUB_RUN_ID}/attempts/{GITHUB_RUN_ATTEMPT}",
    ),
    System(
        "gitlab",
        "GITLAB_CI",
        ("CI_PROJECT_URL", "CI_COMMIT_SHA", "CI_COMMIT_REF_NAME", "CI_PIPELINE_ID", "CI_PIPELINE_SOURCE", "CI_JOB_ID", "CI_JOB_NAME",
         "CI_JOB_IMAGE", "CI_RUNNER_ID", "CI_RUNNER_EXECUTABLE_ARCH", "CI_RUNNER_VERSION"),
        "{CI_PROJECT_URL}/-/runners/{CI_RUNNER_ID}",
        "{CI_JOB_URL}",
    ),
    System(
        "jenkins",
        "JENKINS_URL",
        ("JOB_NAME", "BUILD_NUMBER", "BUILD_ID", "NODE_NAME", "GIT_COMMIT", "GIT_BRANCH", "EXECUTOR_NUMBER"),
        "{JENKINS_URL}computer/{NODE_NAME}",
        "{BUILD_URL}",
    ),
    System("tekton", "TEKTON_TASK_RUN", ("TEKTON_TASK_RUN", "TEKTON_PIPELINE_RUN"), "tekton:{TEKTON_TASK_RUN}", "tekton:{TEKTON_TASK_RUN}"),
)  # fmt: skip
"""Tekton sets no variables of its own: a task passes `$(context.taskRun.name)` as TEKTON_TASK_RUN."""


class Machine(Struct, frozen=True):
    """Who builds, in which run, and in what surroundings."""

    builder: str
    run: str
    surroundings: dict[str, Any]


def machine(environment: Mapping[str, str]) -> Machine:
    """The machine that this process runs on, told from allowed variables only."""
    system = next((s for s in SYSTEMS if environment.get(s.tell)), None)
    surroundings = {
        "system": system.name if system else "machine",
        "os": _release(),
        "kernel": f"{platform.system()} {platform.release()}",
        "architecture": platform.machine(),
        "processors": os.cpu_count() or 0,
        "python": platform.python_version(),
        "container": _container(),
        **({"gpu": gpu} if (gpu := _gpu()) else {}),
    }
    if system is None:
        return Machine(f"machine:{platform.node() or 'unnamed'}", "", surroundings)
    surroundings["variables"] = {name: environment[name] for name in system.recorded if name in environment}
    known = {k: v for k, v in environment.items() if f"{{{k}}}" in system.builder + system.run}
    return Machine(system.builder.format_map(_Missing(known)), system.run.format_map(_Missing(known)), surroundings)


class _Missing(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return f"({key} not set)"


def _release() -> str:
    try:
        return platform.freedesktop_os_release().get("PRETTY_NAME", "")
    except OSError:
        return ""


def _container() -> str:
    """The kind of container around this process; the digest of its image cannot be seen from inside."""
    if Path("/.dockerenv").exists():
        return "docker"
    if Path("/run/.containerenv").exists():
        return "podman"
    return "kubernetes" if os.environ.get("KUBERNETES_SERVICE_HOST") else ""


def _gpu() -> str:
    try:
        return Path("/proc/driver/nvidia/version").read_text("ascii", "replace").splitlines()[0]
    except (OSError, IndexError):
        return ""
