"""What must hold of households: a head who is in it, nothing left where it is dissolved, and rewards that took from the
household they name (14, 38)."""

# ruff: noqa: S608 - the statements are joined from constants of this package; values are parameters

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from rewards.checking.scans import OF_PROGRAM, Question, Scan

HOUSEHOLDS = Scan(
    of="h",
    wallet="NULL::bigint",
    holder="h.holder_id",
    subject="'household ' || h.holder_id",
    source=f"""rewards_household h
        LEFT JOIN (SELECT p.household_id, count(*) AS there, bool_and(m.program_id = p.program_id) AS at_home,
                array_agg(p.member_id) AS members
            FROM rewards_householdplace p LEFT JOIN members_member m ON m.holder_id = p.member_id
            WHERE p.left_at IS NULL AND {OF_PROGRAM.format("p")} GROUP BY p.household_id) p
            ON p.household_id = h.holder_id
        LEFT JOIN (SELECT w.holder_id, sum(w.active + w.reserved) AS held FROM rewards_wallet w
            WHERE {OF_PROGRAM.format("w")} GROUP BY w.holder_id) w ON w.holder_id = h.holder_id""",
    questions=(
        Question(
            "household.head",
            _("each household has its head, of its program, among its members"),
            "NOT coalesce(h.head_id = ANY (p.members) AND p.at_home, false)",
            "h.head_id",
            "array_to_string(p.members, ', ')",
            covers="h.ended_at IS NULL",
        ),
        Question(
            "household.end",
            _("nobody and nothing is left in a household that is dissolved"),
            "coalesce(p.there, 0) + coalesce(w.held, 0) <> 0",
            "0",
            "concat_ws(', ', coalesce(p.there, 0) || ' members', coalesce(w.held, 0) || ' held')",
            covers="h.ended_at IS NOT NULL",
        ),
    ),
)

SHARED = Scan(
    of="r",
    wallet="NULL::bigint",
    holder="r.member_id",
    subject="'redemption ' || r.id",
    source=f"""rewards_redemption r
        JOIN (SELECT x.id, bool_or(w.holder_id = x.household_id) AS is_named,
                bool_or(h.kind = 'household' AND w.holder_id IS DISTINCT FROM x.household_id) AS is_another
            FROM rewards_redemption x
            CROSS JOIN jsonb_array_elements(x.parts) part
            JOIN rewards_lot l ON l.id = (part->>1)::bigint
            JOIN rewards_wallet w ON w.id = l.wallet_id
            JOIN members_holder h ON h.id = w.holder_id
            -- Where there are no households nothing is asked.
            WHERE x.program_id IN (SELECT program_id FROM rewards_household) AND {OF_PROGRAM.format("x")}
            GROUP BY x.id) took ON took.id = r.id""",
    questions=(
        Question(
            "redemption.household",
            _("each redemption names the household that it took from"),
            "took.is_another OR (r.household_id IS NOT NULL AND NOT coalesce(took.is_named, false))",
            "coalesce(r.household_id::text, 'none')",
            "CASE WHEN took.is_another THEN 'another one' ELSE 'none' END",
        ),
    ),
)

SCANS = (HOUSEHOLDS, SHARED)
