"""What container and cluster commands bring: images, charts, manifests; and what the containers are told to serve."""

import re
from collections.abc import Iterator
from itertools import pairwise

from lading.catalog.arguments import Arguments, plain, values
from lading.catalog.built import is_built
from lading.catalog.identity import is_local, is_placeholder, is_template
from lading.catalog.places import Observation, Script
from lading.catalog.upstreams import image, located, repository
from lading.core.component import Component, Occurrence
from lading.core.kinds import Kind, Pin
from lading.core.pattern import pattern
from lading.core.purl import purl
from lading.syntax.shell import Command, Word

BUILDERS = frozenset({"docker", "podman", "buildah", "nerdctl"})
_RUN_OPTIONS = frozenset(
    ["-e", "--env", "-v", "--volume", "-p", "--publish", "--name", "--gpus", "--network", "--net", "--shm-size", "-w", "--workdir", "-u", "--user", "--mount",
     "--env-file", "--entrypoint", "-h", "--hostname", "--ipc", "--runtime", "--platform", "--device", "--cpus", "-m", "--memory", "-l", "--label", "--ulimit",
     "--restart", "--pull", "--add-host", "--cap-add", "--group-add", "--security-opt", "--log-driver", "--log-opt", "--expose"]
)  # fmt: skip


def image_word(script: Script, word: Word, symbol: str) -> Iterator[Observation]:
    """The image a word names, unless the script builds it."""
    text = word.text.removeprefix("docker://")
    if is_template(text) or is_placeholder(text):
        yield from script.unresolved(Kind.IMAGE, word, symbol)
    elif is_built(text, script.file.tree):
        return
    elif ("/" in text or ":" in text) and text.partition(":")[0] not in script.built and not text.startswith((".", "/", "localhost")):
        yield from (found for found in (image(text, script.at(word, symbol)),) if found)


def docker(script: Script, words: Arguments, _: Command) -> Iterator[Observation]:
    """`docker pull`, `docker run`, `docker create`."""
    arguments = [w for w in plain(words, with_value=_RUN_OPTIONS) if w.text not in {"container", "image", "buildx"}]
    if len(arguments) > 1 and arguments[0].text in {"pull", "run", "create"}:
        yield from image_word(script, arguments[1], f"docker {arguments[0].text}")


def within(words: Arguments) -> list[Arguments]:
    """What `docker run` hands to the container: its environment, and the command behind the image."""
    arguments = plain(words, with_value=_RUN_OPTIONS)
    if len(arguments) < 2 or arguments[0].text != "run":  # noqa: PLR2004 - run IMAGE
        return []
    environment = [[Word("export", w.line), w] for w in _environment(words)]
    place = next(i for i, w in enumerate(words) if w is arguments[1])
    behind = words[place + 1 :]
    if behind and behind[0].text.startswith("-"):
        behind = [Word("server", behind[0].line), *behind]
    return [*environment, behind] if behind else environment


def _environment(words: Arguments) -> list[Word]:
    return [w for before, w in pairwise(words) if before.text in {"-e", "--env"} and "=" in w.text]


def kubectl(script: Script, words: Arguments, _: Command) -> Iterator[Observation]:
    """`kubectl run --image`, `kubectl apply -f URL`."""
    for word in values(words, "--image"):
        yield from image_word(script, word, "kubectl --image")
    applied = () if any(w.text == "delete" for w in words[:3]) else values(words, "-f", "--filename", "-k", "--kustomize")
    for word in applied:
        if word.text.startswith("https://") and is_template(word.text):
            yield from script.unresolved(Kind.INFRASTRUCTURE, word, "kubectl apply")
        elif word.text.startswith("https://"):
            yield located(Kind.INFRASTRUCTURE, word.text, script.at(word, "kubectl apply"))


def helm(script: Script, words: Arguments, _: Command) -> Iterator[Observation]:
    """`helm install`, `helm upgrade`, `helm pull` of a chart that lies in no folder here."""
    arguments = plain(words, with_value=frozenset({"-f", "-n", "--version", "--repo", "--set"}))
    if [w.text for w in arguments[:2]] == ["plugin", "install"]:
        yield from _plugin(script, words, arguments[2:])
        return
    if len(arguments) < 2 or arguments[0].text not in {"install", "upgrade", "template", "pull"}:  # noqa: PLR2004 - verb and chart
        return
    version = next((w.text for w in values(words, "--version") if not is_template(w.text)), "")
    remote = next((w.text for w in values(words, "--repo")), "")
    symbol = f"helm {arguments[0].text}"
    for word in arguments[1:]:
        text = word.text
        short = text.count("/") == 1 and not is_local(text, script.file.tree.paths) and not is_template(text)
        if text.startswith("oci://") and is_template(text):
            yield from script.unresolved(Kind.INFRASTRUCTURE, word, symbol)
        elif text.startswith("oci://") or short or (remote and word is arguments[-1]):
            location = remote or script.chart_repositories.get(text.partition("/")[0], "")
            yield chart(text, script.at(word, symbol), version=version, repository_url="" if is_template(location) else location)
        else:
            continue
        return


_GITHUB = pattern(r"https://github\.com/(?P<name>[\w.-]+/[\w.-]+?)(?:\.git)?/?\Z")


def _plugin(script: Script, words: Arguments, sources: Arguments) -> Iterator[Observation]:
    """A plugin: code that helm fetches and runs."""
    revision = next((w.text for w in values(words, "--version") if not is_template(w.text)), "")
    for word in sources:
        if match := _GITHUB.match(word.text):
            yield repository(Kind.FILE, match["name"], script.at(word, "helm plugin install"), revision=revision)


def added_repositories(found: list[Command]) -> dict[str, str]:
    """The names that `helm repo add` gives to repositories of charts."""
    added: dict[str, str] = {}
    for command in found:
        arguments = [w.text for w in plain(command.words)] if command.name == "helm" else []
        if arguments[:3] == ["helm", "repo", "add"] and len(arguments) > 4:  # noqa: PLR2004 - name and URL follow
            added[arguments[3]] = arguments[4]
    return added


def chart(name: str, at: Occurrence, *, version: str = "", repository_url: str = "", pin: Pin | None = None) -> Component:
    """A Helm chart by `repository/chart` or by name and repository URL."""
    short = name.removeprefix("oci://").rpartition("/")[2]
    exact = version if version and not re.search(r"[<>=~^*x ]", version) else ""
    return Component(
        kind=Kind.INFRASTRUCTURE,
        name=name,
        upstream="helm",
        version=version,
        pin=pin or (Pin.MUTABLE if version else Pin.NONE),
        purl=purl("helm", short, version=exact, repository_url=repository_url),
        occurrences=(at,),
        url=repository_url,
    )
