"""Files at a URL, each an artifact of its own."""

from lading.sources._files import Files
from lading.sources._registry import add_source


@add_source
class FileAtUrl(Files):
    """`GET URL`; a page for people is no artifact."""

    upstreams = ("http",)
