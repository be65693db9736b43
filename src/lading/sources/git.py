"""Git repositories on GitHub: the commit that a branch or tag of an action, a module or code is now."""

from lading.core.component import Component
from lading.sources._git import commit_at
from lading.sources._registry import Found, add_source


@add_source
class Repositories:
    """Asks for the references of a repository; Git brings its own credentials, proxies and `insteadOf` rules."""

    upstreams = ("github",)

    def find(self, component: Component, revision: str) -> Found:
        """The commit of a branch or tag, HEAD without one."""
        return Found(revision=commit_at(f"https://github.com/{component.name.partition(':')[0]}", revision), owner=component.supplier)
