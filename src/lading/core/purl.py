"""Package URLs (ECMA-427): building and taking apart, nothing else."""

import string

from msgspec import Struct

_SAFE = frozenset((string.ascii_letters + string.digits + ".-_~:").encode())
_LOWER_CASE_NAMES = frozenset({"pypi", "github", "bitbucket", "oci"})
_LOWER_CASE_NAMESPACES = frozenset({"github", "bitbucket"})


def _encode(text: str) -> str:
    return "".join(chr(b) if b in _SAFE else f"%{b:02X}" for b in text.encode("utf-8", "surrogatepass"))


def _decode(text: str) -> str:
    if "%" not in text:
        return text
    head, *rest = text.split("%")
    raw = bytearray(head.encode())
    for piece in rest:
        raw += bytes.fromhex(piece[:2]) + piece[2:].encode()
    return raw.decode("utf-8", "surrogatepass")


class Purl(Struct, frozen=True):
    """The parts of a package URL, decoded; qualifiers sorted by key."""

    type: str
    namespace: str
    name: str
    version: str = ""
    qualifiers: tuple[tuple[str, str], ...] = ()
    subpath: str = ""

    def __str__(self) -> str:
        return purl(self.type, self.name, namespace=self.namespace, version=self.version, subpath=self.subpath, **dict(self.qualifiers))


def purl(type_: str, name: str, /, *, namespace: str = "", version: str = "", subpath: str = "", **qualifiers: str) -> str:
    """Build the canonical package URL of its parts; empty qualifiers are left out."""
    if type_ == "pypi":
        name = name.replace("_", "-")
    if type_ in _LOWER_CASE_NAMES:
        name = name.lower()
    if type_ in _LOWER_CASE_NAMESPACES:
        namespace = namespace.lower()
    if type_ == "huggingface":
        version = version.lower()
    parts = [f"pkg:{type_}/"]
    if namespace:
        parts.append("/".join(_encode(p) for p in namespace.split("/") if p) + "/")
    parts.append(_encode(name))
    if version:
        parts.append("@" + _encode(version))
    given = sorted((k, v) for k, v in qualifiers.items() if v)
    if given:
        parts.append("?" + "&".join(f"{k}={_encode(v)}" for k, v in given))
    if subpath:
        parts.append("#" + "/".join(_encode(p) for p in subpath.split("/") if p not in {"", ".", ".."}))
    return "".join(parts)


def parse(text: str) -> Purl:
    """Take a package URL apart; ValueError when it is not one."""
    rest, _, subpath = text.partition("#")
    rest, _, query = rest.partition("?")
    scheme, colon, rest = rest.partition(":")
    if scheme != "pkg" or not colon:
        raise ValueError(f"{text!r} is not a package URL: it does not begin with 'pkg:'")
    type_, slash, rest = rest.lstrip("/").partition("/")
    path, at, version = rest.rpartition("@")
    if not at:
        path, version = rest, ""
    namespace, _, name = path.strip("/").rpartition("/")
    if not (type_ and slash and name):
        raise ValueError(f"{text!r} is not a package URL: it has no type or no name")
    pairs = (p.partition("=") for p in query.split("&") if "=" in p)
    try:
        return Purl(
            type_.lower(),
            "/".join(_decode(p) for p in namespace.split("/")),
            _decode(name),
            _decode(version),
            tuple(sorted((k.lower(), _decode(v)) for k, _, v in pairs if v)),
            "/".join(_decode(p) for p in subpath.strip("/").split("/")),
        )
    except ValueError as e:
        raise ValueError(f"{text!r} is not a package URL: bad percent-encoding") from e
