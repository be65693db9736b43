"""SPDX 3.0.1 JSON-LD with AI and Dataset packages."""

from lading.formats._registry import Format, add_format
from lading.formats.spdx3.check import problems
from lading.formats.spdx3.read import detects, read
from lading.formats.spdx3.write import write

for _name in ("spdx", "spdx-3"):
    add_format(
        Format(
            name=_name,
            title="SPDX 3.0.1 JSON-LD with AI and Dataset packages",
            media_type="application/spdx+json; version=3.0.1",
            suffix=".spdx3.json",
            write=write,
            read=read,
            detects=detects,
            problems=problems,
        )
    )
