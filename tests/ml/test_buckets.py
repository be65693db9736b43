"""Objects in a bucket are locked, checked and fetched through obstore, from a server that speaks S3."""

from collections.abc import Iterator
from pathlib import Path
from urllib.request import Request, urlopen

import boto3
import pytest
from moto.server import ThreadedMotoServer

from lading.core.component import Component
from lading.core.kinds import Kind
from lading.lock import sync
from lading.lock.check import check
from lading.lock.resolve import resolve
from lading.sources._registry import sources

FILES = {"model/config.json": b"{}", "model/weights.bin": bytes(range(256)) * 40_000, "model2/other.bin": b"other", "alone.bin": b"alone"}


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[object]:
    """A bucket with files, in a server on loopback."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    address = f"http://{host}:{port}"
    for name, value in {
        "AWS_ENDPOINT_URL": address,
        "AWS_ENDPOINT": address,
        "AWS_ALLOW_HTTP": "true",
        "AWS_ACCESS_KEY_ID": "any",
        "AWS_SECRET_ACCESS_KEY": "any",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    with urlopen(Request(f"{address}/moto-api/reset", method="POST")):
        """Its memory is that of the process."""
    client = boto3.client("s3", endpoint_url=address, region_name="us-east-1")
    client.create_bucket(Bucket="weights")
    for name, data in FILES.items():
        client.put_object(Bucket="weights", Key=name, Body=data)
    yield client
    server.stop()


def at(url: str) -> Component:
    return Component(kind=Kind.MODEL, name=url, upstream="s3", url=url)


@pytest.mark.usefixtures("bucket")
@pytest.mark.parametrize(
    ("url", "names"), [("s3://weights/model", {"config.json", "weights.bin"}), ("s3://weights/alone.bin", {"alone.bin"})]
)
def test_a_place_in_a_bucket_is_locked_checked_and_fetched(url: str, names: set[str], tmp_path: Path) -> None:
    lock = resolve((at(url),), sources())
    (entry,) = lock.artifacts
    assert entry.found, entry.unresolved
    assert {f.path for f in entry.found.files} == names
    assert check((at(url),), lock, sources()) == ()
    (done,) = sync.sync(lock, sources(), sync.in_folder(tmp_path))
    assert (done.problem, done.fetched) == ("", len(names))
    prefix = url.removeprefix("s3://weights/")
    for name in names:
        (found,) = tmp_path.rglob(name)
        assert found.read_bytes() == FILES.get(f"{prefix}/{name}", FILES.get(name))


def test_what_changed_in_a_bucket_is_told_file_by_file(bucket: object) -> None:
    lock = resolve((at("s3://weights/model"),), sources())
    bucket.put_object(Bucket="weights", Key="model/config.json", Body=b'{"a": 1}')  # type: ignore[attr-defined]
    bucket.put_object(Bucket="weights", Key="model/more.bin", Body=b"more")  # type: ignore[attr-defined]
    bucket.delete_object(Bucket="weights", Key="model/weights.bin")  # type: ignore[attr-defined]
    assert {m.kind for m in check((at("s3://weights/model"),), lock, sources())} == {"changed-bytes", "file-added", "file-gone"}


@pytest.mark.usefixtures("bucket")
def test_a_bucket_that_is_not_there_is_a_sentence() -> None:
    for url in ("s3://nobody/model", "s3://weights/nothing"):
        (entry,) = resolve((at(url),), sources()).artifacts
        assert entry.found is None
        assert url in entry.unresolved
        assert "Traceback" not in entry.unresolved
