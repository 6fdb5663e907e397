"""Paid membership: everybody collects, and who pays 25.00 a year has member prices, free shipping and rewards of their own."""

from decimal import Decimal

from django.utils.translation import gettext_lazy as _

from loyaltysite.presets import words
from loyaltysite.presets.preset import PlanPart, Preset, RewardPart, RulePart, UnitPart

PRESET = Preset(
    key="barnes-noble",
    slug="paid-membership",
    title=_("Paid membership"),
    inspired_by="Barnes & Noble",
    does=(
        _("25.00 a year bring 10 percent off, free shipping, double points and rewards for members only."),
        _(
            "Members see what they have saved against the price, and existing customers what it would have saved them."
        ),
        _(
            "Renewed without a gap, left at the end, paid back within 14 days while no more was saved than paid."
        ),
    ),
    open=(),
    units=(
        UnitPart(
            key="points",
            names=words.POINTS,
            worth=Decimal("0.01"),
            lapse={"months": 24, "by": ["order", "spend"]},
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
    rewards=(
        RewardPart(
            key="five-off",
            kind="amount",
            names={"en": "5.00 off", "ar": "خصم ٥٫٠٠", "he": "5.00 הנחה", "fa": "۵٫۰۰ تخفیف"},
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
            values={"value_minor": Decimal("5.00"), "handover": "code", "valid_days": 90},
        ),
        RewardPart(
            key="tote",
            kind="product",
            names={"en": "Tote bag", "ar": "حقيبة قماش", "he": "תיק בד", "fa": "کیف پارچه‌ای"},
            summaries={
                "en": "Only for paying members",
                "ar": "للأعضاء المشتركين فقط",
                "he": "רק לחברים משלמים",
                "fa": "فقط برای اعضای ویژه",
            },
            terms={
                "en": "One a year for each member.",
                "ar": "واحدة في السنة لكل عضو.",
                "he": "אחד בשנה לכל חבר.",
                "fa": "سالی یکی برای هر عضو.",
            },
            price={"points": 100},
            values={
                "sku": "TOTE",
                "value_minor": Decimal("9.00"),
                "per_member": 1,
                "per_period": "year",
            },
        ),
    ),
    plans=(
        PlanPart(
            key="premium",
            names={"en": "Premium", "ar": "العضوية المميزة", "he": "חברות פרימיום", "fa": "عضویت ویژه"},
            summaries={
                "en": "For those who buy more than a few books a year",
                "ar": "لمن يشتري أكثر من بضعة كتب في السنة",
                "he": "למי שקונה יותר מכמה ספרים בשנה",
                "fa": "برای کسانی که سالی بیش از چند کتاب می‌خرند",
            },
            terms={
                "en": "A year from the day of payment. Renew it in the last 30 days. Leave at any time: it then ends with the "
                "year. Paid back in full within 14 days if you have saved no more than you paid.",
                "ar": "سنة من يوم الدفع. يمكنك التجديد في آخر ٣٠ يومًا. يمكنك المغادرة في أي وقت، فتنتهي بنهاية السنة. "
                "نعيد المبلغ كاملًا خلال ١٤ يومًا إن لم توفّر أكثر مما دفعت.",
                "he": "שנה מיום התשלום. אפשר לחדש ב־30 הימים האחרונים. אפשר לעזוב בכל עת, והחברות תסתיים בסוף השנה. "
                "החזר מלא בתוך 14 יום אם לא חסכתם יותר ממה ששילמתם.",
                "fa": "یک سال از روز پرداخت. در ۳۰ روز پایانی تمدید کنید. هر وقت خواستید انصراف دهید؛ آنگاه با پایان سال تمام "
                "می‌شود. تا ۱۴ روز، اگر بیش از پرداختی خود صرفه‌جویی نکرده باشید، همهٔ پول برمی‌گردد.",
            },
            price=Decimal("25.00"),
            months=12,
            benefits=(
                {"kind": "percent_off", "percent": "10"},
                {"kind": "free_shipping"},
                {"kind": "rate", "unit": "points", "factor": "2"},
                {"kind": "early_access", "days": 3},
                {"kind": "rewards", "keys": ["tote"]},
                {"kind": "birthday", "unit": "points", "amount": 100},
                {
                    "kind": "promise",
                    "texts": {
                        "en": "Invitations to readings",
                        "ar": "دعوات إلى أمسيات القراءة",
                        "he": "הזמנות לערבי קריאה",
                        "fa": "دعوت به نشست‌های کتاب‌خوانی",
                    },
                },
            ),
        ),
    ),
    brand="#2b4a3c",
)
