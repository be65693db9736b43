"""What dpkg says is installed, and what each package needs and provides (Debian Policy, chapters 5 and 7)."""

import re
from collections.abc import Iterator

from lading.image.needs import Compound, Fits, Need, Offer, Want, compares
from lading.image.stanzas import stanzas
from lading.image.system import Package
from lading.versions import debian

_RELATION = re.compile(r"([a-zA-Z0-9][a-zA-Z0-9+.-]*)(?::([a-z0-9-]+))?\s*(?:\(\s*([<>=]{1,2})\s*([^\s()<>=]+)\s*\))?")
_LONGEST = 2000
"""Characters of one relation."""
_STRICT = {"<<": "<", ">>": ">", "<": "<=", ">": ">="}


def read(data: bytes) -> Iterator[Package]:
    """Installed packages, each with the source package that advisories name."""
    for rows in stanzas(data, ": "):
        if "installed" in rows.get("Status", "installed").split() and "Package" in rows and "Version" in rows:
            name, _, version = rows.get("Source", "").partition(" ")
            source = "@".join(p for p in (name, version.strip("() ")) if p)
            yield Package(
                "deb", rows["Package"], rows["Version"], rows.get("Architecture", ""), source, wants=_wants(rows), offers=_offers(rows)
            )


def fits(packages: list[Package]) -> Fits:
    """Whether an offer meets a need: packages of all architectures count as of that which dpkg itself is of."""
    native = next((p.arch for p in packages if p.name == "dpkg"), "") or next((p.arch for p in packages if p.arch not in {"", "all"}), "")

    def of(arch: str) -> str:
        return native if arch in {"", "all"} else arch

    def judge(asker: str, need: Need, offer: Offer) -> bool:
        if need.arch not in {"", "any"}:
            reachable = of(offer.arch) == (native if need.arch == "native" else need.arch)
        else:
            reachable = need.arch == "any" or offer.multi == "foreign" or of(offer.arch) == of(asker)
        return reachable and (
            not need.version or (bool(offer.version) and compares(debian.key, offer.version, need.operator, need.version))
        )

    return judge


def _wants(rows: dict[str, str]) -> tuple[Want, ...]:
    clauses = (clause for field in ("Pre-Depends", "Depends") for clause in rows.get(field, "").split(","))
    return tuple(_alternatives(clause) for clause in clauses if clause.strip())


def _alternatives(clause: str) -> Want:
    needs = tuple(Need(name, operator, version, arch) for name, arch, operator, version in map(_relation, clause.split("|")) if name)
    return needs[0] if len(needs) == 1 else Compound("or", needs) if needs else Need("")


def _relation(text: str) -> tuple[str, str, str, str]:
    """Name, architecture, operator and version."""
    found = _RELATION.match(text.strip()) if len(text) <= _LONGEST else None
    if not found:
        return "", "", "", ""
    name, arch, operator, version = (part or "" for part in found.groups())
    return name, arch, _STRICT.get(operator, operator), version


def _offers(rows: dict[str, str]) -> tuple[Offer, ...]:
    arch, multi = rows.get("Architecture", ""), rows.get("Multi-Arch", "")
    provided = (_relation(text) for text in rows.get("Provides", "").split(",") if text.strip())
    return (
        Offer(rows["Package"], "=", rows["Version"], arch, multi),
        *(Offer(name, "=" if version else "", version, arch, multi) for name, _, _, version in provided if name),
    )
