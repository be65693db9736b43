"""Requirements of Python packages (PEP 508) as components: libraries by name or by URL, model wheels as models."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from lading.catalog.identity import SPACY_MODEL, is_template
from lading.catalog.upstreams import library, located, named, repository
from lading.core.component import Component, Occurrence
from lading.core.digest import Digest
from lading.core.kinds import Kind, Pin
from lading.core.pattern import pattern

if TYPE_CHECKING:
    from packaging.requirements import Requirement
    from packaging.specifiers import SpecifierSet

LONGEST = 2_000
"""Characters of one requirement; longer texts are none."""

_NAMED_URL = pattern(r"(?P<name>[A-Za-z0-9][\w.-]*)(?:\[[^\]]*\])?\s*@\s*(?P<url>\S+)")
_MODEL_WHEEL = pattern(r"/(?P<name>[a-z]{2,3}_[a-z]+_[a-z]+_(?:sm|md|lg|trf))-(?P<version>[0-9][\w.]*?)(?:-py[^/]*)?\.(?:whl|tar\.gz)")
_GIT = pattern(
    r"git\+(?:https?|ssh)://(?:[^/@\s]+@)?(?P<host>[\w.-]+)[/:](?P<path>[\w./-]+?)(?:\.git)?(?:@(?P<revision>[^#\s@]+))?(?:#\S*)?\Z"
)
_ARCHIVE = pattern(r"https?://\S+\.(?:whl|tar\.gz|tar\.bz2|zip)\Z")
_GITHUB_ARCHIVE = pattern(
    r"https?://github\.com/(?P<name>[\w.-]+/[\w.-]+)/(?:archive|tarball|zipball)/(?:refs/(?:heads|tags)/)?(?P<revision>[^#]+?)(?:\.zip|\.tar\.gz)?\Z"
)
_CHECKED = pattern(r"[#&](?P<algorithm>sha256|sha384|sha512)=(?P<hex>[0-9a-f]{64,128})")


def requirement(text: str, at: Occurrence, hashes: tuple[Digest, ...] = ()) -> Component | None:
    """The component one requirement names; None when it names a local path or is no requirement.

    An index refuses to replace a file of a released version, but can add files to it and can itself be replaced: `==` alone
    is a name that can move (mutable), `==` with a hash is exact, a range is mutable, a bare name is not held at all.
    """
    text = text.strip()
    if not text or len(text) > LONGEST or is_template(text):
        return None
    if found := direct_url(text, at):
        return found
    from packaging.requirements import InvalidRequirement, Requirement  # noqa: PLC0415 - slow to import

    try:
        parsed = Requirement(text)
    except InvalidRequirement:
        return None
    if parsed.url:
        return None
    return _conditioned(_library(parsed.name, parsed.specifier, at, hashes), parsed)


def _library(name: str, specifiers: SpecifierSet, at: Occurrence, hashes: tuple[Digest, ...]) -> Component:
    version = exact_version(specifiers)
    pin = Pin.EXACT if version and hashes else Pin.MUTABLE if specifiers else Pin.NONE
    module = name.replace("-", "_")
    if SPACY_MODEL.match(module):
        model = named(Kind.MODEL, "spacy", module, at, version=version or str(specifiers), pin=pin)
        return replace(model, digests=hashes)
    return replace(library(name, at, version=version or str(specifiers), pin=pin), digests=hashes)


def exact_version(specifiers: SpecifierSet) -> str:
    """The one version that specifiers allow; empty when they allow several."""
    only = list(specifiers)
    single = len(only) == 1 and only[0].operator in {"==", "==="} and not only[0].version.endswith(".*")
    return only[0].version if single else ""


def _conditioned(component: Component, parsed: Requirement) -> Component:
    """The component with the extras asked for and the environment it is for."""
    rows = {"extras": ",".join(sorted(parsed.extras)), "marker": str(parsed.marker or "")}
    return replace(component, properties=tuple((k, v) for k, v in rows.items() if v))


def direct_url(text: str, at: Occurrence) -> Component | None:
    """A requirement by URL: a spaCy wheel is a model, a git reference or an archive a library; None for other requirements."""
    match = _NAMED_URL.match(text)
    url = match["url"] if match else text.strip().partition(" ")[0]
    if is_template(url):
        return None
    checked = _CHECKED.search(url)
    digest = Digest(checked["algorithm"], checked["hex"]) if checked else None
    if wheel := _MODEL_WHEEL.search(url):
        model = named(Kind.MODEL, "spacy", wheel["name"], at, version=wheel["version"], pin=Pin.EXACT if digest else Pin.MUTABLE)
        return replace(model, url=url.partition("#")[0], digests=(digest,) if digest else ())
    if git := _GIT.match(url):
        return from_git(git["host"], git["path"], git["revision"] or "", at)
    plain = url.partition("#")[0]
    if archive := _GITHUB_ARCHIVE.match(plain):
        return repository(Kind.LIBRARY, archive["name"], at, revision=archive["revision"])
    if _ARCHIVE.match(plain):
        return located(Kind.LIBRARY, plain, at, checked_by=str(digest or ""))
    return None


def from_git(host: str, path: str, revision: str, at: Occurrence) -> Component:
    """A library built from a git repository at a revision (may be empty)."""
    path = path.removesuffix(".git").strip("/")
    if host.removeprefix("www.") == "github.com":
        return repository(Kind.LIBRARY, path, at, revision=revision)
    url = f"https://{host}/{path}"
    return replace(named(Kind.LIBRARY, host, path, at, version=revision), url=url, supplier=path.partition("/")[0])
