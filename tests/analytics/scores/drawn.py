"""A shop whose customers are drawn with a fixed seed: enough of them, for long enough, that models speak."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
from django_scopes import scope

from members.models import Consent, Holder, Member, Order, Program
from tests.rewards import builders as b

NAMES = ("Amelia Hart", "نور حداد", "Daniel Weiss", "מאיה לוי", "Lily Hughes", "رضا کریمی")


def open_drawn(now: datetime, *, customers: int = 600, **settings: object) -> Program:
    """Customers who live by BG/NBD over two years; two in three agree to e-mails."""
    chance = np.random.default_rng(17)
    program = b.open_program(rules={}, units={}, margin_rate=3_500, **settings)
    with scope(program=program):
        ids = sorted(
            one.pk for one in Holder.objects.bulk_create([Holder(program=program) for _ in range(customers)])
        )
        Member.objects.bulk_create(
            [
                Member(holder_id=pk, program=program, number=f"{place + 1:012d}", name=f"{NAMES[place % 6]} {place}", joined_at=now)
                for place, pk in enumerate(ids)
            ]
        )  # fmt: skip
        Consent.objects.bulk_create(
            Consent(program=program, member_id=pk, channel="email", topic="offers", is_given=True, since=now)
            for pk in ids
            if pk % 3
        )
        orders = [
            Order(
                program=program, source="x", external_id=f"{pk}-{place}", member_id=pk, state="paid", currency="EUR",
                total_minor=cents, occurred_at=now - timedelta(days=float(age)),
            )
            for pk in ids
            for place, (age, cents) in enumerate(_life(chance))
        ]  # fmt: skip
        Order.objects.bulk_create(orders, batch_size=2_000)
    return program


def _life(chance: np.random.Generator) -> list[tuple[float, int]]:
    """(days ago, cents) of each purchase."""
    age, rate, leaving = chance.uniform(30, 700), chance.gamma(0.8, 1 / 40), chance.beta(0.8, 4)
    usual = chance.gamma(4, 900)
    found = []
    while age > 0.5:
        found.append((age, int(chance.gamma(6, usual / 6)) + 100))
        age -= chance.exponential(1 / max(rate, 1e-9))
        if chance.random() < leaving:
            break
    return found
