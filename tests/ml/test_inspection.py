"""What the real libraries write is benign, every byte of it; what torch reads is what is inspected."""

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import benign_files
import pytest

from lading.core.inspection import Grade
from lading.inspect import inspect_all, inspect_bytes

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.mark.parametrize("maker", benign_files.MAKERS, ids=lambda m: m.__name__)
def test_what_libraries_write_is_benign(maker: Callable[[Path], None], tmp_path: Path) -> None:
    try:
        maker(tmp_path)
    except ImportError as e:
        pytest.skip(f"not at hand: {e}")
    inspections = list(inspect_all([tmp_path]))
    assert len(inspections) > 1
    assert [(i.path, i.observations) for i in inspections if i.grade is not Grade.BENIGN] == []
    assert all(not i.covered.unread for i in inspections)


@pytest.mark.parametrize(
    ("change", "payload"),
    [(lambda d: d, "archive/data.pkl"), (lambda d: d.replace(b"dat_.pkl", b"data.pkl"), "archive/dat_.pkl"), (lambda d: d, "archive/DATA.PKL"), (lambda d: d + b"junk", "archive/data.pkl")],
)  # fmt: skip
def test_what_torch_reads_as_the_pickle_is_inspected(change: Callable[[bytes], bytes], payload: str) -> None:
    """Torch's own reader says which bytes it takes for `data.pkl`; the same bytes, made evil, are found."""
    import torch

    names = [*({"archive/data.pkl"} if "dat_" in payload else ()), payload, "archive/version"]
    evil = b"\x80\x02cos\nsystem\n."
    for place in range(len(names) - 1):
        members = {n: (evil if i == place else b"\x80\x02}q\x00.") if n.lower().endswith("pkl") else b"3\n" for i, n in enumerate(names)}
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as archive:
            for name, content in members.items():
                archive.writestr(name, content)
        data = change(out.getvalue())
        try:
            read = torch._C.PyTorchFileReader(io.BytesIO(data)).get_record("data.pkl")
        except RuntimeError:
            continue
        if read == evil:
            assert inspect_bytes(data, "model.pt").grade is Grade.MALICIOUS
