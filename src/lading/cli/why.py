"""`lading why`: everything known about one artifact."""

from pathlib import Path

import click

from lading.core.component import Component
from lading.core.errors import UsageError
from lading.core.finding import Report


@click.command(
    name="why",
    epilog="\b\nExamples:\n  lading why all-MiniLM-L6-v2\n  lading why pkg:huggingface/google-bert/bert-base-uncased path/to/repository",
)
@click.argument("thing")
@click.argument("target", type=click.Path(path_type=Path), default=Path())
def command(thing: str, target: Path) -> int:
    """Explain THING (a name, a part of it, or a package URL) as a scan of TARGET sees it."""
    from lading.scan import scan  # noqa: PLC0415 - when it is run

    report = scan(target)
    found = [c for c in report.bom.components if thing.lower() in c.name.lower() or thing in {c.ref, c.purl}]
    if not found:
        raise UsageError(f"nothing named {thing!r} is in {target}", hint=f"lading scan {target} --all lists what is")
    click.echo("\n\n".join(_explained(c, report) for c in found))
    return 0


def _explained(component: Component, report: Report) -> str:
    from lading.render.text import clean  # noqa: PLC0415 - when it is run

    lines = [
        f"{component.kind} {clean(component.name)}",
        f"  identity   {clean(component.ref)}",
        f"  revision   {clean(component.version) or 'none stated'} ({component.pin})",
    ]
    if component.url:
        lines.append(f"  from       {clean(component.url)}")
    lines += [f"  flag       {flag}" for flag in component.flags]
    lines += [f"  digest     {digest}" for digest in component.digests]
    lines += [f"  file       {clean(f.path)}  {f.digest}" for f in component.files]
    lines += [f"  license    {clean(x.expression)} ({'concluded' if x.concluded else 'declared'})" for x in component.licenses]
    lines += [
        f"  {e.relation}  {clean(e.target if e.source == component.ref else e.source)}"
        for e in report.bom.edges
        if component.ref in {e.source, e.target}
    ]
    for o in component.occurrences:
        lines.append(f"  seen       {clean(o.place)}  {clean(o.symbol)}  {clean(o.written)!r}  ({o.confidence}, {o.scope})")
    for finding in report.findings:
        if finding.component == component.ref:
            lines += [f"  finding    {finding.severity}: {clean(finding.message)}", f"             {clean(finding.hint)}  [{finding.rule}]"]
    return "\n".join(lines)
