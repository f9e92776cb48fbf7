"""Whether a JSON value fits a schema, of as much of JSON Schema as openapi.json uses."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
}
CHECKED = {
    *("$ref", "type", "const", "enum", "oneOf", "pattern", "minimum", "maximum", "minLength"),
    *("minItems", "minProperties", "items", "properties", "required", "additionalProperties"),
}
TOLD = {"description", "default", "format", "example"}  # for readers only


def find(document: Any, reference: str) -> Any:
    for key in reference.removeprefix("#/").split("/"):
        document = document[key.replace("~1", "/")]
    return document


def complaints(document: Any, schema: Any, value: Any, place: str = "") -> Iterator[str]:
    """What does not fit. Members that the schema does not name do not, unless it allows them."""
    while "$ref" in schema:
        schema = find(document, schema["$ref"])
    assert not schema.keys() - CHECKED - TOLD, f"unknown to this check: {schema.keys()}"
    if "oneOf" in schema:
        tried = [list(complaints(document, one, value, place)) for one in schema["oneOf"]]
        fitting = sum(not found for found in tried)
        if fitting != 1:
            yield f"{place}: {fitting} of the schemas fit: {min(tried, key=len)}"
        return
    kinds = TYPES.get(schema.get("type", ""))
    if kinds and (not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds)):
        yield f"{place}: {value!r} is no {schema['type']}"
        return
    yield from plain_complaints(schema, value, place)
    if isinstance(value, list):
        for number, item in enumerate(value):
            yield from complaints(document, schema.get("items", {}), item, f"{place}/{number}")
    if isinstance(value, dict):
        for name in schema.get("required", []):
            if name not in value:
                yield f"{place}: there is no {name}"
        others = schema.get("additionalProperties", "properties" not in schema)
        for name, member in value.items():
            part = schema.get("properties", {}).get(name, others)
            if part is False:
                yield f"{place}: {name} is not described"
            elif part is not True:
                yield from complaints(document, part, member, f"{place}/{name}")


def plain_complaints(schema: Any, value: Any, place: str) -> Iterator[str]:
    """Of what concerns a value alone, not what it holds."""
    if "const" in schema and value != schema["const"]:
        yield f"{place}: {value!r} is not {schema['const']!r}"
    if "enum" in schema and value not in schema["enum"]:
        yield f"{place}: {value!r} is none of {schema['enum']}"
    if isinstance(value, str) and "pattern" in schema and not re.search(schema["pattern"], value):
        yield f"{place}: {value!r} does not match {schema['pattern']}"
    if isinstance(value, int | float):
        if value < schema.get("minimum", value) or value > schema.get("maximum", value):
            yield f"{place}: {value} is out of range"
    elif value is not None and len(value) < max(
        schema.get(name, 0) for name in ("minLength", "minItems", "minProperties")
    ):
        yield f"{place}: {value!r} is too short"
