"""What every model on disk shares: frozen, closed, finite; and digests of content."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic import JsonValue as Json

__all__ = ["Id", "Json", "Model", "OpenModel", "Unit", "Words", "canonical_json", "digest"]


class Model(BaseModel):
    """A frozen record with unknown keys forbidden and every float finite."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, populate_by_name=True, validate_default=False
    )

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """A copy with `update`. Digests and the like that were worked out of the old fields are left behind."""
        copied = super().model_copy(update=update, deep=deep)
        fields = type(self).model_fields
        if len(copied.__dict__) > len(fields):
            for name in copied.__dict__.keys() - fields.keys():
                del copied.__dict__[name]
        return copied


class OpenModel(Model):
    """A record of ours read back from disk: unknown fields of the same major version are ignored."""

    model_config = ConfigDict(extra="ignore")


def canonical_json(value: Any) -> str:
    """`value` as ASCII JSON with sorted keys and no spaces; the same value gives the same text."""
    return json.dumps(value, sort_keys=True, ensure_ascii=True, allow_nan=False, separators=(",", ":"))


def digest(value: Any) -> str:
    """The sha256 of the canonical JSON of `value` (models are dumped first), as 64 hex digits."""
    if isinstance(value, BaseModel):
        value = value.model_dump(mode="json", by_alias=True)
    return hashlib.sha256(canonical_json(value).encode("ascii")).hexdigest()


def _one_or_many(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


Words = Annotated[tuple[str, ...], BeforeValidator(_one_or_many)]
"""A list of strings; a single string is accepted for a list of one."""

Id = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\s\x00-\x1f\x7f/\\]+$")]
"""An identifier: no spaces, slashes or control characters."""

Unit = Annotated[float, Field(ge=0.0, le=1.0)]
"""A number in [0, 1]."""
