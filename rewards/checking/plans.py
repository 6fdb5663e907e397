"""What must hold of paid membership: terms follow one another, and what they saved belongs to them (43)."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from rewards.checking.scans import Question, Scan

TERMS = Scan(
    of="t",
    wallet="NULL::bigint",
    holder="t.member_id",
    subject="'term ' || t.id",
    source="""rewards_term t
        LEFT JOIN rewards_plan p ON p.id = t.plan_id
        LEFT JOIN members_member m ON m.holder_id = t.member_id
        LEFT JOIN members_fact f ON f.id = t.fact_id
        LEFT JOIN (SELECT o.id, lag(o.ends_at) OVER (PARTITION BY o.member_id, o.plan_id ORDER BY o.starts_at) AS before
            FROM rewards_term o WHERE o.state <> 'refunded') b ON b.id = t.id
        LEFT JOIN (SELECT s.term_id, sum(s.amount_minor) AS amount FROM rewards_saving s GROUP BY s.term_id) s
            ON s.term_id = t.id""",
    questions=(
        Question(
            "term.home",
            _("each term has its plan, member and payment, of its program"),
            """p.program_id IS DISTINCT FROM t.program_id OR m.program_id IS DISTINCT FROM t.program_id
                OR f.program_id IS DISTINCT FROM t.program_id""",
            "'program ' || t.program_id",
            "concat_ws(', ', 'plan of ' || p.program_id, 'member of ' || m.program_id, 'payment of ' || f.program_id)",
        ),
        Question(
            "term.order",
            _("no term of a plan begins before the one before it has ended"),
            "b.before > t.starts_at",
            "b.before",
            "t.starts_at",
        ),
        Question(
            "term.saved",
            _("no term has taken back more than it saved"),
            "coalesce(s.amount, 0) < 0",
            "0",
            "s.amount",
        ),
    ),
)

SAVINGS = Scan(
    of="s",
    wallet="NULL::bigint",
    holder="t.member_id",
    subject="'saving ' || s.id",
    source="""rewards_saving s LEFT JOIN rewards_term t ON t.id = s.term_id
        LEFT JOIN members_fact f ON f.id = s.fact_id LEFT JOIN members_order o ON o.id = s.order_id""",
    questions=(
        Question(
            "saving.home",
            _("each saving has its term, fact and order, of its program"),
            """t.program_id IS DISTINCT FROM s.program_id OR f.program_id IS DISTINCT FROM s.program_id
                OR (s.order_id IS NOT NULL AND o.program_id IS DISTINCT FROM s.program_id)""",
            "'program ' || s.program_id",
            "concat_ws(', ', 'term of ' || t.program_id, 'fact of ' || f.program_id, 'order of ' || o.program_id)",
        ),
    ),
)

SCANS = (TERMS, SAVINGS)
