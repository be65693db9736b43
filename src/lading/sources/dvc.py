"""Outputs of DVC: held by the hash that the repository's own dvc.lock has of them."""

from lading.core.component import Component
from lading.core.errors import SourceError
from lading.sources._registry import Found, add_source


@add_source
class Outputs:
    """Asks nobody: the version of an output is the hash of its bytes."""

    upstreams = ("dvc",)

    def find(self, component: Component, revision: str) -> Found:
        """The hash as DVC writes it (`md5:…`, of a folder `md5:….dir`)."""
        if not revision:
            raise SourceError(f"DVC has no hash of {component.name} yet", hint="dvc commit")
        return Found(revision=revision if ":" in revision else f"md5:{revision}")
