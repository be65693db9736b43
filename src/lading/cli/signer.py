"""Who is to sign, as it was asked for: a key in a file, a key in a module or service, or an identity."""

import functools
from collections.abc import Callable
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any

import click
from msgspec import Struct

from lading.cli.key import passphrase, read
from lading.core.errors import UsageError

if TYPE_CHECKING:
    from lading.trust.signer import Signatory, SigningKey

_FILE = click.Path(path_type=Path)
_OPTIONS = (
    click.option("--key", "-k", default="", metavar="KEY", help="The private key: a file (PEM or OpenSSH), or a key elsewhere, such as hsm:2."),
    click.option("--passphrase-file", type=_FILE, help="The passphrase of the key, or the PIN of its module; else LADING_PASSPHRASE."),
    click.option(
        "--sigstore", default="", metavar="INSTANCE", help="Sign by identity, without a key: `public`, or the trust configuration of an instance."
    ),
    click.option(
        "--identity-token", default="", envvar="SIGSTORE_IDENTITY_TOKEN", metavar="TOKEN", help="The identity, for --sigstore; else SIGSTORE_IDENTITY_TOKEN, else that of the CI job."
    ),
    click.option("--login", is_flag=True, help="Where there is no token, ask for the identity in a browser."),
)  # fmt: skip


class Asked(Struct, frozen=True):
    """What the options say of who is to sign."""

    key: str = ""
    passphrase_file: Path | None = None
    sigstore: str = ""
    identity_token: str = ""
    login: bool = False

    def signatory(self) -> "Signatory":
        """Who signs; UsageError when nobody was asked, or two."""
        if bool(self.key) == bool(self.sigstore):
            fact = "both --key and --sigstore were given" if self.key else "nobody is named who signs"
            raise UsageError(fact, hint="--key KEY signs with a key, --sigstore public by identity")
        if self.key:
            return signing_key(self.key, self.passphrase_file)
        from lading.sign.keyless import Keyless  # noqa: PLC0415 - an extra

        return Keyless(self.sigstore, self.identity_token, login=self.login)

    def check(self, by: "Signatory") -> str:
        """The options by which `lading verify` checks what was signed."""
        if self.key:
            from lading.sign.service import is_service  # noqa: PLC0415 - as it was signed

            shown = f"--key PUBLIC.pem   (lading key show {quote(self.key)} > PUBLIC.pem)"
            return shown if is_service(self.key) else f"--key {self.key}.pub"
        from lading.sign.keyless import Keyless  # noqa: PLC0415 - an extra

        found = by.identity if isinstance(by, Keyless) else None
        named = f" --identity {quote(found.names[0])} --issuer {quote(found.issuer)}" if found and found.names else ""
        return f"--sigstore {self.sigstore}{named}"


def signer_options(command: Callable[..., int]) -> Callable[..., int]:
    """The options that name who signs; the command gets them as `asked`."""

    @functools.wraps(command)
    def packed(*arguments: Any, **options: Any) -> int:  # noqa: ANN401 - click's
        asked = Asked(**{name: options.pop(name) for name in Asked.__struct_fields__})
        return command(*arguments, asked=asked, **options)

    for option in reversed(_OPTIONS):
        packed = option(packed)
    return packed


def signing_key(text: str, passphrase_file: Path | None) -> "SigningKey":
    """The key that `--key` means, a file or one elsewhere; KeyFileError when there is none."""
    from lading.sign.service import ServiceKey, is_service  # noqa: PLC0415 - when it is run

    secret = passphrase(passphrase_file)
    if is_service(text):
        return ServiceKey(text, secret)
    from lading.trust.keys import load_private  # noqa: PLC0415 - when it is run

    return load_private(read(Path(text)), secret, text)
