"""The admission webhook lets in what is signed and named by digest, and says of everything else where it stands and why."""

import http.client
import ipaddress
import json
import ssl
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from lading.admit.references import Reference, full_name, references
from lading.admit.review import answer, by_policy
from lading.admit.server import LARGEST, Server
from lading.core.errors import UsageError
from lading.load.policy import policy_at
from lading.sign.image import sign_image
from lading.sign.registry import Registry
from tampering import KEY, STRANGER
from test_cli import lading
from test_registry import newer, pushed

__all__ = ["newer"]
Review = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for loopback and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "lading")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now - timedelta(days=1), now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    folder = tmp_path_factory.mktemp("tls")
    (folder / "tls.crt").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    (folder / "tls.key").write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain))
    return folder / "tls.crt", folder / "tls.key"


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    (tmp_path / "k.pub").write_bytes(KEY.public.pem)
    (tmp_path / "lading.toml").write_text(
        '[[trust]]\nmatch = "127.0.0.1:*/app*"\nkeys = ["k.pub"]\n'
        '[admit]\nmodels = ["pvc://verified/*"]\nexempt = ["registry.k8s.io/pause@*"]\n'
    )
    return tmp_path / "lading.toml"


@pytest.fixture(params=[False], ids=["enforcing"])
def webhook(request: pytest.FixtureRequest, policy: Path, certificate: tuple[Path, Path]) -> Iterator[Server]:
    with Server(("127.0.0.1", 0), *certificate, by_policy(policy_at(policy, None)), audit=request.param) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def posted(server: Server, certificate: tuple[Path, Path], data: bytes) -> tuple[int, bytes]:
    """What the webhook says to a client that trusts its certificate."""
    context = ssl.create_default_context(cafile=str(certificate[0]))
    connection = http.client.HTTPSConnection("127.0.0.1", server.server_port, context=context, timeout=20)
    connection.request("POST", "/admit?timeout=10s", data, {"Content-Type": "application/json"})
    response = connection.getresponse()
    found = response.status, response.read()
    connection.close()
    return found


def review(thing: dict[str, Any]) -> bytes:
    """A review as the API server sends it."""
    request = {
        "uid": "705ab4f5-6393-11e8-b7cc-42010a800002",
        "kind": {"group": "", "version": "v1", "kind": thing.get("kind", "Pod")},
        "resource": {"group": "", "version": "v1", "resource": "pods"},
        "name": "serve",
        "namespace": "models",
        "operation": "CREATE",
        "userInfo": {"username": "system:serviceaccount:kube-system:replicaset-controller", "groups": ["system:authenticated"]},
        "object": thing,
        "oldObject": None,
        "dryRun": False,
        "options": {"apiVersion": "meta.k8s.io/v1", "kind": "CreateOptions"},
    }
    return json.dumps({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request}).encode()


def pod(*images: str, **more: Any) -> dict[str, Any]:
    """A pod of these images."""
    containers = [{"name": f"c{n}", "image": image} for n, image in enumerate(images)]
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "serve"}, "spec": {"containers": containers, **more}}


def test_a_signed_image_by_its_digest_comes_in_and_nothing_else(
    newer: tuple[Registry, Any], webhook: Server, certificate: tuple[Path, Path]
) -> None:
    registry, _ = newer
    image, other = pushed(registry), pushed(registry, b"other", "v2")
    name = f"{registry._host}/app"

    def response(thing: dict[str, Any]) -> dict[str, Any]:
        status, data = posted(webhook, certificate, review(thing))
        assert status == 200
        said = json.loads(data)
        assert (said["apiVersion"], said["kind"]) == ("admission.k8s.io/v1", "AdmissionReview")
        assert said["response"]["uid"] == "705ab4f5-6393-11e8-b7cc-42010a800002"
        found: dict[str, Any] = said["response"]
        return found

    assert not response(pod(f"{name}@{image.digest}"))["allowed"], "before it is signed"
    sign_image(registry, image, KEY, "bundle")
    sign_image(registry, other, STRANGER, "bundle")
    assert response(pod(f"{name}@{image.digest}"))["allowed"]
    assert response(pod(f"{name}:v1@{image.digest}"))["allowed"]
    tagged = response(pod(f"{name}:v1"))
    assert not tagged["allowed"]
    assert tagged["status"]["code"] == 403
    assert f"can move; what is signed is {name}@{image.digest}" in tagged["status"]["message"]
    both = response(pod(f"{name}@{image.digest}", initContainers=[{"name": "i", "image": f"{name}@{other.digest}"}]))
    assert not both["allowed"]
    assert "spec.initContainers[0].image: the image" in both["status"]["message"]
    assert "no [[trust]] rule is about the image docker.io/library/nginx:latest" in response(pod("nginx"))["status"]["message"]
    deployment = {"kind": "Deployment", "spec": {"template": pod(f"{name}@{other.digest}")}}
    assert "spec.template.spec.containers[0].image" in response(deployment)["status"]["message"]
    volume = {"name": "model", "image": {"reference": f"{name}@{other.digest}"}}
    assert "spec.volumes[0].image.reference" in response(pod(f"{name}@{image.digest}", volumes=[volume]))["status"]["message"]
    assert "is unknown" in response(pod("127.0.0.1:1/app@sha256:" + "0" * 64))["status"]["message"], "a registry that is away"


@pytest.mark.parametrize(
    ("place", "allowed"),
    [
        ("pvc://verified/m", True),
        ("pvc://other/m", False),
        ("hf://acme/m", False),
        ("s3://bucket/m", False),
        ("oci://127.0.0.1:1/app", False),
    ],
)
def test_a_model_must_be_verifiable_or_come_from_a_place_that_is_verified(policy: Path, place: str, allowed: bool) -> None:  # noqa: FBT001 - a table
    service = {"kind": "InferenceService", "spec": {"predictor": {"model": {"modelFormat": {"name": "huggingface"}, "storageUri": place}}}}
    said = answer(review(service), by_policy(policy_at(policy, None)))["response"]
    assert said["allowed"] is allowed
    assert allowed or said["status"]["message"].startswith("lading refuses spec.predictor.model.storageUri: ")


@pytest.mark.parametrize("webhook", [True], indirect=True, ids=["audit"])
def test_an_audit_lets_everything_in_and_warns(webhook: Server, certificate: tuple[Path, Path], capfd: pytest.CaptureFixture[str]) -> None:
    response = json.loads(posted(webhook, certificate, review(pod("nginx")))[1])["response"]
    assert response["allowed"]
    assert response["warnings"][0].startswith("lading would refuse spec.containers[0].image: no [[trust]] rule")
    line = json.loads(capfd.readouterr().err)
    assert (line["decision"], line["audit"], line["references"][0]["name"]) == ("refuse", True, "nginx")


def test_what_is_no_review_is_told_so_and_the_webhook_goes_on(webhook: Server, certificate: tuple[Path, Path]) -> None:
    for data in (b"", b"{", b"[]", b'{"kind": "Pod", "apiVersion": "v1", "request": {"uid": "1"}}'):
        status, said = posted(webhook, certificate, data)
        assert status == 400
        assert said.startswith(b"this is no admission review")
    context = ssl.create_default_context(cafile=str(certificate[0]))
    large = http.client.HTTPSConnection("127.0.0.1", webhook.server_port, context=context, timeout=20)
    large.putrequest("POST", "/admit")
    large.putheader("Content-Length", str(LARGEST + 1))
    large.endheaders()
    assert large.getresponse().status == 413
    large.close()
    plain = http.client.HTTPConnection("127.0.0.1", webhook.server_port, timeout=20)
    plain.request("GET", "/healthz")
    with pytest.raises((http.client.HTTPException, OSError)):
        plain.getresponse()
    plain.close()
    secure = http.client.HTTPSConnection("127.0.0.1", webhook.server_port, context=context, timeout=20)
    secure.request("GET", "/healthz")
    assert secure.getresponse().status == 200
    secure.close()


def test_exempt_images_and_deletions_come_in(policy: Path) -> None:
    judge = by_policy(policy_at(policy, None))
    assert answer(review(pod("registry.k8s.io/pause@sha256:" + "0" * 64)), judge)["response"]["allowed"]
    gone = json.loads(review({}))
    gone["request"] |= {"operation": "DELETE", "object": None}
    assert answer(json.dumps(gone).encode(), judge)["response"]["allowed"]


def test_references_are_found_wherever_operators_put_them() -> None:
    thing = {
        "spec": {
            "model": {"uri": "hf://acme/m"},
            "jobTemplate": {"spec": {"template": {"spec": {"containers": [{"image": "a"}, {"name": "no image"}], "ephemeralContainers": [{"image": "b"}]}}}},
            "containers": [{"name": "c", "image": "d", "env": [{"name": "STORAGE_URI", "value": "s3://m"}]}],
            "initContainers": [{"name": "storage-initializer", "image": "i", "args": ["gs://m", "/mnt/models"]}],
        }
    }  # fmt: skip
    assert {(r.text, r.is_model) for r in references(thing)} == {
        ("hf://acme/m", True), ("a", False), ("", False), ("b", False), ("d", False), ("s3://m", True), ("i", False), ("gs://m", True),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("written", "full"),
    [
        ("nginx", "docker.io/library/nginx:latest"),
        ("acme/app:v1", "docker.io/acme/app:v1"),
        ("host:5000/app", "host:5000/app:latest"),
        ("localhost/app", "localhost/app:latest"),
        ("r.example/a/b:v1@sha256:00", "r.example/a/b@sha256:00"),
    ],
)
def test_images_are_named_in_full(written: str, full: str) -> None:
    assert full_name(written) == full


JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=8), lambda inner: st.lists(inner, max_size=4) | st.dictionaries(
    st.sampled_from(["containers", "image", "reference", "model", "uri", "args", "env", "name", "storageUri", "x"]), inner, max_size=4
), max_leaves=30)  # fmt: skip


@given(JSON)
def test_any_object_is_looked_through(thing: Any) -> None:
    assert all(isinstance(r, Reference) for r in references(thing))


def test_an_object_too_deep_to_be_looked_through_is_refused() -> None:
    deep: dict[str, Any] = {}
    for _ in range(100):
        deep = {"x": deep}
    with pytest.raises(UsageError):
        list(references(deep))
    said = answer(review(deep), lambda _: "")["response"]
    assert not said["allowed"]
    assert "nested too deep" in said["status"]["message"]


def test_a_certificate_that_is_none_is_a_sentence(tmp_path: Path, policy: Path) -> None:
    (tmp_path / "tls").write_text("none")
    done = lading("admit", "--policy", str(policy), "--tls-certificate", "tls", "--tls-key", "tls", "--listen", "127.0.0.1:0", cwd=tmp_path)
    assert done.returncode == 2
    assert "no certificate with its key" in done.stderr
    wrong = lading("admit", "--policy", str(policy), "--tls-certificate", "tls", "--tls-key", "tls", "--listen", "x", cwd=tmp_path)
    assert wrong.returncode == 2
