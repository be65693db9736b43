"""Documents of others, hostile documents, and documents that are wrong in exactly one way."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lading.bom.validate import validate
from lading.core.bom import Bom
from lading.core.component import Component, Edge, FileRecord, License, Occurrence
from lading.core.coverage import Coverage
from lading.core.digest import Digest
from lading.core.errors import FormatError
from lading.core.finding import Report
from lading.core.kinds import Kind, Phase, Pin, Relation
from lading.formats._registry import FORMATS, Format
from lading.formats.cyclonedx.parts import OWN

ALL = FORMATS.load()
Document = dict[str, Any]


def read(name: str, document: Document) -> Bom:
    reader = ALL[name].read
    assert reader
    return reader(json.dumps(document).encode())


def cyclonedx(**parts: object) -> Document:
    return {"bomFormat": "CycloneDX", "specVersion": "1.6", **parts}


MODEL = {"type": "machine-learning-model", "name": "m", "bom-ref": "m"}


# --- documents of others ------------------------------------------------------------------------------------------------


def test_a_document_of_a_wheel_tells_what_is_embedded_in_it() -> None:
    inner = {
        "type": "library",
        "bom-ref": "b",
        "name": "openssl-libs",
        "version": "1.1.1k",
        "purl": "pkg:rpm/almalinux/openssl-libs@1.1.1k",
    }
    document = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.4",
        "metadata": {
            "tools": [{"name": "auditwheel", "version": "6.2"}],
            "component": {"type": "library", "bom-ref": "a", "name": "wheel"},
        },
        "components": [{"type": "library", "bom-ref": "a", "name": "wheel"}, inner],
        "dependencies": [{"ref": "a", "dependsOn": ["b", "gone"]}],
    }
    bom = read("cyclonedx", document)
    assert (bom.generator, [c.purl for c in bom.components]) == ("auditwheel 6.2", ["pkg:rpm/almalinux/openssl-libs@1.1.1k"])
    assert bom.edges == (Edge(bom.subject.ref, Relation.DEPENDS_ON, bom.components[0].ref),)


def test_base_models_and_datasets_written_in_place_become_components() -> None:
    card = {"modelParameters": {"task": "text-generation", "datasets": [{"type": "dataset", "name": "acme/data"}]}}
    ancestor = {"type": "machine-learning-model", "name": "acme/base", "purl": "pkg:huggingface/acme/base@" + "a" * 40}
    bom = read("cyclonedx", cyclonedx(components=[{**MODEL, "modelCard": card, "pedigree": {"ancestors": [ancestor]}}]))
    assert {(c.kind, c.name) for c in bom.components} == {(Kind.MODEL, "m"), (Kind.MODEL, "acme/base"), (Kind.DATASET, "acme/data")}
    assert {e.relation for e in bom.edges} == {Relation.DERIVED_FROM, Relation.TRAINED_ON}


@pytest.mark.parametrize(
    ("type_", "purl", "kind"),
    [
        ("library", "pkg:pypi/x@1", Kind.LIBRARY),
        ("library", "pkg:huggingface/a/b", Kind.MODEL),
        ("library", "pkg:huggingface/a/b?repo_type=dataset", Kind.DATASET),
        ("library", "pkg:oci/nginx", Kind.IMAGE),
        ("application", "pkg:github/actions/checkout@v4", Kind.ACTION),
        ("application", "", Kind.SYSTEM),
        ("operating-system", "", Kind.NATIVE_LIBRARY),
    ],
)
def test_a_kind_is_told_by_type_and_purl(type_: str, purl: str, kind: Kind) -> None:
    row = {"type": type_, "name": "x", **({"purl": purl} if purl else {})}
    (one,) = read("cyclonedx", cyclonedx(metadata={"component": {"type": "application", "name": "s"}}, components=[row])).components
    assert one.kind is kind


def test_services_within_services_are_read() -> None:
    inner = {"name": "gpt", "provider": {"name": "OpenAI"}, "endpoints": ["https://api.example.org"]}
    bom = read("cyclonedx", cyclonedx(services=[{"name": "gateway", "services": [inner]}]))
    assert [c.name for c in bom.components] == ["gateway", "gpt"]


def test_an_spdx_2_document_written_the_other_way_round_is_read() -> None:
    package = {"SPDXID": "SPDXRef-a", "name": "a", "downloadLocation": "NOASSERTION", "licenseDeclared": "LicenseRef-1"}
    document = {
        "spdxVersion": "SPDX-2.3",
        "name": "d",
        "packages": [package, {**package, "SPDXID": "SPDXRef-b", "name": "b"}],
        "hasExtractedLicensingInfos": [{"licenseId": "LicenseRef-1", "extractedText": "Do as you like"}],
        "documentDescribes": ["SPDXRef-a"],
        "relationships": [{"spdxElementId": "SPDXRef-b", "relationshipType": "DEPENDENCY_OF", "relatedSpdxElement": "SPDXRef-a"}],
    }
    bom = read("spdx-2.3", document)
    assert (bom.subject.name, bom.subject.licenses) == ("a", (License("Do as you like"),))
    assert bom.edges == (Edge(bom.subject.ref, Relation.DEPENDS_ON, bom.components[0].ref),)


# --- hostile documents --------------------------------------------------------------------------------------------------


def nested(levels: int) -> bytes:
    opened = b'{"type":"library","name":"x","components":['
    return b'{"bomFormat":"CycloneDX","specVersion":"1.6","components":[' + opened * levels + b"]}" * levels + b"]}"


@pytest.mark.parametrize("levels", [70, 2_000, 200_000])
def test_a_document_nested_without_end_is_refused(levels: int) -> None:
    reader = ALL["cyclonedx"].read
    assert reader
    with pytest.raises(FormatError):
        reader(nested(levels))


@pytest.mark.parametrize("name", ["cyclonedx", "spdx-3", "spdx-2.3", "json"])
def test_depth_in_a_field_that_nobody_reads_is_no_way_in(name: str) -> None:
    reader = ALL[name].read
    assert reader
    with pytest.raises(FormatError):
        reader(b'{"zzz":' + b"[" * 500_000)


def test_an_error_names_the_place() -> None:
    with pytest.raises(FormatError, match=r"\$\.components\[1\]\.name"):
        read("cyclonedx", cyclonedx(components=[MODEL, {**MODEL, "name": 3}]))


@pytest.mark.parametrize("name", ["lading:facts", "lading:digest", "lading:unresolved"])
def test_a_property_that_only_looks_like_ours_is_a_format_error(name: str) -> None:
    properties = [{"name": name, "value": "{nonsense"}]
    with pytest.raises(FormatError, match=name):
        read("cyclonedx", cyclonedx(metadata={"properties": properties}, components=[{**MODEL, "properties": properties}]))


# --- wrong in exactly one way -------------------------------------------------------------------------------------------

SHA = "a" * 64
BOM = Bom(
    subject=Component(kind=Kind.SYSTEM, name="assistant"),
    components=(
        Component(
            kind=Kind.MODEL,
            name="acme/m",
            upstream="huggingface",
            version="b" * 40,
            pin=Pin.EXACT,
            purl="pkg:huggingface/acme/m@" + "b" * 40,
            roles=(Kind.MODEL,),
            occurrences=(Occurrence("a.py", 3, "from_pretrained"),),
            digests=(Digest("sha256", SHA),),
            files=(FileRecord("config.json", 10, Digest("sha256", SHA), "application/json"),),
            licenses=(License("MIT"),),
            url="https://example.org/acme/m",
        ),
        Component(kind=Kind.SERVICE, name="openai/gpt", upstream="openai", roles=(Kind.SERVICE,)),
    ),
    coverage=Coverage(files=1, read=1),
    created="2026-01-02T03:04:05Z",
    serial="urn:uuid:00000000-0000-5000-8000-000000000000",
    phase=Phase.SOURCE,
    generator="lading 0.1.0",
)


def change(path: str, value: object) -> Callable[[Document], None]:
    """Set what a dotted path leads to."""

    def apply(document: Document) -> None:
        *way, last = [int(p) if p.isdigit() else p for p in path.split("/")]
        node: Any = document
        for part in way:
            node = node[part]
        if isinstance(node, list) and last == len(node):
            node.append(value)
        else:
            node[last] = value

    return apply


WRONG = [
    ("cyclonedx", "components/0/type", "model", "'model' is none of"),
    ("cyclonedx", "components/0/purl", "pypi/x", "not a package URL"),
    ("cyclonedx", "components/0/hashes/0/alg", "SHA256", "'SHA256' is none of"),
    ("cyclonedx", "components/0/hashes/0/content", "abc", "is no SHA-256 value"),
    ("cyclonedx", "components/0/licenses/0/license/id", "see the card", "SPDX license list"),
    ("cyclonedx", "components/0/externalReferences/0/url", "not a url", "is no URL"),
    ("cyclonedx", "components/1", {"type": "file", "name": "x", "bom-ref": "tool:x"}, None),
    ("cyclonedx", "components/1", {"type": "file", "name": "x", "bom-ref": "system:/assistant"}, "is given 2 times"),
    ("cyclonedx", "dependencies/0/dependsOn/2", "nowhere", "'nowhere' is no bom-ref"),
    ("cyclonedx", "compositions/0/assemblies/1", "nowhere", "'nowhere' is no bom-ref"),
    ("cyclonedx", "compositions/0/aggregate", "all", "'all' is none of"),
    ("cyclonedx", "metadata/timestamp", "yesterday", "no RFC 3339 time"),
    ("cyclonedx", "metadata/lifecycles/0/phase", "source", "'source' is none of"),
    ("cyclonedx", "serialNumber", "1", "no urn:uuid:"),
    ("spdx-3", "@graph/0/created", "yesterday", "no RFC 3339 time"),
    ("spdx-3", "@graph/5/relationshipType", "needs", "'needs' is none of"),
    ("spdx-3", "@graph/3/software_packageUrl", "x", "not a package URL"),
    ("spdx-2.3", "dataLicense", "MIT", "'MIT' instead of 'CC0-1.0'"),
    ("spdx-2.3", "packages/1/SPDXID", "1", "is not of the form"),
    ("spdx-2.3", "packages/1/checksums/0/checksumValue", "zz", "is no SHA256 value"),
    ("spdx-2.3", "relationships/0/relationshipType", "NEEDS", "'NEEDS' is none of"),
    ("spdx-2.3", "relationships/1/relatedSpdxElement", "SPDXRef-x", "is no element of the document"),
    ("spdx-2.3", "creationInfo/created", "yesterday", "no RFC 3339 time"),
    ("json", "bom/created", "yesterday", "no RFC 3339 time"),
    ("json", "bom/components/0/purl", "x", "not a package URL"),
    ("json", "bom/edges", [{"source": "a", "relation": "contains", "target": "b"}], "'a' is no component"),
]


def own_problems(format_: Format, document: Document) -> list[str]:
    assert format_.problems
    return list(format_.problems(json.dumps(document).encode()))


@pytest.mark.parametrize(("name", "path", "value", "problem"), WRONG)
def test_what_is_wrong_is_told(name: str, path: str, value: object, problem: str | None) -> None:
    right = json.loads(ALL[name].write(Report(bom=BOM)))
    assert own_problems(ALL[name], right) == []
    wrong = copy.deepcopy(right)
    if path.startswith("@graph/"):
        number = {"3": "ai_AIPackage", "5": "Relationship"}.get(path.split("/")[1])
        rows = [n for n, e in enumerate(right["@graph"]) if number is None or e["type"] == number]
        path = f"@graph/{rows[0]}/{path.split('/')[2]}"
    change(path, value)(wrong)
    found = own_problems(ALL[name], wrong)
    assert any(problem in p for p in found) if problem else found == []


@pytest.mark.parametrize("name", ["cyclonedx", "cyclonedx-1.6", "spdx-3", "spdx-2.3", "json"])
def test_what_lading_writes_is_valid_to_itself_and_to_the_official_tools(name: str) -> None:
    answer = validate(ALL[name].write(Report(bom=BOM)), ALL[name])
    assert answer.problems == ()
    assert bool(answer.by_official_tools) is (name != "json")


@pytest.mark.parametrize("name", ["cyclonedx", "spdx-3", "spdx-2.3"])
def test_the_official_tools_object_too(name: str) -> None:
    path, value = {"cyclonedx": ("components/0/type", "model"), "spdx-3": ("@graph/1/type", "Robot"), "spdx-2.3": ("dataLicense", "MIT")}[
        name
    ]
    document = json.loads(ALL[name].write(Report(bom=BOM)))
    change(path, value)(document)
    before = len(own_problems(ALL[name], document))
    assert len(validate(json.dumps(document).encode(), ALL[name]).problems) > before


def test_a_component_that_is_there_twice_is_told_by_the_official_schema() -> None:
    document = json.loads(ALL["cyclonedx"].write(Report(bom=BOM)))
    document["components"].append(dict(reversed(document["components"][0].items())))
    problems = validate(json.dumps(document).encode(), ALL["cyclonedx"]).problems
    assert "$.components: the same item is there twice" in problems


# --- what the fields of a standard say ----------------------------------------------------------------------------------


def test_what_a_card_declares_is_cited_in_1_7_and_left_out_of_1_6() -> None:
    one = Component(kind=Kind.MODEL, name="m", licenses=(License("MIT"),), properties=(("lading:declared-by", "README.md"),))
    bom = Bom(subject=BOM.subject, components=(one,), created=BOM.created)
    documents = {name: json.loads(ALL[name].write(Report(bom=bom))) for name in ("cyclonedx-1.6", "cyclonedx-1.7")}
    (citation,) = documents["cyclonedx-1.7"]["citations"]
    assert (citation["pointers"], citation["note"]) == (["/components/0/licenses"], "declared by README.md")
    assert "citations" not in documents["cyclonedx-1.6"]


def test_what_another_tool_changes_in_spdx_counts() -> None:
    document = json.loads(ALL["spdx-3"].write(Report(bom=BOM)))
    for element in document["@graph"]:
        if element["type"] == "ai_AIPackage":
            element["name"] = "acme/renamed"
    (one, _) = read("spdx-3", document).components
    assert (one.name, one.occurrences) == ("acme/renamed", BOM.components[0].occurrences)


def test_every_property_of_the_taxonomy_is_documented() -> None:
    page = (Path(__file__).parents[1] / "docs" / "reference" / "documents.md").read_text()
    assert sorted(name for name in OWN if f"`{name}`" not in page) == []
