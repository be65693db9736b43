"""`lading why`: everything known about one artifact, or about the verdict on one."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lading.cli.judge import judged, trusted
from lading.core.component import Component
from lading.core.errors import UsageError
from lading.core.finding import Report
from lading.core.kinds import Relation

if TYPE_CHECKING:
    from lading.policy.rule import TrustRule
    from lading.policy.trust import Claim
    from lading.sign.verify import Result
    from lading.trust.evidence import Roots


@click.command(
    name="why",
    epilog="\b\nExamples:\n  lading why all-MiniLM-L6-v2\n  lading why pkg:huggingface/google-bert/bert-base-uncased path/to/repository\n"
    "  lading why urllib3 .venv\n  lading why models/classifier\n  lading why oci:image:v1\n  lading why git:.@v1.0\n\nFor a verdict the [[trust]] rule of lading.toml holds; exit codes are then those of lading verify.",
)
@click.argument("thing")
@click.argument("target", type=click.Path(path_type=Path), default=Path())
def command(thing: str, target: Path) -> int:
    """Explain THING.

    A name, a part of it or a package URL is explained as a scan of TARGET sees it. For something that is signed (a model, a file, an image
    `oci:FOLDER`, a commit `git:FOLDER`) the verdict is explained: by which rule, who says what, what was looked at and what was not.
    """
    if _is_signed(Path(thing)):
        return _verdict(Path(thing))
    from lading.bom.why import matching  # noqa: PLC0415 - when it is run
    from lading.cli.scan import report_of  # noqa: PLC0415 - as above

    report = report_of(target)
    found = matching(report.bom, thing)
    if not found:
        raise UsageError(f"nothing named {thing!r} is in {target}", hint=f"lading scan {target} --all lists what is")
    click.echo("\n\n".join(explained(c, report) for c in found))
    return 0


_SEEN_FROM_BELOW = {
    Relation.CONTAINS: "is in",
    Relation.DEPENDS_ON: "needed by",
    Relation.DERIVED_FROM: "base of",
    Relation.TRAINED_ON: "data of",
    Relation.TESTED_ON: "test data of",
    Relation.TOKENIZED_BY: "tokenizer of",
    Relation.BUILT_BY: "builder of",
    Relation.FETCHED_FROM: "source of",
}


def explained(component: Component, report: Report) -> str:
    """Everything known about a component, in lines."""
    from lading.bom.why import direct, paths  # noqa: PLC0415 - when it is run
    from lading.render.style import clean  # noqa: PLC0415 - when it is run

    lines = [
        f"{component.kind} {clean(component.name)}",
        f"  identity     {clean(component.ref)}",
        f"  revision     {clean(component.version) or 'none stated'} ({component.pin})",
    ]
    if component.url:
        lines.append(f"  from         {clean(component.url)}")
    lines += [f"  flag         {flag}" for flag in component.flags]
    lines += [f"  digest       {digest}" for digest in component.digests]
    lines += [f"  file         {clean(f.path)}  {f.digest}" for f in component.files]
    lines += [f"  license      {clean(x.expression)} ({'concluded' if x.concluded else 'declared'})" for x in component.licenses]
    lines += [f"  {e.relation:<13}{clean(e.target)}" for e in report.bom.edges if e.source == component.ref]
    lines += [f"  {_SEEN_FROM_BELOW[e.relation]:<13}{clean(e.source)}" for e in report.bom.edges if e.target == component.ref]
    ways = paths(report.bom, component.ref)
    lines += [f"  through      {clean(' → '.join(way))}" for way in ways]
    if ways and (chosen := direct(ways, report.bom.subject.ref)) != [component.ref]:
        lines.append(f"  to raise     {clean(', '.join(chosen))}")
    for o in component.occurrences:
        lines.append(f"  seen         {clean(o.place)}  {clean(o.symbol)}  {clean(o.written)!r}  ({o.confidence}, {o.scope})")
    for finding in report.findings:
        if finding.component == component.ref:
            lines += [
                f"  finding      {finding.severity}: {clean(finding.message)}",
                f"               {clean(finding.hint)}  [{finding.rule}]",
            ]
    return "\n".join(lines)


def _is_signed(path: Path) -> bool:
    from lading.sign.subject import is_commit, is_image  # noqa: PLC0415 - when it is run
    from lading.sign.verify import signatures_of  # noqa: PLC0415 - as above

    return is_commit(path) or is_image(path) or (path.exists() and bool(signatures_of(path)))


def _verdict(path: Path) -> int:
    """Print why the answer about something signed is what it is."""
    from lading.policy.rule import TrustRule  # noqa: PLC0415 - when it is run
    from lading.policy.settings import settings_and_folder  # noqa: PLC0415 - as above
    from lading.sign.subject import place_of  # noqa: PLC0415 - as above

    nobody = TrustRule()
    rule, roots = trusted(path, nobody, explicit=False)
    result = judged(path, (), roots, rule, datetime.now(UTC))
    _, folder = settings_and_folder(place_of(path))
    where = f"{folder / 'lading.toml'} does not name it" if rule == nobody else f"[[trust]] of {folder}, match {rule.match!r}"
    click.echo("\n".join(_reasoned(result, rule, roots, where)))
    return result.verdict.answer.exit_code


def _reasoned(result: "Result", rule: "TrustRule", roots: "Roots", where: str) -> list[str]:
    from lading.render.style import clean  # noqa: PLC0415 - when it is run

    words = {"allow": "allowed", "refuse": "refused", "unknown": "unknown"}
    lines = [f"{words[result.verdict.answer]}: {clean(result.artifact)}"]
    lines += [f"  because    {clean(reason)}" for reason in result.verdict.reasons]
    lines += ["", "rule", f"  where      {clean(where)}", f"  needs      {_signers(rule)}"]
    lines += [f"  trusts     key {key.fingerprint[:16]}… ({key.algorithm})" for key in roots.keys]
    lines += [f"  trusts     authority {clean(c.subject.rfc4514_string())}" for c in roots.certificates]
    lines += [f"  trusts     identity {clean(i)} by {clean(', '.join(rule.issuers) or 'authorities')}" for i in rule.identities]
    wanted = {"statements": rule.predicates, "age": (rule.max_age,), "formats": rule.formats, "sources": rule.sources}
    lines += [f"  needs      {name}: {clean(', '.join(values))}" for name, values in wanted.items() if any(values)]
    for claim in result.claims:
        lines += ["", *_claimed(claim, rule)]
    lines += ["", "looked at"]
    lines += [f"  {c.files} files by {c.by}, {len(c.differences) or 'no'} differences" for c in result.checked] or [
        "  nothing: no signature holds"
    ]
    notes = [clean(note) for c in result.checked for note in (*c.notes, *(f"{path} was left out" for path in c.left_out))]
    lines += ["", "not looked at", *(f"  {note}" for note in dict.fromkeys(notes) or ["everything"])]
    return lines


def _signers(rule: "TrustRule") -> str:
    return f"{rule.threshold} different signers" if rule.threshold > 1 else "one signer"


def _claimed(claim: "Claim", rule: "TrustRule") -> list[str]:
    """One statement: what it is, by whom, from when, and what becomes of it."""
    from lading.policy.trust import permitted  # noqa: PLC0415 - when it is run
    from lading.render.style import clean  # noqa: PLC0415 - as above
    from lading.trust.predicates import short  # noqa: PLC0415 - as above

    lines = [f"{short(claim.predicate) or 'signature'}  {clean(claim.source)}"]
    if claim.signer:
        lines.append(f"  by         {clean(str(claim.signer))}{'' if permitted(rule, claim.signer) else ', whom the rule does not name'}")
    if claim.made:
        lines.append(f"  made       {claim.made:%Y-%m-%d %H:%M} UTC")
    lines += [f"  from       {clean(source)}" for source in claim.sources]
    lines += [f"  differs    {clean(difference)}" for difference in claim.differences]
    outcome = "holds" if claim.holds else claim.refusal or claim.unknown
    if outcome:
        lines.append(f"  outcome    {clean(outcome)}")
    return lines
