"""What scanners of opcodes have been misled by: each is one trick around one marker."""

import struct

from attacks.opcodes import RUN, STOP, binary, call, items, name, proto, stack_name, text
from attacks.registry import FLAGGED, MALICIOUS, MARKER, STOPPED, table

SYSTEM = name("os:system")
GET = name("builtins:getattr")
_RAW = {
    "protocol-0": b"cos\nsystem\n(S'" + MARKER.encode() + b"'\ntR.",
    "protocol-1-inst": b"(S'" + MARKER.encode() + b"'\nios\nsystem\n.",
    "obj": b"(" + SYSTEM + text(MARKER) + b"o.",
    "newobj": proto(2, name("subprocess:Popen") + items(text(MARKER)) + b"\x81"),
    "newobj-ex": proto(4, name("subprocess:Popen") + items(text(MARKER)) + b"}\x92"),
    "stack-global": proto(4, call(stack_name("os:system"), text(MARKER))),
    "stack-global-by-memo": proto(4, text("os") + b"\x94" + text("system") + b"\x94" + b"00h\x00h\x01\x93" + items(text(MARKER)) + b"R"),
    "memo-overwritten": proto(4, text("math") + b"q\x000" + text("os") + b"q\x000h\x00" + text("system") + b"\x93" + items(text(MARKER)) + b"R"),
    "memo-out-of-order": proto(4, text("os") + b"q\x050" + text("system") + b"\x940h\x05h\x01\x93" + items(text(MARKER)) + b"R"),
    "memo-hole-filled": proto(4, text("json") + b"q\x010" + text("x") + b"q\x000" + text("os") + b"q\x010h\x01" + text("system") + b"\x93" + items(text(MARKER)) + b"R"),
    "memo-large-index": proto(4, text("os") + b"r\x00\x00\x01\x000" + b"j\x00\x00\x01\x00" + text("system") + b"\x93" + items(text(MARKER)) + b"R"),
    "memo-text-index": proto(2, text("os") + b"p7\n0g7\n" + text("system") + b"\x93" + items(text(MARKER)) + b"R"),
    "dup": proto(4, text("os") + b"20" + text("system") + b"\x93" + items(text(MARKER)) + b"R"),
    "result-dropped": proto(2, RUN + b"0" + b"}"),
    "result-dropped-by-mark": proto(2, b"(" + RUN + b"1" + b"}"),
    "pop-a-mark": proto(2, b"(0" + RUN),
    "dotted-name": proto(4, call(stack_name("torch:serialization.os.system"), text(MARKER))),
    "dotted-global-protocol-2": b"cos\npath.os.system\n" + items(text(MARKER)) + b"R.",
    "dotted-name-of-a-listed-class": proto(4, call(stack_name("collections:OrderedDict.__init__.__globals__"), text(MARKER))),
    "getattr-walk": proto(2, call(call(GET, name("os:path"), text("os")), text(MARKER))),
    "getattr-subclasses": proto(2, call(call(GET, name("builtins:object"), text("__subclasses__")))),
    "getattr-by-computed-name": proto(2, call(GET, name("collections:OrderedDict"), call(name("builtins:str"), text("__init__")))),
    "getattr-handed-on": proto(2, call(name("functools:partial"), GET, name("collections:OrderedDict"))),
    "partial-of-system": proto(2, call(call(name("functools:partial"), SYSTEM, text(MARKER)))),
    "reduce-with-map": proto(2, call(name("builtins:list"), call(name("builtins:map"), SYSTEM, b"](" + text(MARKER) + b"e"))),
    "build-setstate": proto(2, name("os:_wrap_close") + b")\x81}(" + text("_proc") + SYSTEM + b"ub"),
    "build-on-a-class": proto(2, name("collections:OrderedDict") + b"}(" + text("__init__") + name("builtins:dict") + b"ub"),
    "setitem-on-a-global": proto(2, name("sys:modules") + text("json") + b"Ns"),
    "append-to-a-global": proto(2, name("sys:path") + text("/tmp") + b"a"),
    "extension-1": proto(2, b"\x82\x01"),
    "extension-2": proto(2, b"\x83\x01\x00"),
    "extension-4": proto(2, b"\x84\x01\x00\x00\x00"),
    "integer-in-hexadecimal-first": b"I0x10\n0" + SYSTEM + items(text(MARKER)) + b"R.",
    "integer-in-octal-first": b"I0o17\n0" + SYSTEM + items(text(MARKER)) + b"R.",
    "long-in-odd-spelling-first": b"L0x10L\n0" + SYSTEM + items(text(MARKER)) + b"R.",
    "effect-then-error": proto(2, RUN)[:-1],
    "effect-then-rubbish": proto(2, RUN)[:-1] + b"\xff\xff\xff",
    "effect-then-empty-stack": proto(2, RUN + b"00"),
    "effect-then-missing-memo": proto(2, RUN + b"h\xee"),
    "effect-then-bad-text": proto(2, RUN + b"X\x02\x00\x00\x00\xff\xfe"),
    "effect-then-no-module": proto(2, RUN + name("no_such_module_at_all:x")),
    "frame-too-short": b"\x80\x04\x95\x02\x00\x00\x00\x00\x00\x00\x00" + RUN + STOP,
    "frame-too-long": b"\x80\x04\x95\xff\xff\x00\x00\x00\x00\x00\x00" + RUN + STOP,
    "name-across-the-end-of-a-frame": b"\x80\x04\x95\x05\x00\x00\x00\x00\x00\x00\x00ccoll" + b"os\nsystem\n" + items(text(MARKER)) + b"R.",
    "frame-in-frame": b"\x80\x04\x95\x40\x00\x00\x00\x00\x00\x00\x00\x95\x01\x00\x00\x00\x00\x00\x00\x00" + RUN + STOP,
    "protocol-in-the-middle": b"\x80\x02N0\x80\x04" + RUN + STOP,
    "two-pickles": proto(2, b"}") + proto(2, RUN),
    "three-pickles-of-protocol-0": b"(dp0\n.(lp0\n." + b"cos\nsystem\n(S'" + MARKER.encode() + b"'\ntR.",
    "string-escapes": b"cos\nsystem\n(S'\\x65cho lading-marker'\ntR.",
    "name-by-escaped-string": b"S'\\x6f\\x73'\nS'sys\\x74em'\n\x93" + items(text(MARKER)) + b"R.",
    "name-by-unicode-line": b"Vo\\u0073\nVsystem\n\x93" + items(text(MARKER)) + b"R.",
    "python-2-names": b"c__builtin__\nexecfile\n" + items(text(MARKER)) + b"R.",
    "python-2-renamed-module": proto(2, call(name("commands:getoutput"), text(MARKER))),
    "next-buffer-as-name": proto(5, b"\x97" + text("system") + b"\x93" + items(text(MARKER)) + b"R"),
    "codec-that-unpacks": proto(2, call(name("_codecs:encode"), text(MARKER), text("zlib"))),
    "type-of-an-instance-changed": proto(2, call(name("builtins:type"), call(name("collections:OrderedDict"))) + b"}(" + text("x") + b"Nub"),
    "distribution-runs-text": proto(
        2,
        name("scipy.stats._continuous_distns:norm_gen") + b")\x81}(" + text("_parse_arg_template") + text(f"import os\nos.system({MARKER!r})") + b"ub",
    ),
    "memmap-writes": proto(2, call(name("numpy:memmap"), text("/tmp/lading-marker"), text("uint8"), text("w+"))),
    "load-from-bytes": proto(2, call(name("torch.storage:_load_from_bytes"), binary(proto(2, RUN)))),
    "load-from-bytes-behind-decoys": proto(2, b"".join(binary(b"\x80\x02}q\x00.aa" + bytes([n % 250])) + b"0" for n in range(300)) + call(name("torch.storage:_load_from_bytes"), binary(proto(2, RUN)))),
    "load-from-encoded-text": proto(2, call(name("torch.storage:_load_from_bytes"), call(name("_codecs:encode"), text(proto(2, RUN).decode("latin-1")), text("latin1")))),
    "load-from-bytes-handed-on": proto(2, call(name("collections:defaultdict"), name("torch.storage:_load_from_bytes"))),
    "rebuild-through-getattr": proto(2, call(name("torch._tensor:_rebuild_from_type_v2"), GET, name("torch:Tensor"), items(name("torch:Tensor"), text("__subclasses__")), b"}")),
    "numpy-scalar-of-objects": proto(2, call(name("numpy.core.multiarray:scalar"), call(name("numpy:dtype"), text("O8"), b"K\x00", b"K\x01"), binary(proto(2, RUN)))),
    "pickle-in-a-pickle": proto(2, call(name("pickle:loads"), binary(proto(2, RUN)))),
    "bytes-that-are-a-pickle": proto(3, binary(proto(2, RUN))),
    "endless-iterator": proto(2, call(name("builtins:list"), call(name("itertools:count")))),
    "enormous-bytes": proto(2, call(name("builtins:bytes"), b"\x8a\x06\x00\x00\x00\x00\x00\x10")),
    "persistent-id": proto(2, text("object") + b"Q"),
    "persistent-id-line": b"Pobject\n.",
    "persistent-id-called": proto(2, text("object") + b"Q)R"),
    "many-opcodes-first": proto(2, b"N0" * 200_000 + RUN),
    "tuple-bomb": proto(2, b")" + b"".join(b"2\x86" for _ in range(60)) + b"q\x000}h\x00Ns"),
}  # fmt: skip
_ORDER = {"flagged": FLAGGED, "stopped": STOPPED}
_SOFTER = {
    "name-across-the-end-of-a-frame": FLAGGED,
    "extension-1": FLAGGED, "extension-2": FLAGGED, "extension-4": FLAGGED, "getattr-by-computed-name": FLAGGED, "getattr-handed-on": FLAGGED,
    "build-on-a-class": FLAGGED, "append-to-a-global": FLAGGED, "setitem-on-a-global": FLAGGED, "next-buffer-as-name": FLAGGED, "codec-that-unpacks": FLAGGED,
    "type-of-an-instance-changed": FLAGGED, "memmap-writes": FLAGGED, "load-from-bytes-handed-on": FLAGGED, "rebuild-through-getattr": FLAGGED,
    "bytes-that-are-a-pickle": FLAGGED, "endless-iterator": FLAGGED, "enormous-bytes": FLAGGED, "persistent-id": FLAGGED, "persistent-id-line": FLAGGED,
    "persistent-id-called": FLAGGED, "dotted-name-of-a-listed-class": FLAGGED, "getattr-subclasses": FLAGGED, "build-setstate": FLAGGED, "tuple-bomb": STOPPED,
    "effect-then-bad-text": MALICIOUS,
}  # fmt: skip
for _name, _content in _RAW.items():
    table("pickle_tricks", {_name: _content}, *_SOFTER.get(_name, MALICIOUS))

table(
    "pickle_tricks",
    {f"hidden-behind-{n}-lists": proto(4, b"]" * n + RUN) for n in (10, 10_000)},
    *MALICIOUS,
    what="a payload behind a deep stack",
)
table(
    "pickle_tricks",
    {f"as{s.replace('.', '-')}": proto(2, RUN) for s in (".pt", ".bin", ".ckpt")},
    *MALICIOUS,
    what="a bare pickle under another name",
)
table("pickle_tricks", {"long-module": proto(2, call(name("os" + "." * 5 + ":system"), struct.pack("<ci", b"J", 1)))}, *FLAGGED)
