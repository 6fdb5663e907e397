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

# Who says that points of which lots are held: a redemption that is reserved, a hold that stands, a sending that waits.
CLAIMS = """(SELECT {0}.program_id, 'redemption ' || {0}.id AS name, {0}.state, (part->>1)::bigint AS lot_id,
        (part->>2)::bigint AS amount, {0}.state = 'reserved' AS is_open
    FROM rewards_redemption {0} CROSS JOIN jsonb_array_elements({0}.parts) part WHERE {1}
    UNION ALL SELECT {0}.program_id, 'hold ' || {0}.id, CASE WHEN {0}.released_at IS NULL THEN 'held' ELSE 'released' END,
        (part->>0)::bigint, (part->>1)::bigint, {0}.released_at IS NULL
    FROM rewards_hold {0} CROSS JOIN jsonb_array_elements({0}.parts) part WHERE {1}
    UNION ALL SELECT {0}.program_id, 'sending ' || {0}.id, {0}.state, (part->>0)::bigint, (part->>1)::bigint,
        {0}.state = 'waiting'
    FROM rewards_sending {0} CROSS JOIN jsonb_array_elements({0}.parts) part WHERE {1})"""
OPEN = CLAIMS.format("r", OF_PROGRAM.format("r"))
# Asked for what is wrong only: everything that ever named the lot, with the state it is in.
NAMED = f"""(SELECT string_agg(c.name || ' ' || c.state || ' ' || c.amount, ', ' ORDER BY c.name)
    FROM {CLAIMS.format("r", "r.program_id = held.program_id")} c WHERE c.lot_id = held.lot_id)"""

HELD = Scan(
    of="held",
    wallet="l.wallet_id",
    subject="'lot ' || held.lot_id",
    source=f"""(SELECT coalesce(h.program_id, k.program_id) AS program_id, coalesce(h.lot_id, k.id) AS lot_id,
                coalesce(h.amount, 0) AS amount
            FROM (SELECT c.lot_id, min(c.program_id) AS program_id, sum(c.amount) AS amount FROM {OPEN} c
                WHERE c.is_open GROUP BY c.lot_id) h
            FULL JOIN (SELECT k.id, k.program_id FROM rewards_lot k WHERE k.reserved > 0 AND {OF_PROGRAM.format("k")}) k
                ON k.id = h.lot_id) held
        LEFT JOIN rewards_lot l ON l.id = held.lot_id
        LEFT JOIN rewards_wallet w ON w.id = l.wallet_id""",
    questions=(
        Question(
            "redemption.held",
            _("what is reserved is held in its lots"),
            "l.id IS NULL OR l.reserved < held.amount",
            "held.amount",
            "l.reserved",
            covers="held.amount > 0",
        ),
        Question(
            "redemption.claimed",
            _("what is held in lots belongs to something that is reserved"),
            "l.reserved > held.amount",
            f"concat_ws(': ', held.amount, {NAMED})",
            "l.reserved",
            covers="l.reserved > 0",
        ),
    ),
)

SCANS = (REWARDS, REDEMPTIONS, HELD)
