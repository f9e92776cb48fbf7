"""Samples: more of the same, another one, and estimates with an error bar."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from bowshot.estimate import DEFAULT_CONFIDENCE, estimate, read_measures
from bowshot.query import Expressions
from bowshot.request import Request
from bowshot.result import OnProgress, Result
from bowshot.spelling import json_value
from bowshot.stop import Stop

if TYPE_CHECKING:
    import pyarrow as pa


class Sample(Result):
    """A uniform sample without replacement of the filtered rows."""

    @property
    def size(self) -> int:
        return int(self._request.parameters["size"])

    @property
    def seed(self) -> int:
        return int(self._request.parameters["seed"])

    @property
    def population(self) -> int | None:
        """How many rows it was drawn from."""
        return self.facts.population

    def more(self, rows: int) -> Sample:
        """This sample and `rows` more: its rows are the first of the larger one."""
        return self._changed(size=self.size + rows)

    def again(self, seed: int | None = None) -> Sample:
        """Another sample of the same size; by default of the next seed."""
        return self._changed(seed=json_value(self.seed + 1 if seed is None else seed))

    def aggregate(
        self,
        by: Expressions = (),
        measures: Expressions = ("count()",),
        *,
        confidence: float = DEFAULT_CONFIDENCE,
        stop: Stop | None = None,
        progress: OnProgress | None = None,
    ) -> pa.Table:
        """Estimates of `count()`, `count(x)`, `sum(x)` and `mean(x)` of all filtered rows, from
        this sample: for a measure `m` the columns `m` and `m_error`, half the width of the interval
        that holds the true value with `confidence`. `by` names columns, `{alias: column}` too.
        See `bowshot.estimate`."""
        if isinstance(by, Mapping):
            keys = dict(by)
        else:
            keys = {name: name for name in ([by] if isinstance(by, str) else by)}
        table = self.to_arrow(stop=stop, progress=progress)
        population = self.facts.population
        columns = list(keys.values())
        found = estimate(table, population, columns, read_measures(measures), confidence)
        return found.rename_columns([*keys, *found.column_names[len(keys) :]])

    def _changed(self, **parameters: Any) -> Sample:
        request: Request = self._request.with_parameters(**parameters)
        return Sample(self._transport, request, self._form)
