"""CycloneDX JSON (ECMA-424): 1.6 and 1.7 written, 1.4 to 1.7 read."""

from functools import partial

from lading.formats._registry import Format, add_format
from lading.formats.cyclonedx.check import problems
from lading.formats.cyclonedx.read import detects, read
from lading.formats.cyclonedx.write import write

_MEDIA_TYPE = "application/vnd.cyclonedx+json"

for _name, _version in (("cyclonedx", "1.7"), ("cyclonedx-1.7", "1.7"), ("cyclonedx-1.6", "1.6")):
    add_format(
        Format(
            name=_name,
            title=f"CycloneDX {_version} ML-BOM",
            media_type=f"{_MEDIA_TYPE}; version={_version}",
            suffix=".cdx.json",
            write=partial(write, version=_version),
            read=read,
            detects=detects,
            problems=problems,
        )
    )
