"""What must hold of prizes: what a referral or a surprise says it paid is in the ledger, once, and within the budget."""

# ruff: noqa: S608 - the statements are joined from constants of this package; values are parameters

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from rewards.checking.scans import OF_PROGRAM, Question, Scan

# What each fact gave as a bonus.
GIVEN = f"""(SELECT e.fact_id, sum(e.pending_change + e.active_change - e.arrears_change) AS amount
    FROM rewards_entry e WHERE e.kind = 'bonus' AND {OF_PROGRAM.format("e")} GROUP BY e.fact_id)"""

REFERRALS = Scan(
    of="r",
    wallet="NULL::bigint",
    holder="s.member",
    subject="'referral ' || r.id || ' ' || s.side",
    source=f"""rewards_referral r
        CROSS JOIN LATERAL (VALUES ('referrer', r.referrer_side, r.referrer_fact, r.referrer_id),
            ('friend', r.friend_side, r.friend_fact, r.friend_id)) s(side, state, fact, member)
        LEFT JOIN {GIVEN} given ON given.fact_id = s.fact""",
    questions=(
        Question(
            "referral.prize",
            _("each prize of a referral was given as promised"),
            "given.amount IS DISTINCT FROM (r.terms->s.side->>'amount')::bigint",
            "r.terms->s.side->>'amount'",
            "given.amount",
            covers="s.state IN ('paid', 'taken_back') AND r.terms->s.side ? 'unit'",
        ),
    ),
)

SURPRISES = Scan(
    of="p",
    wallet="NULL::bigint",
    holder="NULL::bigint",
    subject="'surprise ' || p.id",
    source=f"""rewards_surprise p
        LEFT JOIN (SELECT g.surprise_id, count(*) AS number FROM rewards_surprisegift g
            WHERE g.state = 'given' AND {OF_PROGRAM.format("g")} GROUP BY g.surprise_id) g ON g.surprise_id = p.id
        LEFT JOIN (SELECT split_part(f.external_id, ':', 1)::bigint AS surprise_id, sum(given.amount) AS amount
            FROM members_fact f JOIN {GIVEN} given ON given.fact_id = f.id
            WHERE f.source = 'wafa' AND f.kind = 'surprise' AND {OF_PROGRAM.format("f")} GROUP BY 1) f
            ON f.surprise_id = p.id""",
    questions=(
        Question(
            "surprise.given",
            _("each surprise counts what it gave and cost"),
            "p.given <> coalesce(g.number, 0) OR p.spent_minor <> p.given * p.cost_minor",
            "coalesce(g.number, 0) || ', ' || coalesce(g.number, 0) * p.cost_minor",
            "p.given || ', ' || p.spent_minor",
        ),
        Question(
            "surprise.prize",
            _("each surprise gave its prize to each, once"),
            "coalesce(f.amount, 0) <> p.given * (p.prize->>'amount')::bigint",
            "p.given * (p.prize->>'amount')::bigint",
            "coalesce(f.amount, 0)",
            covers="p.prize ? 'unit'",
        ),
    ),
)

SCANS = (REFERRALS, SURPRISES)
