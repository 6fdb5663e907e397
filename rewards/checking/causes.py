"""What must hold of causes: each gift is in a wallet and on a receipt, none is lost, and the totals are their sums (14)."""

# ruff: noqa: S608 - the statements are joined from constants of this package; values are parameters

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from rewards.checking.scans import OF_PROGRAM, Question, Scan

DONATIONS = Scan(
    of="d",
    wallet="NULL::bigint",
    holder="d.member_id",
    subject="'receipt ' || d.number",
    source=f"""rewards_donation d
        LEFT JOIN rewards_donation p ON p.program_id = d.program_id AND p.number = d.number - 1
        LEFT JOIN rewards_cause c ON c.holder_id = d.cause_id
        LEFT JOIN rewards_receiptbook b ON b.program_id = d.program_id
        LEFT JOIN (SELECT e.fact_id, w.unit_id, w.holder_id, sum(e.active_change) AS moved
            FROM rewards_entry e JOIN rewards_wallet w ON w.id = e.wallet_id
            WHERE e.kind = 'donate' AND {OF_PROGRAM.format("e")} GROUP BY 1, 2, 3) given
            ON given.fact_id = d.fact_id AND given.unit_id = d.unit_id
        LEFT JOIN (SELECT e.fact_id, w.unit_id, w.holder_id, sum(e.active_change) AS moved
            FROM rewards_entry e JOIN rewards_wallet w ON w.id = e.wallet_id
            WHERE e.kind = 'transfer_in' AND {OF_PROGRAM.format("e")} GROUP BY 1, 2, 3) got
            ON got.fact_id = d.fact_id AND got.unit_id = d.unit_id AND got.holder_id = d.cause_id
        LEFT JOIN (SELECT e.fact_id, sum(e.active_change - e.arrears_change) FILTER (WHERE e.kind = 'restore') AS back,
                -sum(e.active_change) FILTER (WHERE e.kind = 'transfer_out') AS gone
            FROM rewards_entry e WHERE e.kind IN ('restore', 'transfer_out') AND {OF_PROGRAM.format("e")} GROUP BY 1) undone
            ON undone.fact_id = d.withdrawn_fact_id""",
    questions=(
        Question(
            "donation.number",
            _("receipts are numbered from 1 without a gap, up to the book's latest"),
            "(d.number > 1 AND p.id IS NULL) OR b.last IS NULL OR d.number > b.last",
            "'receipt ' || (d.number - 1)",
            "concat_ws(', ', 'none', 'book at ' || b.last)",
        ),
        Question(
            "donation.sum",
            _("each gift left its giver and reached its cause"),
            "given.moved IS DISTINCT FROM -d.amount OR got.moved IS DISTINCT FROM d.amount",
            "d.amount",
            "concat_ws(' ', given.moved, got.moved)",
        ),
        Question(
            "donation.withdrawn",
            _("each gift taken back went the other way"),
            "undone.back IS DISTINCT FROM d.amount OR undone.gone IS DISTINCT FROM d.amount",
            "d.amount",
            "concat_ws(' ', undone.back, undone.gone)",
            covers="d.withdrawn_at IS NOT NULL",
        ),
        Question(
            "donation.home",
            _("each gift has its cause, of its program"),
            "c.holder_id IS NULL OR c.program_id <> d.program_id",
            "'program ' || d.program_id",
            "coalesce('cause of program ' || c.program_id, 'no cause')",
        ),
    ),
)

BOOKS = Scan(
    of="b",
    wallet="NULL::bigint",
    holder="NULL::bigint",
    subject="'receipts'",
    source=f"""rewards_receiptbook b LEFT JOIN (SELECT program_id, count(*) AS receipts FROM rewards_donation d
            WHERE {OF_PROGRAM.format("d")} GROUP BY 1) d ON d.program_id = b.program_id""",
    questions=(
        Question(
            "donation.book",
            _("the book has as many numbers as there are receipts"),
            "b.last <> coalesce(d.receipts, 0)",
            "coalesce(d.receipts, 0)",
            "b.last",
        ),
    ),
)

TOTALS = Scan(
    of="t",
    wallet="w.id",
    holder="t.cause_id",
    subject="'cause ' || t.cause_id || ', unit ' || t.unit_id",
    source=f"""rewards_causetotal t
        LEFT JOIN rewards_wallet w ON w.holder_id = t.cause_id AND w.unit_id = t.unit_id
        LEFT JOIN (SELECT cause_id, unit_id, count(*) AS gifts, sum(amount) AS amount, sum(worth_minor) AS worth
            FROM rewards_donation d WHERE d.withdrawn_at IS NULL AND {OF_PROGRAM.format("d")} GROUP BY 1, 2) d
            ON d.cause_id = t.cause_id AND d.unit_id = t.unit_id
        LEFT JOIN (SELECT o.cause_id, (part->>0)::bigint AS unit_id, sum((part->>1)::bigint) AS amount,
                sum((part->>2)::bigint) AS minor
            FROM rewards_payout o CROSS JOIN jsonb_array_elements(o.parts) part WHERE {OF_PROGRAM.format("o")} GROUP BY 1, 2) o
            ON o.cause_id = t.cause_id AND o.unit_id = t.unit_id""",
    questions=(
        Question(
            "cause.total",
            _("each total is the sum of its gifts and payouts"),
            """ROW(t.gifts::numeric, t.amount::numeric, t.worth_minor::numeric, t.paid_amount::numeric, t.paid_minor::numeric)
                IS DISTINCT FROM ROW(coalesce(d.gifts, 0)::numeric, coalesce(d.amount, 0)::numeric,
                    coalesce(d.worth, 0)::numeric, coalesce(o.amount, 0)::numeric, coalesce(o.minor, 0)::numeric)""",
            """concat_ws(' ', coalesce(d.gifts, 0), coalesce(d.amount, 0), coalesce(d.worth, 0), coalesce(o.amount, 0),
                coalesce(o.minor, 0))""",
            "concat_ws(' ', t.gifts, t.amount, t.worth_minor, t.paid_amount, t.paid_minor)",
        ),
        Question(
            "cause.wallet",
            _("each cause holds what it was given and was not paid for"),
            """ROW(coalesce(w.active, 0), coalesce(w.pending + w.reserved + w.arrears, 0))
                IS DISTINCT FROM ROW(t.amount - t.paid_amount, 0::bigint)""",
            "t.amount - t.paid_amount",
            "concat_ws(' ', w.pending, w.active, w.reserved, w.arrears)",
        ),
    ),
)

SCANS = (DONATIONS, BOOKS, TOTALS)
