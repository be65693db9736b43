"""`lading admit`: the admission webhook."""

from pathlib import Path

import click

_FILE = click.Path(path_type=Path)


@click.command(
    name="admit",
    epilog="\b\nExamples:\n  lading admit --policy /etc/lading/lading.toml --tls-certificate tls.crt --tls-key tls.key\n"
    "  lading admit --audit --policy lading.toml --tls-certificate tls.crt --tls-key tls.key --listen 127.0.0.1:8443",
)
@click.option("--policy", "-p", type=_FILE, help="The settings file that decides; else LADING_POLICY, else the nearest lading.toml.")
@click.option("--tls-certificate", type=_FILE, required=True, help="The certificate of the webhook (PEM).")
@click.option("--tls-key", type=_FILE, required=True, help="Its private key (PEM).")
@click.option("--listen", default="0.0.0.0:8443", show_default=True, metavar="HOST:PORT", help="Where to listen.")
@click.option("--audit", is_flag=True, help="Let everything in; what would be refused is told as a warning and in the log.")
def command(policy: Path | None, tls_certificate: Path, tls_key: Path, listen: str, *, audit: bool) -> None:
    """Answer admission reviews of Kubernetes: images and models must be what somebody trusted has signed.

    Each decision is a line of JSON on standard error.
    """
    from lading.admit.review import by_policy  # noqa: PLC0415 - when it is run
    from lading.admit.server import Server  # noqa: PLC0415 - as above
    from lading.core.errors import UsageError  # noqa: PLC0415 - as above
    from lading.load.policy import policy_at  # noqa: PLC0415 - as above

    host, _, port = listen.rpartition(":")
    if not port.isascii() or not port.isdigit() or int(port) >= 1 << 16:
        raise UsageError(f"{listen} is no HOST:PORT", hint="for example 0.0.0.0:8443")
    judge = by_policy(policy_at(policy, None))
    try:
        server = Server((host.strip("[]"), int(port)), tls_certificate, tls_key, judge, audit=audit)
    except OSError as e:
        raise UsageError(f"{listen} cannot be listened on: {e.strerror}", hint="choose another with --listen") from e
    with server:
        click.echo(f"admission reviews are answered on {host}:{server.server_address[1]}", err=True)
        server.serve_forever()
