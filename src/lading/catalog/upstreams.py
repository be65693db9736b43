"""Components from the names people write: hub ids, image references, action uses, model ids of hosted services, URLs."""

import re
from urllib.parse import SplitResult, unquote, urlsplit

from lading.catalog.tables import table
from lading.core.component import Component, Occurrence, ServiceFacts
from lading.core.kinds import Flag, Kind, Pin
from lading.core.pattern import pattern
from lading.core.purl import purl

HUB = "https://huggingface.co"
_COMMIT = pattern(r"[0-9a-f]{40}(?:[0-9a-f]{24})?\Z", re.IGNORECASE)
_HUB_PART = r"[A-Za-z0-9][A-Za-z0-9._-]{0,95}"
_HUB_ID = pattern(rf"{_HUB_PART}(?:/{_HUB_PART})?\Z")
_FILE_ENDING = pattern(
    r"\.(?:py|pyc|ipynb|json|jsonl|ya?ml|toml|txt|md|csv|tsv|parquet|sh|cfg|ini|log|html?|png|jpe?g|pdf|zip|tar|gz|tgz|onnx|safetensors|bin|pt|pth|ckpt|h5|pkl|npz|npy|tflite)\Z",
    re.IGNORECASE,
)
_DATASET_NAMESPACE = "datasets"


def pin_of(revision: str) -> Pin:
    """How far a git revision holds: a full commit is exact, any other name can move, none is none."""
    if not revision:
        return Pin.NONE
    return Pin.EXACT if _COMMIT.match(revision) else Pin.MUTABLE


def is_hub_id(text: str) -> bool:
    """Whether a text can be a repository on the Hugging Face Hub (`name` or `owner/name`), and is no file name or path."""
    return bool(_HUB_ID.match(text)) and ".." not in text and "--" not in text and not _FILE_ENDING.search(text)


def hub(kind: Kind, identifier: str, at: Occurrence, *, revision: str = "", flags: tuple[Flag, ...] = ()) -> Component:
    """A model, adapter, embedding, tokenizer or dataset on the Hugging Face Hub; bare canonical names get their namespace."""
    name = canonical(kind, identifier)
    owner, _, short = name.rpartition("/")
    is_dataset = kind is Kind.DATASET
    return Component(
        kind=kind,
        name=name,
        upstream="huggingface",
        version=revision,
        pin=pin_of(revision),
        purl=purl(
            "huggingface",
            short,
            namespace=owner,
            version=revision if pin_of(revision) is Pin.EXACT else "",
            repo_type="dataset" if is_dataset else "",
        ),
        flags=flags,
        occurrences=(at,),
        supplier=owner,
        url=f"{HUB}/{'datasets/' if is_dataset else ''}{name}",
    )


def canonical(kind: Kind, identifier: str) -> str:
    """The full hub name of a bare canonical id (`bert-base-uncased` is `google-bert/bert-base-uncased`)."""
    if "/" in identifier:
        return identifier
    section = "datasets" if kind is Kind.DATASET else "models"
    return str(table("canonical")[section].get(identifier, identifier))


def image(reference: str, at: Occurrence) -> Component | None:
    """A container image from `[registry/]repository[:tag][@algorithm:digest]`; None when it is no image reference."""
    repository, tag, digest = split_image(reference)
    registry, path = _registry(repository)
    if not repository or registry.partition(":")[0] in {"localhost", "127.0.0.1"}:
        return None
    owner_path = f"library/{path}" if registry == "docker.io" and "/" not in path else path
    return Component(
        kind=Kind.IMAGE,
        name=repository.removeprefix("docker.io/").removeprefix("library/") if registry == "docker.io" else repository,
        upstream="oci",
        version=digest or tag,
        pin=Pin.EXACT if digest else Pin.MUTABLE if tag else Pin.NONE,
        purl=purl(
            "oci",
            path.rpartition("/")[2],
            version=digest,
            repository_url=f"{registry}/{owner_path}".lower(),
            tag=tag,
        ),
        occurrences=(at,),
        supplier=owner_path.partition("/")[0],
        url=f"{registry}/{owner_path}",
    )


_IMAGE = pattern(
    r"(?P<repository>(?:[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?(?::[0-9]+)?/)?[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
    r"(?:/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*)(?::(?P<tag>[A-Za-z0-9_][A-Za-z0-9._-]{0,127}))?(?:@(?P<digest>[a-z0-9]+:[0-9a-f]{32,}))?\Z"
)


def split_image(reference: str) -> tuple[str, str, str]:
    """Repository, tag and digest of an image reference; all empty when it is none."""
    match = _IMAGE.match(reference)
    return (match["repository"], match["tag"] or "", match["digest"] or "") if match else ("", "", "")


def _registry(repository: str) -> tuple[str, str]:
    first, slash, rest = repository.partition("/")
    return (first, rest) if slash and ("." in first or ":" in first or first == "localhost") else ("docker.io", repository)


def action(uses: str, at: Occurrence) -> Component | None:
    """A GitHub action or reusable workflow from `owner/name[/path]@ref`; None for local ones and images."""
    name, _, ref = uses.partition("@")
    parts = name.split("/")
    if uses.startswith((".", "docker:")) or len(parts) < 2:  # noqa: PLR2004 - owner and name
        return None
    return Component(
        kind=Kind.ACTION,
        name="/".join(parts[:2]),
        upstream="github",
        version=ref,
        pin=pin_of(ref),
        purl=purl("github", parts[1], namespace=parts[0], version=ref),
        occurrences=(at,),
        supplier=parts[0],
        url=f"https://github.com/{parts[0]}/{parts[1]}",
    )


def repository(
    kind: Kind, owner_and_name: str, at: Occurrence, *, revision: str = "", entry: str = "", flags: tuple[Flag, ...] = ()
) -> Component:
    """Something fetched from a GitHub repository: code or weights of torch.hub (`entry`), a flake input, a Terraform module."""
    owner, _, short = owner_and_name.partition("/")
    return Component(
        kind=kind,
        name=f"{owner_and_name}:{entry}" if entry else owner_and_name,
        upstream="github",
        version=revision,
        pin=pin_of(revision),
        purl=purl("github", short, namespace=owner, version=revision, subpath=entry),
        flags=flags,
        occurrences=(at,),
        supplier=owner,
        url=f"https://github.com/{owner_and_name}",
    )


def service(provider: str, model: str, at: Occurrence, *, kind: Kind = Kind.SERVICE, endpoint: str = "", region: str = "") -> Component:
    """A hosted service: the provider, the model id it is asked for (may be empty), and where it is reached."""
    known = table("providers")["provider"].get(provider, {})
    version = _dated_version(model)
    return Component(
        kind=kind,
        name=f"{provider}/{model}" if model else provider,
        upstream=provider,
        version=version,
        pin=Pin.NONE,
        occurrences=(at,),
        supplier=known.get("company", provider),
        url=known.get("documentation", ""),
        service=ServiceFacts(
            provider=known.get("company", provider),
            endpoint=endpoint or known.get("endpoint", ""),
            region=region,
            data=known.get("data", "prompts and completions"),
        ),
    )


_DATED = pattern(r"(?:^|[-@:_])(\d{4}-?\d{2}-?\d{2}(?:-v\d+(?::\d+)?)?|(?:0[1-9]|1[0-2])(?:[0-2]\d|3[01])|2[3-9](?:0[1-9]|1[0-2]))\Z")


def _dated_version(model: str) -> str:
    """The dated snapshot a hosted model id names (`gpt-4o-2024-08-06`): a name the provider keeps, not bytes we can check."""
    match = _DATED.search(model)
    return match[1] if match else ""


def named(
    kind: Kind, upstream: str, name: str, at: Occurrence, *, version: str = "", pin: Pin | None = None, flags: tuple[Flag, ...] = ()
) -> Component:
    """An artifact known by a library's or registry's own name for it (`timm` `resnet50`, `nltk` `punkt`, `ollama` `llama3`)."""
    held = pin if pin is not None else pin_of(version)
    return Component(
        kind=kind,
        name=name,
        upstream=upstream,
        version=version,
        pin=held,
        purl=purl("generic", name.replace("/", "-"), namespace=upstream, version=version),
        flags=flags,
        occurrences=(at,),
    )


def library(name: str, at: Occurrence, *, version: str = "", pin: Pin = Pin.NONE, ecosystem: str = "pypi") -> Component:
    """A software library; `version` is the exact version or the range as written, the purl carries only an exact one."""
    exact = bool(version) and not set(version) & set("<>=!~^*, |")
    normal = re.sub(r"[-_.]+", "-", name).lower() if ecosystem == "pypi" else name
    namespace, _, short = normal.rpartition("/")
    return Component(
        kind=Kind.LIBRARY,
        name=normal,
        upstream=ecosystem,
        version=version,
        pin=pin,
        purl=purl(ecosystem, short, namespace=namespace, version=version if exact else ""),
        occurrences=(at,),
    )


def split_url(url: str) -> SplitResult:
    """The parts of a URL; without a host where what stands there is none (`http://[x`)."""
    try:
        parts = urlsplit(url)
        _ = parts.hostname
    except ValueError:
        scheme, _, rest = url.partition("://")
        return SplitResult(scheme, "", rest, "", "")
    return parts


def located(kind: Kind, url: str, at: Occurrence, *, flags: tuple[Flag, ...] = (), checked_by: str = "") -> Component:
    """A file or folder behind a URL or in a bucket; `checked_by` is a digest the code compares, which pins it."""
    hub_file = _hub_url(kind, url, at)
    if hub_file:
        return hub_file
    parts = split_url(url)
    name = unquote(parts.path.rstrip("/").rpartition("/")[2]) or parts.netloc
    version = _url_revision(url)
    if parts.scheme == "http" and parts.hostname not in {"localhost", "127.0.0.1", "0.0.0.0"}:  # noqa: S104 - compared, not bound
        flags = (*flags, Flag.PLAIN_HTTP)
    return Component(
        kind=kind,
        name=url,
        upstream=parts.scheme if parts.scheme not in {"http", "https"} else "http",
        version=checked_by or version,
        pin=Pin.EXACT if checked_by else pin_of(version),
        purl=purl("generic", name, download_url=url, checksum=checked_by),
        flags=flags,
        occurrences=(at,),
        supplier=parts.hostname or "",
        url=url,
    )


_HUB_URL = pattern(
    r"https?://(?:huggingface\.co|hf\.co)/(?P<dataset>datasets/)?(?P<id>[^/?#]+/[^/?#]+)(?:/(?:resolve|blob|raw|tree)/(?P<revision>[^/?#]+))?"
)


def _hub_url(kind: Kind, url: str, at: Occurrence) -> Component | None:
    match = _HUB_URL.match(url)
    if not match or match["id"].startswith(("spaces/", "docs/", "blog/", "papers/", "api/", "collections/")) or not is_hub_id(match["id"]):
        return None
    return hub(Kind.DATASET if match["dataset"] else kind, match["id"], at, revision=match["revision"] or "")


_GIT_FILE = pattern(
    r"https?://(?:raw\.githubusercontent\.com/[^/]+/[^/]+/(?:refs/(?:heads|tags)/)?|github\.com/[^/]+/[^/]+/(?:raw|blob|releases/download|archive)/(?:refs/(?:heads|tags)/)?)"
    r"(?P<revision>[^/]+?)(?:/|\.zip\Z|\.tar\.gz\Z|\Z)"
)


def _url_revision(url: str) -> str:
    """The branch, tag or commit in a URL of a file in a git repository."""
    match = _GIT_FILE.match(url)
    return match["revision"] if match else ""
