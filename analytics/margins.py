"""What remains of a sale: from the cost that its lines name, else by the program's margin rate, else unknown."""

from __future__ import annotations

from typing import Literal

from django.db import connection

from members.models import Program

type Source = Literal["lines", "rate", "mixed", "unknown"]


def of_lines_sql(line: str = "l", program: str = "p") -> str:
    """SQL for the margin of an order line in minor units, whole and before returns: the amount without its tax, less the
    line's cost; where that is unknown the program's share of it; NULL without either. The aliases are those of
    members_orderline and members_program in the statement around it."""
    net = net_of_lines_sql(line, program)
    return (
        f"CASE WHEN {line}.cost_minor IS NOT NULL THEN {net} - {line}.cost_minor"
        f" ELSE round({net} * {program}.margin_rate / 10000.0)::bigint END"
    )


def net_of_lines_sql(line: str = "l", program: str = "p") -> str:
    """SQL for what a line brought without tax, in minor units."""
    return f"({line}.amount_minor - CASE WHEN {program}.prices_include_tax THEN {line}.tax_minor ELSE 0 END)"


def left_of_lines_sql(line: str = "l") -> str:
    """SQL for the share of a line that did not come back, from 0 to 1: by number, and by amount where no number was named."""
    return (
        f"(1 - least(1.0, {line}.returned_quantity::numeric / {line}.quantity + CASE WHEN {line}.amount_minor > 0"
        f" THEN {line}.refunded_minor::numeric / {line}.amount_minor ELSE 0 END))"
    )


def source(program: Program) -> Source:
    """Where margins of this program come from, as far as its sales are counted: all from the cost of the lines, all by the
    program's rate, some of each, or from nowhere."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(sum(costed_minor), 0) <> 0, coalesce(sum(bare_minor), 0) <> 0 FROM analytics_tradeday"
            " WHERE program_id = %s",
            [program.pk],
        )
        costed, bare = cursor.fetchone()
    if costed:
        return "mixed" if bare and program.margin_rate is not None else "lines"
    return "unknown" if program.margin_rate is None else "rate"
