"""How structure is asked for: the strictest form that an endpoint takes, found once and remembered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from evalh.llm.calls import Request
from evalh.llm.failures import Wants
from evalh.models.base import canonical_json

Form = Literal["json_schema", "plain_schema", "json_object", "text"]
"""plain_schema: a schema without bounds, for endpoints that take no other."""

_WEAKER: dict[Form, Form] = {"json_schema": "json_object", "plain_schema": "json_object", "json_object": "text"}
_BOUNDS = frozenset({"minLength", "maxLength", "pattern", "minimum", "maximum", "minItems", "maxItems", "format"})
_LEAD = "Reply with one JSON object and nothing else: no other words, no code fence. It fits this JSON Schema:"


class Shape:
    """The form in use. `output` is as in EndpointConfig; one that is configured is not left for a weaker one."""

    def __init__(self, output: Literal["auto", "json_schema", "json_object", "text"]) -> None:
        self.form: Form = "json_schema" if output == "auto" else output
        """The form that was last found to work, and the first to be tried."""
        self._pinned = output != "auto"

    def next(self, form: Form, wants: Wants | None) -> Form | None:
        """The form to try after `form` was refused in that way; None: there is none."""
        if form == "json_schema" and wants == "plainer":
            return "plain_schema"
        if wants not in ("weaker", "plainer") or self._pinned:
            return None
        return _WEAKER.get(form)

    def worked(self, form: Form) -> None:
        """Remember that the endpoint takes the form."""
        self.form = form


def response_format(form: Form, request: Request) -> dict[str, Any] | None:
    """The request's `response_format`; None where nothing is to be sent."""
    if request.schema is None or form == "text":
        return None
    if form == "json_object":
        return {"type": "json_object"}
    schema = _unbounded(request.schema) if form == "plain_schema" else request.schema
    return {
        "type": "json_schema",
        "json_schema": {"name": request.schema_name, "schema": schema, "strict": True},
    }


def instruction(form: Form, request: Request) -> str:
    """What the last message says of the schema: nothing where the endpoint enforces all of it."""
    if request.schema is None or form == "json_schema":
        return ""
    return f"\n\n{_LEAD}\n{canonical_json(request.schema)}"


def _unbounded(schema: Any, *, names: bool = False) -> Any:
    """The schema without its bounds; `names`: the keys are names of fields, which stay."""
    if isinstance(schema, Mapping):
        return {
            key: _unbounded(value, names=key in ("properties", "$defs") and not names)
            for key, value in schema.items()
            if names or key not in _BOUNDS
        }
    return [_unbounded(value) for value in schema] if isinstance(schema, list | tuple) else schema
