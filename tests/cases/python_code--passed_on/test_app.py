import pytest
from transformers import AutoTokenizer


@pytest.mark.parametrize("name", ["acme-labs/keels-1b", "acme-labs/masts-1b"])
def test_words(name):
    assert AutoTokenizer.from_pretrained(name)
