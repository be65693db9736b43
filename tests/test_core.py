"""The nouns: package URLs as the specification has them, digests, sources read once."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packageurl import PackageURL

from lading.core.component import Component, Occurrence
from lading.core.digest import Digest
from lading.core.errors import ExtractError, LimitError
from lading.core.kinds import Kind
from lading.core.limits import Limits
from lading.core.purl import Purl, parse, purl
from lading.scan.folder import Folder

NAMES = st.text(st.characters(codec="utf-8", exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=20).filter(
    lambda n: n.strip().strip("/.") == n
)


@given(name=NAMES, namespace=NAMES, version=NAMES, value=NAMES)
def test_a_purl_comes_apart_as_it_was_put_together(name: str, namespace: str, version: str, value: str) -> None:
    text = purl("generic", name, namespace=namespace, version=version, key=value)
    assert parse(text) == Purl("generic", namespace, name, version, (("key", value),))
    assert str(parse(text)) == text


@given(name=NAMES, namespace=NAMES, version=NAMES, value=NAMES)
def test_the_reference_implementation_reads_what_we_write(name: str, namespace: str, version: str, value: str) -> None:
    theirs = PackageURL.from_string(purl("generic", name, namespace=namespace, version=version, download_url=value))
    assert (theirs.namespace, theirs.name, theirs.version) == (namespace, name, version)
    assert theirs.qualifiers == {"download_url": value}


@pytest.mark.parametrize(
    ("built", "expected"),
    [
        (purl("huggingface", "Model-8B", namespace="Org", version="ABCDEF"), "pkg:huggingface/Org/Model-8B@abcdef"),
        (purl("pypi", "Typing_Extensions", version="4.0"), "pkg:pypi/typing-extensions@4.0"),
        (purl("github", "Repo", namespace="Owner", version="v1"), "pkg:github/owner/repo@v1"),
        (
            purl("oci", "debian", version="sha256:24", repository_url="docker.io/library/debian", tag=""),
            "pkg:oci/debian@sha256:24?repository_url=docker.io%2Flibrary%2Fdebian",
        ),
    ],
)
def test_known_purls(built: str, expected: str) -> None:
    assert built == expected


@pytest.mark.parametrize("text", ["", "pkg:", "pkg:pypi", "pkg:pypi/", "http://x", "pkg:generic/%zz"])
def test_what_is_no_purl_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a package URL"):
        parse(text)


def test_a_digest_is_written_and_read() -> None:
    digest = Digest.of_bytes(b"lading")
    assert Digest.parse(str(digest)) == digest == Digest.of_blocks([b"la", b"ding"])


@pytest.mark.parametrize("text", ["", "sha256", "sha256:", ":ab", "sha256:xyz"])
def test_what_is_no_digest_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a digest"):
        Digest.parse(text)


def test_the_same_artifact_at_another_revision_is_another_component() -> None:
    place = (Occurrence("a.py", 1),)
    one = Component(kind=Kind.MODEL, name="a/b", purl="pkg:huggingface/a/b", version="main", occurrences=place)
    other = Component(kind=Kind.MODEL, name="a/b", purl="pkg:huggingface/a/b", occurrences=place)
    assert one.ref == "pkg:huggingface/a/b@main"
    assert other.ref == "pkg:huggingface/a/b"


def test_a_source_file_derives_once_and_raises_the_same_error_again(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("x")
    file = Folder(tmp_path).file("a.txt")
    assert file is not None
    calls: list[str] = []

    def fails(source: object) -> str:
        calls.append(repr(source))
        raise ExtractError("no")

    for _ in range(2):
        with pytest.raises(ExtractError, match="no"):
            file.once(fails)
    assert len(calls) == 1


def test_a_file_over_the_limit_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "big.json").write_bytes(b" " * 100)
    file = Folder(tmp_path, Limits(text_bytes=99)).file("big.json")
    assert file is not None
    with pytest.raises(LimitError, match="has 100 bytes"):
        _ = file.text


@pytest.mark.parametrize(
    ("start", "relative", "expected"),
    [
        ("a/b.txt", "c.txt", "a/c.txt"),
        ("a/b.txt", "../d.txt", "d.txt"),
        ("a/b.txt", "../../d.txt", None),
        ("d.txt", "./a/c.txt", "a/c.txt"),
    ],
)
def test_a_sibling_is_found_inside_the_tree_only(tmp_path: Path, start: str, relative: str, expected: str | None) -> None:
    (tmp_path / "a").mkdir()
    for path in ("a/b.txt", "a/c.txt", "d.txt"):
        (tmp_path / path).touch()
    file = Folder(tmp_path).file(start)
    assert file is not None
    found = file.sibling(relative)
    assert (found.path if found else None) == expected


@pytest.mark.parametrize(
    ("data", "text"), [(b"\xef\xbb\xbfhi", "hi"), ("hi".encode("utf-16"), "hi"), (b"hi", "hi")], ids=["bom", "utf-16", "plain"]
)
def test_text_is_read_with_or_without_a_byte_order_mark(tmp_path: Path, data: bytes, text: str) -> None:
    (tmp_path / "a").write_bytes(data)
    file = Folder(tmp_path).file("a")
    assert file is not None
    assert file.text == text


@pytest.mark.parametrize("data", [b"\xff\x00\xfe", b"a\0b", b"\xc3("])
def test_what_is_not_text_is_said_so(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a").write_bytes(data)
    file = Folder(tmp_path).file("a")
    assert file is not None
    with pytest.raises(ExtractError, match="a is not"):
        _ = file.text
