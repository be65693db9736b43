"""What shell commands fetch: downloads, clones, pulls, installs of weights, data, images and code, and arguments that name them."""

import re
from collections.abc import Callable, Iterator, Sequence
from functools import cache

from lading.catalog import deployments, downloads
from lading.catalog.arguments import Arguments, options, unwrapped, values
from lading.catalog.deployments import chart
from lading.catalog.identity import SCHEMES, is_local, is_placeholder, is_template, under_key, uri
from lading.catalog.keys import Key, key_of
from lading.catalog.places import Line, Observation, Position, Script
from lading.catalog.programs import named_by_argument, ollama, programs
from lading.catalog.tables import table
from lading.catalog.upstreams import hub, is_hub_id
from lading.core.kinds import Kind
from lading.core.pattern import pattern
from lading.core.source import SourceFile
from lading.syntax.shell import Command, Word, commands

Handler = Callable[[Script, Arguments, Command], Iterator[Observation]]

_EVALUATED = {"pretrained": Kind.MODEL, "model_name": Kind.MODEL, "model": Kind.MODEL, "peft": Kind.ADAPTER, "tokenizer": Kind.TOKENIZER}


def shell_observations(
    text: str, file: SourceFile, places: Sequence[Position], known: dict[str, str] | None = None
) -> Iterator[Observation]:
    """What the commands of shell text fetch; `places` holds the place of each of its lines, `known` variables set outside."""
    if not places:
        return
    script = Script(file, places, text)
    found = commands(text, known)
    script.built = {v.text.partition(":")[0] for c in found if c.name in deployments.BUILDERS for v in values(c.words, "-t", "--tag")}
    script.chart_repositories = deployments.added_repositories(found)
    script.checked_out = downloads.checked_out(found)
    for command in found:
        yield from _observed(script, command)


def _observed(script: Script, command: Command) -> Iterator[Observation]:
    words = unwrapped(command.words)
    if not words:
        return
    inner = Command(words, command.feeds)
    if handler := _HANDLERS.get(inner.name):
        yield from handler(script, words[1:], inner)
    elif inner.name in programs():
        yield from named_by_argument(script, words[1:], inner)
    if inner.name in deployments.BUILDERS:
        for contained in deployments.within(words[1:]):
            yield from _observed(script, Command(contained))
    elif inner.name not in _keyless():
        yield from keyed(script, words)


def keyed(script: Script, words: Arguments) -> Iterator[Observation]:
    """Arguments whose name announces an artifact: `--model X`, `--dataset_name=X`, `model.name=X`, `NAME=X`."""
    given = dict(options(words))
    yield from _schemed(script, words, {value.text for value in given.values()})
    for name, value in options(words):
        bare = name.lstrip("-")
        if _IMAGE.search(name) and _REFERENCE.fullmatch(value.text):
            yield from deployments.image_word(script, value, name)
            continue
        key = key_of(bare.rpartition(".")[2] or bare) or key_of(bare)
        if key is None:
            continue
        if is_template(value.text) or is_placeholder(value.text):
            if name.startswith("-") and not is_local(value.text) and not key.uri:
                yield from script.unresolved(key.kind, value, name)
            continue
        for part in value.text.split(",") if "/" in value.text else [value.text]:
            _, equals, path = part.partition("=")
            word = Word(path if equals and "://" not in part else part, value.line, value.literal)
            revision = _revision(given, key)
            found = under_key(key.kind, word.text, script.at(word, name), revision=revision, paths=script.file.tree.paths, bare=key.bare)
            if found and not (key.uri and "://" not in word.text):
                yield found


_IMAGE = pattern(r"\A(?:[A-Z][A-Z0-9_]*_)?IMAGE\Z")
_REFERENCE = pattern(r"[a-z0-9][\w.-]*(?:/[\w.-]+)+(?::[\w.-]+|@sha256:[0-9a-f]{64})")


def _schemed(script: Script, words: Arguments, told: set[str]) -> Iterator[Observation]:
    """Arguments that say by their scheme what they are: `hf://owner/name`."""
    for word in words:
        if word.text.startswith(SCHEMES) and word.text not in told and not is_template(word.text):
            yield from (c for c in (uri(Kind.MODEL, word.text, script.at(word, words[0].text)),) if c)


def _revision(given: dict[str, Word], key: Key) -> str:
    spelled = (f"--{name.replace('_', mark)}" for name in key.revisions for mark in "_-")
    return next((given[name].text for name in spelled if name in given), "")


def _evaluation(script: Script, words: Arguments, command: Command) -> Iterator[Observation]:
    """`lm_eval --model_args pretrained=X,peft=Y`."""
    for word in (*values(words, "--model_args", "-a"), *(w for w in words if w.text.startswith(("pretrained=", "model_name=")))):
        for part in re.split(r",(?=\w+=)", word.text):
            name, _, text = part.partition("=")
            value = Word(text, word.line)
            if name not in _EVALUATED:
                continue
            if is_template(text) or is_placeholder(text):
                yield from script.unresolved(_EVALUATED[name], value, f"{command.name} --model_args {name}")
            elif is_hub_id(text) and not is_local(text, script.file.tree.paths):
                yield hub(_EVALUATED[name], text, script.at(value, f"{command.name} --model_args {name}"))


_HANDLERS: dict[str, Handler] = {
    **dict.fromkeys(("git", "git-lfs"), downloads.git),
    **dict.fromkeys(("wget", "curl", "aria2c", "axel", "wget2", "xget"), downloads.fetch),
    **dict.fromkeys(("aws", "gsutil", "gcloud", "s5cmd", "azcopy", "rclone", "mc"), downloads.bucket),
    **dict.fromkeys(("pip", "pip3", "uv", "conda", "mamba", "micromamba", "pipx", "poetry"), downloads.pip),
    "gdown": downloads.gdown,
    "kaggle": downloads.kaggle,
    "dvc": downloads.dvc,
    "wandb": downloads.artifact_of_wandb,
    **dict.fromkeys(("docker", "podman", "nerdctl"), deployments.docker),
    **dict.fromkeys(("kubectl", "oc"), deployments.kubectl),
    "helm": deployments.helm,
    **dict.fromkeys(("lm_eval", "lm-eval", "lighteval"), _evaluation),
}


@cache
def _keyless() -> frozenset[str]:
    return frozenset(table("programs")["keyless"])


__all__ = ["Line", "Observation", "Position", "chart", "ollama", "shell_observations"]
