"""Tiers by yearly spend: points per amount, three levels that earn faster, several rewards to choose from."""

from decimal import Decimal

from django.utils.translation import gettext_lazy as _

from loyaltysite.presets import words
from loyaltysite.presets.preset import Preset, RewardPart, RulePart, TierPart, UnitPart

PRESET = Preset(
    key="sephora",
    slug="tiers-by-yearly-spend",
    title=_("Tiers by yearly spend"),
    inspired_by="Sephora Beauty Insider",
    does=(
        _("Every 1.00 spent earns a point, a quarter more in Silver and half as much again in Gold."),
        _("350.00 in a calendar year reach Silver, 1,000.00 Gold, to the end of the following year."),
        _("Members choose: a sample, money off, or a gift set kept for Silver and Gold."),
    ),
    open=(_("A community where members ask, answer and rate"),),
    units=(
        UnitPart(
            key="points",
            names=words.POINTS,
            worth=Decimal("0.02"),
            lapse={"months": 18, "by": ["order", "spend"]},
            notice_days=30,
        ),
    ),
    rules=(
        RulePart(
            key="spend",
            names={
                "en": "A point for every 1.00",
                "ar": "نقطة لكل ١٫٠٠",
                "he": "נקודה לכל 1.00",
                "fa": "یک امتیاز برای هر ۱٫۰۰",
            },
            definition={
                "unit": "points",
                "amount": {"kind": "per_amount", "points": "1", "per_minor": Decimal("1.00")},
                "priority": 100,
            },
        ),
    ),
    tiers=(
        TierPart(
            key="member",
            names={"en": "Member", "ar": "عضو", "he": "חבר", "fa": "عضو"},
            threshold=Decimal("0.00"),
            benefits=(
                {
                    "en": "A point for every 1.00",
                    "ar": "نقطة لكل ١٫٠٠",
                    "he": "נקודה לכל 1.00",
                    "fa": "یک امتیاز برای هر ۱٫۰۰",
                },
            ),
        ),
        TierPart(
            key="silver",
            names={"en": "Silver", "ar": "فضي", "he": "כסף", "fa": "نقره‌ای"},
            threshold=Decimal("350.00"),
            multipliers={"points": "5/4"},
            benefits=(
                {
                    "en": "A quarter more points, and the gift set",
                    "ar": "نقاط أكثر بمقدار الربع، ومجموعة الهدايا",
                    "he": "רבע יותר נקודות, וערכת המתנה",
                    "fa": "یک‌چهارم امتیاز بیشتر، و بستهٔ هدیه",
                },
            ),
        ),
        TierPart(
            key="gold",
            names={"en": "Gold", "ar": "ذهبي", "he": "זהב", "fa": "طلایی"},
            threshold=Decimal("1000.00"),
            multipliers={"points": "3/2"},
            benefits=(
                {
                    "en": "Half as many points again, and the gift set",
                    "ar": "نقاط أكثر بمقدار النصف، ومجموعة الهدايا",
                    "he": "חצי יותר נקודות, וערכת המתנה",
                    "fa": "نیم امتیاز بیشتر، و بستهٔ هدیه",
                },
            ),
        ),
    ),
    rewards=(
        RewardPart(
            key="sample",
            kind="product",
            names={"en": "Sample", "ar": "عيّنة", "he": "דוגמית", "fa": "نمونه"},
            summaries={
                "en": "A small size to try",
                "ar": "حجم صغير للتجربة",
                "he": "גודל קטן להתנסות",
                "fa": "اندازهٔ کوچک برای امتحان",
            },
            terms={
                "en": "While they last.",
                "ar": "حتى نفاد الكمية.",
                "he": "עד גמר המלאי.",
                "fa": "تا پایان موجودی.",
            },
            price={"points": 100},
            values={"sku": "SAMPLE", "stock": 1000},
        ),
        RewardPart(
            key="ten-off",
            kind="amount",
            names={"en": "10.00 off", "ar": "خصم ١٠٫٠٠", "he": "10.00 הנחה", "fa": "۱۰٫۰۰ تخفیف"},
            summaries={
                "en": "Money off your next order",
                "ar": "خصم على طلبك القادم",
                "he": "הנחה על ההזמנה הבאה",
                "fa": "تخفیف برای سفارش بعدی شما",
            },
            terms={
                "en": "Once for each code, within 90 days.",
                "ar": "مرة واحدة لكل رمز، خلال ٩٠ يومًا.",
                "he": "פעם אחת לכל קוד, בתוך 90 ימים.",
                "fa": "برای هر کد یک بار، تا ۹۰ روز.",
            },
            price={"points": 500},
            values={"value_minor": Decimal("10.00"), "handover": "code", "valid_days": 90},
        ),
        RewardPart(
            key="gift-set",
            kind="product",
            names={"en": "Gift set", "ar": "مجموعة هدايا", "he": "ערכת מתנה", "fa": "بستهٔ هدیه"},
            summaries={
                "en": "For Silver and Gold",
                "ar": "للفضي والذهبي",
                "he": "לכסף ולזהב",
                "fa": "برای نقره‌ای و طلایی",
            },
            terms={
                "en": "One a year for each member.",
                "ar": "واحدة في السنة لكل عضو.",
                "he": "אחת בשנה לכל חבר.",
                "fa": "سالی یکی برای هر عضو.",
            },
            price={"points": 250},
            values={
                "sku": "GIFT-SET",
                "per_member": 1,
                "per_period": "year",
                "eligibility": {"field": "standing.tier", "op": "in", "value": ["silver", "gold"]},
            },
        ),
    ),
    brand="#3b2a5c",
)
