"""`lading impact`: which builds did a compromise touch."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lading.cli.output import emit, encoded
from lading.core.errors import UsageError

if TYPE_CHECKING:
    from lading.catalog.incidents import Material
    from lading.ledger.builds import Build
    from lading.ledger.gathered import Verify
    from lading.ledger.impact import Answer, Question


@click.command(
    name="impact",
    epilog="\b\nExamples:\n  lading impact --list\n  lading impact --incident litellm-2026-03 attestations/\n"
    "  lading impact --material pkg:pypi/acme@1.2 --from 2026-03-01T08:00Z --to 2026-03-01T12:00Z builds.waybill.jsonl\n\n"
    "Exit codes: 0 nothing suspect, 3 suspect or compromised, 4 undetermined.",
)
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--incident", "-i", metavar="ID", help="A known incident, by id or alias.")
@click.option("--revision", type=click.IntRange(1), help="Ask with an earlier window of the incident.")
@click.option(
    "--material", "-m", "materials", multiple=True, metavar="PURL|DIGEST", help="What was bad; with a version, only that version."
)
@click.option("--from", "start", metavar="TIME", help="When the bad thing could first be fetched, with time zone.")
@click.option("--to", "end", metavar="TIME", help="When it could last be fetched.")
@click.option("--margin", default="", metavar="TIME", help="Widen the window on both sides: 90m, 5h, 2d.")
@click.option("--complete", is_flag=True, help="Take the materials that a statement lists as all there were.")
@click.option(
    "--key",
    "-k",
    "keys",
    type=click.Path(path_type=Path),
    multiple=True,
    help="Count only statements signed by this public key; may be repeated.",
)
@click.option(
    "--roots",
    type=click.Path(path_type=Path),
    multiple=True,
    help="Count statements signed by certificates of these authorities; may be repeated.",
)
@click.option("--list", "listed", is_flag=True, help="List the known incidents.")
@click.option("--format", "-f", "format_name", type=click.Choice(["text", "json", "html"]), default="text")
@click.option("--output", "-o", type=click.Path(path_type=Path), help="Write to this file.")
@click.option("--keep", type=click.Path(path_type=Path), help="Write the answers to this file, to compare with later.")
@click.option("--against", type=click.Path(path_type=Path), help="Show what changed since answers that were kept.")
def command(  # noqa: PLR0913, PLR0917 - one for each option
    paths: tuple[Path, ...],
    incident: str | None,
    revision: int | None,
    materials: tuple[str, ...],
    start: str | None,
    end: str | None,
    margin: str,
    keys: tuple[Path, ...],
    roots: tuple[Path, ...],
    format_name: str,
    output: Path | None,
    keep: Path | None,
    against: Path | None,
    *,
    complete: bool,
    listed: bool,
) -> int:
    """Say which of the builds in PATHS were made before, during or after a compromise, and which resolved what was bad.

    PATHS are files or folders of SLSA Provenance v1: DSSE envelopes, Sigstore bundles (one a line) or plain statements.
    Signatures are checked when --key or --roots say whose count: a statement by anybody else then tells nothing.
    """
    if listed:
        return _list(output)
    from lading.ledger.gathered import builds  # noqa: PLC0415 - when it is run
    from lading.ledger.impact import History  # noqa: PLC0415 - when it is run
    from lading.ledger.record import changes, recorded  # noqa: PLC0415 - when it is run

    question, title, remediation = _question(incident, revision, materials, start, end, margin)
    if not paths:
        raise UsageError("nothing to ask about", hint="give files or folders with provenance statements")
    verify = _verifier(keys, roots)
    found = builds(paths, verify)
    if not found:
        raise UsageError("no statement was found", hint="files end in .jsonl or .json, or are named themselves")
    now = datetime.now(UTC)
    answers = History(_completed(found) if complete else found).ask(question, now)
    record = recorded(question, answers, now, checked=verify is not None)
    data = (json.dumps(record, indent=1, ensure_ascii=True, sort_keys=True) + "\n").encode()
    changed = changes(_old(against), record) if against else []
    if keep:
        emit(data, keep)
    emit(
        data
        if format_name == "json"
        else encoded(_shown(question, answers, title, remediation, format_name, checked=verify is not None), output),
        output,
    )
    if against:
        click.echo(
            "\n".join(["changed since:", *(f"  {c}" for c in changed)] if changed else ["nothing changed"]), err=format_name != "text"
        )
    return _code(answers)


def _verifier(keys: tuple[Path, ...], roots: tuple[Path, ...]) -> "Verify | None":
    """Checks signatures against these keys and authorities; None when there are none to check with."""
    if not (keys or roots):
        return None
    from lading.cli.key import roots_of  # noqa: PLC0415 - when it is run
    from lading.policy.rule import TrustRule  # noqa: PLC0415 - as above
    from lading.trust import evidence  # noqa: PLC0415 - as above

    trusted = roots_of(TrustRule(keys=tuple(map(str, keys)), authorities=tuple(map(str, roots))), Path())
    now = datetime.now(UTC)
    return lambda signed: evidence.verify(signed, trusted, now)


def _completed(found: "list[Build]") -> "list[Build]":
    import msgspec  # noqa: PLC0415 - when it is run

    return [msgspec.structs.replace(b, complete=True) for b in found]


def _old(against: Path) -> bytes:
    try:
        return against.read_bytes()
    except OSError as e:
        raise UsageError(f"{against} cannot be read: {e.strerror}", hint="give a file that --keep wrote") from e


def _question(
    incident: str | None, revision: int | None, materials: tuple[str, ...], start: str | None, end: str | None, margin: str
) -> "tuple[Question, str, str]":
    """What is asked, its title and what to do."""
    from lading.catalog import incidents as known  # noqa: PLC0415 - when it is run
    from lading.ledger.impact import Question  # noqa: PLC0415 - when it is run
    from lading.ledger.window import margin_of  # noqa: PLC0415 - when it is run

    extra = margin_of(margin)
    if incident and not materials and not (start or end):
        asked = known.incident(incident)
        return Question.of(asked, extra, revision or 0), f"{asked.id}: {asked.title}", asked.remediation
    if incident or not materials or not (start and end):
        raise UsageError("it is not clear what is asked", hint="either --incident ID, or --material with --from and --to")
    window = known.Window(start=_time(start), end=_time(end))
    if window.end < window.start:
        raise UsageError(f"the window ends at {end}, before it starts")
    return Question(materials=tuple(map(_material, materials)), window=window, margin=extra), ", ".join(materials), ""


def _material(text: str) -> "Material":
    from lading.catalog import incidents as known  # noqa: PLC0415 - when it is run
    from lading.core.digest import Digest  # noqa: PLC0415 - when it is run
    from lading.core.purl import parse, purl  # noqa: PLC0415 - when it is run

    try:
        if not text.startswith("pkg:"):
            return known.Material(digests=(str(Digest.parse(text)),))
        p = parse(text)
    except ValueError as e:
        raise UsageError(str(e), hint="a package URL (pkg:pypi/acme) or a digest (sha256:…)") from e
    return known.Material(
        purl=purl(p.type, p.name, namespace=p.namespace, **dict(p.qualifiers)), versions=(p.version,) if p.version else ()
    )


def _time(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as e:
        raise UsageError(f"{text!r} is no time", hint="like 2026-03-24T10:39:00Z") from e
    if moment.tzinfo is None:
        raise UsageError(f"{text!r} has no time zone", hint=f"{text}Z means UTC")
    return moment


def _shown(question: "Question", answers: "list[Answer]", title: str, remediation: str, format_name: str, *, checked: bool) -> str:
    from lading.ledger import timeline  # noqa: PLC0415 - when it is run

    return (timeline.page if format_name == "html" else timeline.text)(question, answers, title, remediation, checked=checked)


def _code(answers: "list[Answer]") -> int:
    from lading.ledger.impact import SUSPECT, State  # noqa: PLC0415 - when it is run

    states = {a.state for a in answers}
    return 3 if states & SUSPECT else 4 if State.UNDETERMINED in states else 0


def _list(output: Path | None) -> int:
    from lading.catalog.incidents import incidents  # noqa: PLC0415 - when it is run

    lines = [
        f"{i.id:28} {f'{i.window[-1].start:%Y-%m-%d} to {i.window[-1].end:%Y-%m-%d}' if i.window else 'no window':24} {i.title}"
        for i in incidents()
    ]
    emit(encoded("\n".join([*lines, ""]), output), output)
    return 0
