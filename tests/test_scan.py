"""The scan: everything is seen, nothing stops it, the same artifact is one component."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lading.core.component import Component, Edge, Occurrence, Unresolved
from lading.core.coverage import Skipped
from lading.core.errors import ExtractError, UsageError
from lading.core.kinds import Confidence, Flag, Kind, Pin, Relation, Scope
from lading.core.limits import Limits
from lading.core.merge import merge
from lading.core.source import SourceFile
from lading.extractors._registry import Extractor
from lading.scan.folder import Folder
from lading.scan.run import Proofs, collect, scan
from lading.scan.scope import scope_of

WORKFLOW = "jobs:\n  a:\n    steps:\n      - uses: actions/checkout@v4\n"
Tree = Callable[[dict[str, str | bytes]], Path]


def test_a_target_that_does_not_exist_is_wrong_usage(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nowhere does not exist"):
        scan(tmp_path / "nowhere")


def test_a_single_file_is_a_scan(tree: Tree) -> None:
    root = tree({"action.yml": WORKFLOW, "other/action.yml": WORKFLOW})
    bom = scan(root / "action.yml").bom
    assert bom.coverage.files == 1
    assert [o.path for c in bom.components for o in c.occurrences] == ["action.yml"]


def test_a_single_file_of_a_repository_is_what_its_place_in_there_says(tree: Tree) -> None:
    root = tree({"requirements/base.txt": "requests==2.33.1\n", ".git/HEAD": "ref: refs/heads/main\n"})
    (component,) = scan(root / "requirements/base.txt").bom.components
    assert (component.name, component.occurrences[0].path) == ("requests", "requirements/base.txt")


def test_links_out_of_the_tree_and_in_circles_are_left_out_and_said_so(tree: Tree, tmp_path_factory: pytest.TempPathFactory) -> None:
    root = tree({".github/workflows/ci.yml": WORKFLOW})
    outside = tmp_path_factory.mktemp("outside")
    (outside / "action.yml").write_text(WORKFLOW)
    (root / "out").symlink_to(outside)
    (root / "out.yml").symlink_to(outside / "action.yml")
    (root / "loop").symlink_to(root)
    (root / "self").symlink_to(root / "self")
    (root / "dangling").symlink_to(root / "nothing")
    bom = scan(root).bom
    assert [c.name for c in bom.components] == ["actions/checkout"]
    assert {s.path for s in bom.coverage.excluded} == {"out", "out.yml", "loop", "self", "dangling"}


def test_a_pipe_does_not_stop_the_scan(tree: Tree) -> None:
    root = tree({".github/workflows/ci.yml": WORKFLOW})
    os.mkfifo(root / "action.yml")
    bom = scan(root).bom
    assert bom.coverage.read == 1
    assert [s.reason for s in bom.coverage.excluded] == ["neither a file nor a folder"]


def test_a_path_that_is_not_utf_8_is_read_and_printable(tree: Tree) -> None:
    root = tree({".github/workflows/ci.yml": WORKFLOW})
    (root / ".github/workflows/ci.yml").rename(root / os.fsdecode(b".github/workflows/\xff\xfe.yml"))
    (component,) = scan(root).bom.components
    assert component.occurrences[0].path == ".github/workflows/\\xff\\xfe.yml"
    component.occurrences[0].path.encode("utf-8")


@pytest.mark.parametrize(
    ("content", "code", "words"),
    [
        (b"\xff\xff\x00junk", "LD200", "is not UTF-8 text"),
        (b"jobs: [", "LD200", "is not YAML"),
        (b"[" * 500, "LD201", "nests deeper"),
        (b"x" * 2000, "LD201", "more than the 1000"),
    ],
)
def test_what_cannot_be_read_is_in_the_coverage_and_the_rest_is_scanned(tree: Tree, content: bytes, code: str, words: str) -> None:
    root = tree({".github/workflows/bad.yml": content, ".github/workflows/good.yml": WORKFLOW})
    bom = scan(root, limits=Limits(text_bytes=1000)).bom
    assert [c.name for c in bom.components] == ["actions/checkout"]
    (skipped,) = bom.coverage.unread
    assert skipped.path == ".github/workflows/bad.yml"
    assert skipped.code == code
    assert words in skipped.reason
    assert not bom.complete


def test_a_file_that_vanishes_is_in_the_coverage(tree: Tree) -> None:
    root = tree({"action.yml": WORKFLOW})
    folder = Folder(root)
    (root / "action.yml").unlink()
    bom = collect(folder, "x")
    assert [s.code for s in bom.coverage.unread] == ["LD202"]


def test_a_plugin_that_fails_costs_its_own_part(tree: Tree) -> None:
    def broken(file: SourceFile) -> Iterator[Component]:
        yield Component(kind=Kind.MODEL, name="seen", occurrences=(Occurrence(file.path, 1),))
        raise ZeroDivisionError("oops")

    def sound(file: SourceFile) -> Iterator[Component]:
        yield Component(kind=Kind.MODEL, name="sound", occurrences=(Occurrence(file.path, 1),))

    file = Folder(tree({"a.txt": "x"})).file("a.txt")
    assert file is not None
    proofs = Proofs()
    proofs.read_with([Extractor("broken", ("*",), broken), Extractor("sound", ("*",), sound)], file)
    assert [c.name for c in proofs.components] == ["seen", "sound"]
    assert [(s.code, s.reason) for s in proofs.unread] == [("LD910", "extractor broken failed: ZeroDivisionError: oops")]


def test_everything_an_extractor_may_yield_is_taken(tree: Tree) -> None:
    model = Component(kind=Kind.MODEL, name="m", occurrences=(Occurrence("a.txt", 1),))
    data = Component(kind=Kind.DATASET, name="d", occurrences=(Occurrence("a.txt", 2),))
    edge = Edge(model.ref, Relation.TRAINED_ON, data.ref)
    lost = Edge(model.ref, Relation.TRAINED_ON, "nobody")
    unknown = Unresolved(Kind.MODEL, "args.model", Occurrence("tests/a.py", 3))
    part = Skipped("a.txt", "half of it", "LD200")

    def reader(_: SourceFile) -> Iterator[Component | Edge | Unresolved | Skipped]:
        yield from (model, data, edge, lost, unknown, part)

    folder = Folder(tree({"a.txt": "x"}))
    file = folder.file("a.txt")
    assert file is not None
    proofs = Proofs()
    proofs.read_with([Extractor("reader", ("*",), reader)], file)
    bom = proofs.bom("x", folder, 0)
    assert bom.edges == (edge,)
    assert bom.unresolved[0].occurrence.scope is Scope.TEST
    assert bom.coverage.unread == (part,)
    assert bom.created == "1970-01-01T00:00:00Z"


def test_the_same_tree_gives_the_same_document(tree: Tree) -> None:
    root = tree({".github/workflows/ci.yml": WORKFLOW})
    assert scan(root, now=0) == scan(root, now=0)
    assert scan(root, now=0).bom.serial.startswith("urn:uuid:")


def test_source_date_epoch_is_honoured(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "86400")
    assert scan(tree({"a": "b"})).bom.created == "1970-01-02T00:00:00Z"


def test_one_artifact_is_one_component_with_many_places_and_roles() -> None:
    def seen(kind: Kind, line: int, *flags: Flag) -> Component:
        return Component(kind=kind, name="a/b", purl="pkg:huggingface/a/b", flags=flags, occurrences=(Occurrence("x.py", line),))

    tokenizer, model = seen(Kind.TOKENIZER, 2), seen(Kind.MODEL, 1, Flag.REMOTE_CODE)
    assert merge([tokenizer, model, model]) == merge([model, tokenizer])
    (one,) = merge([tokenizer, model, model])
    assert one.kind is Kind.MODEL
    assert one.roles == (Kind.MODEL, Kind.TOKENIZER)
    assert one.flags == (Flag.REMOTE_CODE,)
    assert [o.line for o in one.occurrences] == [1, 2]


def test_the_stronger_pin_wins_when_the_revision_is_the_same() -> None:
    def seen(pin: Pin) -> Component:
        return Component(kind=Kind.LIBRARY, name="x", version="1", pin=pin, occurrences=(Occurrence(pin, 1),))

    (one,) = merge([seen(Pin.MUTABLE), seen(Pin.EXACT)])
    assert one.pin is Pin.EXACT


@pytest.mark.parametrize(
    ("path", "scope"),
    [
        ("src/app.py", Scope.RUNTIME),
        ("tests/test_a.py", Scope.TEST),
        ("src/test_a.py", Scope.TEST),
        (".github/workflows/ci.yml", Scope.CI),
        (".gitlab-ci.yml", Scope.CI),
        ("examples/a.py", Scope.EXAMPLE),
        ("a/b.ipynb", Scope.EXAMPLE),
        ("recipes/zephyr/sft.yaml", Scope.TRAIN),
        ("train.py", Scope.TRAIN),
        ("helm/values.yaml", Scope.DEPLOY),
        ("Dockerfile.gpu", Scope.DEPLOY),
        ("infra/main.tf", Scope.DEPLOY),
        ("contest/a.py", Scope.RUNTIME),
    ],
)
def test_a_place_tells_what_it_is_for(path: str, scope: Scope) -> None:
    assert scope_of(path) is scope


def test_a_place_reads_well() -> None:
    assert Occurrence("a.py", 3).place == "a.py:3"
    assert Occurrence("a.ipynb", 30, cell=2, cell_line=1).place == "a.ipynb:30 (cell 2, line 1)"
    assert Occurrence("model.gguf", confidence=Confidence.VERIFIED).place == "model.gguf"


def test_an_error_says_what_and_where() -> None:
    error = ExtractError("a.py is no Python", hint="look at line 3")
    assert (str(error), error.hint, error.code, error.exit_code) == ("a.py is no Python", "look at line 3", "LD200", 1)
