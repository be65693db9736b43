"""SPDX 2.3 JSON; SPDX 2.2 is read too."""

from lading.formats._registry import Format, add_format
from lading.formats.spdx2.check import problems
from lading.formats.spdx2.read import detects, read
from lading.formats.spdx2.write import write

add_format(
    Format(
        name="spdx-2.3",
        title="SPDX 2.3 JSON",
        media_type="application/spdx+json; version=2.3",
        suffix=".spdx.json",
        write=write,
        read=read,
        detects=detects,
        problems=problems,
    )
)
