"""Every source tells what a name means at its upstream, held to bytes, and is not fooled by an upstream that is wrong or bad."""

import hashlib
import io
import json
import re
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from lading.catalog.tables import table
from lading.core.component import Component
from lading.core.digest import Digest
from lading.core.errors import GoneError, SourceError
from lading.core.kinds import Kind
from lading.lock import sync
from lading.lock.check import check
from lading.lock.document import Lock
from lading.lock.resolve import resolve
from lading.sources._http import Client
from lading.sources._registry import SOURCES, Conditional, Fetching, sources
from lading.sources._versions import newest
from lading.sources.hosted import PROVIDERS
from simulators.shelf import Item, Shelf, serving
from test_commits import git

WEIGHTS = bytes(range(256)) * 512


@dataclass
class Upstream:
    """Where an artifact is put."""

    shelf: Shelf
    address: str
    folder: Path


@pytest.fixture
def shelf() -> Shelf:
    """An empty shelf."""
    return Shelf()


@pytest.fixture
def address(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The shelf, which stands for every upstream whose address can be set."""
    with serving(shelf) as url:
        monkeypatch.setenv("LADING_OLLAMA_REGISTRY", url)
        monkeypatch.setenv("LADING_TERRAFORM_REGISTRY", url)
        monkeypatch.setenv("GITHUB_API_URL", url)
        monkeypatch.setenv("PIP_INDEX_URL", f"{url}/simple")
        monkeypatch.setenv("MLFLOW_TRACKING_URI", url)
        monkeypatch.setenv("LADING_SPACY_TABLE", f"{url}/compatibility.json")
        monkeypatch.setenv("OPENAI_BASE_URL", f"{url}/v1")
        monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
        yield url


def archive(name: str) -> bytes:
    """A chart as `helm package` makes it."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as tar:
        data = f"apiVersion: v2\nname: {name}\n".encode()
        member = tarfile.TarInfo(f"{name}/Chart.yaml")
        member.size = len(data)
        tar.addfile(member, io.BytesIO(data))
    return stream.getvalue()


def put_http(at: Upstream) -> Component:
    at.shelf.items["/weights/a.bin"] = Item(WEIGHTS)
    return Component(kind=Kind.MODEL, name=f"{at.address}/weights/a.bin", upstream="http", url=f"{at.address}/weights/a.bin")


def put_helm(at: Upstream) -> Component:
    chart = archive("serving")
    rows = [
        {"version": v, "digest": hashlib.sha256(chart).hexdigest(), "urls": [f"serving-{v}.tgz"]} for v in ("1.2.0", "1.10.0", "2.0.0-rc1")
    ]
    at.shelf.items["/charts/index.yaml"] = Item(json.dumps({"apiVersion": "v1", "entries": {"serving": rows}}).encode())
    at.shelf.items["/charts/serving-1.10.0.tgz"] = Item(chart)
    return Component(kind=Kind.INFRASTRUCTURE, name="acme/serving", upstream="helm", url=f"{at.address}/charts", version="~1.10")


def put_ollama(at: Upstream) -> Component:
    layers = [{"mediaType": "x", "digest": f"sha256:{hashlib.sha256(d).hexdigest()}", "size": len(d)} for d in (b"{}", WEIGHTS)]
    manifest = json.dumps({"schemaVersion": 2, "config": layers[0], "layers": layers[1:]}).encode()
    at.shelf.items["/v2/library/tiny/manifests/1b"] = Item(manifest)
    for layer, data in zip(layers, (b"{}", WEIGHTS), strict=True):
        at.shelf.items[f"/v2/library/tiny/blobs/{layer['digest']}"] = Item(data)
    return Component(kind=Kind.MODEL, name="tiny:1b", upstream="ollama", version="1b")


def put_provider(at: Upstream) -> Component:
    sums = "".join(f"{c * 64}  terraform-provider-a_6.2.0_{p}.zip\n" for c, p in (("a", "linux_amd64"), ("b", "darwin_arm64"))).encode()
    versions = [{"version": v, "platforms": [{"os": "linux", "arch": "amd64"}]} for v in ("5.0.0", "6.0.0", "6.2.0", "7.0.0")]
    at.shelf.items["/v1/providers/acme/a/versions"] = Item(json.dumps({"versions": versions}).encode())
    told = {"shasums_url": f"{at.address}/sums", "shasum": "a" * 64}
    at.shelf.items["/v1/providers/acme/a/6.2.0/download/linux/amd64"] = Item(json.dumps(told).encode())
    at.shelf.items["/sums"] = Item(sums)
    return Component(kind=Kind.INFRASTRUCTURE, name="acme/a", upstream="terraform", version="~> 6.0")


def put_module(at: Upstream) -> Component:
    where = at.folder / "module"
    where.mkdir()
    git(where, "init", "-q", "-b", "main")
    (where / "main.tf").write_text("# a\n")
    git(where, "add", "-A")
    git(where, "commit", "-qm", "a")
    git(where, "tag", "v1.0.1")
    at.shelf.items["/v1/modules/acme/net/aws/versions"] = Item(json.dumps({"modules": [{"versions": [{"version": "1.0.1"}]}]}).encode())
    at.shelf.items["/v1/modules/acme/net/aws/1.0.1/download"] = Item(
        status=204, headers={"X-Terraform-Get": f"git::file://{where}?ref=v1.0.1"}
    )
    return Component(kind=Kind.INFRASTRUCTURE, name="acme/net/aws", upstream="terraform-module", version="~> 1.0")


def put_spacy(at: Upstream) -> Component:
    at.shelf.items["/compatibility.json"] = Item(json.dumps({"spacy": {"3.8": {"en_tiny": ["3.8.0", "3.7.1"]}}}).encode())
    asset = {
        "name": "en_tiny-3.8.0-py3-none-any.whl",
        "size": len(WEIGHTS),
        "digest": f"sha256:{hashlib.sha256(WEIGHTS).hexdigest()}",
        "browser_download_url": f"{at.address}/wheel",
    }
    at.shelf.items["/repos/explosion/spacy-models/releases/tags/en_tiny-3.8.0"] = Item(json.dumps({"assets": [asset]}).encode())
    at.shelf.items["/wheel"] = Item(WEIGHTS)
    return Component(kind=Kind.MODEL, name="en_tiny", upstream="spacy")


def put_hosted(at: Upstream) -> Component:
    said = {"id": "gpt-tiny-2026-01-02", "object": "model", "created": 1767312000, "owned_by": "system"}
    at.shelf.items["/v1/models/gpt-tiny-2026-01-02"] = Item(json.dumps(said).encode())
    return Component(kind=Kind.SERVICE, name="openai/gpt-tiny-2026-01-02", upstream="openai")


def put_package(at: Upstream) -> Component:
    def row(name: str, data: bytes, **more: object) -> dict[str, object]:
        at.shelf.items[f"/files/{name}"] = Item(data)
        return {
            "filename": name,
            "url": f"../../files/{name}",
            "hashes": {"sha256": hashlib.sha256(data).hexdigest()},
            "size": len(data),
            **more,
        }

    rows = [
        row("tiny_weights-1.2.0-py3-none-any.whl", WEIGHTS),
        row("tiny_weights-1.2.0.tar.gz", b"sdist"),
        row("tiny_weights-1.3.0-py3-none-any.whl", b"yanked", yanked="broken"),
        row("tiny_weights-2.0.0rc1-py3-none-any.whl", b"preview"),
        row("tiny_weights_more-9.0-py3-none-any.whl", b"another package"),
    ]
    headers = {"Content-Type": "application/vnd.pypi.simple.v1+json"}
    at.shelf.items["/simple/tiny-weights/"] = Item(json.dumps({"meta": {"api-version": "1.1"}, "files": rows}).encode(), headers=headers)
    return Component(kind=Kind.LIBRARY, name="Tiny.Weights", upstream="pypi", version=">=1")


def put_mlflow(at: Upstream) -> Component:
    version = {"name": "tiny", "version": "3", "run_id": "0c8bbe80", "creation_timestamp": 1795480440362, "status": "READY"}
    items, api = at.shelf.items, "/api/2.0/mlflow"
    items[f"{api}/registered-models/alias?name=tiny&alias=champion"] = Item(json.dumps({"model_version": version}).encode())
    items[f"{api}/model-versions/get-download-uri?name=tiny&version=3"] = Item(
        json.dumps({"artifact_uri": "mlflow-artifacts:/0/m/artifacts"}).encode()
    )
    listed = {
        "0%2Fm%2Fartifacts": [{"path": "MLmodel", "is_dir": False, "file_size": 3}, {"path": "data", "is_dir": True}],
        "0%2Fm%2Fartifacts%2Fdata": [{"path": "model.bin", "is_dir": False, "file_size": len(WEIGHTS)}],
    }
    for path, rows in listed.items():
        items[f"/api/2.0/mlflow-artifacts/artifacts?path={path}"] = Item(json.dumps({"files": rows}).encode())
    items["/api/2.0/mlflow-artifacts/artifacts/0/m/artifacts/MLmodel"] = Item(b"a: 1")
    items["/api/2.0/mlflow-artifacts/artifacts/0/m/artifacts/data/model.bin"] = Item(WEIGHTS)
    return Component(kind=Kind.MODEL, name="tiny", upstream="mlflow", version="champion")


PUT = [put_http, put_helm, put_ollama, put_provider, put_module, put_spacy, put_hosted, put_package, put_mlflow]
VERSIONS = {
    "helm": "1.10.0",
    "terraform": "6.2.0",
    "terraform-module": "1.0.1",
    "spacy": "3.8.0",
    "pypi": "1.2.0",
    "mlflow": "3",
    "openai": "1767312000",
}


@pytest.mark.parametrize("put", PUT)
def test_a_name_is_locked_checked_and_fetched(put: Callable[[Upstream], Component], shelf: Shelf, address: str, tmp_path: Path) -> None:
    component = put(Upstream(shelf, address, tmp_path))
    givers = sources()
    lock = resolve((component,), givers)
    (entry,) = lock.artifacts
    assert entry.found, entry.unresolved
    assert entry.found.version == VERSIONS.get(component.upstream, "")
    assert check((component,), lock, givers) == ()
    for path, headers in shelf.asked:
        assert "authorization" not in headers or component.upstream == "openai", path
    if isinstance(givers[component.upstream], Fetching):
        (done,) = sync.sync(lock, givers, sync.in_folder(tmp_path / "there"))
        assert (done.problem, done.fetched) == ("", len(entry.found.files))
        held = {Digest.of_bytes(p.read_bytes()) for p in (tmp_path / "there").rglob("*") if p.is_file()}
        assert held == {f.digest for f in entry.found.files}
        (again,) = sync.sync(lock, givers, sync.in_folder(tmp_path / "there"))
        assert (again.fetched, again.there) == (0, len(held))


@pytest.mark.parametrize("put", PUT)
def test_what_is_not_there_any_more_is_told(put: Callable[[Upstream], Component], shelf: Shelf, address: str, tmp_path: Path) -> None:
    component = put(Upstream(shelf, address, tmp_path))
    lock = resolve((component,), sources())
    shelf.items.clear()
    (moved,) = check((component,), lock, sources())
    assert moved.kind == ("retired" if component.kind is Kind.SERVICE else "gone")


def test_other_bytes_at_the_same_address_are_a_movement(shelf: Shelf, address: str, tmp_path: Path) -> None:
    component = put_http(Upstream(shelf, address, tmp_path))
    lock = resolve((component,), sources())
    shelf.asked.clear()
    assert check((component,), lock, sources()) == ()
    assert len(shelf.asked) == 1, "one conditional question"
    shelf.items["/weights/a.bin"] = Item(WEIGHTS[::-1])
    (moved,) = check((component,), lock, sources())
    assert (moved.kind, moved.was, moved.now) == ("changed-bytes", str(Digest.of_bytes(WEIGHTS)), str(Digest.of_bytes(WEIGHTS[::-1])))


def test_an_address_that_gives_no_tag_is_read_again(shelf: Shelf, address: str, tmp_path: Path) -> None:
    component = put_http(Upstream(shelf, address, tmp_path))
    shelf.items["/weights/a.bin"].tagged = False
    lock = resolve((component,), sources())
    assert check((component,), lock, sources()) == ()
    shelf.items["/weights/a.bin"].data = b"other"
    assert [m.kind for m in check((component,), lock, sources())] == ["changed-bytes"]


def asked(component: Component) -> str:
    """Why an artifact is not resolved."""
    (entry,) = resolve((component,), sources()).artifacts
    assert entry.found is None
    return entry.unresolved


def test_a_page_for_people_is_no_artifact(shelf: Shelf, address: str, tmp_path: Path) -> None:
    component = put_http(Upstream(shelf, address, tmp_path))
    shelf.items["/weights/a.bin"].headers["Content-Type"] = "text/html; charset=utf-8"
    assert "a page for people" in asked(component)


def test_a_password_in_an_address_is_neither_used_nor_told() -> None:
    said = asked(
        Component(kind=Kind.FILE, name="https://joe:secret@example.org/a", upstream="http", url="https://joe:secret@example.org/a")
    )
    assert "holds a password" in said
    assert "secret" not in said


def test_a_chart_that_is_not_what_its_index_says(shelf: Shelf, address: str, tmp_path: Path) -> None:
    component = put_helm(Upstream(shelf, address, tmp_path))
    shelf.items["/charts/serving-1.10.0.tgz"].data += b"x"
    assert "the index of" in asked(component)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"\xff", "no YAML"),
        (b"- a", "no index of charts"),
        (b"entries: {serving: [{version: 1}]}", "no chart serving"),
        (b"entries: {other: []}", "no chart serving"),
        (b"a: &a [*a]", "no index"),
    ],
)
def test_an_index_that_is_none(data: bytes, words: str, shelf: Shelf, address: str, tmp_path: Path) -> None:
    component = put_helm(Upstream(shelf, address, tmp_path))
    shelf.items["/charts/index.yaml"] = Item(data)
    assert words in asked(component)


@pytest.mark.parametrize(
    "manifest",
    [
        b"",
        b"[]",
        b"{}",
        b'{"config": {}, "layers": []}',
        b'{"config": {"digest": "sha256:zz", "size": 1}, "layers": []}',
        b'{"config": 1, "layers": 2}',
    ],
)
def test_a_manifest_that_is_none(manifest: bytes, shelf: Shelf, address: str, tmp_path: Path) -> None:
    component = put_ollama(Upstream(shelf, address, tmp_path))
    shelf.items["/v2/library/tiny/manifests/1b"] = Item(manifest)
    assert "does not tell its layers" in asked(component)


def test_wrong_bytes_never_get_their_name(shelf: Shelf, address: str, tmp_path: Path) -> None:
    component = put_ollama(Upstream(shelf, address, tmp_path))
    lock = resolve((component,), sources())
    for item in shelf.items.values():
        item.data = item.data[:-1] + b"!"
    (done,) = sync.sync(lock, sources(), sync.in_folder(tmp_path / "there"))
    assert "is not what is locked" in done.problem
    assert not [p for p in (tmp_path / "there").rglob("*") if p.is_file() and p.suffix != ".lading"]


def test_a_body_without_end_is_read_no_further_than_the_lock_says(shelf: Shelf, address: str, tmp_path: Path) -> None:
    component = put_http(Upstream(shelf, address, tmp_path))
    lock = resolve((component,), sources())
    shelf.items["/weights/a.bin"].endless = True
    (done,) = sync.sync(lock, sources(), sync.in_folder(tmp_path / "there"))
    assert "is not what is locked" in done.problem
    assert sum(p.stat().st_size for p in (tmp_path / "there").rglob("*") if p.is_file()) == 0


def test_a_body_that_is_shorter_than_promised_goes_on_next_time(shelf: Shelf, address: str, tmp_path: Path) -> None:
    component = put_http(Upstream(shelf, address, tmp_path))
    lock = resolve((component,), sources())
    whole = shelf.items["/weights/a.bin"].data
    shelf.items["/weights/a.bin"] = Item(whole[:1000], promised=len(whole))
    (done,) = sync.sync(lock, sources(), sync.in_folder(tmp_path / "there"))
    assert "broke off" in done.problem or "stopped in the middle" in done.problem
    shelf.items["/weights/a.bin"] = Item(whole)
    (done,) = sync.sync(lock, sources(), sync.in_folder(tmp_path / "there"))
    assert (done.problem, done.size) == ("", len(whole) - 1000)


def test_a_server_that_drips_is_given_up(shelf: Shelf) -> None:
    shelf.items["/a"] = Item(b"x" * 50, drip=0.05)
    with (
        serving(shelf) as url,
        pytest.raises(SourceError, match="fewer than 1024 bytes a second"),
        Client(url, seconds=0.3).open("a") as answer,
    ):
        answer.whole()


def test_a_redirect_into_this_network_is_not_followed(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lading.sources._http._is_private", lambda host: host == "localhost")
    with serving(shelf) as url:
        shelf.items["/a"] = Item(status=302, headers={"Location": f"{url.replace('127.0.0.1', 'localhost')}/inside"})
        with pytest.raises(SourceError, match="an address of this network"), Client(url).open("a"):
            pass
    assert [path for path, _ in shelf.asked] == ["/a"]


@pytest.mark.parametrize(
    ("asked", "chosen"),
    [
        ("", "7.0.0"),
        ("~> 6.0", "6.10.0"),
        ("~> 6.0.0", "6.0.0"),
        (">= 5, < 6", "5.9.1"),
        (">= 5.0 <6", "5.9.1"),
        ("= 6.0.0", "6.0.0"),
        ("6.2.3", "6.2.3"),
        ("^5.0.0", "5.9.1"),
        ("~6.2", "6.2.3"),
        ("7.0.0-beta1", "7.0.0-beta1"),
        (">=6.0,!=6.10.0,<7", "6.2.3"),
        ("6.x", "6.10.0"),
        ("8", ""),
        ("latest", ""),
        ("|| 6", ""),
    ],
)
def test_a_range_means_its_newest_release(asked: str, chosen: str) -> None:
    assert newest(["5.0.0", "5.9.1", "6.0.0", "6.2.3", "6.10.0", "7.0.0-beta1", "7.0.0", "nightly"], asked) == chosen


def test_an_index_that_answers_with_a_page_is_read_as_well(shelf: Shelf, address: str, tmp_path: Path) -> None:
    component = put_package(Upstream(shelf, address, tmp_path))
    from_json = resolve((component,), sources()).artifacts[0].found
    rows = json.loads(shelf.items["/simple/tiny-weights/"].data)["files"]
    page = "".join(
        f'<a href="{r["url"]}#sha256={r["hashes"]["sha256"]}"{" data-yanked=x" if r.get("yanked") else ""}>{r["filename"]}</a><br>'
        for r in rows
    )
    shelf.items["/simple/tiny-weights/"] = Item(page.encode(), headers={"Content-Type": "text/html"})
    from_page = resolve((component,), sources()).artifacts[0].found
    assert from_json
    assert from_page
    assert from_page.revision == from_json.revision
    assert [f.path for f in from_page.files] == ["tiny_weights-1.2.0-py3-none-any.whl", "tiny_weights-1.2.0.tar.gz"]


def test_each_upstream_has_one_source() -> None:
    claimed = [upstream for make in SOURCES for upstream in make().upstreams]
    assert len(claimed) == len(set(claimed))
    assert set(PROVIDERS) <= set(claimed)


@pytest.mark.parametrize("upstream", sorted(PROVIDERS))
def test_a_service_without_a_key_is_asked_nothing(upstream: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(PROVIDERS[upstream].key, raising=False)
    monkeypatch.setattr("lading.sources._http.Client.open", None)
    assert "without a key" in asked(Component(kind=Kind.SERVICE, name=f"{upstream}/some-model", upstream=upstream))


def test_what_timm_would_choose_itself_is_not_guessed() -> None:
    assert "depends on its version" in asked(Component(kind=Kind.MODEL, name="resnet50", upstream="timm"))


def test_an_output_of_dvc_is_held_by_its_hash() -> None:
    component = Component(kind=Kind.MODEL, name="model.pkl", upstream="dvc", version="d1f6e055f7f5e2827fcfae68d9b64d4c")
    (entry,) = resolve((component,), sources()).artifacts
    assert entry.found
    assert entry.found.revision == "md5:d1f6e055f7f5e2827fcfae68d9b64d4c"


def test_the_lock_holds_a_validator_only_where_a_source_asks_by_it() -> None:
    assert {u for u, s in sources().items() if isinstance(s, Conditional)} >= {"http", "s3"}
    assert GoneError("x").exit_code == SourceError("x").exit_code
    assert Lock() == Lock(())


def put_torchvision(at: Upstream, monkeypatch: pytest.MonkeyPatch) -> Component:
    names = [f"tiny-{hashlib.sha256(data).hexdigest()[:8]}.pth" for data in (WEIGHTS, WEIGHTS[::-1])]
    monkeypatch.setattr("lading.sources.torchvision._weights", lambda: {"tiny": names})
    monkeypatch.setenv("LADING_TORCHVISION_URL", f"{at.address}/models/")
    for name, data in zip(names, (WEIGHTS, WEIGHTS[::-1]), strict=True):
        at.shelf.items[f"/models/{name}"] = Item(data)
    return Component(kind=Kind.MODEL, name="tiny", upstream="torchvision")


def test_the_files_of_a_torchvision_model_are_locked_checked_and_fetched(
    shelf: Shelf, address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    component = put_torchvision(Upstream(shelf, address, tmp_path), monkeypatch)
    lock = resolve((component,), sources())
    (entry,) = lock.artifacts
    assert entry.found, entry.unresolved
    assert {f.digest for f in entry.found.files} == {Digest.of_bytes(WEIGHTS), Digest.of_bytes(WEIGHTS[::-1])}
    shelf.asked.clear()
    assert check((component,), lock, sources()) == ()
    assert len(shelf.asked) == len(entry.found.files), "one conditional question for each file"
    (done,) = sync.sync(lock, sources(), sync.in_folder(tmp_path / "there"))
    assert (done.problem, done.fetched) == ("", 2)


def test_a_torchvision_file_that_is_not_that_of_its_name_is_refused(
    shelf: Shelf, address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    component = put_torchvision(Upstream(shelf, address, tmp_path), monkeypatch)
    next(iter(shelf.items.values())).data = b"something else"
    assert "its SHA-256 does not begin with" in asked(component)


def test_what_torchvision_fetches_by_code_of_its_own_is_unresolved_in_words() -> None:
    assert "torchvision says nowhere" in asked(Component(kind=Kind.DATASET, name="CIFAR10", upstream="torchvision"))


def test_the_table_of_torchvision_names_files_with_the_start_of_their_digest() -> None:
    weights = table("torchvision_weights")["weights"]
    assert "resnet50-0676ba61.pth" in weights["resnet50"]
    files = [name for names in weights.values() for name in names]
    assert len(files) > 150
    assert all(re.search(r"[-_][0-9a-f]{8,}\.pth$", name) for name in files)
