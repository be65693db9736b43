"""Regular expressions that are compiled when they are first used: most runs use few of the many that the tables and plugins hold."""

import re
from typing import Any, AnyStr, cast


class _Later:
    """Becomes its expression one attribute at a time; what was asked for once is found without a detour."""

    def __init__(self, source: Any, flags: int) -> None:  # noqa: ANN401 - text or bytes
        self._source = (source, flags)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever an expression has
        if name.startswith("_"):
            raise AttributeError(name)
        found = getattr(re.compile(*self._source), name)
        self.__dict__[name] = found
        return found


def pattern(source: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """The expression, compiled at its first use; one that is broken is found then, so that each needs a test that uses it."""
    return cast("re.Pattern[AnyStr]", _Later(source, flags))
