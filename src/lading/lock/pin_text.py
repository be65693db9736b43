"""Pins in text: an image by digest beside its tag, an action by commit with its tag as the comment, a repository by commit."""

import re

from lading.catalog.upstreams import split_image
from lading.core.component import Occurrence
from lading.lock.edit import Edit, Left, Text

_GOES_ON = rb"[\w./:@-]"
_GIT = re.compile(
    rb"(?P<url>(?:git\+|git::)?(?:(?:https?|ssh|git)://)?[\w.-]+[./][^\s\"'@?#]+)"
    rb"(?:@(?P<at>[\w./-]+)|\?(?:[\w=&-]*&)?ref=(?P<ref>[\w./-]+))?(?=[\s\"'#,;&)\]]|$)"
)


def image(text: Text, at: Occurrence, digest: str) -> tuple[Edit, ...]:
    """`name:tag` becomes `name:tag@digest`; what is put together from several places is left."""
    repository, _, held = split_image(at.written)
    if held or not repository:
        raise Left("it is put together from several places")
    written = at.written.encode()
    found = text.once(at.line, rb"(?<!" + _GOES_ON + rb")" + re.escape(written) + rb"(?!" + _GOES_ON + rb")")
    return (Edit(found.end(), found.end(), f"@{digest}".encode()),)


def action(text: Text, at: Occurrence, name: str, commit: str) -> tuple[Edit, ...]:
    """`owner/name@v4` becomes `owner/name@commit # v4`; a comment that is there stays."""
    written, _, tag = at.written.partition("@")
    if not tag or not written.startswith(name):
        raise Left("it names no revision")
    found = text.once(at.line, rb"(?<![\w./-])" + re.escape(at.written.encode()) + rb"(?=[\s\"'#]|$)")
    _, end = text.span(at.line)
    rest = text.data[found.end() : end]
    quote = rest[:1] if rest[:1] in {b'"', b"'"} else b""
    comment = b"" if b"#" in rest or rest.removeprefix(quote).strip() else f" # {tag}".encode()
    return (Edit(found.start() + len(written) + 1, found.end() + len(rest.rstrip()), commit.encode() + rest.rstrip() + comment),)


def repository(text: Text, at: Occurrence, commit: str) -> tuple[Edit, ...]:
    """`git+https://…@tag` and `git::https://…?ref=tag` become those of the commit; an address without a revision is given one."""
    urls = [m for m in _GIT.finditer(text.data, *text.span(at.line)) if m["url"].startswith((b"git+", b"git::")) or m["ref"]]
    if len(urls) != 1:
        raise Left("it stands there more than once" if urls else "no revision is written at this place")
    there = "ref" if urls[0]["ref"] else "at"
    if urls[0][there]:
        return (Edit(*urls[0].span(there), commit.encode()),)
    mark = "?ref=" if urls[0]["url"].startswith(b"git::") else "@"
    return (Edit(urls[0].end("url"), urls[0].end("url"), f"{mark}{commit}".encode()),)
