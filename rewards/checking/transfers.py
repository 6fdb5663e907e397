"""What must hold of transfers: what one member sends another receives, and nothing is made or lost (14)."""

# ruff: noqa: S608 - the statements are joined from constants of this package; values are parameters

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from rewards.checking.scans import OF_PROGRAM, Question, Scan

TRANSFERS = Scan(
    of="x",
    wallet="NULL::bigint",
    holder="x.holder_id",
    subject="'transfer ' || x.fact_id",
    source=f"""(SELECT e.program_id, e.fact_id, w.unit_id, min(w.holder_id) AS holder_id,
                sum(e.active_change + e.reserved_change - e.arrears_change) AS gain
            FROM rewards_entry e JOIN rewards_wallet w ON w.id = e.wallet_id
            -- What causes are given and paid for: causes.py.
            JOIN members_holder h ON h.id = w.holder_id AND h.kind <> 'cause'
            WHERE e.kind IN ('transfer_out', 'transfer_in') AND {OF_PROGRAM.format("e")}
            GROUP BY e.program_id, e.fact_id, w.unit_id) x""",
    questions=(
        Question(
            "transfer.sum",
            _("each transfer moves points and makes none"),
            "x.gain <> 0",
            "0",
            "x.gain",
        ),
    ),
)

SCANS = (TRANSFERS,)
