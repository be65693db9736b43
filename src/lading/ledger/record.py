"""Answers kept: a statement that names its question by digest, and what another answer to the same artifacts says differently."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from lading.core.errors import LadingError, UsageError
from lading.ledger.impact import Answer, Question
from lading.ledger.window import bounds
from lading.trust.statement import TYPE
from lading.trust.strict import load

IMPACT = "urn:lading:impact:v1"


def recorded(question: Question, answers: Sequence[Answer], now: datetime, *, checked: bool) -> dict[str, Any]:
    """The answers as an in-toto statement."""
    first, last = bounds(question.window, question.margin) if question.window else (None, None)
    predicate = {
        "question": msgspec.to_builtins(question),
        "questionDigest": question.digest,
        "widened": {"start": first and first.isoformat(), "end": last and last.isoformat()},
        "asked": now.isoformat(),
        "signaturesChecked": checked,
        "counts": dict(sorted(Counter(str(a.state) for a in answers).items())),
        "answers": msgspec.to_builtins(answers),
    }
    subjects = [{"name": a.artifact.name, "digest": dict(d.split(":", 1) for d in a.artifact.digests)} for a in answers]
    return {"_type": TYPE, "subject": subjects, "predicateType": IMPACT, "predicate": predicate}


def changes(old: bytes, new: Mapping[str, Any]) -> list[str]:
    """What is answered differently now, a line for each artifact; UsageError when the old answers cannot be read."""
    try:
        document = load(old, "the old answers")
        before = dict(_states(document))
    except (LadingError, TypeError, KeyError, ValueError, AttributeError) as e:
        raise UsageError(f"the old answers cannot be read: {e}", hint="give a file that --keep wrote") from e
    after = dict(_states(new))
    lines = [
        f"{name}: {before.get(key, 'not known')} -> {state}"
        for key, state in after.items()
        if before.get(key) != state
        for name in [key[0]]
    ]
    return lines + [f"{key[0]}: {state} -> no longer told" for key, state in before.items() if key not in after]


def _states(document: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], str]]:
    if document["predicateType"] != IMPACT:
        raise ValueError(f"it is of type {document['predicateType']!r}")
    for answer in document["predicate"]["answers"]:
        artifact = answer["artifact"]
        yield (str(artifact["name"]), *sorted(map(str, artifact["digests"])), str(answer["statements"][-1])), str(answer["state"])
