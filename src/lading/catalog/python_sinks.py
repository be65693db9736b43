"""What the calls of a Python module load: loaders matched by name, their arguments followed to the texts that reach them."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache

from msgspec.structs import replace

from lading.catalog.hosted import hosted_model
from lading.catalog.identity import (
    file_kind,
    hosted,
    is_bare_model,
    is_local,
    is_local_host,
    is_placeholder,
    is_template,
    torch_hub,
    under_key,
    uri,
)
from lading.catalog.keys import key_of
from lading.catalog.loaders import Loader, Loaders, Table, of_user, shipped
from lading.catalog.upstreams import hub, is_hub_id, named, pin_of, service
from lading.core.component import Component, Edge, Occurrence, ServiceFacts, Unresolved
from lading.core.errors import ExtractError
from lading.core.kinds import Confidence, Flag, Kind, Pin, Relation
from lading.core.pattern import pattern
from lading.core.source import Tree
from lading.dataflow.evaluate import Evaluator, argument_of, written
from lading.dataflow.module import Block, Call, Module, Scope
from lading.dataflow.project import Defined, Project
from lading.dataflow.values import Collection, Constant, Object, Parameter, Place, Text, Value

Observation = Component | Edge | Unresolved

ROUNDS = 3
"""Most calls a value is followed through from a caller to a loader."""


@dataclass(frozen=True, slots=True)
class Given:
    """What a call says about the thing it loads beside its name: revisions, who passes the revision, what it permits."""

    revisions: tuple[Text, ...] = ()
    parameter: Parameter | None = None
    flags: tuple[Flag, ...] = ()

    def revision_of(self, name: Text) -> str:
        """The revision that belongs to a name: of several, the one written on the same line."""
        beside = [r.text for r in self.revisions if r.place == name.place]
        return (beside or [r.text for r in self.revisions] or [""])[0]


@dataclass(frozen=True, slots=True)
class Through:
    """A function of the project whose parameter reaches a loader."""

    function: str
    name: str
    index: int
    loader: Loader = field(hash=False)
    symbol: str
    given: Given = Given()


class Sinks:
    """Finds what one module loads."""

    def __init__(self, module: Module, project: Project, tree: Tree) -> None:
        self.module = module
        self.project = project
        self.tree = tree
        self.evaluator = Evaluator(module, project)
        self.loaders = tree.once(loaders)
        self.through: dict[str, set[Through]] = {}
        self.open: dict[tuple[str, str], list[Unresolved]] = {}
        self.proved: set[tuple[str, int]] = set()

    def observations(self) -> Iterator[Observation]:
        """Every component and every unresolved place of the module."""
        found = list(self._calls())
        self.proved = {(o.written, o.line) for c in found if isinstance(c, Component) for o in c.occurrences}
        keyed = list(self._keyed())
        yield from found
        yield from keyed
        for unresolved in self.open.values():
            yield from unresolved[:4]

    def passes(self) -> dict[str, set[Through]]:
        """The functions of this module that pass a parameter on to a loader, by qualified name."""
        for _ in self._calls():
            pass
        return self.through

    # --- loading calls ------------------------------------------------------------------------------------------

    def _calls(self) -> Iterator[Observation]:
        for call in self.module.calls:
            for dotted in dict.fromkeys(self.evaluator.dotted(call.node.func, call.scope, call.block)):
                loader = self.loaders.match(dotted, self.module.imports)
                if loader:
                    loaded = list(self._loaded(loader, call, dotted))
                    yield from loaded
                    yield from self._derived(loader, call, loaded) if loader.base else ()
                    break
        given = (c for c in self.module.calls if c.node.args or c.node.keywords)
        calls = [(call, found) for call in given if (found := self._definition(call))]
        for _ in range(ROUNDS):
            before = sum(map(len, self.through.values()))
            yield from self._passed_on(calls)
            if sum(map(len, self.through.values())) == before:
                break

    def _derived(self, loader: Loader, call: Call, found: list[Observation]) -> Iterator[Edge]:
        """That what is loaded derives from the one model that is passed to the call (`PeftModel.from_pretrained(base, id)`)."""
        argument = argument_of(call.node, loader.base, 0)
        made = self.evaluator.values(argument, call.scope, call.block) if argument is not None else []
        bases = {c.ref for value in made if isinstance(value, Object) and value.module is self.module for c in self._made_by(value)}
        for component in found if len(bases) == 1 else ():
            if isinstance(component, Component) and component.ref not in bases:
                yield Edge(component.ref, Relation.DERIVED_FROM, *bases)

    def _made_by(self, value: Object) -> Iterator[Component]:
        """What the call that made an object loads."""
        call = Call(value.call, value.scope, ())
        for dotted in dict.fromkeys(self.evaluator.dotted(call.node.func, call.scope)):
            if loader := self.loaders.match(dotted, self.module.imports):
                yield from (c for c in self._loaded(loader, call, dotted) if isinstance(c, Component))
                return

    def _definition(self, call: Call) -> Defined | None:
        """The function or class of the project that is called; imported ones by their outline, without parsing them again."""
        function = call.node.func
        if isinstance(function, ast.Name) and (found := self.evaluator.bindings(function.id, function.lineno, call.scope, call.block)):
            last = found[1][-1]
            if last.imported:
                return self.project.defined(last.imported, self.module.path)
        if isinstance(function, ast.Attribute) and not self._is_defined(function.attr):
            return None
        definition = self.evaluator.definition(function, call.scope, call.block)
        return Defined(definition[0].path, definition[1].name, definition[1].is_class) if definition else None

    def _is_defined(self, name: str) -> bool:
        return name in self.module.defined or self.project.defines(name)

    def _passed_on(self, calls: list[tuple[Call, Defined]]) -> Iterator[Observation]:
        """Calls of functions of the project whose parameters reach a loader."""
        for call, target in calls:
            name = f"{target.name}.__init__" if target.is_class else target.name
            passes = self.through if target.path == self.module.path else self._passes_of(target.path)
            for through in sorted(passes.get(name, ()), key=lambda t: (t.function, t.name)):
                argument = argument_of(call.node, through.name, through.index)
                if argument is not None:
                    self.open.pop((through.function, through.name), None)
                    yield from self._identified(argument, through.loader, call, through.symbol, self._passed_given(through, call))

    def _passes_of(self, path: str) -> dict[str, set[Through]]:
        index = self.project.tree.once(_Passes)
        return index.of(path, self.project, self.tree)

    def _loaded(self, loader: Loader, call: Call, dotted: str) -> Iterator[Observation]:
        symbol = _symbol(dotted, call.node)
        if loader.upstream == "local" or not self._loads(loader, call):
            return
        yield from self._files(loader, call, symbol)
        if loader.reference and (named_function := argument_of(call.node, loader.reference, loader.position)) is not None:
            yield from self._referenced(loader, named_function, call, symbol)
            return
        if loader.callee_is_id:
            yield from self._named_like_its_callee(loader, call, symbol, dotted)
            return
        argument = self._argument(loader, call)
        if argument is not None:
            yield from self._identified(argument, loader, call, symbol, self._given(loader, call))
        elif loader.default is not None:
            yield from self._default(loader, call, symbol)
        elif loader.by_task:
            yield from self._by_task(loader, call, symbol)
        elif not loader.optional and not loader.files and any(k.arg is None for k in call.node.keywords):
            yield self._unresolved(loader, call, symbol, "the arguments are passed on as a mapping")

    def _given(self, loader: Loader, call: Call) -> Given:
        argument = self._keyword(call, loader.revision)
        return Given(*self._revisions(argument, call), self._flags(loader, call))

    def _passed_given(self, through: Through, call: Call) -> Given:
        """What the function says, with the revision its caller passes in place of the default."""
        parameter = through.given.parameter
        argument = argument_of(call.node, parameter.name, parameter.index) if parameter else None
        return through.given if argument is None else Given(*self._revisions(argument, call), through.given.flags)

    def _revisions(self, argument: ast.expr | None, call: Call) -> tuple[tuple[Text, ...], Parameter | None]:
        values = self.evaluator.values(argument, call.scope, call.block) if argument is not None else []
        return tuple(v for v in values if isinstance(v, Text)), next((v for v in values if isinstance(v, Parameter)), None)

    def _keyword(self, call: Call, name: str) -> ast.expr | None:
        """The argument a call passes by name, also by way of a mapping (`**options`) of this module."""
        if not name or (argument := argument_of(call.node, name, -1)) is not None:
            return argument if name else None
        for keyword in call.node.keywords:
            for value in self.evaluator.values(keyword.value, call.scope, call.block) if keyword.arg is None else ():
                if isinstance(value, Collection) and isinstance(value.node, ast.Dict) and value.module is self.module:
                    for key, entry in zip(value.node.keys, value.node.values, strict=True):
                        if isinstance(key, ast.Constant) and key.value == name:
                            return entry
        return None

    def _loads(self, loader: Loader, call: Call) -> bool:
        if loader.needs:
            positional = call.node.args[1:] if not loader.callee_is_id else call.node.args
            given = [k.value for k in call.node.keywords if k.arg in loader.needs] or positional[:1]
            if not any(self._truthy(g, call) for g in given):
                return False
        if loader.unless_none:
            given = [k.value for k in call.node.keywords if k.arg == loader.unless_none]
            return all(self._truthy(g, call) for g in given)
        return True

    def _truthy(self, node: ast.expr, call: Call) -> bool:
        return any(not (isinstance(v, Constant) and not v.value) for v in self.evaluator.values(node, call.scope, call.block))

    def _argument(self, loader: Loader, call: Call) -> ast.expr | None:
        for name in loader.id:
            if (argument := self._keyword(call, name)) is not None:
                return argument
        return argument_of(call.node, "", loader.position) if loader.position >= 0 else None

    def _text(self, keyword: str, call: Call) -> str:
        argument = self._keyword(call, keyword)
        values = self.evaluator.values(argument, call.scope, call.block) if argument is not None else []
        return next((v.text for v in values if isinstance(v, Text)), "")

    def _files(self, loader: Loader, call: Call, symbol: str) -> Iterator[Observation]:
        for keyword in loader.files:
            argument = argument_of(call.node, keyword, -1)
            for text in self._texts(argument, call) if argument is not None else ():
                if component := uri(loader.kind, text.text, self._at(text, symbol)):
                    yield component

    def _texts(self, node: ast.expr, call: Call) -> Iterator[Text]:
        for value in self._flat(self.evaluator.values(node, call.scope, call.block)):
            if isinstance(value, Text):
                yield value

    def _flat(self, values: list[Value], depth: int = 0) -> Iterator[Value]:
        for value in values:
            if isinstance(value, Collection) and depth < 3:  # noqa: PLR2004 - a list of lists of lists is no list of names
                inside = Evaluator(value.module, self.project)
                nodes = value.node.values if isinstance(value.node, ast.Dict) else value.node.elts
                for node in nodes:
                    yield from self._flat(inside.values(node, value.scope), depth + 1)
            else:
                yield value

    def _named_like_its_callee(self, loader: Loader, call: Call, symbol: str, dotted: str) -> Iterator[Component]:
        name = dotted.rpartition(".")[2]
        if name == "load_data":
            name = dotted.split(".")[-2]
        if name[:1] == "_" or name in {"get_weight", "get_model_weights", "list_models", "list_datasets"}:
            return
        place = self.module.place(call.node.lineno)
        yield named(loader.kind, loader.upstream, name, self._occurrence(place, symbol, name, followed=False))

    def _referenced(self, loader: Loader, argument: ast.expr, call: Call, symbol: str) -> Iterator[Component]:
        """A model named by the function that builds it, as in `vision_learner(data, resnet34)`."""
        for dotted in self.evaluator.dotted(argument, call.scope, call.block):
            name = dotted.rpartition(".")[2]
            if name and not name.endswith("?"):
                at = self._occurrence(self.module.place(argument.lineno), symbol, name, followed=False)
                yield named(loader.kind, loader.upstream, name, at)

    def _by_task(self, loader: Loader, call: Call, symbol: str) -> Iterator[Observation]:
        """What the library chooses for a task when no model is named (`pipeline("summarization")`)."""
        task = argument_of(call.node, "task", 0)
        for text in self._texts(task, call) if task is not None else ():
            name = loader.by_task.get(text.text) or next(
                (m for t, m in loader.by_task.items() if t.endswith("*") and text.text.startswith(t[:-1])), ""
            )
            at = self._occurrence(text.place, symbol, name or text.text, followed=True)
            if name:
                yield hub(loader.kind, name, at)
            else:
                yield Unresolved(loader.kind, f"default of task {text.text}", at, "the library chooses the model")

    def _default(self, loader: Loader, call: Call, symbol: str) -> Iterator[Component]:
        """What a constructor loads when it is given no name."""
        place = self.module.place(call.node.lineno)
        at = self._occurrence(place, symbol, loader.default or "", followed=bool(loader.default))
        endpoint = self._text(loader.endpoint, call)
        if endpoint and is_local_host(endpoint):
            return
        component = self._component(loader, loader.default or "", at, call, "", endpoint)
        if component:
            yield replace(component, flags=(*component.flags, Flag.CLIENT)) if loader.client else component

    def _identified(self, argument: ast.expr, loader: Loader, call: Call, symbol: str, given: Given) -> Iterator[Observation]:
        """The components of every text that reaches an argument; what does not is unresolved."""
        endpoint = self._text(loader.endpoint, call) or self._endpoint_of_receiver(loader, call)
        if endpoint and is_local_host(endpoint):
            yield from self._served_here(argument, call, symbol, endpoint)
            return
        values = list(self._flat(self.evaluator.values(argument, call.scope, call.block)))
        parameters = [v for v in values if isinstance(v, Parameter)]
        for parameter in parameters:
            self.through.setdefault(parameter.function, set()).add(
                Through(parameter.function, parameter.name, parameter.index, loader, symbol, given)
            )
        texts = [v for v in values if isinstance(v, Text)]
        for text in texts:
            yield from self._from_text(text, loader, call, symbol, given, endpoint)
        if not texts and not any(isinstance(v, (Object, Constant)) for v in values):
            if loader.upstream == "download" or (loader.upstream == "url" and loader.optional):
                return
            unresolved = self._unresolved(loader, call, symbol, "its value is known only when the program runs", argument)
            if parameters:
                self.open.setdefault((parameters[0].function, parameters[0].name), []).append(unresolved)
            else:
                yield unresolved

    def _endpoint_of_receiver(self, loader: Loader, call: Call) -> str:
        """The address that the client was given when it was made: `client = OpenAI(base_url=…)`."""
        base = call.node.func
        while isinstance(base, ast.Attribute) and not (isinstance(base.value, ast.Name) and base.value.id == "self"):
            base = base.value
        if not loader.upstream.startswith("hosted:") or base is call.node.func:
            return ""
        for value in self.evaluator.values(base, call.scope, call.block):
            if isinstance(value, Object):
                inside = Evaluator(value.module, self.project)
                for name in ("base_url", "api_base", "azure_endpoint", "endpoint", "server_url"):
                    argument = argument_of(value.call, name, -1)
                    texts = [v.text for v in inside.values(argument, value.scope) if isinstance(v, Text)] if argument is not None else []
                    if texts:
                        return texts[0]
        return ""

    def _served_here(self, argument: ast.expr, call: Call, symbol: str, endpoint: str) -> Iterator[Component]:
        """A model that a server on this machine answers for: Ollama by its port, else a hub id that some server loads."""
        for text in self._texts(argument, call):
            if ":11434" in endpoint:
                yield hosted("ollama", text.text, Kind.MODEL, self._at(text, symbol))
            elif text.text.count("/") == 1 and is_hub_id(text.text) and not is_local(text.text, self.tree.paths):
                yield hub(Kind.MODEL, text.text, self._at(text, symbol))

    def _from_text(self, text: Text, loader: Loader, call: Call, symbol: str, given: Given, endpoint: str) -> Iterator[Observation]:
        if is_placeholder(text.text) and "://" not in text.text:
            if not is_local(text.text, self.tree.paths):
                yield Unresolved(loader.kind, text.text, self._at(text, symbol, Confidence.UNRESOLVED), "a placeholder")
            return
        revision = given.revision_of(text)
        component = self._component(loader, text.text.strip(), self._at(text, symbol), call, revision, endpoint)
        if component:
            yield replace(component, flags=tuple(dict.fromkeys((*component.flags, *given.flags))))

    def _component(self, loader: Loader, text: str, at: Occurrence, call: Call, revision: str, endpoint: str = "") -> Component | None:  # noqa: C901, PLR0911, PLR0912 - one case per upstream
        flags = self._flags(loader, call)
        if loader.kind_by and self._text(loader.kind_by, call) == "dataset":
            loader = replace(loader, kind=Kind.DATASET)
        if text in loader.builders or (loader.slash and "/" not in text):
            return None
        match loader.upstream:
            case "huggingface":
                return self._hub(loader, text, at, revision, flags)
            case "github":
                entry = next(self._texts(call.node.args[1], call), None) if len(call.node.args) > 1 else None
                entry_text = entry.text if entry else next((self._text(e, call) for e in loader.entry), "")
                return torch_hub(text, entry_text, loader.kind, at, flags)
            case "url" if loader.checked:
                return self._checked(loader, text, at, call)
            case "url":
                return uri(file_kind(text) or loader.kind if loader.kind is Kind.DATASET else loader.kind, text, at, flags)
            case "download":
                kind = file_kind(text)
                return uri(kind, text, at, flags) if kind and not text.endswith((".json", ".txt", ".pdf", ".xml")) else None
            case "routed":
                found = hosted_model(text, routed=True)
                return hosted(*found, loader.kind, at) if found else self._unrouted(text, at)
            case "local-prefix":
                name = text.removeprefix("local:")
                return hub(loader.kind, name, at) if name != text and is_hub_id(name) else None
            case "aws":
                return _aws(text, at)
            case "s3":
                return None
            case upstream if upstream.startswith("hosted:"):
                return self._hosted(upstream.removeprefix("hosted:"), text, at, endpoint)
            case "mlflow":
                return uri(loader.kind, text, at) if text.startswith("models:/") else None
            case upstream:
                return self._registered(upstream, loader, text, at, call, revision)

    def _checked(self, loader: Loader, text: str, at: Occurrence, call: Call) -> Component | None:
        """A download whose digest stands in its name and is compared when the call asks for it (torch.hub's `check_hash`)."""
        component = uri(loader.kind, text, at)
        asked = argument_of(call.node, loader.checked, -1)
        if component is None or asked is None or not self._truthy(asked, call):
            return component
        digest = re.search(r"-([0-9a-f]{8,64})\.", text.rpartition("/")[2])
        if digest is None:
            return replace(component, flags=(*component.flags, Flag.UNCHECKED_HASH))
        return replace(component, version=digest[1], pin=Pin.EXACT)

    def _hub(self, loader: Loader, text: str, at: Occurrence, revision: str, flags: tuple[Flag, ...]) -> Component | None:
        if component := uri(loader.kind, text, at, flags):
            return component
        name, separator, commit = text.partition("@")
        if separator and name.count("/") == 1 and commit:
            text, revision = name, commit
        if "://" in text or is_local(text, self.tree.paths) or not is_hub_id(text):
            return None
        folder = f"{text}/"
        if "/" not in text and any(p.startswith(folder) for p in self.tree.paths):
            return None
        if "/" not in text and loader.kind is not Kind.DATASET and not is_bare_model(text) and not _SENTENCE.match(text):
            found = hosted_model(text)
            return hosted(*found, Kind.SERVICE, at) if found else None
        if _SENTENCE.match(text):
            text = f"sentence-transformers/{text}"
        return hub(loader.kind, text, at, revision=revision, flags=flags)

    def _unrouted(self, text: str, at: Occurrence) -> Component | None:
        return None if is_local(text, self.tree.paths) or "/" not in text or not is_hub_id(text) else hub(Kind.MODEL, text, at)

    def _hosted(self, provider: str, text: str, at: Occurrence, endpoint: str) -> Component | None:
        if endpoint and (elsewhere := _provider_of(endpoint)):
            provider = elsewhere
        else:
            by_name = hosted_model(text)
            provider = by_name[0] if by_name and by_name[1] == text and provider == "openai" else provider
        routed = hosted_model(text, routed=True) if "/" in text or ":" in text else None
        if routed and routed[0] == "aws-bedrock":
            return hosted(*routed, Kind.SERVICE, at)
        if text.startswith(("/", ".")) or " " in text or "://" in text:
            return None
        if provider == "langsmith":
            name, _, tag = text.partition(":")
            return replace(service(provider, name, at), version=tag, pin=pin_of(tag))
        if provider == "replicate" and (digest := re.search(r":([0-9a-f]{64})\Z", text)):
            return replace(service(provider, text[: digest.start()], at), version=digest[1], pin=Pin.EXACT)
        if provider == "openai" and text.count("/") == 1 and is_hub_id(text) and not endpoint:
            return hub(Kind.MODEL, text, at)
        return service(provider, text, at, endpoint=endpoint)

    def _registered(self, upstream: str, loader: Loader, text: str, at: Occurrence, call: Call, revision: str) -> Component | None:
        flags = self._flags(loader, call)
        if component := uri(loader.kind, text, at, flags):
            return component
        path_like = text in self.tree.paths or text.startswith((".", "/", "~")) or (" " in text and upstream != "langsmith")
        if (
            not text
            or "://" in text
            or path_like
            or (is_local(text, self.tree.paths) and upstream not in {"kaggle", "detectron2", "coqui", "wandb"})
        ):
            return None
        if upstream == "ultralytics" and (not text.endswith((".pt", ".yaml")) or text.endswith((".yaml", "best.pt", "last.pt"))):
            return None
        if upstream in {"timm", "whisper"} and "/" in text:
            name = text.removeprefix("hf_hub:").removeprefix("hf-hub:")
            return hub(loader.kind, name, at) if is_hub_id(name) else None
        name, _, version = text.partition(":") if upstream in {"wandb", "ollama"} else (text, "", "")
        if upstream == "ollama":
            name = text
        entry = next((self._text(e, call) for e in loader.entry), "") or (self._entry(call) if loader.entry else "")
        shown = f"{name}/{entry}" if entry and upstream == "open_clip" else name
        return named(loader.kind, upstream, shown, at, version=version or revision, pin=Pin.MUTABLE if version else None, flags=flags)

    def _entry(self, call: Call) -> str:
        return next((t.text for t in self._texts(call.node.args[1], call)), "") if len(call.node.args) > 1 else ""

    def _flags(self, loader: Loader, call: Call) -> tuple[Flag, ...]:
        if loader.remote_code == "always":
            return (Flag.REMOTE_CODE,)
        argument = self._keyword(call, loader.remote_code)
        if argument is None:
            return ()
        values = self.evaluator.values(argument, call.scope, call.block)
        return (Flag.REMOTE_CODE,) if any(isinstance(v, Constant) and v.value is True for v in values) else ()

    # --- names that announce an artifact ------------------------------------------------------------------------

    def _keyed(self) -> Iterator[Component]:
        for name, value, scope, block, where in self.module.keyed:
            if name in _TRACING and any(t.text.lower() not in {"false", "0", ""} for t in self._literals(value, scope, block)):
                at = self._occurrence(self.module.place(value.lineno), name, name, followed=False)
                yield service("langsmith", "", at)
            if name in {"url", "server_url", "serverUrl", "endpoint"}:
                yield from self._mcp_server(name, value, scope, block, where)
            key = key_of(name)
            if key is None or (where == "name" and not _is_telling(value)):
                continue
            for text in self._literals(value, scope, block):
                if (text.text, text.place.line) in self.proved or (key.uri and "://" not in text.text):
                    continue
                if component := under_key(key.kind, text.text, self._at(text, f"{where} {name}"), paths=self.tree.paths):
                    yield component

    def _mcp_server(self, name: str, value: ast.expr, scope: Scope, block: Block, where: str) -> Iterator[Component]:
        """A server of the Model Context Protocol by its URL."""
        for text in self._literals(value, scope, block):
            if re.match(r"https?://(?!localhost|127\.)\S*\bmcp\b", text.text) and not is_template(text.text):
                at = self._at(text, f"{where} {name}")
                yield Component(
                    kind=Kind.SERVICE,
                    name=text.text,
                    upstream="mcp",
                    occurrences=(at,),
                    url=text.text,
                    service=ServiceFacts(endpoint=text.text, data="tool calls"),
                )

    def _literals(self, value: ast.expr, scope: Scope, block: Block) -> Iterator[Text]:
        """The texts written at the value itself, also in lists, tables, wrappers and alternatives."""
        stack = [value]
        seen = 0
        while stack and seen < 400:  # noqa: PLR2004 - a table longer than this is data, not configuration
            node = stack.pop()
            seen += 1
            match node:
                case ast.Constant(value=str() as text):
                    yield Text(text, self.module.place(node.lineno))
                case ast.List() | ast.Tuple() | ast.Set():
                    stack += node.elts
                case ast.Dict():
                    stack += [
                        k
                        for k, v in zip(node.keys, node.values, strict=True)
                        if k and isinstance(v, ast.Constant) and isinstance(v.value, (int, float))
                    ]
                    stack += [v for v in node.values if isinstance(v, (ast.Constant, ast.List, ast.Tuple))]
                case ast.BoolOp():
                    stack += node.values
                case ast.IfExp():
                    stack += [node.body, node.orelse]
                case ast.Call() if not self.evaluator.definition(node.func, scope, block):
                    yield from (v for v in self.evaluator.values(node, scope, block) if isinstance(v, Text))
                case _:
                    pass

    # --- places -------------------------------------------------------------------------------------------------

    def _at(self, text: Text, symbol: str, confidence: Confidence | None = None) -> Occurrence:
        return self._occurrence(text.place, symbol, text.text, followed=text.followed, confidence=confidence)

    def _occurrence(self, place: Place, symbol: str, text: str, *, followed: bool, confidence: Confidence | None = None) -> Occurrence:
        sure = confidence or (Confidence.INFERRED if followed else Confidence.DECLARED)
        return Occurrence(place.path, place.line, symbol, text, sure, cell=place.cell, cell_line=place.cell_line)

    def _unresolved(self, loader: Loader, call: Call, symbol: str, reason: str, argument: ast.expr | None = None) -> Unresolved:
        place = self.module.place((argument or call.node).lineno)
        expression = written(argument if argument is not None else call.node)
        return Unresolved(
            loader.kind, expression, self._occurrence(place, symbol, expression, followed=False, confidence=Confidence.UNRESOLVED), reason
        )


class _Passes:
    """For every module of a tree, which of its functions pass a parameter on to a loader; computed when first asked."""

    def __init__(self, _: Tree) -> None:
        self.known: dict[str, dict[str, set[Through]]] = {}

    def of(self, path: str, project: Project, tree: Tree) -> dict[str, set[Through]]:
        """The passing functions of the module at a path; empty while they are being computed."""
        if path not in self.known:
            self.known[path] = {}
            module = project.module(path)
            try:
                self.known[path] = Sinks(module, project, tree).passes() if module else {}
            except (ExtractError, RecursionError):
                self.known[path] = {}
        return self.known[path]


def loaders(tree: Tree) -> Loaders:
    """The loaders that ship with lading, after the rows of the tree's own lading.toml."""
    user = _user_rows(tree)
    return Loaders((user, *shipped())) if user is not None else _shipped_loaders()


@cache
def _shipped_loaders() -> Loaders:
    return Loaders(shipped())


def _user_rows(tree: Tree) -> Table | None:
    """The rows of the tree's own settings: lading.toml, else `[tool.lading]` of its pyproject.toml."""
    settings = _toml(tree, "lading.toml")
    where = "lading.toml"
    if settings is None:
        tool = (_toml(tree, "pyproject.toml") or {}).get("tool")
        settings = tool.get("lading") if isinstance(tool, dict) else None
        where = "pyproject.toml"
    rows = settings.get("loader") if isinstance(settings, dict) else None
    return of_user(rows, where) if isinstance(rows, list) else None


def _toml(tree: Tree, path: str) -> dict[str, object] | None:
    """A TOML file of the tree; None when there is none, or it is broken, which its own extractor says."""
    import tomllib  # noqa: PLC0415 - only when there is a file

    file = tree.file(path)
    try:
        return tomllib.loads(file.text) if file else None
    except (tomllib.TOMLDecodeError, ExtractError, RecursionError):
        return None


_SENTENCE = pattern(
    r"(?:all|multi-qa|paraphrase|msmarco|distiluse|gtr|sentence-t5|stsb|nli|clip|LaBSE|allenai-specter|facebook-dpr|average_word)[-\w.]*\Z"
)
"""Bare names that sentence-transformers looks up under its own owner."""


_TRACING = frozenset({"LANGCHAIN_TRACING_V2", "LANGSMITH_TRACING", "LANGCHAIN_ENDPOINT", "LANGSMITH_ENDPOINT"})
"""Variables that make LangChain send its traces to the hosted service."""


def _symbol(dotted: str, node: ast.Call) -> str:
    parts = [p for p in dotted.lstrip("?").replace("()", "").split(".") if p]
    shown = (
        ".".join(parts[-2:])
        if len(parts) > 1
        and (parts[-2][:1].isupper() or parts[-2] in {"hub", "models", "datasets", "messages", "completions", "embeddings", "downloader"})
        else ".".join(parts[-1:])
    )
    return shown or written(node.func)


def _is_telling(value: ast.expr) -> bool:
    """Whether a plain assignment's value is one that configures: a text, a list or table of texts, a default."""
    return isinstance(value, (ast.Constant, ast.List, ast.Tuple, ast.Dict, ast.BoolOp, ast.IfExp, ast.Call, ast.Set))


_AWS = {
    "bedrock-runtime": "aws-bedrock",
    "bedrock": "aws-bedrock",
    "bedrock-agent": "aws-bedrock",
    "bedrock-agent-runtime": "aws-bedrock",
    "sagemaker": "aws-sagemaker",
    "sagemaker-runtime": "aws-sagemaker",
    "runtime.sagemaker": "aws-sagemaker",
    "comprehend": "aws-comprehend",
    "rekognition": "aws-rekognition",
    "textract": "aws-textract",
    "transcribe": "aws-transcribe",
    "polly": "aws-polly",
    "translate": "aws-translate",
    "kendra": "aws-kendra",
    "lex-runtime": "aws-lex",
    "personalize": "aws-personalize",
    "opensearchserverless": "aws-opensearch",
}


def _aws(name: str, at: Occurrence) -> Component | None:
    return service(_AWS[name], "", at) if name in _AWS else None


_ENDPOINTS = {
    "openrouter.ai": "openrouter",
    "api.deepseek.com": "deepseek",
    "api.groq.com": "groq",
    "api.together.": "together",
    "api.mistral.ai": "mistral",
    "api.perplexity.ai": "perplexity",
    "api.fireworks.ai": "fireworks",
    "generativelanguage.googleapis.com": "google",
    "openai.azure.com": "azure-openai",
    "models.inference.ai.azure.com": "github-models",
    "models.github.ai": "github-models",
    "integrate.api.nvidia.com": "nvidia",
    "api.x.ai": "xai",
    "dashscope": "alibaba-dashscope",
    "api.anthropic.com": "anthropic",
    "huggingface.co": "huggingface-inference",
    "api.cerebras.ai": "cerebras",
    "api.moonshot": "moonshot",
    "api.sambanova.ai": "sambanova",
    "api.deepinfra.com": "deepinfra",
    "api.hyperbolic.xyz": "hyperbolic",
}


def _provider_of(endpoint: str) -> str:
    return next((provider for host, provider in _ENDPOINTS.items() if host in endpoint), "")


__all__ = ["Sinks"]
