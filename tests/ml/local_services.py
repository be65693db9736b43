"""A Sigstore instance that answers over HTTP on this machine, as recorded: Fulcio v2, Rekor v1 and v2, a time-stamping authority, an issuer of tokens.

Each service checks what it is asked as the real one does: the token, the proof that the key is there, the signature of the entry.
"""

import base64
import hashlib
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.serialization import Encoding
from local_sigstore import SHA, Instance

from lading.trust.dsse import pre_authentication

CONFIG = """[tsa]
default_tsa = tsa1
[tsa1]
serial = serial
signer_cert = tsa.pem
signer_key = tsa.key
certs = tsa.pem
default_policy = 1.2.3.4.1
digests = sha256
signer_digest = sha256
ess_cert_id_alg = sha256
ordering = yes
"""


class Refused(Exception):  # noqa: N818 - an answer
    """What a service answers when it does not do what it is asked."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Services(Instance):
    """An instance with services; `spoil` may change an answer by the path that was asked."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder, self.url = folder, ""
        self.issuer_key = ec.generate_private_key(ec.SECP256R1())
        self.asked: list[str] = []
        self.spoil: Callable[[str, Any], Any] = lambda _, answer: answer

    @property
    def issuer(self) -> str:
        """Who vouches for identities."""
        return f"{self.url}/login"

    def token(self, name: str, **claims: object) -> str:
        """An identity token, for ten minutes when nothing else is said."""
        now = datetime.now(UTC)
        said = {"iss": self.issuer, "sub": name, "aud": "sigstore", "iat": now, "exp": now + timedelta(minutes=10), **claims}
        return jwt.encode({k: v for k, v in said.items() if v is not None}, self.issuer_key, algorithm="ES256")

    def configuration(self, version: int = 1, *, stamped: bool = False) -> Path:
        """Write the trust configuration of a client: the root, and where the services are."""
        root = self.trusted()
        start = root["tlogs"][0]["publicKey"]["validFor"]["start"]

        def service(url: str, version: int = 1) -> list[dict[str, Any]]:
            return [{"url": url, "majorApiVersion": version, "validFor": {"start": start}, "operator": "acme.test"}]

        if stamped:
            chain = [{"rawBytes": _der(self.folder / name)} for name in ("tsa.pem", "tsaroot.pem")]
            authority = {
                "subject": {"organization": "acme", "commonName": "time"},
                "uri": self.url,
                "certChain": {"certificates": chain},
                "validFor": {"start": start},
            }
            root["timestampAuthorities"] = [authority]
        signing = {
            "mediaType": "application/vnd.dev.sigstore.signingconfig.v0.2+json",
            "caUrls": service(self.url),
            "oidcUrls": service(self.issuer),
            "rekorTlogUrls": service(self.url, version),
            "rekorTlogConfig": {"selector": "ANY"},
            "tsaUrls": service(f"{self.url}/time") if stamped else [],
            "tsaConfig": {"selector": "ANY"},
        }
        config = {"mediaType": "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json", "trustedRoot": root, "signingConfig": signing}
        path = self.folder / "sigstore.json"
        path.write_text(json.dumps(config))
        return path

    def answer(self, path: str, body: bytes, token: str) -> Any:
        """What the service at a path says."""
        services: dict[str, Callable[[], Any]] = {
            "/api/v2/signingCert": lambda: self._certificate(json.loads(body), token),
            "/api/v1/log/entries": lambda: self._entry(json.loads(body)),
            "/api/v2/log/entries": lambda: self._entry_v2(json.loads(body)),
            "/time": lambda: self._time(body),
            "/login/.well-known/openid-configuration": self._login,
            "/login/token": lambda: {"access_token": self.token("somebody@acme.test")},
            "/ci": lambda: {"value": self.token("job@acme.test")},
        }
        if path not in services:
            raise Refused(404, f"nothing is at {path}")
        return services[path]()

    def _login(self) -> Any:
        return {"authorization_endpoint": f"{self.url}/login/ask", "token_endpoint": f"{self.url}/login/token"}

    def _certificate(self, asked: dict[str, Any], token: str) -> Any:
        """Fulcio: a certificate for whoever the token names, whose key has signed the request."""
        request = x509.load_pem_x509_csr(base64.b64decode(asked["certificateSigningRequest"]))
        try:
            claims = jwt.decode(token, self.issuer_key.public_key(), algorithms=["ES256"], audience="sigstore", issuer=self.issuer)
        except jwt.InvalidTokenError as e:
            raise Refused(401, f"the token is not valid: {e}") from e
        if not request.is_signature_valid:
            raise Refused(400, "the request is not signed by its key")
        leaf = self.certified(request.public_key(), claims["sub"], self.issuer)
        chain = [c.public_bytes(Encoding.PEM).decode() for c in (leaf, self.authority)]
        return {"signedCertificateEmbeddedSct": {"chain": {"certificates": chain}}}

    def _entry(self, asked: dict[str, Any]) -> Any:
        """Rekor v1: the envelope recorded under its digests."""
        proposed = asked["spec"]["proposedContent"]
        envelope = json.loads(proposed["envelope"])
        leaf = x509.load_pem_x509_certificate(base64.b64decode(proposed["verifiers"][0]))
        signed = pre_authentication(envelope["payloadType"], base64.b64decode(envelope["payload"]))
        leaf.public_key().verify(base64.b64decode(envelope["signatures"][0]["sig"]), signed, SHA)  # type: ignore[union-attr,call-arg]
        made = self.logged(self.body(envelope, leaf, proposed["envelope"]))
        proof = made["inclusionProof"]
        entry = {
            "body": made["canonicalizedBody"],
            "integratedTime": int(made["integratedTime"]),
            "logID": base64.b64decode(made["logId"]["keyId"]).hex(),
            "logIndex": int(made["logIndex"]),
            "verification": {
                "signedEntryTimestamp": made["inclusionPromise"]["signedEntryTimestamp"],
                "inclusionProof": {
                    "checkpoint": proof["checkpoint"]["envelope"],
                    "hashes": [base64.b64decode(h).hex() for h in proof["hashes"]],
                    "logIndex": int(proof["logIndex"]),
                    "rootHash": base64.b64decode(proof["rootHash"]).hex(),
                    "treeSize": int(proof["treeSize"]),
                },
            },
        }
        return {hashlib.sha256(base64.b64decode(entry["body"])).hexdigest(): entry}

    def _entry_v2(self, asked: dict[str, Any]) -> Any:
        """Rekor v2: the digest recorded; the time comes from elsewhere."""
        request = asked["hashedRekordRequestV002"]
        signature, digest = request["signature"], base64.b64decode(request["digest"])
        leaf = x509.load_der_x509_certificate(base64.b64decode(signature["verifier"]["x509Certificate"]["rawBytes"]))
        leaf.public_key().verify(base64.b64decode(signature["content"]), digest, ec.ECDSA(Prehashed(hashes.SHA256())))  # type: ignore[union-attr,call-arg]
        spec = {"hashedRekordV002": {"data": {"algorithm": "SHA2_256", "digest": request["digest"]}, "signature": signature}}
        body = json.dumps({"apiVersion": "0.0.2", "kind": "hashedrekord", "spec": spec}, sort_keys=True, separators=(",", ":")).encode()
        made = self.logged(body, "hashedrekord", "0.0.2")
        return {k: v for k, v in made.items() if k not in {"integratedTime", "inclusionPromise"}}

    def _time(self, request: bytes) -> bytes:
        """RFC 3161: OpenSSL is the authority."""
        (self.folder / "query").write_bytes(request)
        self._openssl("ts", "-reply", "-config", "tsa.cnf", "-section", "tsa1", "-queryfile", "query", "-out", "reply")
        return (self.folder / "reply").read_bytes()

    def make_authority_of_time(self) -> None:
        """The keys and certificates of the time-stamping authority."""
        (self.folder / "tsa.cnf").write_text(CONFIG)
        (self.folder / "serial").write_text("01\n")
        (self.folder / "tsaroot.ext").write_text(
            "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\nsubjectKeyIdentifier=hash\n"
        )
        (self.folder / "tsa.ext").write_text("keyUsage=critical,digitalSignature\nextendedKeyUsage=critical,timeStamping\n")
        for name in ("tsaroot", "tsa"):
            self._openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", f"{name}.key")
            self._openssl("req", "-new", "-key", f"{name}.key", "-subj", f"/CN={name}", "-out", f"{name}.csr")
        self._openssl(
            "x509", "-req", "-in", "tsaroot.csr", "-signkey", "tsaroot.key", "-extfile", "tsaroot.ext", "-out", "tsaroot.pem", "-days", "9"
        )
        self._openssl("x509", "-req", "-in", "tsa.csr", "-CA", "tsaroot.pem", "-CAkey", "tsaroot.key", "-CAcreateserial", "-extfile", "tsa.ext", "-out", "tsa.pem", "-days", "9")  # fmt: skip

    def _openssl(self, *arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=self.folder, check=True, capture_output=True)


def _der(pem: Path) -> str:
    return base64.b64encode(x509.load_pem_x509_certificate(pem.read_bytes()).public_bytes(Encoding.DER)).decode()


def in_a_shell(folder: Path) -> dict[str, str]:
    """An environment in which the commands of a page run: `lading` is this one."""
    commands = folder / "bin"
    commands.mkdir()
    (commands / "lading").write_text(f'#!/bin/sh\nexec {sys.executable} -m lading "$@"\n')
    (commands / "lading").chmod(0o755)
    paths = ":".join(p for p in sys.path if p)
    return {"PATH": f"{commands}:{Path(sys.executable).parent}:/usr/bin:/bin", "PYTHONPATH": paths, "HOME": str(folder)}


@contextmanager
def running(folder: Path) -> Iterator[Services]:
    """Services that answer on this machine until the end of the block."""
    services = Services(folder)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            asked = urlsplit(self.path)
            services.asked.append(asked.path)
            if asked.path == "/login/ask":
                self._logged_in(dict(parse_qsl(asked.query)))
                return
            token = self.headers.get("Authorization", "").removeprefix("Bearer ")
            status = 200 if self.command == "GET" else 201
            try:
                answer = services.spoil(asked.path, services.answer(asked.path, body, token))
            except Refused as e:
                answer, status = {"code": e.status, "message": str(e)}, e.status
            data = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            with suppress(BrokenPipeError):
                self.wfile.write(data)

        do_GET = do_POST  # noqa: N815 - as the base class calls it

        def _logged_in(self, query: dict[str, str]) -> None:
            """Back to who has asked, as if somebody had logged in."""
            self.send_response(302)
            self.send_header("Location", f"{query['redirect_uri']}?code=x&state={query['state']}")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    services.url = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield services
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
