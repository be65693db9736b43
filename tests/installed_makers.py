"""Environments made for tests: distributions with true RECORDs, and a shared object of a few hundred bytes."""

import base64
import hashlib
import json
import struct
from pathlib import Path

from lading.binary import go_build


def environment(root: Path) -> Path:
    """An empty virtual environment; its site-packages folder."""
    site = root / "lib" / "python3.12" / "site-packages"
    site.mkdir(parents=True)
    (root / "pyvenv.cfg").write_text("home = /usr/bin\n")
    return site


def install(
    site: Path,
    name: str,
    version: str,
    files: dict[str, bytes],
    *,
    needs: tuple[str, ...] = (),
    sboms: dict[str, object] | None = None,
    requested: bool = False,
) -> Path:
    """Install a distribution as an installer would; its `.dist-info` folder."""
    info = f"{name.replace('-', '_')}-{version}.dist-info"
    head = f"Metadata-Version: 2.4\nName: {name}\nVersion: {version}\n" + "".join(f"Requires-Dist: {n}\n" for n in needs)
    inner = {f"{info}/METADATA": head.encode(), f"{info}/INSTALLER": b"pip\n"}
    inner |= {f"{info}/sboms/{n}": json.dumps(d).encode() for n, d in (sboms or {}).items()}
    inner |= {f"{info}/REQUESTED": b""} if requested else {}
    rows = []
    for path, data in {**files, **inner}.items():
        place = site / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
        rows.append(f"{path},sha256={base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b'=').decode()},{len(data)}")
    (site / info / "RECORD").write_text("\n".join([*rows, f"{info}/RECORD,,"]) + "\n")
    return site / info


def shared_object(
    soname: str = "",
    needed: tuple[str, ...] = (),
    strings: bytes = b"",
    *,
    executable_stack: bool = False,
    more: dict[str, bytes] | None = None,
) -> bytes:
    """A shared object that tells its name, what it needs and a build id, with sections of read-only data and `more`; it holds no code."""
    names, places = b"\0", []
    for text in (soname, *needed):
        places.append(len(names))
        names += text.encode() + b"\0"
    note = struct.pack("<III", 4, 8, 3) + b"GNU\0" + bytes(range(8))
    start = 64 + 4 * 56
    dynamic = [(14, places[0])] if soname else []
    dynamic += [(1, place) for place in places[1:]]
    table_at = start + (len(dynamic) + 3) * 16
    dynamic += [(5, table_at), (10, len(names)), (0, 0)]
    body = b"".join(struct.pack("<QQ", *row) for row in dynamic) + names
    note_at = start + len(body)
    titles = b"\0.shstrtab\0"
    rows, data, place = [(0, 0, 0, 0)], b"", note_at + len(note)
    for title, content in {".rodata": strings, **(more or {})}.items():
        rows.append((len(titles), 1, place + len(data), len(content)))
        titles += title.encode() + b"\0"
        data += content
    rows.append((1, 3, place + len(data), len(titles)))
    headers_at = place + len(data) + len(titles)
    whole = headers_at + len(rows) * 64
    programs = [(1, 4, 0, whole), (2, 4, start, len(dynamic) * 16), (4, 4, note_at, len(note))]
    programs.append((0x6474E551, 7 if executable_stack else 6, 0, 0))
    head = (
        b"\x7fELF\x02\x01\x01"
        + bytes(9)
        + struct.pack("<HHIQQQIHHHHHH", 3, 62, 1, 0, 64, headers_at, 0, 64, 56, 4, 64, len(rows), len(rows) - 1)
    )
    table = b"".join(struct.pack("<IIQQQQQQ", kind, flags, at, at, at, size, size, 8) for kind, flags, at, size in programs)
    ends = b"".join(struct.pack("<IIQQQQIIQQ", name, kind, 0, at, at, size, 0, 0, 1, 0) for name, kind, at, size in rows)
    return head + table + body + note + data + titles + ends


def _varint(number: int) -> bytes:
    return bytes([number & 0x7F | 0x80, number >> 7]) if number > 0x7F else bytes([number])


def go_program(release: str, lines: str) -> bytes:
    """What the Go linker writes into a program that was built of these modules."""
    told = b"0" * 16 + lines.encode() + b"1" * 16
    head = go_build.MAGIC + bytes([8, 2]) + bytes(16)
    return head + _varint(len(release)) + release.encode() + _varint(len(told)) + told


GO = "path\tcmd/app\nmod\tcmd/app\t(devel)\t\ndep\tgithub.com/acme/one\tv1.2.3\th1:x=\ndep\texample.org/two\tv0.1.0\n=>\texample.org/fork\tv0.2.0\th1:y=\n"
