"""Images signed in each layout of cosign verify; one wrong in one way is refused; what is there is judged as a union."""

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lading.core.digest import Digest
from lading.core.errors import LadingError, UsageError
from lading.core.verdict import Answer
from lading.policy.rule import TrustRule
from lading.sign.image import How, sign_image, verify_image
from lading.sign.layout import Layout
from lading.sign.model import sign
from lading.sign.oci import empty, layers_of
from lading.trust import bundle, keys
from lading.trust.certificates import load_certificates
from lading.trust.evidence import Roots
from lading.trust.predicates import NAMES
from lading.trust.statement import Resource, Statement
from tampering import KEY, LEAF, MIDDLE, NOW, ROOT, STRANGER
from test_cli import lading

ROOTS = Roots((KEY.public,))
LAYOUTS: list[How] = ["bundle", "referrer", "tag"]


def make(folder: Path, content: bytes = b"layer", tag: str = "v1") -> Layout:
    """An OCI layout with one image of one layer."""
    (folder / "blobs" / "sha256").mkdir(parents=True)
    (folder / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
    (folder / "index.json").write_text('{"schemaVersion": 2, "manifests": []}')
    layout = Layout(folder)
    config = json.dumps(
        {"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": [str(Digest.of_bytes(content))]}}
    ).encode()
    layout.attach(
        {
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": str(layout.put(config)), "size": len(config)},
            "layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar", "digest": str(layout.put(content)), "size": len(content)}],
        },
        tag,
    )
    return layout


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return make(tmp_path / "image")


def answer(layout: Layout, roots: Roots = ROOTS, rule: TrustRule | None = None) -> Answer:
    return verify_image(layout, layout.image("v1"), roots, rule or TrustRule(), NOW).verdict.answer


@pytest.mark.parametrize("how", LAYOUTS)
@pytest.mark.parametrize("algorithm", ["ecdsa-p256", "ecdsa-p384", "ed25519", "rsa-pss-3072"])
def test_an_image_signed_in_any_layout_by_any_key_is_allowed(layout: Layout, how: How, algorithm: str) -> None:
    key = keys.generate(algorithm)
    sign_image(layout, layout.image("v1"), key, how, "registry.acme.test/app:v1")
    assert answer(layout, Roots((key.public,))) is Answer.ALLOW
    assert answer(layout, Roots((STRANGER.public,))) is Answer.REFUSE
    assert answer(layout, Roots()) is Answer.UNKNOWN


def test_all_layouts_are_looked_at_and_each_signer_counts_once(layout: Layout) -> None:
    for how, key in (("tag", KEY), ("tag", STRANGER), ("bundle", KEY)):
        sign_image(layout, layout.image("v1"), key, how)  # type: ignore[arg-type]
    result = verify_image(layout, layout.image("v1"), Roots((KEY.public, STRANGER.public)), TrustRule(threshold=2), NOW)
    assert result.verdict.answer is Answer.ALLOW
    assert len(result.claims) == 3
    assert answer(layout, Roots((KEY.public, STRANGER.public)), TrustRule(threshold=3)) is Answer.REFUSE


def test_a_verification_summary_beside_does_not_hide_the_signature_by_tag(layout: Layout) -> None:
    sign_image(layout, layout.image("v1"), KEY, "tag")
    image = layout.image("v1").digest
    made = sign(Statement((Resource(digest={"sha256": image.hex}),), NAMES["vsa"], {"verificationResult": "PASSED"}), STRANGER)
    _attach(layout, bundle.MEDIA_TYPE, bundle.encode(made))
    assert answer(layout) is Answer.ALLOW
    assert answer(layout, rule=TrustRule(predicates=("vsa",))) is Answer.UNKNOWN
    assert answer(layout, Roots((KEY.public, STRANGER.public)), TrustRule(predicates=("vsa",))) is Answer.ALLOW


def test_an_image_signed_by_a_certificate_in_the_annotations_is_allowed(layout: Layout) -> None:
    payload = json.dumps(
        {
            "critical": {
                "identity": {"docker-reference": "x"},
                "image": {"docker-manifest-digest": str(layout.image("v1").digest)},
                "type": "cosign container image signature",
            }
        }
    ).encode()
    annotations = {
        "dev.cosignproject.cosign/signature": base64.b64encode(keys.PrivateKey(LEAF.key).sign_sha256(payload)).decode(),
        "dev.sigstore.cosign/certificate": _pem(LEAF.certificate),
        "dev.sigstore.cosign/chain": _pem(MIDDLE.certificate),
    }
    _attach(layout, "application/vnd.dev.cosign.simplesigning.v1+json", payload, annotations)
    assert answer(layout, Roots(certificates=(ROOT.certificate,))) is Answer.ALLOW
    assert answer(layout, Roots(certificates=(ROOT.certificate,)), TrustRule(identities=("ci@*",))) is Answer.REFUSE
    assert answer(layout) is Answer.UNKNOWN


def _pem(certificate: Any) -> str:
    from cryptography.hazmat.primitives.serialization import Encoding  # noqa: PLC0415 - here only

    text: str = certificate.public_bytes(Encoding.PEM).decode()
    assert load_certificates(text.encode(), "it")
    return text


def _attach(layout: Layout, media_type: str, data: bytes, annotations: dict[str, str] | None = None) -> None:
    """A referrer of the image with one layer."""
    image = layout.image("v1")
    layer = {"mediaType": media_type, "digest": str(layout.put(data)), "size": len(data), "annotations": annotations or {}}
    subject = {"mediaType": image.media_type, "digest": str(image.digest), "size": image.size}
    layout.attach({"schemaVersion": 2, "config": empty(layout), "layers": [layer], "subject": subject})


# --- wrong in one way -----------------------------------------------------------------------------------------------


def _of_another_image(layout: Layout) -> None:
    """The signature of another image under the name that belongs to this one."""
    other = make(layout.folder.parent / "other", b"other")
    sign_image(other, other.image("v1"), KEY, "tag")
    (_, manifest), *_ = other.attached(other.image("v1").digest)
    assert isinstance(manifest, dict)
    for layer in layers_of(manifest):
        layout.put(other.blob(layer.digest))
    empty(layout)
    layout.attach(manifest, f"sha256-{layout.image('v1').digest.hex}.sig")


def _payload(change: Callable[[dict[str, Any]], object]) -> Callable[[Layout], None]:
    def spoil(layout: Layout) -> None:
        payload = {
            "critical": {
                "identity": {},
                "image": {"docker-manifest-digest": str(layout.image("v1").digest)},
                "type": "cosign container image signature",
            }
        }
        change(payload)
        data = json.dumps(payload).encode()
        signature = base64.b64encode(KEY.sign_sha256(data)).decode()
        _attach(layout, "application/vnd.dev.cosign.simplesigning.v1+json", data, {"dev.cosignproject.cosign/signature": signature})

    return spoil


def _statement_about_another(layout: Layout) -> None:
    made = sign(Statement((Resource(digest={"sha256": "00" * 32}),), NAMES["bare-signature"]), KEY)
    _attach(layout, bundle.MEDIA_TYPE, bundle.encode(made))


def _blob_changed(layout: Layout) -> None:
    sign_image(layout, layout.image("v1"), KEY, "bundle")
    (_, manifest), *_ = layout.attached(layout.image("v1").digest)
    assert isinstance(manifest, dict)
    (layer,) = layers_of(manifest)
    (layout.folder / "blobs" / "sha256" / layer.digest.hex).write_bytes(b"{}")


def _signature_of(text: str) -> Callable[[Layout], None]:
    def spoil(layout: Layout) -> None:
        _attach(layout, "application/vnd.dev.cosign.simplesigning.v1+json", b"{}", {"dev.cosignproject.cosign/signature": text})

    return spoil


def _image_changed(layout: Layout) -> None:
    image = layout.image("v1").digest
    sign_image(layout, layout.image("v1"), KEY, "tag")
    (layout.folder / "blobs" / "sha256" / image.hex).write_bytes(b'{"schemaVersion": 2}')


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (_of_another_image, "is of another image"),
        (_payload(lambda p: p["critical"].update(type="atomic container signature")), "no signature of an image"),
        (_payload(lambda p: p["critical"]["image"].update({"docker-manifest-digest": "sha256:00"})), "is of another image"),
        (_payload(lambda p: p["critical"].pop("image")), "image"),
        (_payload(lambda p: p.pop("critical")), "critical"),
        (_statement_about_another, "about another image"),
        (_blob_changed, "other bytes than its name says"),
        (_signature_of(""), "is not that of"),
        (_signature_of("%%%"), "is not base64"),
    ],
)
def test_an_image_whose_signature_is_wrong_in_one_way_is_refused(layout: Layout, spoil: Callable[[Layout], None], words: str) -> None:
    spoil(layout)
    result = verify_image(layout, layout.image("v1"), ROOTS, TrustRule(), NOW)
    assert result.verdict.answer is Answer.REFUSE, result
    assert words in " ".join(result.verdict.reasons)


def test_an_image_whose_own_manifest_was_changed_is_refused(layout: Layout) -> None:
    image = layout.image("v1")
    _image_changed(layout)
    result = verify_image(layout, image, ROOTS, TrustRule(), NOW)
    assert result.verdict.answer is Answer.REFUSE


def test_a_moved_tag_is_another_image(layout: Layout) -> None:
    sign_image(layout, layout.image("v1"), KEY, "bundle")
    other = make(layout.folder.parent / "other", b"other")
    manifest = json.loads(other.blob(other.image("v1").digest))
    for blob in (manifest["config"], *manifest["layers"]):
        layout.put(other.blob(Digest.parse(blob["digest"])))
    layout.attach(manifest, "v1")
    assert answer(layout) is Answer.UNKNOWN


@pytest.mark.parametrize(
    "index", ["[]", "{}", '{"manifests": [1]}', '{"manifests": [{"digest": "x"}]}', "{", '{"manifests": [{"digest": "sha256:00"}]}']
)
def test_a_layout_that_is_none_is_said_to_be_none(layout: Layout, index: str) -> None:
    (layout.folder / "index.json").write_text(index)
    with pytest.raises(LadingError):
        answer(layout)


def test_what_is_no_layout_or_has_no_such_tag_is_told_with_what_there_is(layout: Layout, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no OCI image layout"):
        Layout(tmp_path)
    with pytest.raises(UsageError) as told:
        layout.image("v2")
    assert "v1" in told.value.hint


@given(st.binary(max_size=120))
@settings(max_examples=60, deadline=None)
def test_arbitrary_bytes_as_a_signature_open_nothing(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    layout = make(tmp_path_factory.mktemp("fuzz") / "image")
    for media_type in ("application/vnd.dev.cosign.simplesigning.v1+json", "application/vnd.dsse.envelope.v1+json", bundle.MEDIA_TYPE):
        _attach(layout, media_type, data)
    assert answer(layout) is Answer.REFUSE


@pytest.mark.usefixtures("layout")
def test_the_command_line_signs_and_verifies_an_image(tmp_path: Path) -> None:
    (tmp_path / "k").write_bytes(KEY.pem())
    (tmp_path / "k.pub").write_bytes(KEY.public.pem)
    assert lading("verify", "oci:image:v1", "--key", "k.pub", cwd=tmp_path).returncode == 4
    for how in LAYOUTS:
        assert lading("sign", "oci:image:v1", "--key", "k", "--as", how, cwd=tmp_path).returncode == 0
        assert lading("verify", "oci:image:v1", "--key", "k.pub", cwd=tmp_path).returncode == 0


def test_a_statement_is_attached_to_an_image_and_may_be_asked_for(tmp_path: Path) -> None:
    make(tmp_path / "image")
    (tmp_path / "k").write_bytes(KEY.pem())
    (tmp_path / "k.pub").write_bytes(KEY.public.pem)
    (tmp_path / "vex.json").write_text('{"statements": []}')
    (tmp_path / "lading.toml").write_text('[[trust]]\nkeys = ["k.pub"]\npredicates = ["vex"]\nmax_age = "1h"\n')
    assert lading("sign", "oci:image:v1", "--key", "k", cwd=tmp_path).returncode == 0
    assert lading("verify", "oci:image:v1", cwd=tmp_path).returncode == 4
    (tmp_path / "vex.json").write_text(json.dumps({"statements": [], "timestamp": datetime.now(UTC).isoformat()}))
    assert lading("attest", "vex", "oci:image:v1", "--predicate", "vex.json", "--key", "k", cwd=tmp_path).returncode == 0
    assert lading("verify", "oci:image:v1", cwd=tmp_path).returncode == 0
    assert "by key" in lading("why", "oci:image:v1", cwd=tmp_path).stdout
