"""A signed model and the ways in which it can be wrong, each in one way only, with the words that must name the way."""

import base64
import json
import os
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from lading.policy.rule import TrustRule
from lading.sign.files import Files
from lading.sign.model import sign_model
from lading.sign.verify import Options, Result, verify
from lading.trust import bundle, keys
from lading.trust.dsse import IN_TOTO, pre_authentication
from lading.trust.evidence import Roots
from lading.trust.keys import PrivateKey

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
FILES = {
    "config.json": b'{"hidden": 8}',
    "model.safetensors": bytes(range(256)) * ((4 << 20) // 256) + b"second chunk",
    "code/__init__.py": b"",
    "code/modeling.py": b"x = 1\n",
    "tokenizer/vocab.txt": "é\nß\n".encode(),
    "caf\u00e9.txt": b"composed",
}
KEY = keys.generate("ecdsa-p256")
STRANGER = keys.generate("ecdsa-p256")


@dataclass
class Signed:
    """A model in a folder, its signature beside it, and who is trusted."""

    model: Path
    signature: Path
    roots: Roots = field(default_factory=lambda: Roots((KEY.public,)))
    rule: TrustRule = field(default_factory=TrustRule)
    options: Options = field(default_factory=Options)

    @classmethod
    def fresh(cls, folder: Path) -> "Signed":
        """The model as it was signed, which verifies."""
        model = folder / "model"
        for name, data in FILES.items():
            (model / name).parent.mkdir(parents=True, exist_ok=True)
            (model / name).write_bytes(data)
        signed = cls(model, folder / "model.sig")
        signed.signature.write_bytes(bundle.encode(sign_model(Files(model), KEY)))
        return signed

    def verify(self) -> Result:
        """The verdict over the model as it is now."""
        return verify(self.model, [self.signature] if self.signature.exists() else [], self.roots, self.rule, NOW, self.options)

    @property
    def document(self) -> dict[str, Any]:
        """The bundle as JSON data."""
        return cast("dict[str, Any]", json.loads(self.signature.read_bytes()))

    def write(self, document: dict[str, Any]) -> None:
        """Put another bundle in the place of the signature."""
        self.signature.write_text(json.dumps(document))

    @property
    def payload(self) -> dict[str, Any]:
        """The statement as JSON data."""
        return cast("dict[str, Any]", json.loads(base64.b64decode(self.document["dsseEnvelope"]["payload"])))

    def sign(self, payload: bytes | dict[str, Any], key: PrivateKey = KEY, payload_type: str = IN_TOTO) -> None:
        """Put a bundle over another payload, rightly signed, in the place of the signature."""
        data = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        document = self.document
        document["dsseEnvelope"] = {
            "payload": base64.b64encode(data).decode(),
            "payloadType": payload_type,
            "signatures": [{"sig": base64.b64encode(key.sign(pre_authentication(payload_type, data))).decode()}],
        }
        self.write(document)


Way = Callable[[Signed], None]
WAYS: dict[str, tuple[Way, str]] = {}


def way(words: str) -> Callable[[Way], Way]:
    """Register a way of being wrong under its function's name; the verdict must contain the words."""

    def register(function: Way) -> Way:
        WAYS[function.__name__] = function, words
        return function

    return register


# --- bytes ----------------------------------------------------------------------------------------------------------


def _bytes(name: str, words: str, path: str, change: Callable[[bytes], bytes]) -> None:
    WAYS[name] = (lambda s: void((s.model / path).write_bytes(change((s.model / path).read_bytes()))), words)


def void(_: object) -> None:
    """Nothing, whatever was done."""


def _flip(data: bytes, at: int) -> bytes:
    changed = bytearray(data)
    changed[at] ^= 1
    return bytes(changed)


CHANGED = "is not as it was signed"
W = "model.safetensors"
_bytes("first_bit_flipped", CHANGED, W, lambda d: _flip(d, 0))
_bytes("last_bit_flipped", CHANGED, W, lambda d: _flip(d, -1))
_bytes("bit_flipped_in_the_second_chunk", CHANGED, W, lambda d: _flip(d, (4 << 20) + 2))
_bytes("bit_flipped_before_the_border_of_chunks", CHANGED, W, lambda d: _flip(d, (4 << 20) - 1))
_bytes("last_byte_cut_off", CHANGED, W, lambda d: d[:-1])
_bytes("second_chunk_cut_off", CHANGED, W, lambda d: d[: 4 << 20])
_bytes("byte_appended", CHANGED, W, lambda d: d + b"\0")
_bytes("emptied", CHANGED, "config.json", lambda _: b"")
_bytes("empty_file_filled", CHANGED, "code/__init__.py", lambda _: b"import os\n")
_bytes("line_ending_changed", CHANGED, "code/modeling.py", lambda d: d.replace(b"\n", b"\r\n"))
_bytes("chunks_swapped", CHANGED, W, lambda d: d[4 << 20 :] + d[: 4 << 20])


@way(CHANGED)
def two_files_swapped(s: Signed) -> None:
    a, b = s.model / "config.json", s.model / "code/modeling.py"
    one, other = a.read_bytes(), b.read_bytes()
    a.write_bytes(other)
    b.write_bytes(one)


# --- names ----------------------------------------------------------------------------------------------------------

UNSIGNED = "is there and was not signed"
MISSING = "was signed and is not there"


def _added(name: str, path: str | bytes, words: str = UNSIGNED, data: bytes = b"x") -> None:
    def add(s: Signed) -> None:
        target = s.model / os.fsdecode(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)

    WAYS[name] = add, words


_added("file_added", "modeling_extra.py")
_added("empty_file_added", "tokenizer/__init__.py", data=b"")
_added("hidden_file_added", ".pth")
_added("file_added_in_a_new_folder", "new/weights.bin")
_added("name_with_a_space_at_the_end_added", "config.json ")
_added("case_twin_added", "CONFIG.json")
_added("signature_of_another_kind_added", "model.sig.bak")
_added("name_that_is_no_text_added", b"\xff\xfe.py", "is not UTF-8")
_added("git_folder_below_the_root_added", "code/.git/hook.py")


@way(MISSING)
def file_removed(s: Signed) -> None:
    (s.model / "config.json").unlink()


@way(MISSING)
def empty_file_removed(s: Signed) -> None:
    (s.model / "code/__init__.py").unlink()


@way(MISSING)
def file_renamed(s: Signed) -> None:
    (s.model / "config.json").rename(s.model / "config2.json")


@way(MISSING)
def renamed_so_that_the_order_stays(s: Signed) -> None:
    """The root digest of the format is the same after this one."""
    (s.model / "config.json").rename(s.model / "config.jsoo")


@way(MISSING)
def case_of_a_name_changed(s: Signed) -> None:
    (s.model / "config.json").rename(s.model / "Config.json")


@way(MISSING)
def name_decomposed(s: Signed) -> None:
    (s.model / "caf\u00e9.txt").rename(s.model / "cafe\u0301.txt")


@way(MISSING)
def file_moved_into_a_folder(s: Signed) -> None:
    (s.model / "config.json").rename(s.model / "code/config.json")


@way(MISSING)
def folder_removed(s: Signed) -> None:
    (s.model / "tokenizer/vocab.txt").unlink()
    (s.model / "tokenizer").rmdir()


# --- kinds of files -------------------------------------------------------------------------------------------------


@way("is a link")
def file_replaced_by_a_link_to_a_copy(s: Signed) -> None:
    (s.model / "config.json").rename(s.model.parent / "copy.json")
    (s.model / "config.json").symlink_to(s.model.parent / "copy.json")


@way("is a link")
def folder_replaced_by_a_link_to_a_copy(s: Signed) -> None:
    (s.model / "code").rename(s.model.parent / "code")
    (s.model / "code").symlink_to(s.model.parent / "code")


@way("is a link")
def link_to_outside_added(s: Signed) -> None:
    (s.model / "passwd").symlink_to("/etc/passwd")


@way("is a link")
def link_to_nowhere_added(s: Signed) -> None:
    (s.model / "nowhere").symlink_to("missing")


@way("neither a file nor a folder")
def pipe_added(s: Signed) -> None:
    os.mkfifo(s.model / "pipe")


@way("neither a file nor a folder")
def file_replaced_by_a_pipe(s: Signed) -> None:
    (s.model / "config.json").unlink()
    os.mkfifo(s.model / "config.json")


@way("neither a file nor a folder")
def socket_added(s: Signed) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        here = Path.cwd()
        os.chdir(s.model)
        try:
            made.bind("s")
        finally:
            os.chdir(here)


@way(MISSING)
def file_replaced_by_a_folder(s: Signed) -> None:
    (s.model / "config.json").unlink()
    (s.model / "config.json").mkdir()


# --- the bundle -----------------------------------------------------------------------------------------------------


def _document(name: str, words: str, change: Callable[[dict[str, Any]], object]) -> None:
    def edit(s: Signed) -> None:
        document = s.document
        change(document)
        s.write(document)

    WAYS[name] = edit, words


def _raw(name: str, words: str, change: Callable[[bytes], bytes]) -> None:
    WAYS[name] = (lambda s: void(s.signature.write_bytes(change(s.signature.read_bytes()))), words)


def _signature(document: dict[str, Any]) -> dict[str, Any]:
    return cast("dict[str, Any]", document["dsseEnvelope"]["signatures"][0])


NOT_OVER = "is not that of the ecdsa-p256 key"


def _payload_byte(d: dict[str, Any]) -> None:
    payload = base64.b64decode(d["dsseEnvelope"]["payload"]).replace(b"config.json", b"config.jsOn")
    d["dsseEnvelope"]["payload"] = base64.b64encode(payload).decode()


def _payload_spaced(d: dict[str, Any]) -> None:
    payload = json.dumps(json.loads(base64.b64decode(d["dsseEnvelope"]["payload"])), indent=1).encode()
    d["dsseEnvelope"]["payload"] = base64.b64encode(payload).decode()


_document("payload_changed", NOT_OVER, _payload_byte)
_document("payload_spaced_otherwise", NOT_OVER, _payload_spaced)
_document("payload_type_changed", "is of type", lambda d: d["dsseEnvelope"].update(payloadType="text/plain"))
_document(
    "signature_bit_flipped",
    NOT_OVER,
    lambda d: _signature(d).update(sig=base64.b64encode(_flip(base64.b64decode(_signature(d)["sig"]), 9)).decode()),
)
_document("signature_empty", NOT_OVER, lambda d: _signature(d).update(sig=""))
_document("signature_not_base64", "is not base64", lambda d: _signature(d).update(sig="*" * 8))
_document("signature_with_a_line_break", "is not base64", lambda d: _signature(d).update(sig=_signature(d)["sig"] + "\n"))
_document("signature_spelt_otherwise", "another spelling", lambda d: _signature(d).update(sig="QUJDRB=="))
_document("no_signature", "has no signature", lambda d: d["dsseEnvelope"].update(signatures=[]))
_document("two_signatures", "must have one", lambda d: d["dsseEnvelope"]["signatures"].append(dict(_signature(d))))
_document("payload_missing", "payload", lambda d: d["dsseEnvelope"].pop("payload"))
_document("payload_a_number", "payload", lambda d: d["dsseEnvelope"].update(payload=1))
_document("unknown_field_in_the_envelope", "unknown field", lambda d: d["dsseEnvelope"].update(extra=1))
_document("unknown_field_in_the_bundle", "unknown field", lambda d: d.update(messageSignature={}))
_document("media_type_of_another_version", "media type", lambda d: d.update(mediaType="application/vnd.dev.sigstore.bundle.v9+json"))
_document("no_material", "must hold one of", lambda d: d["verificationMaterial"].pop("publicKey"))
_document(
    "two_kinds_of_material", "must hold one of", lambda d: d["verificationMaterial"].update(x509CertificateChain={"certificates": []})
)
_document("material_missing", "verificationMaterial", lambda d: d.pop("verificationMaterial"))
_raw("cut_off", "is not JSON", lambda b: b[: len(b) // 2])
_raw("empty_signature_file", "is not JSON", lambda _: b"")
_raw("not_unicode", "is not Unicode", lambda b: b.replace(b"mediaType", b"media\xffype"))
_raw("key_there_twice", "is there twice", lambda b: b.replace(b'{"mediaType"', b'{"mediaType":"x","mediaType"', 1))
_raw("nested_too_deep", "JSON", lambda _: b"[" * 200_000)
_raw("a_list", "is not as it must be", lambda _: b"[]")
_raw("number_that_is_none", "no number", lambda b: b.replace(b'"tlogEntries":[]', b'"tlogEntries":NaN'))
_raw("number_of_many_digits", "digits", lambda b: b.replace(b'"tlogEntries":[]', b'"tlogEntries":' + b"9" * 5000))


@way("none of the 1 trusted ones")
def signed_by_a_stranger(s: Signed) -> None:
    s.signature.write_bytes(bundle.encode(sign_model(Files(s.model), STRANGER)))


@way(NOT_OVER)
def signed_by_a_stranger_who_names_the_trusted_key(s: Signed) -> None:
    hint = s.document["verificationMaterial"]["publicKey"]["hint"]
    signed_by_a_stranger(s)
    document = s.document
    document["verificationMaterial"]["publicKey"]["hint"] = hint
    s.write(document)


@way(NOT_OVER)
def signature_of_another_model(s: Signed) -> None:
    other = s.model.parent / "other"
    other.mkdir()
    (other / "a").write_bytes(b"a")
    document = s.document
    document["dsseEnvelope"]["signatures"] = json.loads(bundle.encode(sign_model(Files(other), KEY)))["dsseEnvelope"]["signatures"]
    s.write(document)


@way("is not as it was signed")
def whole_bundle_of_an_earlier_version(s: Signed) -> None:
    (s.model / "config.json").write_bytes(b"newer")


# --- statements that the trusted key has signed, and that contradict themselves or the format ----------------------------


def _statement(name: str, words: str, change: Callable[[dict[str, Any]], object]) -> None:
    def edit(s: Signed) -> None:
        payload = s.payload
        change(payload)
        s.sign(payload)

    WAYS[name] = edit, words


def _first(p: dict[str, Any]) -> dict[str, Any]:
    return cast("dict[str, Any]", p["predicate"]["resources"][0])


def _settings(p: dict[str, Any]) -> dict[str, Any]:
    return cast("dict[str, Any]", p["predicate"]["serialization"])


def _index(p: dict[str, Any]) -> dict[str, Any]:
    return cast("dict[str, Any]", next(r for r in p["predicate"]["resources"] if r["name"] == W)["annotations"]["lading:chunks"])


def _shards(p: dict[str, Any], *names: str, size: float = 10) -> None:
    digest = p["predicate"]["resources"][0]["digest"]
    _settings(p).update(method="shards", shard_size=size)
    p["predicate"]["resources"] = [{"name": n, "algorithm": "sha256", "digest": digest} for n in names]


_statement("statement_of_another_type", "is of type", lambda p: p.update(_type="https://in-toto.io/Statement/v0.1"))
_statement(
    "predicate_of_another_type", "is neither a signature nor a provenance", lambda p: p.update(predicateType="https://acme.test/other/v1")
)
_statement("predicate_of_the_legacy_type", "no model signature", lambda p: p.update(predicateType="https://model_signing/Digests/v0.1"))
_statement("no_subject", "no subject", lambda p: p.update(subject=[]))
_statement("two_subjects", "has one subject", lambda p: p["subject"].append(p["subject"][0]))
_statement("subject_without_sha256", "contradicts itself", lambda p: p["subject"][0].update(digest={"sha512": "00"}))
_statement("subject_without_digest", "has no digest", lambda p: p["subject"][0].update(digest={}))
_statement("root_digest_of_another_model", "its root digest", lambda p: p["subject"][0]["digest"].update(sha256="00" * 32))
_statement("root_digest_in_capitals", "lower-case", lambda p: p["subject"][0]["digest"].update(sha256="AB" * 32))
_statement(
    "manifest_digest_of_other_names", "its manifest digest", lambda p: p["subject"][0].update(annotations={"lading:manifest": "sha256:00"})
)
_statement(
    "names_exchanged_in_the_manifest",
    "contradicts itself",
    lambda p: [r.update(name=n) for r, n in zip(p["predicate"]["resources"], "ab", strict=False)],
)
_statement("digest_too_short", "is no sha256", lambda p: _first(p).update(digest="00"))
_statement("digest_in_capitals", "is no sha256", lambda p: _first(p).update(digest="AB" * 32))
_statement("file_hashed_otherwise_than_said", "the signature says", lambda p: _first(p).update(algorithm="blake3"))
_statement("hash_that_is_broken", "none of sha256", lambda p: _settings(p).update(hash_type="md5"))
_statement("file_named_twice", "twice", lambda p: p["predicate"]["resources"].append(dict(_first(p))))
_statement("absolute_path", "no path within", lambda p: _first(p).update(name="/etc/passwd"))
_statement("path_upwards", "no path within", lambda p: _first(p).update(name="../other"))
_statement("path_upwards_within", "no path within", lambda p: _first(p).update(name="a/../../b"))
_statement("path_with_an_empty_part", "no path within", lambda p: _first(p).update(name="a//b"))
_statement("path_empty", "no path within", lambda p: _first(p).update(name=""))
_statement("path_with_nul", "no path within", lambda p: _first(p).update(name="a\0b"))
_statement("everything_ignored_by_a_pattern", "no plain path", lambda p: _settings(p).update(ignore_paths=["*"]))
_statement("ignored_absolute_path", "no plain path", lambda p: _settings(p).update(ignore_paths=["/"]))
_statement("ignored_path_upwards", "no plain path", lambda p: _settings(p).update(ignore_paths=["../x"]))
_statement("root_itself_ignored", "no plain path", lambda p: _settings(p).update(ignore_paths=["."]))
_statement("serialization_of_another_method", "Invalid enum value", lambda p: _settings(p).update(method="digests"))
_statement("unknown_setting", "unknown field", lambda p: _settings(p).update(follow_mounts=True))
_statement("links_allowed_in_words", "allow_symlinks", lambda p: _settings(p).update(allow_symlinks="false"))
_statement("resources_missing", "resources", lambda p: p["predicate"].pop("resources"))
_statement("shards_of_a_fraction", "are no shards", lambda p: _shards(p, "config.json:0:13", size=10.5))
_statement("shards_of_no_size", "are no shards", lambda p: _shards(p, "config.json:0:13", size=0))
_statement("shard_without_a_range", "is no shard", lambda p: _shards(p, "config.json"))
_statement("shard_that_ends_before_it_starts", "is no shard", lambda p: _shards(p, "config.json:10:5"))
_statement("gap_between_shards", "side by side", lambda p: _shards(p, "config.json:0:5", "config.json:6:13"))
_statement("shards_that_overlap", "side by side", lambda p: _shards(p, "config.json:0:6", "config.json:5:13"))
_statement("first_shard_missing", "are not signed", lambda p: _shards(p, "config.json:5:13"))
_statement("index_of_another_algorithm", "chunk index", lambda p: _index(p).update(algorithm="md5"))
_statement("index_of_another_length", "does not fit", lambda p: _index(p).update(length=5))
_statement("index_of_tiny_chunks", "does not fit", lambda p: _index(p).update(size=1))
_statement("index_cut_off", "does not fit", lambda p: _index(p).update(digests=base64.b64encode(bytes(32)).decode()))
_statement("index_of_other_content", CHANGED, lambda p: _index(p).update(digests=base64.b64encode(bytes(64)).decode()))


def _payload(name: str, words: str, change: Callable[[bytes], bytes]) -> None:
    WAYS[name] = (lambda s: s.sign(change(json.dumps(s.payload).encode())), words)


_payload("statement_with_a_key_twice", "is there twice", lambda b: b.replace(b'"_type"', b'"_type": "x", "_type"', 1))
_payload("statement_with_half_a_character", "not Unicode", lambda b: b.replace(b"config.json", b"config\\ud800", 1))
_payload("statement_with_infinity", "no number", lambda b: b.replace(b'"allow_symlinks": false', b'"allow_symlinks": Infinity', 1))
_payload("statement_that_is_a_text", "is not as it must be", lambda _: b'"statement"')
_payload("statement_cut_off", "is not JSON", lambda b: b[:-1])
_payload("statement_after_which_more_follows", "is not JSON", lambda b: b + b"{}")


# --- certificates ---------------------------------------------------------------------------------------------------


@dataclass
class Authority:
    """A certificate with its key, which may certify others."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def certify(  # noqa: PLR0913 - one for each thing that can be wrong
    name: str,
    issuer: Authority | None,
    *,
    ca: bool = False,
    path_length: int | None = None,
    days: tuple[int, int] = (-10, 10),
    usage: x509.KeyUsage | None = None,
    extended: list[x509.ObjectIdentifier] | None = None,
    extra: x509.ExtensionType | None = None,
    alternative: bool = True,
) -> Authority:
    """A new certificate: of an authority with `ca`, else of a signer of code named by e-mail address."""
    key = ec.generate_private_key(ec.SECP256R1())
    builder = (
        x509.CertificateBuilder()
        .subject_name(_named(name))
        .issuer_name(issuer.certificate.subject if issuer else _named(name))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW + timedelta(days=days[0]))
        .not_valid_after(NOW + timedelta(days=days[1]))
    )
    if ca:
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=path_length), critical=True)
    else:
        if alternative:
            builder = builder.add_extension(x509.SubjectAlternativeName([x509.RFC822Name(name)]), critical=False)
        builder = builder.add_extension(x509.ExtendedKeyUsage(extended or [ExtendedKeyUsageOID.CODE_SIGNING]), critical=False)
    builder = builder.add_extension(usage or _usage(sign=not ca, certify=ca), critical=True)
    if extra:
        builder = builder.add_extension(extra, critical=True)
    return Authority(builder.sign(issuer.key if issuer else key, hashes.SHA256()), key)


def _usage(*, sign: bool = False, certify: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=sign, key_cert_sign=certify, crl_sign=certify, content_commitment=False, key_encipherment=False,
        data_encipherment=False, key_agreement=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip


ROOT = certify("root", None, ca=True)
MIDDLE = certify("middle", ROOT, ca=True)
LEAF = certify("release@acme.test", MIDDLE)


def certified(s: Signed, leaf: Authority, *between: Authority, key: ec.EllipticCurvePrivateKey | None = None) -> None:
    """Sign the model by a certificate, the root being trusted."""
    made = sign_model(Files(s.model), PrivateKey(leaf.key), [leaf.certificate, *(b.certificate for b in between)])
    s.signature.write_bytes(bundle.encode(made))
    if key is not None:
        payload, document = base64.b64decode(s.document["dsseEnvelope"]["payload"]), s.document
        signature = PrivateKey(key).sign(pre_authentication(IN_TOTO, payload))
        document["dsseEnvelope"]["signatures"] = [{"sig": base64.b64encode(signature).decode()}]
        s.write(document)
    s.roots = Roots(certificates=(ROOT.certificate,))


def _certificate(name: str, words: str, *chain: Callable[[], Authority]) -> None:
    WAYS[name] = (lambda s: certified(s, *(c() for c in chain)), words)


_certificate("certificate_expired", "expired", lambda: certify("a@acme.test", MIDDLE, days=(-10, -1)), lambda: MIDDLE)
_certificate("certificate_not_yet_valid", "valid only from", lambda: certify("a@acme.test", MIDDLE, days=(1, 10)), lambda: MIDDLE)
_certificate(
    "certificate_for_servers",
    "not for code signing",
    lambda: certify("a@acme.test", MIDDLE, extended=[ExtendedKeyUsageOID.SERVER_AUTH]),
    lambda: MIDDLE,
)
_certificate(
    "certificate_not_for_signatures", "keyUsage", lambda: certify("a@acme.test", MIDDLE, usage=_usage(certify=True)), lambda: MIDDLE
)
_certificate("certificate_of_an_unknown_authority", "leads to none", lambda: certify("a@acme.test", certify("other", None, ca=True)))
_certificate("certificate_that_signed_itself", "leads to none", lambda: certify("a@acme.test", None))
_certificate("certificate_between_missing", "leads to none", lambda: LEAF)
_certificate(
    "certificate_of_an_authority_with_the_same_name", "leads to none", lambda: certify("a@acme.test", certify("root", None, ca=True))
)
_certificate(
    "certificate_with_an_unknown_critical_extension",
    "not understood",
    lambda: certify("a@acme.test", MIDDLE, extra=x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00")),
    lambda: MIDDLE,
)


def _through(name: str, words: str, make: Callable[[], Authority]) -> None:
    """A leaf of a new authority between."""

    def sign(s: Signed) -> None:
        between = make()
        certified(s, certify("a@acme.test", between), between)

    WAYS[name] = sign, words


_through("authority_between_expired", "expired", lambda: certify("between", ROOT, ca=True, days=(-10, -1)))
_through("authority_between_is_none", "leads to none", lambda: certify("between@acme.test", ROOT))
_through("authority_between_may_not_certify", "leads to none", lambda: certify("between", ROOT, ca=True, usage=_usage(sign=True)))


@way("leads to none")
def more_authorities_between_than_allowed(s: Signed) -> None:
    above = certify("above", ROOT, ca=True, path_length=0)
    below = certify("below", above, ca=True)
    certified(s, certify("a@acme.test", below), below, above)


@way(NOT_OVER)
def signed_by_another_key_than_the_certified(s: Signed) -> None:
    certified(s, LEAF, MIDDLE, key=ec.generate_private_key(ec.SECP256R1()))


@way("is not one of")
def certificate_of_another_identity(s: Signed) -> None:
    certified(s, certify("ci@acme.test", MIDDLE), MIDDLE)
    s.rule = TrustRule(identities=("release@*",))


@way("is not one of")
def certificate_that_hides_an_identity_in_its_subject(s: Signed) -> None:
    """Without alternative names the subject is one name, whatever commas stand in it."""
    certified(s, certify("x, release@acme.test", MIDDLE, alternative=False), MIDDLE)
    s.rule = TrustRule(identities=("release@*",))


def _revocations(issuer: Authority, *revoked: Authority, next_days: int = 5, by: Authority | None = None) -> x509.CertificateRevocationList:
    builder = x509.CertificateRevocationListBuilder().issuer_name(issuer.certificate.subject)
    builder = builder.last_update(NOW - timedelta(days=6)).next_update(NOW + timedelta(days=next_days))
    for one in revoked:
        entry = (
            x509.RevokedCertificateBuilder().serial_number(one.certificate.serial_number).revocation_date(NOW - timedelta(days=1)).build()
        )
        builder = builder.add_revoked_certificate(entry)
    return builder.sign((by or issuer).key, hashes.SHA256())


def _revoked(name: str, words: str, make: Callable[[], x509.CertificateRevocationList]) -> None:
    def sign(s: Signed) -> None:
        certified(s, LEAF, MIDDLE)
        s.roots = Roots(certificates=(ROOT.certificate,), revocations=(make(),))

    WAYS[name] = sign, words


_revoked("certificate_revoked", "was revoked", lambda: _revocations(MIDDLE, LEAF))
_revoked("authority_between_revoked", "was revoked", lambda: _revocations(ROOT, MIDDLE))
_revoked("revocation_list_out_of_date", "out of date", lambda: _revocations(MIDDLE, next_days=-1))
_revoked("revocation_list_forged", "is not signed by that authority", lambda: _revocations(MIDDLE, by=ROOT))


# --- policy ---------------------------------------------------------------------------------------------------------


@way("1 of 2 signers")
def fewer_signers_than_needed(s: Signed) -> None:
    s.rule = TrustRule(threshold=2)
