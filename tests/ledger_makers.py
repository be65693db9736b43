"""Envelopes for the tests of the ledger, and a writer that is killed: `python -m ledger_makers LEDGER NAME BATCHES`."""

import base64
import json
import sys
from hashlib import sha256
from pathlib import Path

from lading.ledger.describe import described
from lading.ledger.store import Ledger

BATCH = 7
PROVENANCE = "https://slsa.dev/provenance/v1"


def subject(name: str) -> str:
    return f"sha256:{sha256(name.encode()).hexdigest()}"


def envelope(name: str, kind: str = PROVENANCE) -> bytes:
    statement = {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": name, "digest": {"sha256": subject(name).removeprefix("sha256:")}}],
        "predicateType": kind,
        "predicate": {"buildDefinition": {"buildType": "https://acme.example/build", "externalParameters": {"name": name}}},
    }
    return dsse(json.dumps(statement).encode())


def dsse(payload: bytes, kind: str = "application/vnd.in-toto+json") -> bytes:
    body = {"payload": base64.b64encode(payload).decode(), "payloadType": kind, "signatures": [{"keyid": "", "sig": "c2lnbmVk"}]}
    return json.dumps(body).encode()


def fill(path: Path, count: int, prefix: str = "model") -> list[bytes]:
    envelopes = [envelope(f"{prefix}-{i}") for i in range(count)]
    with Ledger(path) as ledger:
        ledger.append((e, described(e)) for e in envelopes)
    return envelopes


def main(path: str, name: str, batches: str) -> None:
    """Append batch after batch; say a digest on standard output only when it is acknowledged."""
    with Ledger(Path(path)) as ledger:
        for batch in range(int(batches)):
            envelopes = [envelope(f"{name}-{batch}-{i}") for i in range(BATCH)]
            receipts = ledger.append((e, described(e)) for e in envelopes)
            sys.stdout.write("".join(f"{r.number} {r.digest}\n" for r in receipts))
            sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
