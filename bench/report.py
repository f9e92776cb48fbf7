"""The figures: what a section gives, how they are printed and kept."""

from __future__ import annotations

import os
from dataclasses import dataclass

from measure import Cost

MEMORY_MAX = 256 << 20


@dataclass
class Figure:
    """One line of the table. `target` is empty where there is none."""

    section: str
    name: str
    value: float
    unit: str
    target: str = ""
    is_met: bool | None = None
    server_cpu_seconds: float | None = None
    server_memory_mib: float | None = None
    load: float = 0.0


class Report:
    """The figures so far; each is printed as it comes."""

    def __init__(self) -> None:
        self.figures: list[Figure] = []
        self.section = ""

    def add(
        self,
        name: str,
        value: float,
        unit: str,
        *,
        at_most: float | None = None,
        at_least: float | None = None,
        cost: Cost | None = None,
    ) -> None:
        figure = Figure(self.section, name, round(value, 4), unit, load=os.getloadavg()[0])
        if at_most is not None:
            figure.target, figure.is_met = f"<= {at_most:g}", value <= at_most
        if at_least is not None:
            figure.target, figure.is_met = f">= {at_least:g}", value >= at_least
        if cost:
            figure.server_cpu_seconds = round(cost.cpu_seconds, 3)
            figure.server_memory_mib = round(cost.memory_bytes / 2**20, 1)
        self.figures.append(figure)
        print(line_of(figure), flush=True)


HEADER = f"{'':58} {'value':>12} {'target':>10} {'':4} {'CPU s':>7} {'MiB':>7} {'load':>5}"


def line_of(figure: Figure) -> str:
    verdict = {None: "", True: "ok", False: "MISS"}[figure.is_met]
    cpu = "" if figure.server_cpu_seconds is None else f"{figure.server_cpu_seconds:.2f}"
    memory = "" if figure.server_memory_mib is None else f"{figure.server_memory_mib:.0f}"
    name = f"{figure.section}: {figure.name}"
    value = f"{figure.value:.4g} {figure.unit}"
    return (
        f"{name:58} {value:>12} {figure.target:>10} {verdict:4} {cpu:>7} {memory:>7} "
        f"{figure.load:5.2f}"
    )


@dataclass(frozen=True)
class Bench:
    """What each section is given."""

    report: Report
    is_quick: bool
