"""The error tree: each error has a code, a sentence that names the thing and the fact, and a hint for the next step."""

from typing import ClassVar


class LadingError(Exception):
    """Anything lading refuses or fails to do; `code` has a documentation page, `exit_code` is the process's."""

    code: ClassVar[str] = "LD900"
    exit_code: ClassVar[int] = 1

    def __init__(self, sentence: str, *, hint: str = "") -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.hint = hint


class UsageError(LadingError):
    """What was asked for cannot be done as asked: a missing target, an unknown option value."""

    code = "LD100"
    exit_code = 2


class ConfigError(UsageError):
    """`lading.toml` is not readable or says something that has no meaning."""

    code = "LD101"


class ExtractError(LadingError):
    """An extractor could not read a file, or a part of it; becomes an entry of the coverage."""

    code = "LD200"


class LimitError(ExtractError):
    """A file exceeds a limit of size, depth, count or time."""

    code = "LD201"


class FormatError(LadingError):
    """A document is not of the format it was read as, or holds what that format forbids."""

    code = "LD300"
    exit_code = 2


class PluginError(LadingError):
    """A plugin did something that only its author can mend."""

    code = "LD910"


class WorkerError(LadingError):
    """A process that shared the work died before it had answered: what it was to read counts as not read."""

    code = "LD911"


class TrustError(LadingError):
    """A signature, statement, key or certificate is not to be trusted; the sentence names the way in which it is wrong."""

    code = "LD400"
    exit_code = 3


class EvidenceError(LadingError):
    """What would have to be verified is not there: no signature, no key to check it with. Unknown opens nothing."""

    code = "LD401"
    exit_code = 4


class KeyFileError(LadingError):
    """A key, certificate or identity, in a file or elsewhere, cannot be read or used for what was asked."""

    code = "LD402"
    exit_code = 2


class SigningError(LadingError):
    """Nothing was signed: the module, service or identity that was asked did not sign, or what it gave does not verify."""

    code = "LD403"


class LoadError(TrustError):
    """The load gate refuses a model or a file of one: it is not what was signed, or nobody signed it. Nothing of it was handed out."""

    code = "LD404"


class EnforcementError(LadingError):
    """It cannot be shown that unverified files are out of reach of a process, so the process is not started."""

    code = "LD405"
    exit_code = 4


class SourceError(LadingError):
    """An upstream does not tell what a name means: it refuses, says nonsense, or cannot be reached."""

    code = "LD600"
    exit_code = 4


class GoneError(SourceError):
    """An upstream says that an artifact, or a revision of it, is not there."""

    code = "LD601"


class DatabaseError(LadingError):
    """The advisory database is not there, damaged, empty or too old: nothing can be said, and nothing is called clean."""

    code = "LD700"
    exit_code = 4


class LedgerError(LadingError):
    """A ledger cannot be opened, read or written; what it acknowledged before is not touched."""

    code = "LD500"


class ProofError(TrustError):
    """A proof or a checkpoint does not show what it should: another tree, key, origin or size, or bytes that were changed."""

    code = "LD501"


class TamperError(LadingError):
    """A ledger is not what was recorded: something in it was removed, changed, re-ordered or added around it."""

    code = "LD502"
    exit_code = 3
