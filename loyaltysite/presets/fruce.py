"""Stamp card: a stamp for every drink, twenty stamps for a free one."""

from decimal import Decimal

from django.utils.translation import gettext_lazy as _

from loyaltysite.presets import words
from loyaltysite.presets.preset import Preset, RewardPart, RulePart, StampPart, UnitPart

CARD = 20

PRESET = Preset(
    key="fruce",
    slug="stamp-card",
    title=_("Stamp card"),
    inspired_by="Fruce",
    does=(
        _(
            "Every drink bought brings a stamp: found at the till by phone number or QR code, given with one tap."
        ),
        _("20 stamps buy a free drink; members see their card fill up on their phone."),
        _("A wrong stamp is undone at the till; a drink that comes back takes its stamp along."),
    ),
    open=(),
    units=(
        UnitPart(
            key="stamps",
            names=words.STAMPS,
            stamp=StampPart(
                sku="DRINK",
                names={"en": "Drink", "ar": "مشروب", "he": "משקה", "fa": "نوشیدنی"},
                price=Decimal(4),
            ),
        ),
    ),
    rules=(
        RulePart(
            key="drink",
            names={
                "en": "A stamp for every drink",
                "ar": "ختم لكل مشروب",
                "he": "חותמת לכל משקה",
                "fa": "یک مهر برای هر نوشیدنی",
            },
            definition={"unit": "stamps", "amount": {"kind": "per_item", "points": "1"}, "priority": 100},
        ),
    ),
    rewards=(
        RewardPart(
            key="drink",
            kind="product",
            names={
                "en": "Free drink",
                "ar": "مشروب مجاني",
                "he": "משקה חינם",
                "fa": "نوشیدنی رایگان",
            },
            summaries={
                "en": "Any drink on the board",
                "ar": "أي مشروب في القائمة",
                "he": "כל משקה שעל הלוח",
                "fa": "هر نوشیدنی روی تابلو",
            },
            terms={
                "en": "Show the code at the till. A free drink brings no stamp.",
                "ar": "أظهر الرمز عند الصندوق. المشروب المجاني لا يمنح ختمًا.",
                "he": "מציגים את הקוד בקופה. משקה חינם אינו מזכה בחותמת.",
                "fa": "کد را کنار صندوق نشان دهید. نوشیدنی رایگان مهر ندارد.",
            },
            price={"stamps": CARD},
            values={"handover": "till"},
        ),
    ),
    brand="#2f6b3a",
)
