"""What shell commands fetch: downloads, clones, pulls, installs of weights, data, images and code, and arguments that name them."""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from lading.catalog.identity import file_kind, is_local, is_placeholder, is_template, under_key, uri
from lading.catalog.keys import key_of
from lading.catalog.requirement import direct_url
from lading.catalog.upstreams import hub, image, is_hub_id, located, named, pin_of, repository
from lading.core.component import Component, Occurrence, Unresolved
from lading.core.kinds import Confidence, Flag, Kind, Pin
from lading.core.source import SourceFile
from lading.syntax.shell import Command, Word, commands

Observation = Component | Unresolved
Arguments = list[Word]


class Position(Protocol):
    """A place in a file: what a caller knows about each line of the shell text."""

    @property
    def path(self) -> str:
        """The file."""

    @property
    def line(self) -> int:
        """The physical line."""

    @property
    def cell(self) -> int:
        """The notebook cell, 0 elsewhere."""

    @property
    def cell_line(self) -> int:
        """The line in the cell, 0 elsewhere."""


class Line:
    """A physical line of an ordinary file."""

    cell = 0
    cell_line = 0

    def __init__(self, path: str, line: int) -> None:
        self.path = path
        self.line = line


class Shell:
    """The commands of one piece of shell text, and where its lines stand in the file."""

    def __init__(self, file: SourceFile, places: Sequence[Position], known: dict[str, str] | None = None) -> None:
        self.file = file
        self.places = places
        self.known = known
        self.built: set[str] = set()
        """Images that the text builds itself: no upstream has them."""

    def at(self, word: Word, symbol: str, confidence: Confidence = Confidence.DECLARED) -> Occurrence:
        """The occurrence of a word: where the literal stands when a variable brought it here."""
        if word.literal >= 0 and word.literal != word.line:
            word, confidence = Word(word.text, word.literal), Confidence.INFERRED if confidence is Confidence.DECLARED else confidence
        place = self.places[min(word.line, len(self.places) - 1)]
        return Occurrence(place.path, place.line, symbol, word.text, confidence, cell=place.cell, cell_line=place.cell_line)

    def observations(self, text: str) -> Iterator[Observation]:
        """What the commands of a text fetch."""
        if not self.places:
            return
        found = commands(text, self.known)
        self.built = {value.text.partition(":")[0] for c in found if c.name in _BUILDERS for value in _values(c.words, "-t", "--tag")}
        for command in found:
            yield from self._command(command)

    def _command(self, command: Command) -> Iterator[Observation]:
        words = _unwrapped(command.words)
        if not words:
            return
        name = words[0].text.rpartition("/")[2]
        handler = _HANDLERS.get(name)
        if handler:
            yield from handler(self, words[1:], command)
        if name not in _TAKES_NO_KEYS:
            yield from self.keyed(words)

    def keyed(self, words: Arguments) -> Iterator[Observation]:
        """Arguments whose name announces an artifact: `--model X`, `--dataset_name=X`, `model.name=X`, `NAME=X`."""
        options = dict(_options(words))
        for name, value in _options(words):
            key = key_of(name.lstrip("-").rpartition(".")[2] or name) or key_of(name.lstrip("-"))
            if key is None:
                continue
            if is_template(value.text) or is_placeholder(value.text):
                if name.startswith("-") and not is_local(value.text):
                    yield Unresolved(key.kind, value.text, self.at(value, name, Confidence.UNRESOLVED), "a variable or placeholder")
                continue
            revision = next(
                (options[f"--{r.replace('_', sep)}"].text for r in key.revisions for sep in "_-" if f"--{r.replace('_', sep)}" in options),
                "",
            )
            for part in value.text.split(",") if "/" in value.text else [value.text]:
                _, equals, path = part.partition("=")
                found = under_key(
                    key.kind,
                    path if equals and "://" not in part else part,
                    self.at(value, name),
                    revision=revision,
                    paths=self.file.tree.paths,
                )
                if found:
                    yield found


def shell_observations(
    text: str, file: SourceFile, places: Sequence[Position], known: dict[str, str] | None = None
) -> Iterator[Observation]:
    """What the commands of shell text fetch; `places` holds the place of each of its lines, `known` variables set outside."""
    return Shell(file, places, known).observations(text)


def _options(words: Arguments) -> Iterator[tuple[str, Word]]:
    for number, word in enumerate(words):
        name, equals, value = word.text.partition("=")
        if equals and re.fullmatch(r"-{0,2}\+{0,2}[A-Za-z][\w.-]*", name):
            yield name.lstrip("+"), Word(value, word.line, word.literal)
        elif word.text.startswith("-") and not equals and number + 1 < len(words) and not words[number + 1].text.startswith("-"):
            yield word.text, words[number + 1]


def _values(words: Arguments, *names: str) -> list[Word]:
    return [value for name, value in _options(words) if name in names]


_WITH_VALUE = re.compile(r"-{1,2}[A-Za-z][\w-]*\Z")
_FLAGS_ALONE = frozenset(
    [
        "-q",
        "-qq",
        "-y",
        "-U",
        "-O",
        "-L",
        "-f",
        "-s",
        "-S",
        "-k",
        "-c",
        "-nc",
        "-N",
        "-r",
        "-R",
        "-v",
        "-x",
        "-i",
        "-t",
        "-d",
        "-it",
        "-ti",
        "-rm",
        "--rm",
        "-P",
        "-a",
        "--quiet",
        "--yes",
        "--upgrade",
        "--silent",
        "--location",
        "--fail",
        "--continue",
        "--no-cache-dir",
        "--force",
        "--recursive",
        "--detach",
        "--interactive",
        "--tty",
        "--privileged",
        "--init",
        "--no-check-certificate",
        "--show-progress",
        "--no-clobber",
        "--create-namespace",
        "--install",
        "--wait",
        "--unzip",
        "--fuzzy",
        "--folder",
        "--no-cookies",
        "--remote-name",
        "--insecure",
        "--no-deps",
        "--user",
        "--pre",
        "-e",
        "--editable",
        "--system",
        "--no-input",
        "--progress",
        "--compressed",
        "-fsSL",
        "-sSL",
        "-fsS",
        "-sL",
        "-LO",
        "-sSf",
        "-fSL",
        "-sLO",
        "-sS",
        "-OL",
        "-LJO",
        "-nv",
    ]
)


def _plain(words: Arguments, *, with_value: frozenset[str] = frozenset()) -> list[Word]:
    """The arguments that are no options nor values of options."""
    found, skip = [], False
    for word in words:
        if skip:
            skip = False
        elif word.text.startswith("-"):
            skip = word.text in with_value or (
                "=" not in word.text and word.text not in _FLAGS_ALONE and bool(_WITH_VALUE.match(word.text))
            )
        else:
            found.append(word)
    return found


_WRAPPERS = frozenset(
    {
        "sudo",
        "exec",
        "nohup",
        "env",
        "command",
        "eval",
        "xargs",
        "then",
        "do",
        "else",
        "run",
        "RUN",
        "stdbuf",
        "srun",
        "mpirun",
        "singularity",
    }
)


def _unwrapped(words: Arguments) -> Arguments:
    """The words without what only wraps a program: sudo, env, `python -m`, `uv run`."""
    while words:
        name = words[0].text.rpartition("/")[2]
        if name in _WRAPPERS:
            words = words[1:]
            while words and (words[0].text.startswith("-") or "=" in words[0].text):
                words = words[1:]
        elif name == "export" or (len(words) > 1 and "=" in name and re.match(r"[A-Za-z_]\w*=", name)):
            return words if name == "export" else words[1:]
        elif (re.fullmatch(r"python[\d.]*|pypy3?", name) and [w.text for w in words[1:2]] == ["-m"]) or (
            name in {"uv", "poetry", "pdm", "hatch", "rye", "pipenv"} and len(words) > 1 and words[1].text == "run"
        ):
            words = words[2:]
        elif name == "uv" and len(words) > 1 and words[1].text == "pip":
            words = words[1:]
        else:
            return words
    return words


# --- one function per program -----------------------------------------------------------------------------------

Handler = Callable[[Shell, Arguments, Command], Iterator[Observation]]


def _hub_download(shell: Shell, words: Arguments, _: Command) -> Iterator[Observation]:
    plain = _plain(words)
    if len(plain) < 2 or plain[0].text not in {"download", "snapshot-download"}:  # noqa: PLR2004 - download NAME
        return
    kinds = [w.text for w in _values(words, "--repo-type")]
    revision = next((w.text for w in _values(words, "--revision")), "")
    kind = Kind.DATASET if "dataset" in kinds else Kind.MODEL
    yield from _hub_word(shell, plain[1], kind, "huggingface-cli download", revision)


def _hub_word(shell: Shell, word: Word, kind: Kind, symbol: str, revision: str = "") -> Iterator[Observation]:
    if is_template(word.text) or is_placeholder(word.text):
        yield Unresolved(kind, word.text, shell.at(word, symbol, Confidence.UNRESOLVED), "a variable or placeholder")
    elif is_hub_id(word.text) and not is_local(word.text, shell.file.tree.paths):
        yield hub(kind, word.text, shell.at(word, symbol), revision=revision)


def _serve(shell: Shell, words: Arguments, _: Command) -> Iterator[Observation]:
    plain = _plain(words)
    if len(plain) > 1 and plain[0].text in {"serve", "chat", "complete", "run"} and "/" in plain[1].text:
        revision = next((w.text for w in _values(words, "--revision")), "")
        yield from _hub_word(shell, plain[1], Kind.MODEL, "serve", revision)


_GIT_HOST = re.compile(r"(?:https?://|git@|ssh://git@)(?:[^/@]+@)?(?:www\.)?github\.com[/:](?P<name>[\w.-]+/[\w.-]+?)(?:\.git)?/?\Z")


def _git(shell: Shell, words: Arguments, _: Command) -> Iterator[Observation]:
    if not any(w.text == "clone" for w in words[:2]):
        return
    branch = next((w.text for w in _values(words, "-b", "--branch")), "")
    for word in words:
        if "huggingface.co/" in word.text or "hf.co/" in word.text:
            if found := uri(Kind.MODEL, word.text.removesuffix(".git"), shell.at(word, "git clone")):
                yield found
        elif match := _GIT_HOST.match(word.text):
            yield repository(Kind.FILE, match["name"], shell.at(word, "git clone"), revision=branch)


def _fetch(shell: Shell, words: Arguments, command: Command) -> Iterator[Observation]:
    """wget, curl, aria2c: files of weights and data, and installers piped to a shell."""
    for word in words:
        text = word.text
        if not re.match(r"https?://", text) or is_template(text):
            continue
        at = shell.at(word, command.name)
        if command.feeds in {"sh", "bash", "zsh", "python", "python3"}:
            yield located(Kind.FILE, text, at, flags=(Flag.PIPED_TO_SHELL,))
            continue
        kind = file_kind(text)
        if ("huggingface.co/" in text and (found := uri(kind or Kind.MODEL, text, at))) or (
            kind and not _is_program(text) and (found := uri(kind, text, at))
        ):
            yield found


_PROGRAM = re.compile(
    r"(?:\.deb|\.rpm|\.whl|\.sh|\.exe|\.key|\.gpg|\.asc|linux|amd64|x86_64|darwin|install|setup|release[s]?/(?:download|latest)(?!.*\.(?:pt|pth|onnx|bin|safetensors|gguf|ckpt|csv|json|parquet|h5)\b)"
    r"|/archive/|cuda|miniconda|anaconda|cmake|src\.tar|source|kubectl|helm|localhost|127\.0\.0\.1|/v1/|/api/|/health|\.ya?ml)",
    re.IGNORECASE,
)


def _is_program(url: str) -> bool:
    """Whether a URL leads to software, a key or an endpoint rather than to weights or data."""
    return bool(_PROGRAM.search(url))


def _bucket(shell: Shell, words: Arguments, _: Command) -> Iterator[Observation]:
    """Aws s3, gsutil, gcloud storage: what is copied from a bucket (the first path is the source)."""
    plain = [w for w in words if not w.text.startswith("-")]
    verbs = [i for i, w in enumerate(plain) if w.text in {"cp", "sync", "rsync", "mv"}]
    if verbs and len(plain) > verbs[0] + 1:
        source = plain[verbs[0] + 1]
        if re.match(r"(?:s3|gs)://", source.text) and not is_template(source.text):
            yield located(file_kind(source.text) or Kind.DATASET, source.text, shell.at(source, "cp"))


def _gdown(shell: Shell, words: Arguments, _: Command) -> Iterator[Observation]:
    for word in [*_values(words, "--id"), *_plain(words)][:1]:
        text = word.text if "://" in word.text else f"https://drive.google.com/uc?id={word.text}"
        if not is_template(text):
            yield located(Kind.DATASET, text, shell.at(word, "gdown"))


def _ollama(shell: Shell, words: Arguments, _: Command) -> Iterator[Observation]:
    if len(words) > 1 and words[0].text in {"pull", "run", "show"}:
        plain = _plain(words[1:])
        for word in plain[:1]:
            if is_template(word.text):
                yield Unresolved(Kind.MODEL, word.text, shell.at(word, "ollama pull", Confidence.UNRESOLVED), "a variable")
            else:
                yield ollama(word.text, shell.at(word, f"ollama {words[0].text}"))


def ollama(name: str, at: Occurrence, kind: Kind = Kind.MODEL) -> Component:
    """A model of the Ollama registry, `name[:tag][@digest]`."""
    version = name.rpartition("@")[2] if "@" in name else name.partition(":")[2]
    return named(kind, "ollama", name, at, version=version, pin=Pin.EXACT if "@" in name else Pin.MUTABLE if version else Pin.NONE)


def _spacy(shell: Shell, words: Arguments, _: Command) -> Iterator[Observation]:
    if words and words[0].text == "download":
        for word in _plain(words[1:])[:1]:
            if not is_template(word.text):
                yield named(Kind.MODEL, "spacy", word.text, shell.at(word, "spacy download"))


def _nltk(shell: Shell, words: Arguments, _: Command) -> Iterator[Observation]:
    for word in _plain(words, with_value=frozenset({"-d"})):
        yield named(Kind.DATASET, "nltk", word.text, shell.at(word, "nltk.downloader"))


def _docker(shell: Shell, words: Arguments, _: Command) -> Iterator[Observation]:
    plain = [w for w in _plain(words) if w.text not in {"container", "image", "buildx"}]
    if len(plain) > 1 and plain[0].text in {"pull", "run", "create"}:
        yield from _image_word(shell, plain[1], f"docker {plain[0].text}")


def _image_word(shell: Shell, word: Word, symbol: str) -> Iterator[Observation]:
    text = word.text.removeprefix("docker://")
    if is_template(text) or is_placeholder(text):
        yield Unresolved(Kind.IMAGE, text, shell.at(word, symbol, Confidence.UNRESOLVED), "a variable or placeholder")
    elif (
        ("/" in text or ":" in text)
        and text.partition(":")[0] not in shell.built
        and not text.startswith((".", "/", "localhost"))
        and (found := image(text, shell.at(word, symbol)))
    ):
        yield found


def _kubectl(shell: Shell, words: Arguments, _: Command) -> Iterator[Observation]:
    for word in _values(words, "--image"):
        yield from _image_word(shell, word, "kubectl --image")
    for word in _values(words, "-f", "--filename", "-k", "--kustomize"):
        if word.text.startswith("https://") and not is_template(word.text):
            yield located(Kind.INFRASTRUCTURE, word.text, shell.at(word, "kubectl apply"))


def _helm(shell: Shell, words: Arguments, _: Command) -> Iterator[Observation]:
    plain = _plain(words, with_value=frozenset({"-f", "-n", "--version", "--repo", "--set"}))
    if len(plain) > 1 and plain[0].text in {"install", "upgrade", "template", "pull"}:
        version = next((w.text for w in _values(words, "--version")), "")
        remote = bool(_values(words, "--repo"))
        for word in plain[1:]:
            text = word.text
            if (
                text.startswith("oci://")
                or (text.count("/") == 1 and not is_local(text, shell.file.tree.paths) and not is_template(text))
                or (remote and word is plain[-1])
            ):
                yield chart(text, shell.at(word, f"helm {plain[0].text}"), version=version)
                return


def chart(name: str, at: Occurrence, *, version: str = "", repository_url: str = "", pin: Pin | None = None) -> Component:
    """A Helm chart by `repository/chart` or by name and repository URL."""
    from lading.core.purl import purl  # noqa: PLC0415 - the rare case

    short = name.removeprefix("oci://").rpartition("/")[2]
    return Component(
        kind=Kind.INFRASTRUCTURE,
        name=name,
        upstream="helm",
        version=version,
        pin=pin or (Pin.MUTABLE if version else Pin.NONE),
        purl=purl("helm", short, version=version if version and not set(version) & set("<>=~^*x ") else "", repository_url=repository_url),
        occurrences=(at,),
        url=repository_url,
    )


def _pip(shell: Shell, words: Arguments, _: Command) -> Iterator[Observation]:
    for word in words:
        if found := direct_url(word.text, shell.at(word, "pip install")):
            yield found


def _kaggle(shell: Shell, words: Arguments, _: Command) -> Iterator[Observation]:
    if not any(w.text == "download" for w in words):
        return
    chosen = _values(words, "-d", "--dataset", "-c", "--competition") or [
        w for w in _plain(words) if w.text not in {"datasets", "competitions", "download", "models", "kernels", "instances", "versions"}
    ]
    for word in chosen[:1]:
        if not is_template(word.text):
            yield named(Kind.DATASET, "kaggle", word.text, shell.at(word, "kaggle download"))


def _dvc(shell: Shell, words: Arguments, _: Command) -> Iterator[Observation]:
    plain = _plain(words)
    if len(plain) > 1 and plain[0].text in {"get", "import", "get-url", "import-url"}:
        revision = next((w.text for w in _values(words, "--rev")), "")
        source = plain[1].text
        joined = f"{source}:{plain[2].text}" if len(plain) > 2 and plain[0].text in {"get", "import"} else source  # noqa: PLR2004 - repository and path
        if "://" in source and not is_template(joined):
            component = located(Kind.DATASET, joined, shell.at(plain[1], f"dvc {plain[0].text}"))
            yield component if not revision else _at_revision(component, revision)


def _at_revision(component: Component, revision: str) -> Component:
    from msgspec.structs import replace  # noqa: PLC0415 - the rare case

    return replace(component, version=revision, pin=pin_of(revision))


def _llama(shell: Shell, words: Arguments, _: Command) -> Iterator[Observation]:
    for word in _values(words, "-hf", "-hfr", "--hf-repo"):
        name = Word(word.text.partition(":")[0], word.line)
        yield from _hub_word(shell, name, Kind.MODEL, "-hf")


def _lm_eval(shell: Shell, words: Arguments, command: Command) -> Iterator[Observation]:
    for word in _values(words, "--model_args"):
        for part in word.text.split(","):
            name, _, value = part.partition("=")
            if name in {"pretrained", "peft", "tokenizer", "model"}:
                kind = {"peft": Kind.ADAPTER, "tokenizer": Kind.TOKENIZER}.get(name, Kind.MODEL)
                yield from _hub_word(shell, Word(value, word.line), kind, f"{command.name} --model_args {name}")


_HANDLERS: dict[str, Handler] = {
    "huggingface-cli": _hub_download,
    "hf": _hub_download,
    "hfd.sh": _hub_download,
    "vllm": _serve,
    "sglang": _serve,
    "transformers": _serve,
    "git": _git,
    "git-lfs": _git,
    "wget": _fetch,
    "curl": _fetch,
    "aria2c": _fetch,
    "axel": _fetch,
    "aws": _bucket,
    "gsutil": _bucket,
    "gcloud": _bucket,
    "s5cmd": _bucket,
    "gdown": _gdown,
    "ollama": _ollama,
    "spacy": _spacy,
    "nltk.downloader": _nltk,
    "docker": _docker,
    "podman": _docker,
    "nerdctl": _docker,
    "kubectl": _kubectl,
    "oc": _kubectl,
    "helm": _helm,
    "pip": _pip,
    "pip3": _pip,
    "uv": _pip,
    "kaggle": _kaggle,
    "dvc": _dvc,
    "llama-server": _llama,
    "llama-cli": _llama,
    "lm_eval": _lm_eval,
    "lm-eval": _lm_eval,
}

_BUILDERS = frozenset({"docker", "podman", "buildah", "nerdctl"})

_TAKES_NO_KEYS = frozenset(
    [
        "git",
        "wget",
        "curl",
        "aria2c",
        "aws",
        "gsutil",
        "gcloud",
        "docker",
        "podman",
        "kubectl",
        "helm",
        "pip",
        "pip3",
        "apt",
        "apt-get",
        "conda",
        "mamba",
        "npm",
        "yarn",
        "tar",
        "unzip",
        "cp",
        "mv",
        "rm",
        "ls",
        "cd",
        "echo",
        "cat",
        "grep",
        "sed",
        "awk",
        "mkdir",
        "chmod",
        "chown",
        "touch",
        "ln",
        "find",
        "az",
        "terraform",
        "kind",
        "minikube",
        "make",
        "cmake",
        "ruff",
        "pytest",
        "mypy",
        "huggingface-cli",
        "hf",
        "uv",
        "printf",
        "test",
        "[",
        "tee",
        "jq",
        "yq",
    ]
)
