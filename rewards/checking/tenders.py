"""What must hold of part payments and gift cards: what paid was spent, what came back was paid (17, 27, 28, 42)."""

# ruff: noqa: S608 - the statements are joined from constants of this package; values are parameters

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from rewards.checking.scans import OF_PROGRAM, Question, Scan

TENDERS = Scan(
    of="t",
    wallet="t.wallet_id",
    subject="'order ' || t.order_id",
    source=f"""(SELECT r.program_id, r.order_id, r.wallet_id, min(r.unit_id) AS unit_id,
                sum(r.amount) FILTER (WHERE r.kind = 'pay') AS paid,
                sum(r.money_minor) FILTER (WHERE r.kind = 'pay') AS money,
                coalesce(sum(r.amount) FILTER (WHERE r.kind <> 'pay'), 0) AS back,
                coalesce(sum(r.money_minor) FILTER (WHERE r.kind <> 'pay'), 0) AS money_back,
                min(r.fact_id) FILTER (WHERE r.kind = 'pay') AS fact_id
            FROM rewards_tender r WHERE {OF_PROGRAM.format("r")} GROUP BY 1, 2, 3) t
        LEFT JOIN rewards_wallet w ON w.id = t.wallet_id
        LEFT JOIN (SELECT e.order_id, e.wallet_id, e.fact_id, sum(-e.active_change) AS amount FROM rewards_entry e
            WHERE e.kind = 'spend' AND e.order_id IS NOT NULL AND {OF_PROGRAM.format("e")} GROUP BY 1, 2, 3) spent
            ON spent.order_id = t.order_id AND spent.wallet_id = t.wallet_id AND spent.fact_id = t.fact_id""",
    questions=(
        Question(
            "tender.spent",
            _("what paid for an order was spent on it"),
            "coalesce(t.paid, 0) <> coalesce(spent.amount, 0)",
            "coalesce(spent.amount, 0)",
            "coalesce(t.paid, 0)",
        ),
        Question(
            "tender.back",
            _("no more came back than was paid"),
            "t.back > coalesce(t.paid, 0) OR t.money_back > coalesce(t.money, 0)",
            "concat_ws(' ', t.paid, t.money)",
            "concat_ws(' ', t.back, t.money_back)",
        ),
        Question(
            "tender.home",
            _("each tender has its wallet, of its unit and program"),
            "w.id IS NULL OR w.unit_id <> t.unit_id OR w.program_id <> t.program_id",
            "concat_ws(' ', 'unit', t.unit_id, 'program', t.program_id)",
            "concat_ws(' ', 'unit', w.unit_id, 'program', w.program_id)",
        ),
    ),
)

CARDS = Scan(
    of="c",
    wallet="w.id",
    holder="c.holder_id",
    subject="'gift card ' || c.holder_id",
    source=f"""rewards_giftcard c
        LEFT JOIN members_holder h ON h.id = c.holder_id
        LEFT JOIN rewards_wallet w ON w.holder_id = c.holder_id AND w.unit_id = c.unit_id
        LEFT JOIN rewards_unit u ON u.id = c.unit_id
        LEFT JOIN (SELECT e.wallet_id, e.active_change AS amount FROM rewards_entry e
            WHERE e.seq = 1 AND {OF_PROGRAM.format("e")}) first ON first.wallet_id = w.id""",
    questions=(
        Question(
            "giftcard.home",
            _("each gift card is a holder of its own with one wallet of money"),
            "h.id IS NULL OR h.kind <> 'card' OR h.program_id <> c.program_id OR w.id IS NULL OR u.is_money IS NOT TRUE",
            "'a card of program ' || c.program_id",
            "concat_ws(' ', h.kind, 'of program', h.program_id, 'wallet', w.id)",
        ),
        Question(
            "giftcard.value",
            _("each gift card was issued with its value and never holds more"),
            """first.amount IS DISTINCT FROM c.value_minor::numeric * u.worth_denominator * 10 ^ u.precision / u.worth_numerator
                OR w.active + w.reserved > first.amount""",
            "c.value_minor",
            "concat_ws(' ', first.amount, w.active)",
            covers="w.id IS NOT NULL AND u.worth_numerator > 0",
        ),
    ),
)

SCANS = (TENDERS, CARDS)
