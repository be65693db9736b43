"""License texts as people write them, against the SPDX license list (the copy that `packaging` carries)."""

from functools import lru_cache

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

from lading.core.component import License

_LONGEST = 1000


@lru_cache(maxsize=4096)
def spdx_expression(text: str) -> str:
    """The canonical SPDX expression a text is, `Apache-2.0 OR MIT`; empty when it is none."""
    if len(text) > _LONGEST:
        return ""
    try:
        return str(canonicalize_license_expression(text))
    except (InvalidLicenseExpression, RecursionError, MemoryError):
        return ""


@lru_cache(maxsize=4096)
def is_spdx_id(text: str) -> bool:
    """Whether a text is one identifier of the SPDX license list, in the list's own spelling."""
    single = " " not in text and "(" not in text and not text.endswith("+") and not text.startswith("LicenseRef-")
    return single and spdx_expression(text) == text != ""


def stated(text: str) -> License:
    """A license as somebody stated it: in the list's spelling where it is an SPDX expression, else the words used."""
    return License(spdx_expression(text) or text)
