"""The validators that the makers of a format give out; each is imported only when it is asked."""

import io
import json
from collections.abc import Callable, Iterator
from typing import Any

Objections = list[str]


def official(name: str, data: bytes) -> tuple[str, Objections]:
    """The tool for a format and what it objects to; no tool's name for a format of our own. ImportError when it is not installed."""
    tools = ((("cyclonedx",), _cyclonedx), (("spdx-2.3",), _spdx_2), (("spdx", "spdx-3"), _spdx_3))
    check: Callable[[bytes], tuple[str, Objections]] | None = next((c for names, c in tools if name.startswith(names)), None)
    return check(data) if check else ("", [])


def _cyclonedx(data: bytes) -> tuple[str, Objections]:
    from cyclonedx.exception import MissingOptionalDependencyException  # noqa: PLC0415 - optional
    from cyclonedx.schema import SchemaVersion  # noqa: PLC0415 - optional
    from cyclonedx.validation.json import JsonStrictValidator  # noqa: PLC0415 - optional

    document = json.loads(data)
    version = str(document["specVersion"])
    strict = JsonStrictValidator(SchemaVersion.from_version(version))
    try:
        strict.validate_str("{}")
    except MissingOptionalDependencyException as e:
        raise ImportError(str(e)) from e
    errors = _in_linear_time(strict._validator).iter_errors(document)  # noqa: SLF001 - else each component is compared with every other
    return f"the CycloneDX {version} schema", [f"{e.json_path}: {_first_line(e.message)}" for e in errors]


def _in_linear_time(validator: Any) -> Any:  # noqa: ANN401 - jsonschema's, which has no types
    """The same validator, which tells items apart by their canonical JSON."""
    from jsonschema import ValidationError  # noqa: PLC0415 - optional
    from jsonschema.validators import extend  # noqa: PLC0415 - optional

    def unique(_: object, wanted: bool, items: object, __: object) -> Iterator[ValidationError]:  # noqa: FBT001 - the library's call
        if wanted and isinstance(items, list) and len({json.dumps(i, sort_keys=True) for i in items}) < len(items):
            yield ValidationError("the same item is there twice")

    quick = extend(type(validator), {"uniqueItems": unique})
    return quick(validator.schema, registry=validator._registry, format_checker=validator.format_checker)  # noqa: SLF001 - as above


def _spdx_2(data: bytes) -> tuple[str, Objections]:
    from spdx_tools.spdx.parser.error import SPDXParsingError  # noqa: PLC0415 - optional
    from spdx_tools.spdx.parser.jsonlikedict.json_like_dict_parser import JsonLikeDictParser  # noqa: PLC0415 - optional
    from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document  # noqa: PLC0415 - optional

    try:
        document = JsonLikeDictParser().parse(json.loads(data))  # type: ignore[no-untyped-call]
    except SPDXParsingError as e:
        return "spdx-tools", [_first_line(m) for m in e.get_messages()]  # type: ignore[no-untyped-call]
    found = validate_full_spdx_document(document)
    return "spdx-tools", [f"{m.context.spdx_id or m.context.parent_id or '$'}: {_first_line(m.validation_message)}" for m in found]


def _spdx_3(data: bytes) -> tuple[str, Objections]:
    from spdx_python_model import v3_0_1 as model  # noqa: PLC0415 - optional

    objects = model.SHACLObjectSet()
    try:
        model.JSONLDDeserializer().read(io.BytesIO(data), objects)
    except (ValueError, TypeError, KeyError) as e:
        return "spdx-python-model", [_first_line(str(e))]
    return "spdx-python-model", [f"{missing} leads nowhere" for missing in objects.link()]


def _first_line(text: str) -> str:
    return (text.splitlines() or [""])[0][:300]
