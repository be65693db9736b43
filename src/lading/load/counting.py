"""How often the gate opened and refused in this process, for whoever watches over it."""

import threading
from collections import Counter

_counts: Counter[str] = Counter()
_lock = threading.Lock()


def count(answer: str) -> None:
    """One more `allow`, `refuse` or `unknown` over a model, or `changed`: a file that was not what it should be when it was read."""
    with _lock:
        _counts[answer] += 1


def counts() -> dict[str, int]:
    """The counts so far, of every answer there is."""
    with _lock:
        return {answer: _counts[answer] for answer in ("allow", "refuse", "unknown", "changed")}
