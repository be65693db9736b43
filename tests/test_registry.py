"""Images signed and verified where they lie: in the registry of the distribution project, and against what it does not do."""

import base64
import contextlib
import json
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from lading.core.digest import Digest
from lading.core.errors import LadingError, TrustError, UsageError
from lading.core.verdict import Answer
from lading.policy.rule import TrustRule
from lading.sign.image import How, sign_image, verify_image
from lading.sign.oci import INDEX, MANIFEST, Descriptor
from lading.sign.registry import Registry, registry_at
from lading.trust.evidence import Roots
from lading.trust.strict import canonical
from tampering import KEY, NOW, STRANGER
from test_cli import lading

ROOTS = Roots((KEY.public,))
LAYOUTS: list[How] = ["bundle", "referrer", "tag"]


def pushed(registry: Registry, content: bytes = b"layer", tag: str = "v1") -> Descriptor:
    """An image of one layer, as any client pushes one."""
    config = canonical({"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": [str(Digest.of_bytes(content))]}})
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": str(registry.put(config)), "size": len(config)},
        "layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar", "digest": str(registry.put(content)), "size": len(content)}],
    }
    registry.attach(manifest, tag)
    return registry.image(tag)


def answer(registry: Registry, image: Descriptor, roots: Roots = ROOTS) -> Answer:
    return verify_image(registry, image, roots, TrustRule(), NOW).verdict.answer


@pytest.fixture(scope="module")
def distribution() -> Iterator[str]:
    """The registry of the distribution project on loopback, from Debian's package."""
    program = shutil.which("docker-registry") or _downloaded()
    if not program:
        pytest.skip("docker-registry is neither installed nor to be had from apt; the registry of this module is used alone")
    with socket.socket() as free, tempfile.TemporaryDirectory() as folder:
        free.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{free.getsockname()[1]}"
        free.close()
        config = {"version": 0.1, "storage": {"filesystem": {"rootdirectory": folder}}, "http": {"addr": host}, "log": {"level": "error"}}
        (Path(folder) / "config.yml").write_text(json.dumps(config))
        with subprocess.Popen([program, "serve", f"{folder}/config.yml"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
            _wait(host)
            yield host
            server.terminate()


def _downloaded() -> str:
    """The program out of Debian's package, without installing it; empty where that is not possible."""
    folder = Path(tempfile.gettempdir()) / "lading-docker-registry"
    with contextlib.suppress(OSError, subprocess.CalledProcessError):
        folder.mkdir(exist_ok=True)
        subprocess.run(["apt-get", "download", "docker-registry"], cwd=folder, check=True, capture_output=True)
        subprocess.run(["dpkg-deb", "-x", str(next(folder.glob("*.deb"))), str(folder)], check=True, capture_output=True)
    found = folder / "usr/bin/docker-registry"
    return str(found) if found.is_file() else ""


def _wait(host: str) -> None:
    address, _, port = host.partition(":")
    for _ in range(100):
        with contextlib.suppress(OSError), socket.create_connection((address, int(port)), timeout=1):
            return
        time.sleep(0.05)
    raise AssertionError("the registry did not start")


@pytest.mark.parametrize("how", LAYOUTS)
def test_an_image_in_a_registry_is_signed_and_verified(how: How, distribution: str) -> None:
    registry = Registry(distribution, f"team/{how}")
    image = pushed(registry)
    assert answer(registry, image) is Answer.UNKNOWN
    sign_image(registry, image, KEY, how)
    assert answer(registry, image) is Answer.ALLOW
    assert answer(registry, image, Roots((STRANGER.public,))) is Answer.REFUSE
    other = pushed(registry, b"another", "v2")
    assert answer(registry, other) is Answer.UNKNOWN
    sign_image(registry, image, STRANGER, how)
    both = Roots((KEY.public, STRANGER.public))
    assert verify_image(registry, image, both, TrustRule(threshold=2), NOW).verdict.answer is Answer.ALLOW, "the second joins the first"


@pytest.mark.skipif(not shutil.which("skopeo"), reason="skopeo is not installed")
@pytest.mark.parametrize("how", ["tag"])
def test_what_skopeo_copies_out_of_a_registry_verifies(how: How, distribution: str, tmp_path: Path) -> None:
    registry = Registry(distribution, "team/copied")
    image = pushed(registry)
    sign_image(registry, image, KEY, how)
    for tag in ("v1", f"sha256-{image.digest.hex}.sig"):
        source, target = f"docker://{distribution}/team/copied:{tag}", f"oci:{tmp_path / 'image'}:{tag}"
        command = ["skopeo", "copy", "--preserve-digests", "--src-tls-verify=false", "--insecure-policy", source, target]
        subprocess.run(command, check=True, capture_output=True)
    (tmp_path / "k.pub").write_bytes(KEY.public.pem)
    done = lading("verify", "oci:image:v1", "--key", "k.pub", cwd=tmp_path)
    assert done.returncode == 0, done.stdout


def test_a_registry_is_reached_from_the_command_line(distribution: str, tmp_path: Path) -> None:
    pushed(Registry(distribution, "team/app"))
    (tmp_path / "k").write_bytes(KEY.pem())
    (tmp_path / "k.pub").write_bytes(KEY.public.pem)
    (tmp_path / "lading.toml").write_text('[[trust]]\nmatch = "127.0.0.1:*/team/*"\nkeys = ["k.pub"]\n')
    name = f"docker://{distribution}/team/app:v1"
    assert lading("verify", name, cwd=tmp_path).returncode == 4
    assert lading("sign", name, "--key", "k", cwd=tmp_path).returncode == 0
    done = lading("verify", name, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert f"allowed: docker://{distribution}/team/app@sha256:" in done.stdout
    missing = lading("verify", f"docker://{distribution}/team/app:v9", cwd=tmp_path)
    assert (missing.returncode, "there is no image" in missing.stderr) == (2, True)


class _Registry(BaseHTTPRequestHandler):
    """A registry in memory, for what Debian's does not do: the list of referrers in pages, tokens, redirects. A stand-in for newer ones."""

    blobs: dict[str, bytes]
    manifests: dict[str, tuple[str, bytes]]
    token = ""
    spoil = ""
    told: list[tuple[str, str | None]]

    def do_GET(self) -> None:  # noqa: PLR0911 - one for each kind of answer
        place = urlsplit(self.path)
        if place.path == "/token":
            return self.answer(200, canonical({"token": "t0"}), password=self.headers.get("Authorization", ""))
        if place.path.startswith("/elsewhere/"):
            self.told.append((place.path, self.headers.get("Authorization")))
            return self.answer(200, self.blobs[place.path.rpartition("/")[2]])
        if self.token and self.headers.get("Authorization") != f"Bearer {self.token}":
            host = self.headers["Host"]
            return self.answer(
                401, b"", **{"WWW-Authenticate": f'Bearer realm="http://{host}/token",service="s",scope="repository:app:pull"'}
            )
        kind, wanted = place.path.split("/")[-2:]
        if kind == "referrers":
            return self.referrers(wanted, int(parse_qs(place.query).get("page", ["0"])[0]))
        if kind == "blobs" and wanted in self.blobs:
            if self.command == "GET":
                return self.answer(307, b"", Location=f"http://localhost:{self.server.server_port}/elsewhere/{wanted}")  # type: ignore[attr-defined]
            return self.answer(200, b"")
        if kind == "manifests" and wanted in self.manifests:
            content_type, data = self.manifests[wanted]
            return self.answer(200, data + b" " if self.spoil == wanted else data, **{"Content-Type": content_type})
        return self.answer(404, b"{}")

    do_HEAD = do_GET  # noqa: N815 - the name of the standard library

    def do_POST(self) -> None:
        self.answer(202, b"", Location="/v2/app/blobs/uploads/1?state=x")

    def do_PUT(self) -> None:
        data = self.rfile.read(int(self.headers["Content-Length"]))
        place = urlsplit(self.path)
        if "/uploads/" in place.path:
            self.blobs[parse_qs(place.query)["digest"][0]] = data
            return self.answer(201, b"")
        row = (self.headers["Content-Type"], data)
        self.manifests[str(Digest.of_bytes(data))] = self.manifests[place.path.rpartition("/")[2]] = row
        subject = json.loads(data).get("subject")
        return self.answer(201, b"", **({"OCI-Subject": subject["digest"]} if subject else {}))

    def referrers(self, digest: str, page: int) -> None:
        """One referrer a page."""
        found = {
            d: data for d, (_, data) in self.manifests.items() if ":" in d and json.loads(data).get("subject", {}).get("digest") == digest
        }
        rows = [{"mediaType": MANIFEST, "digest": d, "size": len(data)} for d, data in sorted(found.items())]
        link = {"Link": f'</v2/app/referrers/{digest}?page={page + 1}>; rel="next"'} if page + 1 < len(rows) else {}
        self.answer(200, canonical({"schemaVersion": 2, "mediaType": INDEX, "manifests": rows[page : page + 1]}), **link)

    def answer(self, status: int, data: bytes, password: str = "", **headers: str) -> None:
        if password:
            self.told.append(("/token", password))
        self.send_response(status)
        for name, value in {"Content-Length": str(len(data)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of the standard library
        pass


@pytest.fixture
def newer() -> Iterator[tuple[Registry, type[_Registry]]]:
    """A registry that keeps the list of referrers."""
    handler = type("Handler", (_Registry,), {"blobs": {}, "manifests": {}, "told": []})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield Registry(f"127.0.0.1:{server.server_port}", "app"), handler
        server.shutdown()


def test_referrers_are_read_over_all_pages(newer: tuple[Registry, type[_Registry]]) -> None:
    registry, _ = newer
    image = pushed(registry)
    for key in (STRANGER, KEY):
        sign_image(registry, image, key, "bundle")
    assert verify_image(registry, image, Roots((KEY.public, STRANGER.public)), TrustRule(threshold=2), NOW).verdict.opens


def test_bytes_that_a_registry_makes_up_are_refused(newer: tuple[Registry, type[_Registry]]) -> None:
    registry, handler = newer
    image = pushed(registry)
    made = sign_image(registry, image, KEY, "bundle")
    handler.spoil = str(made)
    result = verify_image(registry, image, ROOTS, TrustRule(), NOW)
    assert result.verdict.answer is Answer.REFUSE
    assert "other bytes than its name says" in " ".join(result.verdict.reasons)
    handler.spoil = str(image.digest)
    assert answer(registry, image) is Answer.REFUSE
    handler.spoil = ""
    layer = json.loads(handler.manifests[str(made)][1])["layers"][0]["digest"]
    handler.blobs[layer] += b" "
    assert answer(registry, image) is Answer.REFUSE
    with pytest.raises(TrustError):
        registry.blob(Digest.parse(layer))


def test_one_signature_that_cannot_be_read_does_not_hide_the_other(newer: tuple[Registry, type[_Registry]]) -> None:
    registry, handler = newer
    image = pushed(registry)
    handler.spoil = str(sign_image(registry, image, STRANGER, "bundle"))
    sign_image(registry, image, KEY, "bundle")
    assert answer(registry, image) is Answer.ALLOW


def test_a_token_is_fetched_and_goes_nowhere_else(
    newer: tuple[Registry, type[_Registry]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    registry, handler = newer
    sign_image(registry, image := pushed(registry), KEY, "bundle")
    handler.token = "t0"
    secret = base64.b64encode(b"user:word").decode()
    (tmp_path / "auth.json").write_text(json.dumps({"auths": {registry._host: {"auth": secret}}}))
    monkeypatch.setenv("REGISTRY_AUTH_FILE", str(tmp_path / "auth.json"))
    assert answer(registry, image) is Answer.ALLOW
    assert ("/token", f"Basic {secret}") in handler.told
    elsewhere = [authorization for path, authorization in handler.told if path.startswith("/elsewhere/")]
    assert elsewhere
    assert set(elsewhere) == {None}, "storage to which blobs are redirected sees no token"
    handler.token = "another"
    with pytest.raises(LadingError, match="refuses access"):
        answer(Registry(registry._host, "app"), image)


@pytest.mark.parametrize("text", ["docker://", "docker://host", "docker://host/UPPER", "docker://host/a:b:c", "docker://host/../a"])
def test_what_names_no_image_is_a_sentence(text: str) -> None:
    with pytest.raises(UsageError, match="names no image"):
        registry_at(text)


def test_a_registry_that_is_away_is_a_sentence() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        away = Registry(f"127.0.0.1:{free.getsockname()[1]}", "app")
    with pytest.raises(LadingError, match="cannot be reached"):
        away.image("v1")
