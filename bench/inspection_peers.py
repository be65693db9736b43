"""Ask one scanner about many files, inside of the environment that has it: `python inspection_peers.py NAME FOLDER`; one JSON line for each file.

The answers are `malicious`, `suspicious`, `refused` (it says that it cannot tell, or fails) and `clean`. Files are asked for one after the other, each in a
child process with a limit of time, because some of them make some scanners run for minutes.
"""

import json
import multiprocessing
import sys
import time
from pathlib import Path

SECONDS = 20


def picklescan(path: Path) -> str:
    """With `--strict`: names that it does not know count too."""
    from picklescan.scanner import SafetyLevel, scan_directory_path, scan_file_path  # noqa: PLC0415

    result = scan_directory_path(str(path)) if path.is_dir() else scan_file_path(str(path))
    if result.issues_count or result.infected_files:
        return "malicious"
    if any(g.safety == SafetyLevel.Suspicious for g in result.globals):
        return "suspicious"
    return "refused" if result.scan_err else "clean"


def fickling(path: Path) -> str:
    """Pickles and torch archives; anything else is an error."""
    from fickling.analysis import Severity, check_safety  # noqa: PLC0415
    from fickling.fickle import StackedPickle  # noqa: PLC0415

    if path.is_dir():
        return "refused"
    worst = Severity.LIKELY_SAFE
    with path.open("rb") as stream:
        if stream.read(2) == b"PK":
            from fickling.pytorch import PyTorchModelWrapper  # noqa: PLC0415 - wants torch, which pickles do not

            worst = check_safety(PyTorchModelWrapper(path).pickled).severity
        else:
            stream.seek(0)
            for pickled in StackedPickle.load(stream):
                worst = max(worst, check_safety(pickled).severity)
    if worst >= Severity.LIKELY_UNSAFE:
        return "malicious"
    return "suspicious" if worst > Severity.LIKELY_SAFE else "clean"


def modelscan(path: Path) -> str:
    """Its own four severities; what it skips is no refusal for it, and counts as clean."""
    from modelscan.modelscan import ModelScan  # noqa: PLC0415

    result = ModelScan().scan(str(path))
    severities = result["summary"]["total_issues_by_severity"]
    if severities["CRITICAL"] or severities["HIGH"]:
        return "malicious"
    if severities["MEDIUM"] or severities["LOW"]:
        return "suspicious"
    return "refused" if result["errors"] else "clean"


def modelaudit(path: Path) -> str:
    """Critical, warning, or a scan that did not succeed."""
    from modelaudit.core import scan_model_directory_or_file  # noqa: PLC0415

    result = scan_model_directory_or_file(str(path))
    severities = {str(getattr(i.severity, "value", i.severity)).lower() for i in result.issues}
    if "critical" in severities:
        return "malicious"
    if "warning" in severities:
        return "suspicious"
    return "clean" if getattr(result, "success", True) and not getattr(result, "has_errors", False) else "refused"


def _ask(name: str, path: Path, answers: multiprocessing.Queue) -> None:  # type: ignore[type-arg]
    try:
        answers.put(globals()[name](path))
    except BaseException as e:  # noqa: BLE001 - whatever it raises, it does not tell
        answers.put(f"refused {type(e).__name__}")


def main() -> int:
    """Ask about everything directly below the folder."""
    name, folder = sys.argv[1], Path(sys.argv[2])
    context = multiprocessing.get_context("fork")
    if name == "modelscan":
        import modelscan.modelscan  # noqa: F401, PLC0415 - once, not in every child
    elif name == "modelaudit":
        import modelaudit.core  # noqa: F401, PLC0415 - as above
    for place in sorted(folder.iterdir()):
        inside = list(place.iterdir())
        path = inside[0] if len(inside) == 1 else place
        answers: multiprocessing.Queue = context.Queue()  # type: ignore[type-arg]
        start = time.perf_counter()
        child = context.Process(target=_ask, args=(name, path, answers))
        child.start()
        try:
            answer = answers.get(timeout=SECONDS)
        except Exception:  # noqa: BLE001 - it takes too long, or died
            answer = "refused timeout"
        child.kill()
        child.join()
        sys.__stdout__.write(
            json.dumps({"file": place.name, "answer": answer.split()[0], "seconds": round(time.perf_counter() - start, 3)}) + "\n"
        )
        sys.__stdout__.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
