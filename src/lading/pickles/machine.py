"""The unpickler of CPython followed step by step: what it would import, call and change, without importing or calling anything.

It accepts everything that any known unpickler accepts (numbers in any base, frames of any length, names with dots in every
protocol), so that no difference between unpicklers hides an effect. A value that is a literal stands on the stack as the position of its opcode.
"""

from __future__ import annotations

import gc
import struct
from array import array
from collections.abc import Callable
from typing import Any

from lading.pickles.values import MOST_KEPT, MOST_TEXT, SIZED, Group, Made, Mapping, Name, Unknown, literal, unquoted

MOST_OPCODES = 7_000_000
"""Rare opcodes count twice, because following one costs about twice as much."""
_LINE, _EVENT = 3, 8
"""As how many more opcodes a line counts that one of them reads, and a global or call, which is judged later."""
_MOST_OBJECTS = 600_000
_CHECKED = 1 << 16
_MOST_REMEMBERED = 50_000
"""From here on containers are taken for any container: nothing is concluded from what is in them, and calling with one is an objection."""
_FORGOTTEN = -(1 << 31)
_MOST_STACK = 600_000
_MOST_HELD = 1_000_000
"""Items within containers; what holds more is taken for any container, too."""
_MOST_NOTES = 100
_MOST_EVENTS = 20_000
_MOST_MARKS = 100_000
_MOST_LINE = 1 << 27
_SMALLEST_NESTED = 8
_LONGEST_INDEX = 20
"""Digits of an index that are read without a second look."""

_WIDTH = bytearray(256)
for _code, _size in {"J": 5, "K": 2, "M": 3, "G": 9, "N": 1, "\x88": 1, "\x89": 1}.items():
    _WIDTH[ord(_code)] = _size
_LENGTHS = {code: (struct.Struct(layout), kind) for code, (layout, kind) in SIZED.items()}
_TUPLES = {0x85: 1, 0x86: 2, 0x87: 3}
_INDEXED = {0x68: "<B", 0x6A: "<I", 0x71: "<B", 0x72: "<I"}


class Broken(Exception):  # noqa: N818 - a state of the stream, not of the program
    """The stream cannot go on: an unpickler would raise here."""


class Limit(Exception):  # noqa: N818 - as above
    """The stream asks for more than is followed."""


class Call:
    """One moment at which the unpickler runs something: a call, a state that is set, an item that is put."""

    __slots__ = ("arguments", "offset", "target", "what")

    def __init__(self, what: str, target: Any, arguments: Any, offset: int) -> None:  # noqa: ANN401 - any value of the stack
        self.what = what
        self.target = target
        self.arguments = arguments
        self.offset = offset


Raw = Callable[["Machine", Any, int], int]
Fill = Callable[[int, int], int]
"""Sees that a stretch of the data is there before it is looked at, and tells where it ends; all others may be zeros."""
_NEAR = _CHECKED + MOST_TEXT + (1 << 10)
"""What opcodes up to the next checkpoint read, the texts of their literals included."""


class Machine:
    """One run over one stream; what was seen before an error stays seen."""

    def __init__(
        self, data: memoryview, start: int = 0, *, raw: Raw | None = None, most: int = MOST_OPCODES, fill: Fill | None = None
    ) -> None:
        self.data = data
        self.fill = fill
        self.there = start if fill else len(data)
        self.start = start
        self.end = start
        self.raw = raw
        self.stack: list[Any] = []
        self.below: list[list[Any]] = []
        self.memo = array("i" if len(data) < 1 << 31 else "q")
        self.held = 0
        self.most = most
        self.holes: dict[int, int] = {}
        self.objects: list[Any] = []
        self.names: list[Name] = []
        self.calls: list[Call] = []
        self.notes: list[tuple[int, str]] = []
        self.persistent: list[tuple[int, Any]] = []
        self.nested: list[tuple[int, int]] = []
        self.protocol = 0
        self.opcodes = 0
        self.shares = False
        """Whether something else than a literal was put on the stack a second time."""
        self.frame_end = 0
        self.limit = 0
        self.stopped = False
        self.error = ""
        self.exhausted = False
        self.result: Any = None

    def run(self) -> Machine:
        """Follow the stream to its STOP, its first error or a limit."""
        collects = gc.isenabled()
        gc.disable()  # millions of small containers, none of them in a circle that matters
        try:
            self._ready(self.start)
            self._loop()
        except (IndexError, struct.error):
            self.error = "it ends, or takes from an empty stack, in the middle"
        except Broken as e:
            self.error = str(e)
        except (Limit, MemoryError) as e:
            self.error = str(e)
            self.exhausted = True
        finally:
            if collects:
                gc.enable()
        self.below.clear()
        return self

    def _loop(self) -> None:  # noqa: C901, PLR0912, PLR0915 - the hot loop: frequent opcodes in line, all others in a table
        data, width, rare = self.data, _WIDTH, _RARE
        size = len(data)
        pos = self.start
        stack = self.stack
        memo, holes, objects = self.memo, self.holes, self.objects
        count = 0
        limit = pos + _CHECKED
        self.limit = limit
        try:
            while True:
                if pos >= limit:
                    limit = self._checkpoint(pos, count)
                code = data[pos]
                step = width[code]
                count += 1
                if step:
                    stack.append(pos)
                    pos += step
                elif code == 0x94:  # noqa: PLR2004 - MEMOIZE
                    value = stack[-1]
                    if holes:
                        self._remember(len(memo) + len(holes), value)
                    elif type(value) is int:
                        memo.append(value)
                    elif type(value) is tuple and len(objects) >= _MOST_REMEMBERED:
                        memo.append(_FORGOTTEN)
                    else:
                        memo.append(self._keep(value))
                    pos += 1
                elif code == 0x8C:  # noqa: PLR2004 - SHORT_BINUNICODE
                    stack.append(pos)
                    after = pos + 2 + data[pos + 1]
                    if after < limit and data[after] == 0x94 and not holes:  # noqa: PLR2004 - MEMOIZE, as behind most of them
                        memo.append(pos)
                        count += 1
                        after += 1
                    pos = after
                elif code == 0x68:  # noqa: PLR2004 - BINGET
                    index = data[pos + 1]
                    number = memo[index] if index < len(memo) else _FORGOTTEN
                    if number >= 0:
                        stack.append(number)
                    else:
                        count += 1
                        stack.append(self._recall(index))
                    pos += 2
                elif code == 0x87 and len(stack) > 2:  # noqa: PLR2004 - TUPLE3
                    third, second = stack.pop(), stack.pop()
                    triple = (stack[-1], second, third)
                    plain = type(third) is int and type(second) is int and type(triple[0]) is int
                    stack[-1] = triple if plain else self._held(triple)
                    pos += 1
                elif code == 0x86 and len(stack) > 1:  # noqa: PLR2004 - TUPLE2
                    pair = (stack[-2], stack.pop())
                    stack[-1] = pair if type(pair[0]) is int and type(pair[1]) is int else self._held(pair)
                    pos += 1
                elif code == 0x85 and stack:  # noqa: PLR2004 - TUPLE1
                    if type(stack[-1]) is int:
                        stack[-1] = (stack[-1],)
                    else:
                        count += 1
                        stack[-1] = self._held((stack[-1],))
                    pos += 1
                elif code == 0x71:  # noqa: PLR2004 - BINPUT
                    self._remember(data[pos + 1], stack[-1])
                    pos += 2
                elif code == 0x28:  # noqa: PLR2004 - MARK
                    self.below.append(stack)
                    if len(self.below) > _MOST_MARKS:
                        raise Limit("more marks than are followed")
                    self.stack = stack = []
                    pos += 1
                elif code == 0x5D:  # noqa: PLR2004 - EMPTY_LIST
                    stack.append([])
                    pos += 1
                elif code == 0x65 and self.below:  # noqa: PLR2004 - APPENDS
                    items, self.stack = stack, self.below.pop()
                    stack = self.stack
                    target = stack[-1]
                    if type(target) is list:
                        if len(target) < MOST_KEPT:
                            self._put(target, items)
                        pos += 1
                    else:
                        pos = _put_into(self, items, pos, "append")
                elif code == 0x58:  # noqa: PLR2004 - BINUNICODE
                    stack.append(pos)
                    pos += 5 + (data[pos + 1] | data[pos + 2] << 8 | data[pos + 3] << 16 | data[pos + 4] << 24)
                elif code == 0x72:  # noqa: PLR2004 - LONG_BINPUT
                    self._remember(data[pos + 1] | data[pos + 2] << 8 | data[pos + 3] << 16 | data[pos + 4] << 24, stack[-1])
                    pos += 5
                elif code == 0x6A:  # noqa: PLR2004 - LONG_BINGET
                    stack.append(self._recall(data[pos + 1] | data[pos + 2] << 8 | data[pos + 3] << 16 | data[pos + 4] << 24))
                    pos += 5
                elif code == 0x2E:  # noqa: PLR2004 - STOP
                    self.result = stack.pop()
                    self.end = pos + 1
                    self.stopped = True
                    return
                else:
                    count += 1
                    handler = rare.get(code)
                    if handler is None:
                        raise Broken(f"byte {code:#04x} is no opcode")
                    self.end = pos
                    pos = handler(self, pos, code)
                    stack, limit = self.stack, self.limit
        finally:
            self.opcodes += count
            if not self.stopped:
                self.end = min(pos, size)

    def _checkpoint(self, pos: int, count: int) -> int:
        """What is not looked at after every opcode: how many there were, and whether one of them goes beyond the end of its frame."""
        if self.opcodes + count > self.most:
            raise Limit(f"more than {self.most} opcodes")
        self._ready(pos)
        if len(self.stack) + sum(map(len, self.below)) > _MOST_STACK:
            raise Limit("a deeper stack than is followed")
        if self.frame_end and pos >= self.frame_end:
            if pos > self.frame_end:
                self.note(pos, "an opcode goes beyond the end of its frame, and unpicklers read different things there")
            self.frame_end = 0
        self.limit = min(pos + _CHECKED, self.frame_end or pos + _CHECKED)
        return self.limit

    def _ready(self, pos: int, count: int = _NEAR) -> None:
        """See that so many bytes from here on are there; positions only grow."""
        if self.fill is not None and pos + count > self.there:
            self.there = self.fill(pos, pos + 2 * count)

    def _held(self, items: Any) -> Any:  # noqa: ANN401 - any container
        """A container, while there are not too many of them in each other."""
        self.held += len(items)
        return items if self.held <= _MOST_HELD else Unknown("forgotten")

    def _put(self, target: list[Any], items: list[Any]) -> None:
        self.held += min(len(items), MOST_KEPT)
        if self.held <= _MOST_HELD:
            target.extend(items[:MOST_KEPT])

    def note(self, offset: int, text: str) -> None:
        """Something that no pickler writes."""
        if len(self.notes) < _MOST_NOTES:
            self.notes.append((offset, text))

    def _keep(self, value: Any) -> int:  # noqa: ANN401 - any value of the stack
        if len(self.objects) >= _MOST_REMEMBERED:
            if isinstance(value, (list, tuple)):
                return _FORGOTTEN
            if len(self.objects) >= _MOST_OBJECTS:
                raise Limit("more objects than are followed")
        self.objects.append(value)
        return -len(self.objects)

    def _remember(self, index: int, value: Any) -> None:  # noqa: ANN401 - any value of the stack
        number = value if type(value) is int else self._keep(value)
        if index < len(self.memo):
            self.memo[index] = number
        elif index == len(self.memo):
            self.memo.append(number)
            while self.holes and len(self.memo) in self.holes:
                self.memo.append(self.holes.pop(len(self.memo)))
        else:
            self.opcodes += _LINE
            if len(self.holes) > _MOST_OBJECTS:
                raise Limit("more entries of the memo than are followed")
            self.holes[index] = number

    def _recall(self, index: int) -> Any:  # noqa: ANN401 - any value of the stack
        if 0 <= index < len(self.memo):
            number = self.memo[index]
        elif index in self.holes:
            number = self.holes[index]
        else:
            raise Broken(f"it takes entry {index} of the memo, which was never put there")
        if number >= 0:
            return number
        if number == _FORGOTTEN:
            return Unknown("forgotten")
        value = self.objects[~number]
        self.shares = True
        if type(value) is Name:
            value.uses += 1
        return value

    def text(self, value: Any) -> Any:  # noqa: ANN401 - any value of the stack
        """The constant a value is; itself when it is none."""
        return literal(value, self.data)

    def line(self, pos: int) -> tuple[bytes, int]:
        """The bytes up to the next line end, and the position behind it."""
        self.opcodes += _LINE
        reach = 256
        while True:
            self._ready(pos, reach)
            block = bytes(self.data[pos : pos + reach])
            found = block.find(b"\n")
            if found >= 0:
                return block[:found], pos + found + 1
            if len(block) < reach:
                return block[:-1], pos + len(block)  # both unpicklers cut off the last byte, whatever it is
            if reach > _MOST_LINE:
                raise Broken("a line without an end")
            reach *= 8

    def look_up(self, module: Any, name: Any, offset: int) -> None:  # noqa: ANN401 - hostile streams put anything there
        """A global is imported: noted, and put on the stack."""
        if not isinstance(module, str) or not isinstance(name, str):
            self.note(offset, "a global is looked up by something that is no text")
            module, name = str(module)[:60] if isinstance(module, str) else "?", str(name)[:60] if isinstance(name, str) else "?"
        if len(self.names) >= _MOST_EVENTS:
            raise Limit("more globals than are followed")
        self.opcodes += _EVENT
        found = Name(module, name, offset)
        self.names.append(found)
        self.stack.append(found)

    def happens(self, what: str, target: Any, arguments: Any, offset: int) -> None:  # noqa: ANN401 - any value of the stack
        """Something runs."""
        if len(self.calls) >= _MOST_EVENTS * 20:
            raise Limit("more calls than are followed")
        if type(target) is Name and what in {"call", "new"}:
            target.uses -= 1
        self.opcodes += _EVENT
        self.calls.append(Call(what, target, arguments, offset))

    def to_mark(self) -> list[Any]:
        """Everything above the last mark, which goes."""
        if not self.below:
            raise Broken("it looks for a mark that was never set")
        items, self.stack = self.stack, self.below.pop()
        return items


def _skip(_: Machine, pos: int, __: int) -> int:
    return pos + 1


def _sized(m: Machine, pos: int, code: int) -> int:
    layout, kind = _LENGTHS[code]
    length = layout.unpack(m.data[pos + 1 : pos + 1 + layout.size])[0]
    begin = pos + 1 + layout.size
    if length < 0 or begin + length > len(m.data):
        raise Broken("a value that is longer than the stream")
    if kind in {"bytes", "string"} and length >= _SMALLEST_NESTED and m.data[begin] in _OPENINGS and len(m.nested) < 256:  # noqa: PLR2004
        m.nested.append((begin, length))
    m.stack.append(pos)
    return int(begin + length)


_OPENINGS = frozenset(b"\x80c(]}P\x1fBxh\x04\xfd")


def _line_literal(m: Machine, pos: int, _: int) -> int:
    after = m.line(pos + 1)[1]
    m.stack.append(pos)
    return after


def _pop(m: Machine, pos: int, _: int) -> int:
    if m.stack:
        m.stack.pop()
    else:
        m.to_mark()
    return pos + 1


def _pop_mark(m: Machine, pos: int, _: int) -> int:
    m.to_mark()
    return pos + 1


def _dup(m: Machine, pos: int, _: int) -> int:
    value = m.stack[-1]
    m.shares = True
    if type(value) is Name:
        value.uses += 1
    m.stack.append(value)
    return pos + 1


def _empty(make: Callable[[], Any]) -> Callable[[Machine, int, int], int]:
    def push(m: Machine, pos: int, _: int) -> int:
        m.stack.append(make())
        return pos + 1

    return push


def _marked(make: Callable[[list[Any]], Any]) -> Callable[[Machine, int, int], int]:
    def push(m: Machine, pos: int, _: int) -> int:
        items = make(m.to_mark()[:MOST_KEPT])
        m.stack.append(m._held(items))  # noqa: SLF001 - the machine's own opcode
        return pos + 1

    return push


def _tuple(m: Machine, pos: int, code: int) -> int:
    count = _TUPLES[code]
    items = tuple(m.stack[-count:])
    if len(items) < count:
        raise Broken("it takes from an empty stack")
    m.stack[-count:] = [items if all(type(i) is int for i in items) else m._held(items)]  # noqa: SLF001 - as above
    return pos + 1


def _put_into(m: Machine, items: list[Any], pos: int, what: str) -> int:
    target = m.stack[-1]
    if isinstance(target, list):
        if len(target) < MOST_KEPT:
            m._put(target, items)  # noqa: SLF001 - as above
    elif not isinstance(target, Made) or _is_no_container(target):  # what is made by a listed call is judged by that call
        m.happens(what, target, tuple(items[:MOST_KEPT]), pos)
    return pos + 1


def _is_no_container(made: Made) -> bool:
    """Storages and tensors are not filled item by item: torch writes into their memory, at any place that it is told."""
    return isinstance(made.maker, Name) and made.maker.module.partition(".")[0] in {"torch", "numpy"}


def _append(m: Machine, pos: int, _: int) -> int:
    item = m.stack.pop()
    return _put_into(m, [item], pos, "append")


def _appends(m: Machine, pos: int, _: int) -> int:
    return _put_into(m, m.to_mark(), pos, "append")


def _set_item(m: Machine, pos: int, _: int) -> int:
    value, key = m.stack.pop(), m.stack.pop()
    return _put_into(m, [key, value], pos, "set")


def _set_items(m: Machine, pos: int, _: int) -> int:
    return _put_into(m, m.to_mark(), pos, "set")


def _proto(m: Machine, pos: int, _: int) -> int:
    m.protocol = m.data[pos + 1]
    if pos != m.start:
        m.note(pos, "the protocol is declared in the middle of the stream")
    if m.protocol > 5:  # noqa: PLR2004 - the highest there is
        raise Broken(f"protocol {m.protocol} does not exist")
    return pos + 2


def _frame(m: Machine, pos: int, _: int) -> int:
    length = struct.unpack("<Q", m.data[pos + 1 : pos + 9])[0]
    if pos < m.frame_end:
        m.note(pos, "a frame begins within another frame")
    m.frame_end = pos + 9 + length
    m.limit = min(m.frame_end, m.limit)
    if m.frame_end > len(m.data):
        m.note(pos, "a frame is longer than the stream")
    return pos + 9


def _global(m: Machine, pos: int, _: int) -> int:
    module, after = m.line(pos + 1)
    name, after = m.line(after)
    m.look_up(module.decode("utf-8", "replace"), name.decode("utf-8", "replace"), pos)
    return after


def _stack_global(m: Machine, pos: int, _: int) -> int:
    name, module = m.stack.pop(), m.stack.pop()
    m.look_up(m.text(module), m.text(name), pos)
    return pos + 1


def _extension(m: Machine, pos: int, code: int) -> int:
    layout = {0x82: "<B", 0x83: "<H", 0x84: "<i"}[code]
    number = struct.unpack(layout, m.data[pos + 1 : pos + 1 + struct.calcsize(layout)])[0]
    m.look_up("copyreg._extension_registry", str(number), pos)
    return pos + 1 + struct.calcsize(layout)


def _reduce(m: Machine, pos: int, _: int) -> int:
    arguments, target = m.stack.pop(), m.stack.pop()
    m.happens("call", target, arguments, pos)
    if not _member(m, target, arguments, pos):
        m.stack.append(Made(target, arguments, pos))
    return pos + 1


def _member(m: Machine, target: Any, arguments: Any, pos: int) -> bool:  # noqa: ANN401 - any value of the stack
    """What `getattr` takes from a global is the global of the joined name."""
    if not (type(target) is Name and target.full in {"builtins.getattr", "__builtin__.getattr"} and isinstance(arguments, tuple)):
        return False
    if len(arguments) != 2 or type(arguments[0]) is not Name:  # noqa: PLR2004 - object and name
        return False
    attribute = m.text(arguments[1])
    if not isinstance(attribute, str):
        return False
    arguments[0].uses -= 1
    m.look_up(arguments[0].module, f"{arguments[0].name}.{attribute}", pos)
    return True


def _new(m: Machine, pos: int, code: int) -> int:
    named = m.stack.pop() if code == 0x92 else None  # noqa: PLR2004 - NEWOBJ_EX
    arguments, target = m.stack.pop(), m.stack.pop()
    m.happens("new", target, arguments if named is None else (arguments, named), pos)
    m.stack.append(Made(target, arguments, pos))
    return pos + 1


def _instance(m: Machine, pos: int, _: int) -> int:
    module, after = m.line(pos + 1)
    name, after = m.line(after)
    m.look_up(module.decode("utf-8", "replace"), name.decode("utf-8", "replace"), pos)
    target = m.stack.pop()
    arguments = tuple(m.to_mark()[:MOST_KEPT])
    m.happens("call", target, arguments, pos)
    m.stack.append(Made(target, arguments, pos))
    return after


def _object(m: Machine, pos: int, _: int) -> int:
    items = m.to_mark()
    if not items:
        raise Broken("an object without a class")
    arguments = tuple(items[1 : MOST_KEPT + 1])
    m.happens("call", items[0], arguments, pos)
    m.stack.append(Made(items[0], arguments, pos))
    return pos + 1


def _build(m: Machine, pos: int, _: int) -> int:
    state = m.stack.pop()
    target = m.stack[-1]
    m.happens("build", target, state, pos)
    if isinstance(target, Made):
        target.state = state
        if m.raw is not None:
            if m.frame_end == pos + 1:  # arrays stand between frames
                m.frame_end = 0
            return m.raw(m, target, pos + 1)
    return pos + 1


def _persistent_line(m: Machine, pos: int, _: int) -> int:
    line, after = m.line(pos + 1)
    m.persistent.append((pos, unquoted(line)))
    m.stack.append(Unknown("persistent object"))
    return after


def _persistent(m: Machine, pos: int, _: int) -> int:
    if len(m.persistent) > _MOST_EVENTS * 10:
        raise Limit("more persistent objects than are followed")
    ident = m.stack.pop()
    m.persistent.append((pos, ident))
    of_module = isinstance(ident, tuple) and len(ident) > 1 and type(ident[1]) is Name and m.text(ident[0]) == "module"
    m.stack.append(ident[1] if of_module else Unknown("persistent object"))  # torch's old format hands on classes with their source
    return pos + 1


def _buffer(m: Machine, pos: int, _: int) -> int:
    m.note(pos, "a buffer from outside of the stream")
    m.stack.append(Unknown("buffer"))
    return pos + 1


def _index(m: Machine, pos: int, code: int) -> tuple[int, int]:
    if code in _INDEXED:
        layout = _INDEXED[code]
        width = struct.calcsize(layout)
        return struct.unpack(layout, m.data[pos + 1 : pos + 1 + width])[0], pos + 1 + width
    line, after = m.line(pos + 1)
    if line.isdigit() and len(line) < _LONGEST_INDEX:
        return int(line), after
    try:
        return int(line.decode("latin-1").strip().rstrip("Ll"), 0 if line.strip().lower().startswith((b"0x", b"0o", b"0b")) else 10), after
    except ValueError as e:
        raise Broken("an index of the memo that is no number") from e


def _get(m: Machine, pos: int, code: int) -> int:
    index, after = _index(m, pos, code)
    m.stack.append(m._recall(index))  # noqa: SLF001 - the machine's own opcode
    return after


def _put(m: Machine, pos: int, code: int) -> int:
    index, after = _index(m, pos, code)
    if index < 0:
        raise Broken("a negative index of the memo")
    m._remember(index, m.stack[-1])  # noqa: SLF001 - as above
    return after


_RARE: dict[int, Callable[[Machine, int, int], int]] = {
    **dict.fromkeys(SIZED, _sized),
    **dict.fromkeys(b"ILFSV", _line_literal),
    **dict.fromkeys(b"gj", _get),
    **dict.fromkeys(b"pr", _put),
    **dict.fromkeys(_TUPLES, _tuple),
    **dict.fromkeys(b"\x82\x83\x84", _extension),
    ord("0"): _pop, ord("1"): _pop_mark, ord("2"): _dup,
    ord(")"): _empty(tuple), ord("]"): _empty(list), ord("}"): _empty(Mapping), 0x8F: _empty(Group),
    ord("t"): _marked(tuple), ord("l"): _marked(list), ord("d"): _marked(Mapping), 0x91: _marked(Group),
    ord("a"): _append, ord("e"): _appends, ord("s"): _set_item, ord("u"): _set_items, 0x90: _appends,
    0x80: _proto, 0x95: _frame, ord("c"): _global, 0x93: _stack_global, ord("R"): _reduce, 0x81: _new, 0x92: _new,
    ord("i"): _instance, ord("o"): _object, ord("b"): _build, ord("P"): _persistent_line, ord("Q"): _persistent,
    0x97: _buffer, 0x98: _skip,
}  # fmt: skip
