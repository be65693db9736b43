"""Licenses by what people write and by their texts, as SPDX expressions; what stands for several licenses is none."""

from lading.catalog.licenses import spdx_expression
from lading.core.pattern import pattern

_LONGEST = 200
"""Characters of what still is a name; more are a text."""
_NOISE = pattern(r"\b(?:the|licen[cs]es?|version|software|v(?=\d))\b|[,()\"']")
_WORDS = {
    "apache 2.0": "Apache-2.0",
    "apache 2": "Apache-2.0",
    "apache-2": "Apache-2.0",
    "apache": "Apache-2.0",
    "mit": "MIT",
    "expat": "MIT",
    "bsd 3-clause": "BSD-3-Clause",
    "3-clause bsd": "BSD-3-Clause",
    "new bsd": "BSD-3-Clause",
    "modified bsd": "BSD-3-Clause",
    "bsd 2-clause": "BSD-2-Clause",
    "2-clause bsd": "BSD-2-Clause",
    "simplified bsd": "BSD-2-Clause",
    "isc": "ISC",
    "isc iscl": "ISC",
    "mpl 2.0": "MPL-2.0",
    "mozilla public 2.0": "MPL-2.0",
    "mozilla public 2.0 mpl 2.0": "MPL-2.0",
    "unlicense": "Unlicense",
    "unlicense unlicense": "Unlicense",
    "psf": "PSF-2.0",
    "psfl": "PSF-2.0",
    "python foundation": "PSF-2.0",
    "zlib/libpng": "Zlib",
    "zope public": "ZPL-2.1",
    "gnu general public v2 gplv2": "GPL-2.0-only",
    "gnu general public v2 or later gplv2+": "GPL-2.0-or-later",
    "gnu general public v3 gplv3": "GPL-3.0-only",
    "gnu general public v3 or later gplv3+": "GPL-3.0-or-later",
    "gnu lesser general public v2 or later lgplv2+": "LGPL-2.0-or-later",
    "gnu lesser general public v3 lgplv3": "LGPL-3.0-only",
    "gnu lesser general public v3 or later lgplv3+": "LGPL-3.0-or-later",
    "cc0 1.0 universal cc0 1.0 public domain dedication": "CC0-1.0",
}
_TEXTS = (
    ("Apache-2.0", ("apache license", "version 2.0, january 2004")),
    ("MPL-2.0", ("mozilla public license version 2.0",)),
    ("BSD-3-Clause", ("redistribution and use in source and binary forms", "to endorse or promote products")),
    ("BSD-2-Clause", ("redistribution and use in source and binary forms",)),
    ("ISC", ("permission to use, copy, modify, and/or distribute this software for any purpose",)),
    ("MIT", ("permission is hereby granted, free of charge, to any person obtaining a copy", "without restriction")),
    ("Unlicense", ("this is free and unencumbered software released into the public domain",)),
    ("PSF-2.0", ("python software foundation license version 2",)),
    ("AGPL-3.0-only", ("gnu affero general public license version 3",)),
    ("LGPL-3.0-only", ("gnu lesser general public license version 3",)),
    ("GPL-3.0-only", ("gnu general public license version 3",)),
    ("GPL-2.0-only", ("gnu general public license version 2",)),
)
"""Phrases that a text holds all of, the surer license first; of the GNU licenses the text does not tell whether later ones count."""


def expression(words: str) -> str:
    """The SPDX expression that some words stand for; empty when they stand for none, or for several."""
    text = words.strip()
    if len(text) > _LONGEST:
        return ""
    return spdx_expression(text) or _WORDS.get(" ".join(_NOISE.sub(" ", text.lower()).split()), "")


def classified(classifier: str) -> str:
    """The SPDX expression of a classifier of the Python index; empty where it names a family of licenses."""
    return expression(classifier.rpartition(" :: ")[2]) if classifier.startswith("License :: ") else ""


def of_text(text: str) -> str:
    """The license of which this is the text; empty when it is not known, or holds several."""
    plain = " ".join(text.lower().replace("“", '"').split())
    found = [name for name, phrases in _TEXTS if all(p in plain for p in phrases)]
    if found[:1] == ["BSD-3-Clause"]:
        found.remove("BSD-2-Clause")
    return found[0] if len(found) == 1 else ""
