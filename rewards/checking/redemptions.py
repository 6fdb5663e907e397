"""What must hold of rewards and redemptions: stock taken is counted, held points are held in their lots (38 to 40)."""

# ruff: noqa: S608 - the statements are joined from constants of this package; values are parameters

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from rewards.checking.scans import OF_PROGRAM, Question, Scan

REWARDS = Scan(
    of="t",
    wallet="NULL::bigint",
    holder="NULL::bigint",
    subject="'reward ' || t.key",
    source=f"""rewards_reward t
        LEFT JOIN (SELECT r.reward_id, count(*) AS held FROM rewards_redemption r
            WHERE NOT r.is_given_back AND {OF_PROGRAM.format("r")} GROUP BY r.reward_id) r ON r.reward_id = t.id""",
    questions=(
        Question(
            "reward.taken",
            _("each stock has given what is redeemed"),
            "t.taken <> coalesce(r.held, 0)",
            "coalesce(r.held, 0)",
            "t.taken",
            covers="t.stock IS NOT NULL",
        ),
    ),
)

REDEMPTIONS = Scan(
    of="r",
    wallet="NULL::bigint",
    holder="r.member_id",
    subject="'redemption ' || r.id",
    source="""rewards_redemption r
        LEFT JOIN rewards_reward t ON t.id = r.reward_id
        LEFT JOIN members_member m ON m.holder_id = r.member_id
        LEFT JOIN LATERAL (SELECT coalesce(sum((part->>2)::bigint), 0) AS amount FROM jsonb_array_elements(r.parts) part)
            parts ON true
        LEFT JOIN LATERAL (SELECT coalesce(sum(price.value::bigint), 0) AS amount FROM jsonb_each_text(r.price) price)
            price ON true""",
    questions=(
        Question(
            "redemption.home",
            _("each redemption has its reward and member, of its program"),
            "t.id IS NULL OR t.program_id <> r.program_id OR m.holder_id IS NULL OR m.program_id <> r.program_id",
            "'program ' || r.program_id",
            "concat_ws(', ', 'reward of program ' || t.program_id, 'member of program ' || m.program_id)",
        ),
        Question(
            "redemption.price",
            _("each redemption took its price from lots"),
            "parts.amount <> price.amount",
            "price.amount",
            "parts.amount",
        ),
    ),
)

HELD = Scan(
    of="l",
    wallet="l.wallet_id",
    subject="'lot ' || l.id",
    source=f"""(SELECT h.lot_id, sum(h.amount) AS amount FROM (
                SELECT (part->>1)::bigint AS lot_id, (part->>2)::bigint AS amount
                FROM rewards_redemption r CROSS JOIN jsonb_array_elements(r.parts) part
                WHERE r.state = 'reserved' AND {OF_PROGRAM.format("r")}
                UNION ALL SELECT (part->>0)::bigint, (part->>1)::bigint
                FROM rewards_hold r CROSS JOIN jsonb_array_elements(r.parts) part
                WHERE r.released_at IS NULL AND {OF_PROGRAM.format("r")}) h GROUP BY 1) held
        LEFT JOIN rewards_lot l ON l.id = held.lot_id
        LEFT JOIN rewards_wallet w ON w.id = l.wallet_id""",
    questions=(
        Question(
            "redemption.held",
            _("what is reserved is held in its lots"),
            "l.id IS NULL OR l.reserved < held.amount",
            "held.amount",
            "l.reserved",
        ),
    ),
)

SCANS = (REWARDS, REDEMPTIONS, HELD)
