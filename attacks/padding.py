"""Effects behind so much of what is harmless that a reader who counts gives up."""

import base64
import json

from attacks.carriers import BYTECODE, elsewhere, field, keras, layer, node, skops
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


_UNKNOWN = b"".join(name(f"acme.m{n}:x") + b"0" for n in range(_CALLS))


@sample("names.pkl", *MALICIOUS)
def danger_behind_unknown_globals() -> Content:
    """A call of a function of danger behind hundreds of imports that are only unknown."""
    return b"\x80\x02" + _UNKNOWN + RUN + b"."


@sample("text.pkl", *MALICIOUS)
def text_behind_computed_calls() -> Content:
    """A text that a class runs, behind hundreds of calls that only a run would tell."""
    computed = call(call(name("collections:OrderedDict"))) + b"0"
    state = b"}(" + text("_parse_arg_template") + text("import os") + b"ub"
    return b"\x80\x02" + computed * _CALLS + name("scipy.stats._continuous_distns:norm_gen") + b")\x81" + state + b"."


@sample("config.json", *MALICIOUS)
def target_behind_unknown_targets() -> Content:
    """A target of danger behind hundreds that are only unknown."""
    unknown = {f"k{n}": {"_target_": f"acme.x{n}"} for n in range(_CALLS)}
    return json.dumps({**unknown, "model": {"_target_": "os.system", "command": MARKER}}).encode()


@sample("padded.keras", *MALICIOUS)
def bytecode_behind_foreign_layers() -> Content:
    """Bytecode behind hundreds of layers of other packages."""
    layers = [layer(f"T{n}", {}, f"acme.l{n}") for n in range(_CALLS)]
    code = layer("Lambda", {"function": {"class_name": "__lambda__", "config": {"code": BYTECODE}}})
    return keras({"module": "keras", "class_name": "Sequential", "config": {"layers": [*layers, code]}, "registered_name": None})


@sample("padded.skops", *MALICIOUS)
def function_behind_unknown_objects() -> Content:
    """A function of danger behind hundreds of objects that are only unknown."""
    unknown = {f"a{n}": {"__class__": f"X{n}", "__module__": "acme", "__loader__": "ObjectNode"} for n in range(_CALLS)}
    return skops(**unknown, z={"__class__": "system", "__module__": "os", "__loader__": "ObjectNode"})


@sample("padded.onnx", *MALICIOUS)
def file_behind_other_files() -> Content:
    """A tensor in a file above the folder, behind hundreds in files beside the model."""
    tensors = b"".join(field(5, elsewhere(f"w{n}.bin")) for n in range(_CALLS)) + field(5, elsewhere("../../etc/passwd"))
    return field(1, 8) + field(7, field(1, node("Relu")) + tensors + field(2, b"g")) + field(8, field(2, 17))


@sample("decoys.pkl", *FLAGGED)
def encoded_pickle_behind_decoys() -> Content:
    """A pickle in base64 behind a hundred others that hold nothing but a text."""
    decoy = text(base64.b64encode(b"\x80\x02" + text("a" * 16) + b".").decode()) + b"0"
    return b"\x80\x04" + decoy * 100 + text(base64.b64encode(b"\x80\x02" + RUN + b".").decode()) + b"."
