"""What must hold of codes: what is counted is used, and what a use took off is what its order shows (41)."""

# ruff: noqa: S608 - the statements are joined from constants of this package; values are parameters

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from rewards.checking.scans import OF_PROGRAM, Question, Scan

HELD = f"""(SELECT u.{{column}}, count(*) AS held FROM rewards_couponuse u
            WHERE u.given_back_at IS NULL AND {OF_PROGRAM.format("u")} GROUP BY 1) u"""

CODES = Scan(
    of="c",
    wallet="NULL::bigint",
    holder="c.member_id",
    subject="'code ' || c.id",
    source=f"rewards_code c LEFT JOIN {HELD.format(column='code_id')} ON u.code_id = c.id",
    questions=(
        Question(
            "code.used",
            _("each code was used as often as is counted"),
            "c.used <> coalesce(u.held, 0)",
            "coalesce(u.held, 0)",
            "c.used",
            covers="c.most IS NOT NULL",
        ),
    ),
)

COUPONS = Scan(
    of="c",
    wallet="NULL::bigint",
    holder="NULL::bigint",
    subject="'coupon ' || c.key",
    source=f"rewards_coupon c LEFT JOIN {HELD.format(column='coupon_id')} ON u.coupon_id = c.id",
    questions=(
        Question(
            "coupon.taken",
            _("each coupon was used as often as is counted"),
            "c.taken <> coalesce(u.held, 0)",
            "coalesce(u.held, 0)",
            "c.taken",
            covers="c.most IS NOT NULL",
        ),
    ),
)

USES = Scan(
    of="u",
    wallet="NULL::bigint",
    holder="u.member_id",
    subject="'use of a coupon ' || u.id",
    source="""rewards_couponuse u
        LEFT JOIN members_order o ON o.id = u.order_id
        LEFT JOIN rewards_code c ON c.id = u.code_id
        LEFT JOIN LATERAL (SELECT coalesce(sum((part->>1)::bigint), 0) AS amount FROM jsonb_array_elements(u.shares) part)
            parts ON true""",
    questions=(
        Question(
            "couponuse.home",
            _("each use has its order and code, of its program"),
            "o.id IS NULL OR o.program_id <> u.program_id OR c.id IS NULL OR c.program_id <> u.program_id",
            "'program ' || u.program_id",
            "concat_ws(', ', 'order of program ' || o.program_id, 'code of program ' || c.program_id)",
        ),
        Question(
            "couponuse.shares",
            _("what each use took off is spread over lines"),
            "parts.amount <> u.discount_minor",
            "u.discount_minor",
            "parts.amount",
        ),
    ),
)

VOUCHERS = Scan(
    of="c",
    wallet="NULL::bigint",
    holder="c.member_id",
    subject="'code ' || c.id",
    source="""rewards_code c LEFT JOIN rewards_redemption r ON r.id = c.redemption_id
        LEFT JOIN rewards_reward w ON w.id = r.reward_id""",
    questions=(
        Question(
            "code.redemption",
            _("each voucher belongs to a redemption of its program"),
            "r.id IS NULL OR r.program_id <> c.program_id OR c.given_at IS NULL",
            "'program ' || c.program_id",
            "'program ' || r.program_id",
            covers="c.redemption_id IS NOT NULL",
        ),
    ),
)

SCANS = (CODES, COUPONS, USES, VOUCHERS)
