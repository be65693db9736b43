"""Torch archives, other ZIP and TAR archives and compressed streams that readers differ about."""

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
import zlib

from attacks.opcodes import RUN, proto
from attacks.registry import BENIGN, FLAGGED, MALICIOUS, STOPPED, sample, table

EVIL = proto(2, RUN)
GOOD = proto(2, b"}")


def torch_zip(
    data: bytes = EVIL,
    *,
    root: str = "archive",
    extra: dict[str, bytes] | None = None,
    method: int = zipfile.ZIP_STORED,
    name: str = "data.pkl",
) -> bytes:
    """An archive as torch writes it, with this pickle."""
    return zipped({f"{root}/{name}": data, f"{root}/version": b"3\n", f"{root}/data/0": b"\x00" * 64, **(extra or {})}, method)


def zipped(members: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    """A plain archive."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content, method)
    return out.getvalue()


def tarred(members: dict[str, bytes], links: dict[str, str] | None = None, kind: bytes = tarfile.SYMTYPE) -> bytes:
    """A plain archive with links."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
        for name, target in (links or {}).items():
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, target
            archive.addfile(info)
    return out.getvalue()


def _flags(data: bytes, *, local: int = 0, central: int = 0) -> bytes:
    raw = bytearray(data)
    place = raw.find(b"PK\x03\x04")
    raw[place + 6] |= local
    place = raw.find(b"PK\x01\x02")
    raw[place + 8] |= central
    return bytes(raw)


def _twice(first: bytes, second: bytes) -> bytes:
    """An archive whose list names data.pkl two times."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("archive/data.pkl", first)
        archive.writestr("archive/dat_.pkl", second)
        archive.writestr("archive/version", b"3\n")
    return out.getvalue().replace(b"archive/dat_.pkl", b"archive/data.pkl")


def _unlisted(hidden: bytes) -> bytes:
    """A member before the first one that the list names."""
    whole, plain = zipped({"archive/data.pkl": hidden}), torch_zip(GOOD)
    end = whole.find(b"PK\x01\x02")
    return whole[:end] + plain


table(
    "archives",
    {
        "torch": torch_zip(),
        "torch-deflated": torch_zip(method=zipfile.ZIP_DEFLATED),
        "torch-wrong-checksum": torch_zip().replace(zlib.crc32(EVIL).to_bytes(4, "little"), b"\x01\x02\x03\x04"),
        "torch-header-says-encrypted": _flags(torch_zip(), local=0x1),
        "torch-name-in-capitals": torch_zip(name="DATA.PKL"),
        "torch-two-pickles-evil-first": _twice(EVIL, GOOD),
        "torch-two-pickles-evil-last": _twice(GOOD, EVIL),
        "torch-names-differ": torch_zip().replace(b"archive/data.pkl", b"archive/read.txt", 1),
        "torch-junk-behind": torch_zip() + b"\x00\x01\x02junk",
        "torch-junk-before": b"junk" * 10 + torch_zip(),
        "torch-unlisted-member": _unlisted(EVIL),
        "torch-unlisted-member-of-the-list-s-name": _unlisted(EVIL),
        "torch-in-a-zip": zipped({"model.pt": torch_zip()}),
        "torch-pickle-beside": torch_zip(GOOD, extra={"archive/extra/evil.pkl": EVIL}),
        "torch-constants": torch_zip(GOOD, extra={"archive/constants.pkl": EVIL}),
        "zip-with-pickle": zipped({"model.pkl": EVIL}),
        "zip-in-zip-in-zip": zipped({"a.zip": zipped({"b.zip": zipped({"c.pkl": EVIL})})}),
        "zip-bzip2": zipped({"model.pkl": EVIL}, zipfile.ZIP_BZIP2),
        "npz-with-pickle": zipped({"a.npy": EVIL}),
        "tar-with-pickle": tarred({"model.pkl": EVIL}),
        "tar-path-climbs": tarred({"../../evil.txt": b"x"}),
        "tar-path-absolute": tarred({"/tmp/evil.txt": b"x"}),
        "tar-link-climbs": tarred({"a.txt": b"a"}, {"link": "../../../etc/passwd"}),
        "zip-path-climbs": zipped({"../evil.txt": b"x"}),
        "zip-path-absolute": zipped({"/tmp/evil.txt": b"x"}),
        "zip-path-of-windows": zipped({"..\\evil.txt": b"x"}),
        "gzip": gzip.compress(EVIL, mtime=0),
        "gzip-second-stream": gzip.compress(GOOD, mtime=0) + gzip.compress(EVIL, mtime=0),
        "zlib": zlib.compress(EVIL),
        "bzip2": bz2.compress(EVIL),
        "xz": lzma.compress(EVIL),
        "lzma": lzma.compress(EVIL, lzma.FORMAT_ALONE),
        "gzip-of-tar": gzip.compress(tarred({"a/model.pkl": EVIL}), mtime=0),
        "old-torch-tar": tarred({"sys_info": GOOD, "pickle": EVIL, "tensors": proto(2, b"K\x00"), "storages": proto(2, b"K\x00")}),
    },
    *MALICIOUS, suffix=".pt",
)  # fmt: skip
table(
    "archives",
    {
        "torch-list-says-encrypted": _flags(torch_zip(), central=0x1),
        "zip-link": zipped({"a": b"x"}).replace(b"\x00\x00\x80\x01", b"\x00\x00\xff\xa1"),
        "tar-link": tarred({"a.txt": b"a"}, {"link": "a.txt"}),
        "tar-device": tarred({}, {"device": ""}, tarfile.CHRTYPE),
        "tar-two-of-one-name": tarred({"a.txt": b"a"})[:1024] + tarred({"a.txt": b"b"}),
        "torch-good-twice": _twice(GOOD, GOOD),
        "torch-good-junk-behind": torch_zip(GOOD) + b"junk",
        "lzma-member": zipped({"archive/data.pkl": GOOD, "archive/version": b"3"}, zipfile.ZIP_LZMA),
        "nested-without-end": __import__("functools").reduce(lambda inner, n: zipped({f"{n}.zip": inner}), range(12), GOOD),
        "seven-zip": b"7z\xbc\xaf\x27\x1c" + b"\x00\x04" + b"\x11" * 40,
        "zstd": b"\x28\xb5\x2f\xfd" + b"\x00" * 30,
        "broken-gzip": gzip.compress(GOOD * 100, mtime=0)[:-20],
    },
    *STOPPED, suffix=".pt",
)  # fmt: skip


@sample("evil.pt", *MALICIOUS)
def legacy_payload_in_the_last_pickle() -> bytes:
    """An old torch file whose payload stands in the last of its pickles."""
    return _legacy(GOOD, proto(2, RUN))


@sample("evil.pt", *MALICIOUS)
def legacy_payload_in_the_object() -> bytes:
    """An old torch file whose payload stands in the pickle of the object."""
    return _legacy(proto(2, RUN), proto(2, b"]"))


@sample("good.pt", *BENIGN)
def legacy_without_payload() -> bytes:
    """An old torch file with an empty object."""
    return _legacy(GOOD, proto(2, b"]"))


def _legacy(body: bytes, keys: bytes) -> bytes:
    magic = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."
    return magic + proto(2, b"M\xe9\x03") + proto(2, b"}") + body + keys


@sample("archive.pt", *FLAGGED)
def zip_and_pickle() -> bytes:
    """A pickle that ends where an archive begins."""
    return proto(2, b"}") + torch_zip(GOOD)


@sample("good.pt", *BENIGN)
def torch_without_payload() -> bytes:
    """An archive as torch writes it."""
    return torch_zip(GOOD)


@sample("good.tar.gz", *BENIGN)
def compressed_tar_without_payload() -> bytes:
    """A compressed archive of harmless files."""
    return gzip.compress(tarred({"a.txt": b"text", "b.pkl": GOOD}), mtime=0)


@sample("bomb.zip", *STOPPED)
def zip_bomb() -> bytes:
    """A member that unpacks to a thousand times its size."""
    return zipped({"model.pkl": b"\x00" * (100 << 20)}, zipfile.ZIP_DEFLATED)


@sample("bomb.gz", *STOPPED)
def gzip_bomb() -> bytes:
    """A stream that unpacks to a thousand times its size."""
    return gzip.compress(b"\x00" * (100 << 20), 1, mtime=0)
