"""What a person sees: the terminal text, the comment on a pull request, the findings for code scanning, on one small system."""

import json
import re
from datetime import date
from typing import Any

import msgspec
import pytest
from inline_snapshot import snapshot

from lading.core.bom import Bom
from lading.core.component import Component, Edge, Occurrence, Unresolved
from lading.core.coverage import Coverage, Skipped
from lading.core.errors import ConfigError
from lading.core.finding import Finding, Report, Rule
from lading.core.kinds import Flag, Kind, Pin, Relation, Scope, Severity
from lading.formats import markdown, sarif
from lading.policy.settings import Ignore, Settings
from lading.render.style import Style
from lading.render.text import render

COMMIT = "0123456789abcdef0123456789abcdef01234567"
TODAY = date(2030, 1, 31)


def at(path: str, line: int = 1, scope: Scope = Scope.RUNTIME) -> Occurrence:
    return Occurrence(path=path, line=line, scope=scope)


MODEL = Component(
    kind=Kind.MODEL,
    name="acme/answers",
    upstream="huggingface",
    purl="pkg:huggingface/acme/answers",
    flags=(Flag.REMOTE_CODE,),
    occurrences=(at("app.py", 3), at("tests/test_app.py", 9, Scope.TEST)),
)
COMPONENTS = (
    MODEL,
    Component(kind=Kind.MODEL, name="acme/draft", occurrences=(at("tests/test_app.py", 2, Scope.TEST),)),
    Component(kind=Kind.ADAPTER, name="acme/style", version="main", pin=Pin.MUTABLE, purl="pkg:huggingface/acme/style", occurrences=(at("app.py", 5),)),
    Component(kind=Kind.EMBEDDING, name="acme/vectors", version=COMMIT, pin=Pin.EXACT, occurrences=(at("index.py", 7),)),
    Component(kind=Kind.SERVICE, name="openai/gpt", occurrences=(at("app.py", 8),)),
    *(Component(kind=Kind.LIBRARY, name=f"library-{n}", version="1.0", pin=Pin.MUTABLE, occurrences=(at("requirements.txt", n),)) for n in range(1, 11)),
)  # fmt: skip
RULES = (
    Rule(id="remote-code", title="Code from upstream runs", severity=Severity.HIGH, why="It is theirs.", fix="Pin it."),
    Rule(id="unpinned-revision", title="Not pinned", severity=Severity.MEDIUM, why="It moves.", fix="Name a commit."),
)


def finding(rule: str, severity: Severity, message: str, **more: Any) -> Finding:
    return Finding(
        rule=rule, severity=severity, message=message, component=MODEL.ref, occurrences=MODEL.occurrences, hint="Pin it.", **more
    )


REPORT = Report(
    bom=Bom(
        subject=Component(kind=Kind.SYSTEM, name="assistant"),
        components=COMPONENTS,
        edges=(Edge(COMPONENTS[2].ref, Relation.DERIVED_FROM, MODEL.ref),),
        unresolved=(Unresolved(Kind.MODEL, "sys.argv[1]", at("app.py", 11)),),
        coverage=Coverage(
            files=9, read=6, excluded=(Skipped(".git", "version control"),), unread=(Skipped("bad.yaml", "is not YAML", "LD200", 2),)
        ),
        created="2030-01-31T00:00:00Z",
    ),
    findings=(
        finding("remote-code", Severity.HIGH, "model acme/answers runs upstream's code"),
        finding("unpinned-revision", Severity.MEDIUM, "model acme/answers is loaded without a revision"),
        finding("unpinned-revision", Severity.MEDIUM, "model acme/draft is loaded without a revision", accepted="only in tests"),
    ),
    rules=RULES,
)


def test_the_text_says_what_matters_first_and_reads_without_colour() -> None:
    assert render(REPORT, Style(width=100)) == snapshot("""\
assistant inherits 15 artifacts from upstream
1 of 5 AI artifacts, images and actions are pinned to exact bytes

Most important
  1. high  model acme/answers runs upstream's code
     at app.py:3
     Pin it. [remote-code]
  2. medium  model acme/answers is loaded without a revision
     at app.py:3
     Pin it. [unpinned-revision]

Base models  2, 0 pinned
  acme/answers  unpinned    app.py:3 +1 [remote-code]
  … 1 more, named only by tests and examples; --all shows them

Adapters, embeddings and tokenizers  2, 1 pinned
  acme/style    main             adapter    can move    app.py:5
      derived-from pkg:huggingface/acme/answers
  acme/vectors  0123456789abcd…  embedding  pinned      index.py:7

Hosted services  1, 0 pinned
  openai/gpt  no version  app.py:8

Software libraries and code  10, 0 pinned
  library-1  1.0  can move    requirements.txt:1
  library-2  1.0  can move    requirements.txt:2
  library-3  1.0  can move    requirements.txt:3
  library-4  1.0  can move    requirements.txt:4
  library-5  1.0  can move    requirements.txt:5
  library-6  1.0  can move    requirements.txt:6
  library-7  1.0  can move    requirements.txt:7
  library-8  1.0  can move    requirements.txt:8
  … 2 more libraries; --all shows them

Findings  2, by rule
  high         1  remote-code             Code from upstream runs
  medium       1  unpinned-revision       Not pinned

Accepted in the settings  1
  model acme/draft is loaded without a revision  unpinned-revision
      because: only in tests

Unresolved  1 place where only a run would tell what is loaded
  model      sys.argv[1]  app.py:11

Not read
  bad.yaml:2: is not YAML [LD200]

9 files seen, 6 read, 1 left out, 1 not read · 2 findings, 1 accepted
next: -o report.html for a page · lading why NAME · lading rules NAME
""")


def test_everything_is_shown_when_asked_for() -> None:
    text = render(REPORT, Style(width=100, everything=True))
    for words in ("acme/draft", "library-10", "tests/test_app.py:2", "Left out", ".git: version control"):
        assert words in text


@pytest.mark.parametrize("width", [80, 100, 140])
def test_lines_keep_to_the_width(width: int) -> None:
    assert max(map(len, render(REPORT, Style(width=width)).splitlines())) <= width


def test_colour_adds_nothing_but_colour() -> None:
    coloured = render(REPORT, Style(width=100, colour=True))
    assert "\x1b[31m" in coloured
    assert re.sub(r"\x1b\[[\d;]*m", "", coloured) == render(REPORT, Style(width=100))


def test_a_scanned_name_cannot_write_on_the_terminal() -> None:
    hostile = msgspec.structs.replace(MODEL, name="\x1b[2Jacme\r\u202e")
    text = render(Report(bom=Bom(subject=hostile, components=(hostile,))), Style())
    assert not any(c in text for c in "\x1b\r\u202e")


def test_a_course_of_notebooks_is_not_set_aside() -> None:
    lesson = Component(kind=Kind.MODEL, name="acme/lesson", occurrences=(at("lesson.ipynb", 4, Scope.EXAMPLE),))
    assert "acme/lesson" in render(Report(bom=Bom(subject=MODEL, components=(lesson,))), Style())


def test_nothing_read_is_not_clean() -> None:
    text = render(Report(bom=Bom(subject=MODEL, coverage=Coverage(files=3))), Style())
    assert "this says nothing about what it inherits" in text


def test_the_comment_shows_findings_and_folds_the_rest() -> None:
    assert markdown.write(REPORT).decode() == snapshot("""\
## What `assistant` inherits

| | artifacts | pinned |
|---|---:|---:|
| Base models | 2 | 0 |
| Adapters, embeddings and tokenizers | 2 | 1 |
| Hosted services | 1 | 0 |
| Software libraries and code | 10 | 0 |

### Findings (2)

| severity | what | where | rule |
|---|---|---|---|
| high | `model acme/answers runs upstream's code` | `app.py:3` | `remote-code` |
| medium | `model acme/answers is loaded without a revision` | `app.py:3` | `unpinned-revision` |

9 files seen, 6 read, 1 not read, 1 unresolved.

<details><summary>Not read (1)</summary>

| where | why |
|---|---|
| `bad.yaml:2` | `is not YAML` |

</details>

<details><summary>Base models (2)</summary>

| artifact | revision | pin | where |
|---|---|---|---|
| `acme/answers` |  | unpinned | `app.py:3` +1 |
| `acme/draft` |  | unpinned | `tests/test_app.py:2` |

</details>

<details><summary>Adapters, embeddings and tokenizers (2)</summary>

| artifact | revision | pin | where |
|---|---|---|---|
| `acme/style` | `main` | can move | `app.py:5` |
| `acme/vectors` | `0123456789abcdef0123456789abcdef01234567` | pinned | `index.py:7` |

</details>

<details><summary>Hosted services (1)</summary>

| artifact | revision | pin | where |
|---|---|---|---|
| `openai/gpt` |  | unpinned | `app.py:8` |

</details>

<details><summary>Software libraries and code (10)</summary>

| artifact | revision | pin | where |
|---|---|---|---|
| `library-1` | `1.0` | can move | `requirements.txt:1` |
| `library-2` | `1.0` | can move | `requirements.txt:2` |
| `library-3` | `1.0` | can move | `requirements.txt:3` |
| `library-4` | `1.0` | can move | `requirements.txt:4` |
| `library-5` | `1.0` | can move | `requirements.txt:5` |
| `library-6` | `1.0` | can move | `requirements.txt:6` |
| `library-7` | `1.0` | can move | `requirements.txt:7` |
| `library-8` | `1.0` | can move | `requirements.txt:8` |
| `library-9` | `1.0` | can move | `requirements.txt:9` |
| `library-10` | `1.0` | can move | `requirements.txt:10` |

</details>

<details><summary>Unresolved (1)</summary>

| kind | expression | where |
|---|---|---|
| model | `sys.argv[1]` | `app.py:11` |

</details>

<details><summary>Accepted findings (1)</summary>

| rule | what | reason |
|---|---|---|
| `unpinned-revision` | `model acme/draft is loaded without a revision` | `only in tests` |

</details>

""")


def test_a_comment_never_exceeds_what_a_comment_holds() -> None:
    models = tuple(
        Component(kind=kind, name=f"acme/{'x' * 90}{n}") for n in range(5000) for kind in (Kind.MODEL, Kind.DATASET, Kind.SERVICE)
    )
    many = tuple(finding("remote-code", Severity.HIGH, f"{n} {'y' * 200}") for n in range(5000))
    text = markdown.write(Report(bom=Bom(subject=MODEL, components=models), findings=many)).decode()
    assert len(text) < 65_536
    assert text.count("<details>") == text.count("</details>")


def test_no_name_becomes_markup_in_a_comment() -> None:
    hostile = Component(kind=Kind.MODEL, name="`</td>` | @everyone\n# ![x](http://x)")
    row = next(
        line for line in markdown.write(Report(bom=Bom(subject=MODEL, components=(hostile,)))).decode().splitlines() if "@everyone" in line
    )
    assert row.startswith("| `'</td>' \\| @everyone # ![x](http://x)` |")


def test_code_scanning_gets_a_line_a_fingerprint_and_the_reason_of_what_is_accepted() -> None:
    run = json.loads(sarif.write(REPORT))["runs"][0]
    first, _, accepted = run["results"]
    assert first["level"] == "error"
    assert first["locations"] == [
        {"physicalLocation": {"artifactLocation": {"uri": "app.py", "uriBaseId": "%SRCROOT%"}, "region": {"startLine": 3}}}
    ]
    assert [r["physicalLocation"]["artifactLocation"]["uri"] for r in first["relatedLocations"]] == ["tests/test_app.py"]
    assert accepted["suppressions"] == [{"kind": "external", "justification": "only in tests"}]
    assert len({r["ruleId"] + r["partialFingerprints"]["lading/v1"] for r in run["results"]}) == 2
    assert run["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"] == "bad.yaml:2: is not YAML"
    assert run["tool"]["driver"]["rules"][first["ruleIndex"]]["id"] == "remote-code"


def test_the_fingerprint_of_a_finding_outlives_a_move_of_its_line() -> None:
    moved = msgspec.structs.replace(REPORT.findings[0], occurrences=(at("app.py", 99),))
    logs = [json.loads(sarif.write(msgspec.structs.replace(REPORT, findings=(f,)))) for f in (REPORT.findings[0], moved)]
    assert len({log["runs"][0]["results"][0]["partialFingerprints"]["lading/v1"] for log in logs}) == 1


def test_a_message_for_code_scanning_holds_no_link_and_no_placeholder() -> None:
    hostile = finding("remote-code", Severity.HIGH, "model [click](javascript:x) {0}")
    message = json.loads(sarif.write(msgspec.structs.replace(REPORT, findings=(hostile,))))["runs"][0]["results"][0]["message"]["text"]
    assert message == "model \\[click\\](javascript:x) {{0}}. Pin it."


def test_an_acceptance_marks_a_finding_and_ends_with_its_day() -> None:
    ignore = Ignore(rule="remote-code", reason="reviewed", path="app.py", expires=TODAY)
    settings = Settings(
        ignore=(Ignore(rule="remote-code", reason="reviewed", expires=TODAY),), severity={"unpinned-revision": Severity.CRITICAL}
    )
    applied = settings.applied(REPORT, TODAY)
    assert [(f.severity, f.accepted) for f in applied.findings] == [("critical", ""), ("critical", ""), ("high", "reviewed")]
    assert settings.expired(TODAY) == ()
    assert settings.expired(date(2030, 2, 1)) == settings.ignore
    assert not ignore.covers(REPORT.findings[0], TODAY), "a place outside the path is not covered"
    assert ignore.covers(finding("remote-code", Severity.HIGH, ""), TODAY) is False


def test_settings_for_a_rule_there_is_not_are_refused() -> None:
    with pytest.raises(ConfigError, match="'remote-coed', which does not exist") as refusal:
        Settings(ignore=(Ignore(rule="remote-coed", reason="x"),)).applied(REPORT, TODAY)
    assert refusal.value.hint == "did you mean 'remote-code'?"
