"""Effects behind so much of what is harmless that a reader who counts gives up."""

import json

from attacks.opcodes import RUN, call, name, text
from attacks.registry import FLAGGED, MALICIOUS, MARKER, STOPPED, Content, sample

_CALLS = 300


@sample("modeling_padded.py", *MALICIOUS)
def program_of_many_calls() -> Content:
    """A program that calls many harmless functions before it runs something."""
    return b"import os\n" + b"".join(b"f%d()\n" % n for n in range(_CALLS)) + f"os.system({MARKER!r})\n".encode()


@sample("modeling_chain.py", *MALICIOUS)
def function_called_by_a_function() -> Content:
    """A chain of functions, the last of which runs something."""
    chain = "".join(f"def f{n}():\n    f{n + 1}()\n" for n in range(_CALLS))
    return f"import os\n{chain}def f{_CALLS}():\n    os.system({MARKER!r})\nf0()\n".encode()


@sample("config.json", *MALICIOUS)
def target_behind_templates() -> Content:
    """A target to call behind many harmless templates."""
    templates = {f"chat_template_{n}": "{{ messages }}" for n in range(_CALLS)}
    return json.dumps({**templates, "model": {"_target_": "os.system", "command": MARKER}}).encode()


@sample("rows.jsonl", *MALICIOUS)
def target_in_a_late_line() -> Content:
    """JSON lines, one of the last with a target to call."""
    return b'{"a": 1}\n' * 20_000 + json.dumps({"_target_": "os.system", "command": MARKER}).encode() + b"\n"


@sample("config.json", *STOPPED)
def target_deep_inside() -> Content:
    """A target to call below two hundred tables."""
    return b'{"a":' * 200 + b'{"_target_": "os.system"}' + b"}" * 200


@sample("tokenizer_config.json", *MALICIOUS)
def template_behind_others() -> Content:
    """A list of templates, the last of which leaves its sandbox."""
    last = {"name": "tool", "template": "{{ ''.__class__.__mro__[1].__subclasses__() }}"}
    return json.dumps({"chat_template": [*({"name": str(n), "template": "{{ m }}"} for n in range(_CALLS)), last]}).encode()


@sample("padded.pkl", *MALICIOUS)
def call_behind_many_containers() -> Content:
    """A call behind so many nested containers that their content is forgotten."""
    return b"\x80\x04](" + (b"(" + b"]" * 60 + b"t0") * 17_000 + RUN + b"e."


@sample("argument.pkl", *FLAGGED)
def unknown_global_behind_many_calls() -> Content:
    """An import of something unknown behind many harmless calls."""
    harmless = call(name("collections:OrderedDict")) + b"0"
    return b"\x80\x04" + harmless * 5_000 + call(name("acme.loader:run"), text(MARKER)) + b"."


@sample("many.pkl", *MALICIOUS)
def last_of_many_pickles() -> Content:
    """The last of many pickles one after the other."""
    return b"\x80\x04N." * 2_000 + b"\x80\x04" + RUN + b"."


@sample("numbers.txt", *MALICIOUS)
def old_pickle_behind_many_numbers() -> Content:
    """A pickle without a mark of its protocol, whose call stands behind a mebibyte of numbers."""
    return b"(lp0\n" + b"I1\na" * 300_000 + b"cos\nsystem\n(S'" + MARKER.encode() + b"'\ntRa."


@sample("words.bin", *MALICIOUS)
def old_pickle_behind_a_long_text() -> Content:
    """The same behind one text of three mebibytes."""
    return b"S'" + b"a" * 3_000_000 + b"'\n0cos\nsystem\n(S'" + MARKER.encode() + b"'\ntR."


@sample("words.dat", *MALICIOUS)
def old_pickle_behind_long_bytes() -> Content:
    """The same behind bytes that say how long they are."""
    return b"T\xc0\xc6\x2d\x00" + b"a" * 3_000_000 + b"0cos\nsystem\n(S'" + MARKER.encode() + b"'\ntR."
