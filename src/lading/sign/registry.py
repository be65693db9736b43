"""Images in a registry: what signing and verifying need of the OCI distribution specification 1.1, `docker://HOST/NAME[:TAG]`."""

import base64
import contextlib
import io
import json
import os
import re
import ssl
from collections.abc import Callable, Iterator, Mapping
from email.message import Message
from pathlib import Path
from typing import IO, Any, cast
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode, urljoin, urlsplit
from urllib.request import Request, urlopen

from lading.core.digest import Digest
from lading.core.errors import LadingError, TrustError, UsageError
from lading.sign.oci import (
    INDEX,
    INDEXES,
    LARGEST,
    MANIFEST,
    Attached,
    Descriptor,
    descriptor_of,
    manifest_of,
    names_subject,
    tags_of,
)
from lading.trust.strict import canonical, load

SCHEME = "docker://"
_REFERENCE = re.compile(
    r"(?P<host>[^/]+)/(?P<name>[a-z0-9]+(?:[._/-]+[a-z0-9]+)*)(?::(?P<tag>\w[\w.-]{0,127}))?(?:@(?P<digest>sha\d{3}:[0-9a-f]+))?"
)
_ACCEPTED = ", ".join((MANIFEST, *INDEXES, "application/vnd.docker.distribution.manifest.v2+json"))
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_PAGES = 50
_SECONDS = 30
_MISSING = frozenset({400, 404, 405})
"""How registries answer that something, or the whole list of referrers, is not there."""


class Registry:
    """One repository of a registry; nothing is believed of it: everything read is held against a digest."""

    def __init__(self, host: str, name: str) -> None:
        scheme = "http" if urlsplit(f"//{host}").hostname in _LOOPBACK else "https"
        self.place = f"{SCHEME}{host}/{name}"
        self._host, self._base = host, f"{scheme}://{host}/v2/{name}/"
        self._authorization = ""

    def image(self, tag: str) -> Descriptor:
        """The image of a tag or digest, `latest` without one; UsageError when there is none."""
        status, headers, data = self._asked("GET", f"manifests/{tag or 'latest'}", headers={"Accept": _ACCEPTED})
        if status in _MISSING:
            raise UsageError(f"there is no image {self.place}{'@' if ':' in tag else ':'}{tag or 'latest'}", hint="check name and tag")
        return Descriptor(Digest.of_bytes(data), headers.get_content_type(), len(data))

    def held(self, image: Descriptor) -> None:
        """Return when the registry gives the image for its digest; TrustError otherwise."""
        self._manifest(image.digest)

    def attached(self, image: Digest) -> Iterator[Attached]:
        """What the list of referrers names, what the tags of cosign hold, and what older registries keep in their place."""
        seen: set[Digest] = set()
        for found, descriptor in self._named(image):
            if descriptor.digest in seen:
                continue
            seen.add(descriptor.digest)
            try:
                manifest = self._manifest(descriptor.digest)
                if found != "referrer" or names_subject(manifest, image):
                    yield found, manifest
            except TrustError as e:
                yield found, e

    def blob(self, digest: Digest) -> bytes:
        """The bytes of a blob; TrustError when they are not there, too many, or not those of the digest."""
        status, _, data = self._asked("GET", f"blobs/{digest}")
        if status in _MISSING:
            raise TrustError(f"the blob {digest} is not in {self.place}")
        if digest.algorithm not in {"sha256", "sha512"} or Digest.of_bytes(data, digest.algorithm) != digest:
            raise TrustError(f"the blob {digest} has other bytes than its name says")
        return data

    @contextlib.contextmanager
    def files(self, tag: str) -> Iterator[Callable[[str], IO[bytes]]]:
        """The image of a tag as the files of an OCI layout (`index.json`, `blobs/sha256/…`); layers are streamed, not held."""
        image = self.image(tag)
        index = canonical({"schemaVersion": 2, "manifests": [{"digest": str(image.digest), "mediaType": image.media_type}]})
        manifests = {image.digest}

        def opened(name: str) -> IO[bytes]:
            if name == "index.json":
                return io.BytesIO(index)
            digest = Digest(*name.removeprefix("blobs/").split("/", 1))
            if digest not in manifests:
                return self._stream(digest)
            _, headers, data = self._asked("GET", f"manifests/{digest}", headers={"Accept": _ACCEPTED})
            if headers.get_content_type() in INDEXES:
                manifests.update(descriptor_of(e).digest for e in _entries(data, str(digest)))
            return io.BytesIO(data)

        yield opened

    def _stream(self, digest: Digest) -> IO[bytes]:
        """A blob as it comes; who reads it holds it against its digest."""
        if self._asked("HEAD", f"blobs/{digest}")[0] in _MISSING:
            raise FileNotFoundError(f"the blob {digest} is not in {self.place}")
        request = Request(urljoin(self._base, f"blobs/{digest}"))  # noqa: S310 - _base says which scheme
        if self._authorization:
            request.add_unredirected_header("Authorization", self._authorization)
        return cast("IO[bytes]", urlopen(request, timeout=_SECONDS))  # noqa: S310 - as above

    def put(self, data: bytes) -> Digest:
        """Upload a blob, if it is not there."""
        digest = Digest.of_bytes(data)
        if self._asked("HEAD", f"blobs/{digest}")[0] in _MISSING:
            _, headers, _ = self._asked("POST", "blobs/uploads/", b"")
            place = urljoin(self._base, headers.get("Location", ""))
            query = "&" if urlsplit(place).query else "?"
            self._done("PUT", f"{place}{query}{urlencode({'digest': str(digest)})}", data, {"Content-Type": "application/octet-stream"})
        return digest

    def attach(self, manifest: dict[str, Any], name: str = "") -> Digest:
        """Upload a manifest under a name or its digest; where the registry keeps no list of referrers, the one by tag is kept for it."""
        data = canonical(manifest)
        digest = Digest.of_bytes(data)
        headers = self._done("PUT", f"manifests/{name or digest}", data, {"Content-Type": manifest.get("mediaType", MANIFEST)})
        if "subject" in manifest and not headers.get("OCI-Subject"):
            entry = {"mediaType": MANIFEST, "digest": str(digest), "size": len(data), "artifactType": manifest.get("artifactType", "")}
            tag = str(manifest["subject"]["digest"]).replace(":", "-")
            listed = self._listed(f"manifests/{tag}")
            kept = [e for e in listed if e.get("digest") != str(digest)]
            index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": [*kept, entry]}
            self._done("PUT", f"manifests/{tag}", canonical(index), {"Content-Type": INDEX})
        return digest

    def _named(self, image: Digest) -> Iterator[tuple[str, Descriptor]]:
        """Descriptors of everything that is said to belong to an image."""
        for entry in self._listed(f"referrers/{image}"):
            yield "referrer", descriptor_of(entry)
        for tag, found in tags_of(image).items():
            status, headers, data = self._asked("GET", f"manifests/{tag}", headers={"Accept": _ACCEPTED})
            if status in _MISSING:
                continue
            if headers.get_content_type() in INDEXES:
                yield from (("referrer", descriptor_of(e)) for e in _entries(data, tag))
            else:
                yield found, Descriptor(Digest.of_bytes(data), headers.get_content_type(), len(data))

    def _listed(self, path: str) -> list[dict[str, Any]]:
        """The entries of an index, over all its pages; none where there is none."""
        entries: list[dict[str, Any]] = []
        for _ in range(_PAGES):
            status, headers, data = self._asked("GET", path, headers={"Accept": INDEX})
            if status in _MISSING:
                return entries
            entries += _entries(data, path)
            following = re.match(r'<([^>]+)>\s*;\s*rel="?next', headers.get("Link", ""))
            if not following:
                return entries
            path = urljoin(self._base, following[1])
        raise TrustError(f"{self.place} lists more than {_PAGES} pages of referrers")

    def _manifest(self, digest: Digest) -> dict[str, Any]:
        status, _, data = self._asked("GET", f"manifests/{digest}", headers={"Accept": _ACCEPTED})
        if status in _MISSING:
            raise TrustError(f"the manifest {digest} is not in {self.place}")
        return manifest_of(data, digest)

    def _done(self, method: str, path: str, data: bytes, headers: Mapping[str, str]) -> Message:
        status, answered, said = self._asked(method, path, data, headers)
        if status in _MISSING:
            raise LadingError(f"{self.place} does not take it: {status} {said[:200].decode('utf-8', 'replace')}")
        return answered

    def _asked(
        self, method: str, path: str, data: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, Message, bytes]:
        """Status, headers and body of an answer; LadingError when there is none or it is a refusal."""
        url = urljoin(self._base, path)
        status, answered, body = self._sent(method, url, data, headers or {})
        if status == 401 and not self._authorization:  # noqa: PLR2004 - Unauthorized
            self._authorization = self._credentials(answered.get("WWW-Authenticate", ""), "pull,push" if data is not None else "pull")
            status, answered, body = self._sent(method, url, data, headers or {})
        if status in {401, 403}:
            raise LadingError(f"{self.place} refuses access ({status})", hint=f"skopeo login {self._host}, or docker login {self._host}")
        if status >= 400 and status not in _MISSING:  # noqa: PLR2004 - the errors of HTTP
            raise LadingError(f"{self.place} answers {status} to {method} {urlsplit(url).path}", hint="try again later")
        return status, answered, body

    def _sent(self, method: str, url: str, data: bytes | None, headers: Mapping[str, str]) -> tuple[int, Message, bytes]:
        request = Request(url, data, dict(headers), method=method)  # noqa: S310 - _base says which scheme
        if self._authorization and urlsplit(url).netloc == urlsplit(self._base).netloc:
            request.add_unredirected_header("Authorization", self._authorization)
        return self._answer(request)

    def _answer(self, request: Request) -> tuple[int, Message, bytes]:
        try:
            with urlopen(request, timeout=_SECONDS) as answer:  # noqa: S310 - as above
                return answer.status, answer.headers, _bounded(answer.read(LARGEST + 1), self.place)
        except HTTPError as e:
            return e.code, e.headers, e.read(4096)
        except (URLError, OSError, ssl.SSLError) as e:
            reason = getattr(e, "reason", e)
            raise LadingError(
                f"{self._host} cannot be reached: {reason}",
                hint="without a network, work on the folder that `skopeo copy docker://IMAGE oci:FOLDER:TAG` writes",
            ) from e

    def _credentials(self, challenge: str, actions: str) -> str:
        """What to send after a refusal: a token for the repository, or the password itself where the registry wants that."""
        basic = _password(self._host)
        kind, _, rest = challenge.partition(" ")
        if kind.lower() != "bearer":
            return f"Basic {basic}" if basic else ""
        said = dict(re.findall(r'(\w+)="([^"]*)"', rest))
        realm = said.get("realm", "")
        if urlsplit(realm).scheme != "https" and urlsplit(realm).hostname not in _LOOPBACK:
            raise LadingError(f"{self._host} sends for a token to {realm!r}, which is not https")
        scope = said.get("scope") or f"repository:{self.place.partition(self._host + '/')[2]}:{actions}"
        if actions not in scope:
            scope = re.sub(r":pull$", f":{actions}", scope)
        request = Request(f"{realm}?{urlencode({'service': said.get('service', ''), 'scope': scope})}")  # noqa: S310 - checked above
        if basic:
            request.add_unredirected_header("Authorization", f"Basic {basic}")
        _, _, data = self._answer(request)
        try:
            token = json.loads(data)
            return f"Bearer {token.get('token') or token['access_token']}"
        except (ValueError, KeyError, AttributeError):
            return ""


def registry_at(text: str) -> tuple[Registry, str]:
    """The repository, and the tag or digest, that `docker://HOST/NAME[:TAG|@DIGEST]` means."""
    found = _REFERENCE.fullmatch(text.removeprefix(SCHEME))
    if not found:
        raise UsageError(f"{text} names no image", hint="docker://registry.example/team/app:v1")
    return Registry(found["host"], found["name"]), found["digest"] or found["tag"] or ""


def _entries(data: bytes, what: str) -> list[dict[str, Any]]:
    index = load(data, f"the index {what}")
    entries = index.get("manifests") if isinstance(index, dict) else None
    if not isinstance(entries, list) or not all(isinstance(e, dict) for e in entries):
        raise TrustError(f"the index {what} has no list of manifests")
    return entries


def _bounded(data: bytes, place: str) -> bytes:
    if len(data) > LARGEST:
        raise TrustError(f"{place} answers with more than {LARGEST} bytes")
    return data


def _password(host: str) -> str:
    """User and password for a registry as `skopeo login` and `docker login` keep them, encoded; empty when there are none."""
    runtime = os.environ.get("XDG_RUNTIME_DIR", f"/run/user/{os.getuid()}")
    files = (
        os.environ.get("REGISTRY_AUTH_FILE", ""),
        f"{runtime}/containers/auth.json",
        f"{os.environ.get('DOCKER_CONFIG', Path.home() / '.docker')}/config.json",
    )
    for file in filter(None, files):
        try:
            auths = json.loads(Path(file).read_bytes()).get("auths", {})
            if held := auths.get(host, {}).get("auth", ""):
                base64.b64decode(held, validate=True)
                return str(held)
        except (OSError, ValueError, AttributeError):
            continue
    return ""
