"""A Sigstore instance without a network: an authority that certifies identities, a certificate log, a transparency log.

It speaks the recorded formats (RFC 6962 certificate timestamps, Rekor dsse 0.0.1 entries, signed notes); sigstore-python judges them.
"""

import base64
import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from lading.trust.dsse import IN_TOTO, pre_authentication
from lading.trust.statement import Statement, encode

SHA = ec.ECDSA(hashes.SHA256())


def _spki(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


class Instance:
    """The keys of an instance, the root that a verifier needs, and bundles signed with it."""

    def __init__(self) -> None:
        self.authority_key, self.certificate_log, self.log = (ec.generate_private_key(ec.SECP256R1()) for _ in range(3))
        self.now = datetime.now(UTC).replace(microsecond=0)
        self.entries: list[bytes] = []
        name = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "acme"), x509.NameAttribute(NameOID.COMMON_NAME, "identities")])
        self.authority = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(self.authority_key.public_key())
            .serial_number(1)
            .not_valid_before(self.now - timedelta(days=1))
            .not_valid_after(self.now + timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(certify=True), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(self.authority_key.public_key()), critical=False)
            .sign(self.authority_key, hashes.SHA256())
        )

    def root(self, path: Path) -> Path:
        """Write the trusted_root.json of this instance."""
        path.write_text(json.dumps(self.trusted()))
        return path

    def trusted(self) -> dict[str, Any]:
        """What a verifier trusts."""
        start = (self.now - timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")

        def log(key: ec.EllipticCurvePrivateKey, url: str) -> dict[str, Any]:
            public = {"rawBytes": _b64(_spki(key)), "keyDetails": "PKIX_ECDSA_P256_SHA_256", "validFor": {"start": start}}
            identity = {"keyId": _b64(hashlib.sha256(_spki(key)).digest())}
            return {"baseUrl": url, "hashAlgorithm": "SHA2_256", "publicKey": public, "logId": identity}

        authority = {
            "subject": {"organization": "acme", "commonName": "identities"},
            "uri": "https://identities.acme.test",
            "certChain": {"certificates": [{"rawBytes": _b64(self.authority.public_bytes(Encoding.DER))}]},
            "validFor": {"start": start},
        }
        return {
            "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
            "tlogs": [log(self.log, "https://log.acme.test")],
            "certificateAuthorities": [authority],
            "ctlogs": [log(self.certificate_log, "https://certificates.acme.test")],
            "timestampAuthorities": [],
        }

    def sign(self, made: Statement, name: str, issuer: str, change: Callable[[dict[str, Any]], object] = lambda _: None) -> bytes:
        """A bundle of a statement, signed by an identity; `change` may spoil it."""
        key = ec.generate_private_key(ec.SECP256R1())
        leaf = self.certified(key.public_key(), name, issuer)
        payload = encode(made)
        signature = key.sign(pre_authentication(IN_TOTO, payload), SHA)
        envelope = {"payload": _b64(payload), "payloadType": IN_TOTO, "signatures": [{"sig": _b64(signature), "keyid": ""}]}
        bundle = {
            "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
            "verificationMaterial": {
                "certificate": {"rawBytes": _b64(leaf.public_bytes(Encoding.DER))},
                "tlogEntries": [self.logged(self.body(envelope, leaf))],
            },
            "dsseEnvelope": envelope,
        }
        change(bundle)
        return json.dumps(bundle).encode()

    def certified(self, key: Any, name: str, issuer: str) -> x509.Certificate:
        """The certificate of an identity, for minutes, with the timestamp of the certificate log in it."""
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([]))
            .issuer_name(self.authority.subject)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(self.now - timedelta(minutes=5))
            .not_valid_after(self.now + timedelta(minutes=5))
            .add_extension(_usage(certify=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING]), critical=False)
            .add_extension(x509.SubjectAlternativeName([x509.RFC822Name(name)]), critical=True)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.authority_key.public_key()), critical=False)
            .add_extension(_issuer("1.3.6.1.4.1.57264.1.1", issuer.encode()), critical=False)
            .add_extension(_issuer("1.3.6.1.4.1.57264.1.8", b"\x0c" + bytes([len(issuer)]) + issuer.encode()), critical=False)
        )
        bare = builder.sign(self.authority_key, hashes.SHA256()).tbs_certificate_bytes
        timestamp = int(self.now.timestamp() * 1000).to_bytes(8, "big")
        issuer_key = hashlib.sha256(_spki(self.authority_key)).digest()
        signed = b"\0\0" + timestamp + b"\0\1" + issuer_key + len(bare).to_bytes(3, "big") + bare + b"\0\0"
        signature = self.certificate_log.sign(signed, SHA)
        log_id = hashlib.sha256(_spki(self.certificate_log)).digest()
        entry = b"\0" + log_id + timestamp + b"\0\0" + b"\4\3" + len(signature).to_bytes(2, "big") + signature
        entries = len(entry).to_bytes(2, "big") + entry
        listed = len(entries).to_bytes(2, "big") + entries
        octets = b"\x04" + (bytes([len(listed)]) if len(listed) < 128 else b"\x81" + bytes([len(listed)])) + listed
        timestamps = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.11129.2.4.2"), octets)
        return builder.add_extension(timestamps, critical=False).sign(self.authority_key, hashes.SHA256())

    def body(self, envelope: dict[str, Any], leaf: x509.Certificate, raw: str = "") -> bytes:
        """What the transparency log records of an envelope (Rekor dsse 0.0.1)."""
        raw = raw or json.dumps(envelope)
        signature = {"signature": envelope["signatures"][0]["sig"], "verifier": _b64(leaf.public_bytes(Encoding.PEM))}
        spec = {
            "envelopeHash": {"algorithm": "sha256", "value": hashlib.sha256(raw.encode()).hexdigest()},
            "payloadHash": {"algorithm": "sha256", "value": hashlib.sha256(base64.b64decode(envelope["payload"])).hexdigest()},
            "signatures": [signature],
        }
        return _canonical({"apiVersion": "0.0.1", "kind": "dsse", "spec": spec})

    def logged(self, body: bytes, kind: str = "dsse", version: str = "0.0.1") -> dict[str, Any]:
        """The entry of the transparency log: promise, proof and checkpoint of the log that ends with this entry."""
        self.entries.append(body)
        number, size = len(self.entries) - 1, len(self.entries)
        log_id = hashlib.sha256(_spki(self.log)).digest()
        at = int(self.now.timestamp())
        promised = _canonical({"body": _b64(body), "integratedTime": at, "logID": log_id.hex(), "logIndex": number})
        root = _tree(self.entries)
        note = f"log.acme.test\n{size}\n{_b64(root)}\n"
        signed_note = f"{note}\n\u2014 log.acme.test {_b64(log_id[:4] + self.log.sign(note.encode(), SHA))}\n"
        hashes = [_b64(h) for h in _path(number, self.entries)]
        proof = {
            "logIndex": str(number), "rootHash": _b64(root), "treeSize": str(size), "hashes": hashes, "checkpoint": {"envelope": signed_note},
        }  # fmt: skip
        return {
            "logIndex": str(number),
            "logId": {"keyId": _b64(log_id)},
            "kindVersion": {"kind": kind, "version": version},
            "integratedTime": str(at),
            "inclusionPromise": {"signedEntryTimestamp": _b64(self.log.sign(promised, SHA))},
            "inclusionProof": proof,
            "canonicalizedBody": _b64(body),
        }


def _canonical(value: dict[str, Any]) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def _tree(leaves: list[bytes]) -> bytes:
    """The root of a Merkle tree, as RFC 6962 defines it."""
    if len(leaves) == 1:
        return hashlib.sha256(b"\0" + leaves[0]).digest()
    half = _half(leaves)
    return hashlib.sha256(b"\1" + _tree(leaves[:half]) + _tree(leaves[half:])).digest()


def _path(number: int, leaves: list[bytes]) -> list[bytes]:
    """The audit path of a leaf, as RFC 6962 defines it."""
    if len(leaves) == 1:
        return []
    half = _half(leaves)
    if number < half:
        return [*_path(number, leaves[:half]), _tree(leaves[half:])]
    return [*_path(number - half, leaves[half:]), _tree(leaves[:half])]


def _half(leaves: list[bytes]) -> int:
    return int(2 ** ((len(leaves) - 1).bit_length() - 1))


def _issuer(oid: str, value: bytes) -> x509.UnrecognizedExtension:
    return x509.UnrecognizedExtension(x509.ObjectIdentifier(oid), value)


def _usage(*, certify: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not certify, key_cert_sign=certify, crl_sign=certify, content_commitment=False, key_encipherment=False,
        data_encipherment=False, key_agreement=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip
