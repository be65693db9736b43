"""Any bill of materials that keeps the invariants of one: sorted, each reference once, edges between what is there."""

import uuid
from typing import Any, TypeVar

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from lading.core.bom import Bom
from lading.core.component import Component, DatasetFacts, Edge, FileRecord, License, ModelFacts, Occurrence, ServiceFacts, Unresolved
from lading.core.coverage import Coverage, Skipped
from lading.core.digest import Digest
from lading.core.kinds import Confidence, Flag, Kind, Phase, Pin, Relation, Scope
from lading.core.merge import sole
from lading.core.purl import purl

T = TypeVar("T", bound=Any)
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=12)
words = st.text('abcXYZ019-_./ é"<', min_size=1, max_size=8)
numbers = st.integers(0, 1 << 53)
LENGTHS = {"md5": 32, "sha1": 40, "sha256": 64, "sha512": 128, "blake3": 64, "crc32": 8, "gitoid": 40}


def sorted_sets(elements: SearchStrategy[T], largest: int = 3) -> SearchStrategy[tuple[T, ...]]:
    """A sorted tuple of distinct things, as merging leaves them."""
    return st.sets(elements, max_size=largest).map(lambda found: tuple(sorted(found)))


digests = st.sampled_from(sorted(LENGTHS)).flatmap(
    lambda name: st.text("0123456789abcdef", min_size=LENGTHS[name], max_size=LENGTHS[name]).map(lambda h: Digest(name, h))
)
media_types = st.sampled_from(["", "application/json", "application/octet-stream", "Not A Media Type"])
files = st.builds(FileRecord, words, numbers, digests, media_types)
stated = st.sampled_from(["MIT", "mit", "Apache-2.0 OR MIT", "llama3.1", "GPL-2.0+", "LicenseRef-own", "see the card"]) | words
licenses = st.builds(License, stated, st.booleans())
occurrences = st.builds(
    Occurrence,
    words,
    st.integers(0, 9000),
    texts,
    texts,
    st.sampled_from(Confidence),
    st.sampled_from(Scope),
    st.integers(0, 90),
    st.integers(0, 90),
)
versions = st.sampled_from(["", "main", "1.0", ">=2,<3", "0" * 40, "sha256:" + "a" * 64]) | texts
urls = st.sampled_from(
    [
        "",
        "https://example.org/a/b?c=d#e",
        "docker.io/library/x",
        "s3://bucket/key",
        "not a url",
        "http://a:b/",
        "git+https://example.org/x.git",
    ]
)
purls = st.builds(
    lambda type_, name, version: purl(type_, name, namespace="acme", version=version),
    st.sampled_from(["huggingface", "pypi", "oci", "github", "generic"]),
    words,
    st.sampled_from(["", "1.0", "a" * 40]),
)
texts_in_order = st.lists(texts, max_size=3).map(tuple)
models = st.builds(
    ModelFacts,
    task=texts,
    architecture=texts,
    architecture_family=texts,
    parameters=numbers,
    quantization=texts,
    format=texts,
    context_length=numbers,
    languages=texts_in_order,
    chat_template=st.none() | digests,
    inputs=texts_in_order,
    outputs=texts_in_order,
    metrics=st.lists(st.tuples(texts, texts), max_size=2).map(tuple),
    limitations=texts,
)
datasets = st.builds(
    DatasetFacts,
    content_type=st.sampled_from(["dataset", "other", "odd"]),
    records=numbers,
    size=numbers,
    languages=texts_in_order,
    sensitive=texts,
)
services = st.builds(
    ServiceFacts,
    provider=texts,
    endpoint=urls,
    region=texts,
    data_flow=st.sampled_from(["bi-directional", "outbound", "odd"]),
    data=texts,
    authenticated=st.booleans(),
)
properties = st.tuples(words.map(lambda name: f"other:{name}"), texts)


parts_of_a_system = st.sampled_from([k for k in Kind if k is not Kind.SYSTEM])


FIELDS: dict[str, SearchStrategy[Any]] = {
    "upstream": st.sampled_from(["", "huggingface", "pypi", "timm", "github"]),
    "version": versions,
    "pin": st.sampled_from(Pin),
    "purl": purls,
    "roles": sorted_sets(st.sampled_from(Kind)),
    "flags": sorted_sets(st.sampled_from(Flag)),
    "occurrences": sorted_sets(occurrences),
    "digests": sorted_sets(digests),
    "files": sorted_sets(files),
    "licenses": sorted_sets(licenses),
    "description": texts,
    "supplier": texts,
    "url": urls,
    "model": models,
    "dataset": datasets,
    "service": services,
    "properties": sorted_sets(properties),
}


@st.composite
def components(draw: DrawFn, kinds: SearchStrategy[Kind] = parts_of_a_system) -> Component:
    """A component of any kind with some of the fields, also facts that do not suit it."""
    kind = draw(kinds)
    filled = draw(st.sets(st.sampled_from(sorted(FIELDS)), max_size=len(FIELDS)))
    usual: dict[str, Any] = {"roles": (kind,)} if "roles" not in filled else {}
    return Component(kind=kind, name=draw(words), **usual, **{name: draw(FIELDS[name]) for name in sorted(filled)})


unresolved = st.builds(Unresolved, st.sampled_from(Kind), texts, occurrences, texts)
skipped = st.builds(Skipped, words, texts, st.sampled_from(["", "LD200"]), st.integers(0, 99))
coverages = st.builds(Coverage, files=numbers, read=numbers, bytes=numbers, excluded=sorted_sets(skipped), unread=sorted_sets(skipped))


@st.composite
def boms(draw: DrawFn, size: int = 5) -> Bom:
    """A bill of materials of a few components."""
    subject = draw(components(st.just(Kind.SYSTEM)))
    found = sole((c.ref, c) for c in draw(st.lists(components(), max_size=size)) if c.ref != subject.ref)
    refs = st.sampled_from([subject.ref, *found])
    return Bom(
        subject=subject,
        components=tuple(found.values()),
        edges=draw(sorted_sets(st.builds(Edge, refs, st.sampled_from(Relation), refs), 6)),
        unresolved=draw(sorted_sets(unresolved)),
        coverage=draw(coverages),
        created=draw(st.sampled_from(["", "2026-01-02T03:04:05Z"])),
        serial=draw(st.sampled_from(["", str(uuid.UUID(int=7).urn)])),
        phase=draw(st.sampled_from(Phase)),
        generator=draw(st.sampled_from(["", "lading 0.1.0", "other", "a tool 1"])),
    )
