"""One self-contained page: a summary, the findings, a graph and a table; readable without a network and without scripts."""

from lading.formats._registry import Format, add_format
from lading.formats.html.page import write

add_format(Format(name="html", title="one self-contained page", media_type="text/html", suffix=".html", write=write))
