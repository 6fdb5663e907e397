"""What must hold of merges: that points only changed wallets, and that whoever is gone holds nothing."""

# ruff: noqa: S608 - the statements are joined from constants of this package; values are parameters

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from rewards.checking.scans import OF_PROGRAM, Question, Scan

# One row per merge, direction and unit. By the kinds alone: what ends while settling is no part of a merge.
MERGES = Scan(
    of="x",
    wallet="NULL::bigint",
    holder="x.kept_id",
    subject="'merge ' || x.id || ' ' || x.key",
    source=f"""(SELECT m.program_id, m.id, m.kept_id, u.key, m.way, m.given,
                sum(e.pending_change + e.active_change - e.arrears_change) AS gain,
                bool_or(w.holder_id NOT IN (m.kept_id, m.gone_id)) AS is_strange
            FROM (SELECT program_id, id, kept_id, gone_id, 'merge' AS way, fact_id, '{{}}'::jsonb AS given
                FROM members_merge
                UNION ALL SELECT program_id, id, kept_id, gone_id, 'undo', undo_fact_id, given
                FROM members_merge WHERE undone_at IS NOT NULL) m
            JOIN rewards_entry e ON e.fact_id = m.fact_id AND e.kind = 'merge'
            JOIN rewards_wallet w ON w.id = e.wallet_id
            JOIN rewards_unit u ON u.id = w.unit_id
            WHERE {OF_PROGRAM.format("m")}
            GROUP BY m.program_id, m.id, m.kept_id, u.key, m.way, m.given) x""",
    questions=(
        Question(
            "merge.sum",
            _("each merge moves points and makes none; what the shop gave when one was undone is noted"),
            "x.gain <> coalesce((x.given ->> x.key)::numeric, 0)",
            "coalesce((x.given ->> x.key)::numeric, 0)",
            "x.gain",
        ),
        Question(
            "merge.home",
            _("each merge moves between the wallets of its two members"),
            "x.is_strange",
            "'its two members'",
            "'another wallet'",
        ),
    ),
)

GONE = Scan(
    of="m",
    wallet="w.id",
    holder="m.holder_id",
    subject="'member ' || m.holder_id",
    source="""(SELECT m.program_id, m.holder_id, m.merged_into_id, m.state FROM members_member m
            WHERE m.merged_into_id IS NOT NULL
                OR m.holder_id IN (SELECT gone_id FROM members_merge WHERE undone_at IS NULL)) m
        LEFT JOIN (SELECT w.holder_id, max(w.id) AS id, sum(w.pending + w.active + w.reserved + w.arrears) AS held
            FROM rewards_wallet w WHERE w.holder_id IN (SELECT gone_id FROM members_merge)
            GROUP BY w.holder_id) w ON w.holder_id = m.holder_id
        LEFT JOIN members_merge g ON g.gone_id = m.holder_id AND g.undone_at IS NULL""",
    questions=(
        Question(
            "merge.gone",
            _("whoever was merged away holds nothing and points to a merge that stands"),
            """(m.merged_into_id IS NULL) <> (g.id IS NULL)
                OR (m.merged_into_id IS NOT NULL AND (coalesce(w.held, 0) <> 0 OR m.state <> 'closed'))""",
            "CASE WHEN g.id IS NULL THEN 'on its own' ELSE 'empty and closed' END",
            "concat_ws(', ', m.state, 'merged into ' || m.merged_into_id, 'holds ' || w.held)",
        ),
    ),
)

SCANS = (MERGES, GONE)
