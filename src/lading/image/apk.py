"""What apk says is installed, and what each package needs and provides (apk-tools' `doc/apk-package.5` and `src/database.c`)."""

import re
from collections.abc import Iterator

from lading.image.needs import Need, Offer, compares
from lading.image.stanzas import stanzas
from lading.image.system import Package
from lading.versions import alpine

_LONGEST = 2000
"""Characters of one relation."""
_DEPENDENCY = re.compile(r"([^\s<>=~@]+)(?:@[^\s<>=~]+)?(?:([<>=~]{1,3})(\S+))?\Z")


def read(data: bytes) -> Iterator[Package]:
    """Installed packages, each with the package that it was built as a part of."""
    for rows in stanzas(data, ":"):
        if "P" in rows and "V" in rows:
            origin = rows.get("o", "")
            needs = (_relation(text) for text in rows.get("D", "").split() if not text.startswith("!"))
            provided = (_relation(text) for text in rows.get("p", "").split())
            yield Package(
                "apk",
                rows["P"],
                rows["V"],
                rows.get("A", ""),
                origin if origin != rows["P"] else "",
                rows.get("L", ""),
                wants=tuple(Need(*parts) for parts in needs if parts[0]),
                offers=(Offer(rows["P"], "=", rows["V"]), *(Offer(*parts) for parts in provided if parts[0])),
            )


def fits(_: str, need: Need, offer: Offer) -> bool:
    """Whether an offer meets a need: one without a version stands for no version; a tilde asks for how a version begins."""
    if not need.version or "><" in need.operator:
        return True
    if not offer.version:
        return False
    begins = offer.version.startswith(need.version) and not offer.version[len(need.version) :][:1].isdigit()
    return ("~" in need.operator and begins) or compares(alpine.key, offer.version, need.operator.replace("~", ""), need.version)


def _relation(text: str) -> tuple[str, str, str]:
    """Name, operator and version."""
    found = _DEPENDENCY.match(text) if len(text) <= _LONGEST else None
    return (found[1], found[2] or "", found[3] or "") if found else ("", "", "")
