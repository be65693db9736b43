"""What a place is for, told from where it stands in the tree."""

import re

from lading.core.kinds import Scope

_RULES: tuple[tuple[Scope, re.Pattern[str]], ...] = (
    (
        Scope.CI,
        re.compile(
            r"(?:^|/)(?:\.github|\.gitlab|\.circleci|\.buildkite|\.azure-pipelines|ci)/|(?:^|/)(?:\.gitlab-ci|azure-pipelines)[^/]*\.ya?ml$|(?:^|/)Jenkinsfile"
        ),
    ),
    (
        Scope.TEST,
        re.compile(
            r"(?:^|/)(?:tests?|testing|unit_?tests?|integration_?tests?|e2e|fixtures)/|(?:^|/)(?:test_[^/]*|[^/]*_test|conftest)\.py$"
        ),
    ),
    (Scope.EXAMPLE, re.compile(r"(?:^|/)(?:examples?|samples?|demos?|tutorials?|docs?|notebooks?|cookbooks?)/|\.ipynb$", re.IGNORECASE)),
    (
        Scope.TRAIN,
        re.compile(
            r"(?:^|/)(?:train|training|finetun\w*|fine[-_]tun\w*|recipes?|pretrain\w*|sft|dpo)(?:/|[^/]*\.(?:py|ya?ml|sh)$)|(?:^|/)[^/]*train[^/]*\.(?:py|ya?ml|sh)$",
            re.IGNORECASE,
        ),
    ),
    (
        Scope.DEPLOY,
        re.compile(
            r"(?:^|/)(?:helm|charts?|k8s|kubernetes|deploy(?:ment)?s?|terraform|infra(?:structure)?|docker|manifests)/|(?:^|/)(?:[^/]*Dockerfile[^/]*|(?:docker-)?compose[^/]*\.ya?ml|[^/]*\.tf)$",
            re.IGNORECASE,
        ),
    ),
)


def scope_of(path: str) -> Scope:
    """The scope of a path; runtime when nothing says otherwise."""
    return next((scope for scope, pattern in _RULES if pattern.search(path)), Scope.RUNTIME)
