"""A request of the protocol as a value."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Request:
    """Dataset, shape and parameters, as `POST /v1/query` takes them."""

    dataset: str
    shape: str
    parameters: Mapping[str, Any] = field(default_factory=dict)

    def with_parameters(self, **changes: Any) -> Request:
        """The same request with these parameters; those that are None are left out."""
        merged = {**self.parameters, **changes}
        kept = {name: value for name, value in merged.items() if value is not None}
        return Request(self.dataset, self.shape, kept)

    def to_json(self, **more: Any) -> bytes:
        """NaN and infinities are no JSON: a ValueError."""
        document = {"dataset": self.dataset, "shape": self.shape, **self.parameters, **more}
        return json.dumps(document, ensure_ascii=False, allow_nan=False).encode()

    def text_of(self, parameter: str | None) -> str | None:
        """The parameter's text, where it is one: what a problem's position counts in."""
        value = self.parameters.get(parameter) if parameter else None
        return value if isinstance(value, str) else None

    def is_unlimited(self) -> bool:
        return self.shape == "rows" and "limit" not in self.parameters
