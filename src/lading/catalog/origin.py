"""Where a package of a lock comes from when it is no release of a registry: a repository at a commit, or an archive behind a URL."""

import re

from msgspec.structs import replace

from lading.catalog.requirement import from_git
from lading.catalog.upstreams import located, split_url
from lading.core.component import Component, Occurrence
from lading.core.kinds import Kind, Pin
from lading.core.pattern import pattern
from lading.core.purl import purl

_SHORT = pattern(r"(?P<host>github|gitlab|bitbucket):(?P<path>[\w.-]+/[\w.-]+)(?:#(?P<revision>\S+))?\Z")
_HOSTS = {"github": "github.com", "gitlab": "gitlab.com", "bitbucket": "bitbucket.org"}
_TARBALL = pattern(r"https://codeload\.github\.com/(?P<path>[\w.-]+/[\w.-]+)/tar\.gz/(?P<revision>[^?#]+)")
_SCP = pattern(r"(?:git\+)?(?:ssh://)?(?:[\w.-]+@)(?P<host>[\w.-]+):(?P<path>[^/\d#][^#]*)(?:#(?P<revision>.*))?\Z")


def repository_at(url: str, revision: str, at: Occurrence) -> Component:
    """The repository behind a git URL of any spelling (`https://…`, `git+ssh://…`, `git@host:path`), at a revision."""
    if scp := _SCP.match(url):
        return from_git(scp["host"], scp["path"], revision or scp["revision"] or "", at)
    parts = split_url(url.removeprefix("git+"))
    return from_git(parts.hostname or "", parts.path, revision or parts.fragment, at)


def archive_at(url: str, at: Occurrence, checked_by: str = "") -> Component:
    """The archive behind a URL, held by a digest where the lock has one."""
    return located(Kind.LIBRARY, url, at, checked_by=checked_by)


def node_origin(text: str, at: Occurrence) -> Component | None:
    """What a lock of the Node world resolved a package to, when that is a repository; None for an archive of a registry."""
    if short := _SHORT.match(text):
        return from_git(_HOSTS[short["host"]], short["path"], short["revision"] or "", at)
    if tarball := _TARBALL.match(text):
        return from_git("github.com", tarball["path"], tarball["revision"], at)
    if text.startswith(("git+", "git://", "git@", "ssh://")) or re.match(r"https?://[^#]+\.git#", text):
        return repository_at(text, "", at)
    return None


def built_from(package: Component, origin: Component) -> Component:
    """The package as what is built from its origin: held where its own files are, else as far as the origin is."""
    namespace, _, short = package.name.rpartition("/")
    repository = not origin.purl.startswith("pkg:generic/") or not origin.upstream.startswith("http")
    qualifiers = (
        {"vcs_url": f"git+{origin.url}" + f"@{origin.version}" * bool(origin.version)} if repository else {"download_url": origin.url}
    )
    return replace(
        package,
        pin=package.pin if package.pin is Pin.EXACT else origin.pin,
        purl=purl(package.upstream, short, namespace=namespace, version=package.version, **qualifiers),
        url=origin.url,
    )
