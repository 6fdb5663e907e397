"""Charts as plain data: geometry in a 100 by 100 box for SVG, words beside it, and the table behind it.

Time runs from start to end and one style rule mirrors every drawing, so nothing here knows a direction.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from django.utils.translation import gettext

from loyaltysite.kit.formats import format_number

MOST_SERIES = 4
MOST_LINES = 5
MOST_LABELS = 7
# Letters that fit under a chart of half a sheet's width.
MOST_LETTERS = 72
STEPS = (1, 2, 2.5, 5, 10)
FILLS = ("f1", "f3", "f4", "f2")
# A sparkline spans at least this share of its height's value, so that a fall of 2 % is no cliff.
SPARK_SPAN = 0.1

type Value = float | None
type Write = Callable[[float], str]
type Role = Literal["now", "compare", "before", "forecast"]

STROKES: dict[Role, str] = {"now": "l1", "compare": "l2", "before": "l2 dash", "forecast": "l1 dash"}


@dataclass(frozen=True, slots=True)
class Series:
    """One run of values. `now` is blue, what it is compared with is grey, `before` and `forecast` are dashed."""

    name: str
    values: Sequence[Value]
    role: Role = "now"
    # Where a forecast may lie: (low, high) for each value.
    within: Sequence[tuple[float, float] | None] = ()


@dataclass(frozen=True, slots=True)
class Label:
    at: float
    text: str
    anchor: str = "middle"
    spare: bool = False


@dataclass(frozen=True, slots=True)
class Path:
    css: str
    d: str


@dataclass(frozen=True, slots=True)
class Rect:
    css: str
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Spot:
    """The upright strip of one step, and what a pointer over it is told: the step, then a line for each value."""

    x: float
    width: float
    text: str


@dataclass(frozen=True, slots=True)
class Key:
    name: str
    css: str
    solid: bool = False


@dataclass(frozen=True, slots=True)
class Chart:
    """What components/chart.html draws."""

    title: str
    sentence: str
    y_labels: list[str]
    x_labels: list[Label]
    grid: list[float]
    zero: float | None
    keys: list[Key]
    heads: list[str]
    rows: list[list[str]]
    paths: list[Path] = field(default_factory=list)
    rects: list[Rect] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        return not self.paths and not self.rects

    @property
    def spots(self) -> list[Spot]:
        """Side by side they fill the box. Bars stand in the middle of theirs; points of lines too, half of the first and
        the last one lying outside."""
        count = len(self.rows)
        steps = count if self.rects else max(1, count - 1)
        edges = [place if self.rects else place - 0.5 for place in range(count + 1)]
        marks = [round(100 * min(max(edge, 0), steps) / steps, 2) for edge in edges]
        return [
            Spot(marks[place], round(marks[place + 1] - marks[place], 2), self._told(row))
            for place, row in enumerate(self.rows)
        ]

    def _told(self, row: Sequence[str]) -> str:
        values = zip(self.heads[1:], row[1:], strict=True)
        return "\n".join([row[0], *(f"{name}: {value}" for name, value in values)])


@dataclass(frozen=True, slots=True)
class Scale:
    low: float
    high: float
    step: float

    @property
    def marks(self) -> list[float]:
        return [self.low + self.step * i for i in range(round((self.high - self.low) / self.step) + 1)]

    def y(self, value: float) -> float:
        return round(100 - 100 * (value - self.low) / (self.high - self.low), 1)


def fit_scale(*, values: Sequence[Value], from_zero: bool = True) -> Scale:
    """The smallest round scale of at most five lines that holds all values (and zero)."""
    known = [value for value in values if value is not None]
    low, high = min(known, default=0.0), max(known, default=0.0)
    if from_zero:
        low, high = min(0.0, low), max(0.0, high)
    if low == high:
        high = low + 1
    rough = (high - low) / (MOST_LINES - 1)
    tens = 10.0 ** math.floor(math.log10(rough))
    for factor in (*STEPS, 20, 25, 50):
        step = factor * tens
        bottom, top = math.floor(low / step) * step, math.ceil(high / step - 1e-9) * step
        if round((top - bottom) / step) < MOST_LINES:
            return Scale(low=bottom, high=max(top, bottom + step), step=step)
    raise AssertionError("no scale fits")  # pragma: no cover


def line(
    *,
    title: str,
    sentence: str,
    labels: Sequence[str],
    series: Sequence[Series],
    write: Write = format_number,
    head: str = "",
    area: bool = True,
    cut: bool = False,
) -> Chart:
    """Lines over time; `area` tints under the first, `cut` lets the axis begin above zero and says so."""
    _check(labels=labels, series=series)
    bounds = [edge for run in series for pair in run.within if pair for edge in pair]
    scale = fit_scale(values=[*bounds, *(value for run in series for value in run.values)], from_zero=not cut)
    paths: list[Path] = []
    if area and any(value is not None for value in series[0].values):
        paths += [Path("area", d) for d in _areas(series[0].values, scale)]
    for run in reversed(series):
        if run.within:
            paths.append(Path("area", _band(run.within, scale)))
        d = _path(run.values, scale)
        if d:
            paths.append(Path(STROKES[run.role], d))
    for run in series:
        if run.role in ("now", "compare") and (dot := _last_dot(run, scale)):
            paths.append(dot)
    y_labels = [write(mark) for mark in reversed(scale.marks)]
    if cut and scale.low:
        y_labels[-1] = gettext("from %(number)s") % {"number": y_labels[-1]}
    return Chart(
        title=title,
        sentence=sentence,
        y_labels=y_labels,
        x_labels=_spread(labels, between=False),
        grid=[scale.y(mark) for mark in scale.marks],
        zero=scale.y(0) if scale.low <= 0 <= scale.high else None,
        keys=[Key(run.name, STROKES[run.role]) for run in series],
        heads=[head, *(run.name for run in series)],
        rows=_rows(labels, series, write),
        paths=paths,
    )


def bar(
    *,
    title: str,
    sentence: str,
    labels: Sequence[str],
    series: Sequence[Series],
    write: Write = format_number,
    head: str = "",
    stacked: bool = False,
) -> Chart:
    """Upright bars from zero, side by side or `stacked`."""
    _check(labels=labels, series=series)
    totals = [
        sum(value or 0 for value in column) for column in zip(*(run.values for run in series), strict=True)
    ]
    scale = fit_scale(values=totals if stacked else [value for run in series for value in run.values])
    slot = 100 / max(1, len(labels))
    rects: list[Rect] = []
    for place in range(len(labels)):
        column = [run.values[place] for run in series]
        rects += _stack(column, scale, slot, place) if stacked else _group(column, scale, slot, place)
    return Chart(
        title=title,
        sentence=sentence,
        y_labels=[write(mark) for mark in reversed(scale.marks)],
        x_labels=_spread(labels, between=True),
        grid=[scale.y(mark) for mark in scale.marks],
        zero=scale.y(0) if scale.low <= 0 <= scale.high else None,
        keys=[Key(run.name, _fill(place, stacked), solid=True) for place, run in enumerate(series)],
        heads=[head, *(run.name for run in series)],
        rows=_rows(labels, series, write),
        rects=rects,
    )


def spark(values: Sequence[Value]) -> Path | None:
    """The course of a figure without axes, ending in its dot; None when fewer than two values are known."""
    known = [value for value in values if value is not None]
    if len(known) < 2:
        return None
    low, high = min(known), max(known)
    span = max(high - low, SPARK_SPAN * max(abs(low), abs(high))) or 1
    middle = (low + high) / 2
    scale = Scale(low=middle - span * 0.62, high=middle + span * 0.62, step=span)
    return Path("l1", _path(values, scale))


def last_point(path: Path) -> str:
    """The end of a path as a zero-length stroke: a dot that stays round when the drawing is stretched."""
    return f"M{path.d.replace('M', 'L').rsplit('L', 1)[-1]}h0"


def _check(*, labels: Sequence[str], series: Sequence[Series]) -> None:
    if not 0 < len(series) <= MOST_SERIES:
        raise ValueError(f"a chart has one to {MOST_SERIES} series, not {len(series)}; use a table")
    for run in series:
        if len(run.values) != len(labels):
            raise ValueError(f"{run.name}: {len(run.values)} values for {len(labels)} labels")


def _x(place: int, count: int) -> float:
    return round(100 * place / max(1, count - 1), 1)


def _number(value: float) -> str:
    return f"{value:g}"


def _runs(values: Sequence[Value], scale: Scale) -> list[list[tuple[float, float]]]:
    """The points of the values, cut where one is missing."""
    runs: list[list[tuple[float, float]]] = [[]]
    for place, value in enumerate(values):
        if value is None:
            runs.append([])
        else:
            runs[-1].append((_x(place, len(values)), scale.y(value)))
    return [run for run in runs if run]


def _join(points: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{_number(x)} {_number(y)}" for x, y in points)


def _path(values: Sequence[Value], scale: Scale) -> str:
    return "".join(_join(run) + ("h0" if len(run) == 1 else "") for run in _runs(values, scale))


def _areas(values: Sequence[Value], scale: Scale) -> list[str]:
    floor = _number(scale.y(max(0.0, scale.low)))
    closed = "{line}L{end} {floor}L{start} {floor}z"
    return [
        closed.format(line=_join(run), end=_number(run[-1][0]), start=_number(run[0][0]), floor=floor)
        for run in _runs(values, scale)
        if len(run) > 1
    ]


def _band(within: Sequence[tuple[float, float] | None], scale: Scale) -> str:
    ends = [(_x(place, len(within)), pair) for place, pair in enumerate(within) if pair]
    upper = [(x, scale.y(pair[1])) for x, pair in ends]
    lower = [(x, scale.y(pair[0])) for x, pair in reversed(ends)]
    return _join(upper + lower) + "z"


def _last_dot(run: Series, scale: Scale) -> Path | None:
    points = [point for part in _runs(run.values, scale) for point in part]
    return Path(f"pt {STROKES[run.role]}", f"{_join(points[-1:])}h0") if points else None


def _spread(labels: Sequence[str], *, between: bool) -> list[Label]:
    """As many labels as fit beside each other, evenly many places apart; a narrow plot shows every other one."""
    count = len(labels)
    widest = max((len(text) for text in labels), default=0)
    most = max(2, min(count if between else MOST_LABELS, MOST_LETTERS // (widest + 3)))
    every = max(1, math.ceil((count if between else count - 1) / (most if between else most - 1)))
    chosen = list(range(0, count, every))
    if not between and chosen[-1] != count - 1:
        if count - 1 - chosen[-1] < every:
            chosen.pop()
        chosen.append(count - 1)
    kept = set(chosen[::2]) | {chosen[-1]}
    if len(chosen) % 2 == 0 and len(chosen) > 2:
        kept.discard(chosen[-2])
    return [
        Label(
            at=round(100 * (place + 0.5) / count, 1) if between else _x(place, count),
            text=labels[place],
            anchor=_anchor(place, count, between),
            spare=place not in kept,
        )
        for place in chosen
    ]


def _anchor(place: int, count: int, between: bool) -> str:
    if between or count == 1 or 0 < place < count - 1:
        return "middle"
    return "start" if place == 0 else "end"


def _fill(place: int, stacked: bool) -> str:
    return FILLS[place] if stacked else ("f1", "f2", "f3", "f4")[place]


def _stack(column: Sequence[Value], scale: Scale, slot: float, place: int) -> list[Rect]:
    base, rects = 0.0, []
    for order, value in enumerate(column):
        top = base + (value or 0)
        height = round(scale.y(base) - scale.y(top), 1)
        if height > 0:
            left = round(slot * (place + 0.175), 1)
            rects.append(Rect(FILLS[order], left, scale.y(top), round(slot * 0.65, 1), height))
        base = top
    return rects


def _group(column: Sequence[Value], scale: Scale, slot: float, place: int) -> list[Rect]:
    wide = slot * 0.7 / len(column)
    rects = []
    for order, value in enumerate(column):
        if not value:
            continue
        top, foot = scale.y(max(value, 0)), scale.y(min(value, 0))
        left = round(slot * place + slot * 0.15 + wide * order, 1)
        rects.append(Rect(_fill(order, False), left, top, round(wide * 0.94, 1), round(foot - top, 1)))
    return rects


def _rows(labels: Sequence[str], series: Sequence[Series], write: Write) -> list[list[str]]:
    dash = "–"
    return [
        [label, *(dash if (value := run.values[place]) is None else write(value) for run in series)]
        for place, label in enumerate(labels)
    ]
