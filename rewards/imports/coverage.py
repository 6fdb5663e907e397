"""How much of what came back had been bought before: line by line, though the intake answers in quantities."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from members.models import ReturnLine
from rewards.intake.items import Outcome, ReturnIn


def count_lines(answered: Iterable[tuple[ReturnIn, Outcome]]) -> tuple[int, int]:
    """Lines not covered at all by earlier purchases, and lines covered in part."""
    not_at_all = in_part = 0
    unclear: list[tuple[ReturnIn, Outcome]] = []
    for item, outcome in answered:
        if outcome.unmatched == sum(line.quantity for line in item.lines):
            not_at_all += len(item.lines)
        elif outcome.unmatched:
            unclear.append((item, outcome))
    stored = _stored(unclear)
    for item, outcome in unclear:
        for missing, asked in _missing(item, iter(stored[outcome.fact_id or 0])):
            not_at_all += missing == asked
            in_part += 0 < missing < asked
    return not_at_all, in_part


def _stored(unclear: list[tuple[ReturnIn, Outcome]]) -> dict[int, list[tuple[int, bool]]]:
    """Quantity and whether it was matched, of each stored part, by fact; parts of one line follow each other."""
    found: dict[int, list[tuple[int, bool]]] = defaultdict(list)
    if unclear:
        rows = ReturnLine.objects.filter(
            # The member is named because the index is by member.
            of__member_id__in={outcome.member_id for _item, outcome in unclear},
            of__fact_id__in={outcome.fact_id for _item, outcome in unclear},
        ).order_by("of_id", "number")
        for fact, quantity, order in rows.values_list("of__fact_id", "quantity", "order_id"):
            found[fact].append((quantity, order is not None))
    return found


def _missing(item: ReturnIn, parts: Iterator[tuple[int, bool]]) -> Iterator[tuple[int, int]]:
    """Of each line, how many were not matched and how many came back."""
    for line in item.lines:
        seen = missing = 0
        for quantity, is_matched in parts:
            seen += quantity
            missing += 0 if is_matched else quantity
            if seen >= line.quantity:
                break
        yield missing, line.quantity
