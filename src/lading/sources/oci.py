"""Container registries: the digest that a tag is now."""

from lading.core.component import Component
from lading.core.digest import Digest
from lading.core.errors import GoneError, LadingError, SourceError, UsageError
from lading.sign.registry import Registry
from lading.sources._registry import Found, LockedFile, add_source

_DOCKER = "docker.io"
_DOCKER_HOST = "registry-1.docker.io"


@add_source
class Images:
    """Asks the registry of an image for its manifest."""

    upstreams = ("oci",)

    def find(self, component: Component, revision: str) -> Found:
        """The digest of a tag, `latest` without one; it names every layer."""
        host, _, name = component.url.partition("/")
        registry = Registry(_DOCKER_HOST if host == _DOCKER else host, name)
        try:
            image = registry.image(revision)
            if ":" in revision:
                registry.held(image)
        except UsageError as e:
            raise GoneError(e.sentence) from e
        except LadingError as e:
            raise SourceError(e.sentence, hint=e.hint) from e
        if revision and Digest(*revision.split(":", 1)) != image.digest if ":" in revision else False:
            raise SourceError(f"{host} was asked for {revision} and answers with {image.digest}")
        return Found(
            revision=str(image.digest), owner=name.rpartition("/")[0], files=(LockedFile("manifest.json", image.size, image.digest),)
        )
