"""What download commands bring: repositories, files behind URLs, copies from buckets, data of Kaggle and DVC."""

import re
from collections.abc import Iterator

from msgspec.structs import replace

from lading.catalog.arguments import Arguments, plain, values
from lading.catalog.identity import file_kind, is_template, uri
from lading.catalog.places import Observation, Script
from lading.catalog.requirement import direct_url
from lading.catalog.upstreams import located, named, pin_of, repository
from lading.core.component import Component, Occurrence, ServiceFacts
from lading.core.kinds import Flag, Kind, Pin
from lading.core.pattern import pattern
from lading.syntax.shell import Command

_GITHUB = pattern(r"(?:https?://|git@|ssh://git@)(?:[^/@]+@)?(?:www\.)?github\.com[/:](?P<name>[\w.-]+/[\w.-]+?)(?:\.git)?/?\Z")
_HUBS = ("huggingface.co/", "hf.co/")
_SHELLS = frozenset({"sh", "bash", "zsh", "dash", "python", "python3"})
_PROGRAM = pattern(
    r"\.(?:deb|rpm|whl|sh|exe|key|gpg|asc|ya?ml)\b|linux|amd64|x86_64|darwin|install|setup|/archive/|cuda|miniconda|anaconda|cmake"
    r"|releases?/(?:download|latest)(?!.*\.(?:pt|pth|onnx|bin|safetensors|gguf|ckpt|csv|json|parquet|h5|zip)\b)"
    r"|(?:stable|latest|version|checksums?|sha256sums?)[\w.-]*\.txt|src\.tar|source|grafana|dashboard|-bin-|apache\.org/|kubectl|helm|localhost|127\.0\.0\.1|/v1/(?:chat|completions|models|embeddings|files)|/api/|/health",
    re.IGNORECASE,
)


def git(script: Script, words: Arguments, _: Command) -> Iterator[Observation]:
    """`git clone`, `git lfs clone`: a repository of the hub is a model or dataset, one of GitHub code."""
    if not any(w.text == "clone" for w in words[:2]):
        return
    branch = next((w.text for w in values(words, "-b", "--branch") if not is_template(w.text)), "")
    branch = branch or script.checked_out.get(words[0].line, "")
    for word in words:
        if any(host in word.text for host in _HUBS) and not is_template(word.text):
            found = uri(Kind.MODEL, re.sub(r"//[^/@]*@", "//", word.text.removesuffix(".git")), script.at(word, "git clone"))
            if found:
                yield replace(found, version=branch, pin=pin_of(branch)) if branch else found
        elif match := _GITHUB.match(word.text):
            yield repository(Kind.FILE, match["name"], script.at(word, "git clone"), revision=branch)


_REVISION = pattern(r"[0-9a-f]{7,64}|v?[0-9][\w.-]*|[A-Za-z][\w.-]*[0-9][\w.-]*")


def checked_out(found: list[Command]) -> dict[int, str]:
    """What `git checkout REVISION` takes of the repository cloned just before, by the line of the clone."""
    revisions: dict[int, str] = {}
    cloned = -1
    for command in found:
        texts = [w.text for w in command.words if not w.text.startswith("-")]
        if texts[:2] == ["git", "clone"]:
            cloned = command.words[1].line
        elif texts[:2] in (["git", "checkout"], ["git", "reset"]) and len(texts) == 3 and cloned >= 0 and len(command.words) <= 4:  # noqa: PLR2004
            if _REVISION.fullmatch(texts[2]) and not {"-b", "-B", "--"} & {w.text for w in command.words}:
                revisions.setdefault(cloned, texts[2])
            cloned = -1
    return revisions


def fetch(script: Script, words: Arguments, command: Command) -> Iterator[Observation]:
    """wget, curl, aria2c: files of weights and data, and installers piped to a shell."""
    for word in words:
        if not re.match(r"https?://", word.text) or is_template(word.text):
            continue
        at = script.at(word, command.name)
        kind = file_kind(word.text)
        if command.feeds in _SHELLS:
            yield located(Kind.FILE, word.text, at, flags=(Flag.PIPED_TO_SHELL,))
        elif any(host in word.text for host in _HUBS):
            yield from (c for c in (uri(kind or Kind.MODEL, word.text, at),) if c)
        elif kind and not _PROGRAM.search(word.text):
            yield from (c for c in (uri(kind, word.text, at),) if c)


def bucket(script: Script, words: Arguments, _: Command) -> Iterator[Observation]:
    """`aws s3 cp`, `gsutil cp`, `gcloud storage cp`, azcopy: what is copied from a bucket (the first path is the source)."""
    arguments = [w for w in words if not w.text.startswith("-")]
    verbs = [i for i, w in enumerate(arguments) if w.text in {"cp", "sync", "rsync", "mv", "copy"}]
    for source in arguments[verbs[0] + 1 : verbs[0] + 2] if verbs else ():
        if re.match(r"(?:s3|gs)://|https://[\w-]+\.blob\.core\.windows\.net/", source.text) and not is_template(source.text):
            yield located(file_kind(source.text) or Kind.DATASET, source.text, script.at(source, "cp"))


def gdown(script: Script, words: Arguments, _: Command) -> Iterator[Observation]:
    """`gdown ID`, `gdown URL`: a file or folder of Google Drive."""
    for word in [*values(words, "--id"), *plain(words, with_value=frozenset({"-O", "--output"}))][:1]:
        url = word.text if "://" in word.text else f"https://drive.google.com/uc?id={word.text}"
        if not is_template(url):
            output = next((w.text for w in values(words, "-O", "--output")), "")
            yield located(file_kind(output) or Kind.DATASET, url, script.at(word, "gdown"))


def kaggle(script: Script, words: Arguments, _: Command) -> Iterator[Observation]:
    """`kaggle datasets download -d owner/name`, `kaggle competitions download -c name`, `kaggle models … download owner/model/…`."""
    if not any(w.text == "download" for w in words):
        return
    verbs = {"datasets", "competitions", "download", "models", "kernels", "instances", "versions", "d", "c", "m", "variations"}
    chosen = values(words, "-d", "--dataset", "-c", "--competition") or [w for w in plain(words) if w.text not in verbs]
    kind = Kind.MODEL if words and words[0].text in {"models", "m"} else Kind.DATASET
    for word in chosen[:1]:
        if not is_template(word.text):
            yield named(kind, "kaggle", word.text, script.at(word, "kaggle download"))


def dvc(script: Script, words: Arguments, _: Command) -> Iterator[Observation]:
    """`dvc get`, `dvc import` of a path of a repository, `dvc get-url`, `dvc import-url`, `dvc remote add`."""
    arguments = plain(words)
    if [w.text for w in arguments[:2]] == ["remote", "add"]:
        yield from (
            dvc_remote(w.text, script.at(w, "dvc remote add")) for w in arguments[2:] if "://" in w.text and not is_template(w.text)
        )
        return
    if len(arguments) < 2 or arguments[0].text not in {"get", "import", "get-url", "import-url"}:  # noqa: PLR2004 - verb and source
        return
    source, path = arguments[1].text, "".join(w.text for w in arguments[2:3] if not arguments[0].text.endswith("-url"))
    if "://" in source and not is_template(f"{source}{path}"):
        revision = next((w.text for w in values(words, "--rev")), "")
        found = located(
            file_kind(path or source) or Kind.DATASET, f"{source}:{path}" if path else source, script.at(arguments[1], "dvc get")
        )
        yield replace(found, version=revision, pin=pin_of(revision)) if revision else found


def dvc_remote(url: str, at: Occurrence) -> Component:
    """The storage that DVC pulls tracked data and models from."""
    facts = ServiceFacts(provider=url.partition("://")[0], endpoint=url, data="tracked data and models")
    return Component(kind=Kind.SERVICE, name=url, upstream="dvc-remote", occurrences=(at,), url=url, service=facts)


def pip(script: Script, words: Arguments, _: Command) -> Iterator[Observation]:
    """`pip install`, `uv add`, `conda install` of URLs and repositories: a model wheel is a model."""
    for word in words:
        if found := direct_url(word.text, script.at(word, "pip install")):
            yield found


def artifact_of_wandb(script: Script, words: Arguments, _: Command) -> Iterator[Observation]:
    """`wandb artifact get entity/project/name:version`."""
    for word in plain(words[2:])[:1] if [w.text for w in words[:2]] == ["artifact", "get"] else ():
        name, version = word.text.partition(":")[::2]
        if not is_template(word.text):
            pin = Pin.MUTABLE if version else Pin.NONE
            yield named(Kind.MODEL, "wandb", name, script.at(word, "wandb artifact get"), version=version, pin=pin)
