"""Points per order: so many for each order above a minimum, a product for a price in points, lapse by inactivity."""

from decimal import Decimal

from django.utils.translation import gettext_lazy as _

from loyaltysite.presets import words
from loyaltysite.presets.preset import CouponPart, Preset, RewardPart, RulePart, UnitPart

MINIMUM = Decimal("10.00")
TUESDAY = 2

PRESET = Preset(
    key="dominos",
    slug="points-per-order",
    title=_("Points per order"),
    inspired_by="Domino’s Piece of the Pie Rewards",
    does=(
        _("Every order of 10.00 or more earns 10 points, online, by phone or in the shop."),
        _("60 points buy a pizza; its code can be used online or at the till."),
        _("Points end together after 180 days without an order or a reward."),
    ),
    open=(),
    units=(
        UnitPart(
            key="points",
            names=words.POINTS,
            worth=Decimal("0.20"),
            lapse={"days": 180, "by": ["order", "spend"]},
            notice_days=14,
        ),
    ),
    rules=(
        RulePart(
            key="order",
            names={
                "en": "10 points for every order of 10.00 or more",
                "ar": "١٠ نقاط لكل طلب بقيمة ١٠٫٠٠ أو أكثر",
                "he": "10 נקודות לכל הזמנה של 10.00 ומעלה",
                "fa": "۱۰ امتیاز برای هر سفارش ۱۰٫۰۰ یا بیشتر",
            },
            definition={
                "unit": "points",
                "amount": {"kind": "per_order", "points": "10"},
                "minimum_minor": MINIMUM,
                "priority": 100,
            },
        ),
        RulePart(
            key="tuesday",
            names={
                "en": "5 points more on Tuesdays",
                "ar": "٥ نقاط إضافية أيام الثلاثاء",
                "he": "5 נקודות נוספות בימי שלישי",
                "fa": "۵ امتیاز بیشتر در روزهای سه‌شنبه",
            },
            definition={
                "unit": "points",
                "amount": {"kind": "per_order", "points": "5"},
                "minimum_minor": MINIMUM,
                "window": {"weekdays": [TUESDAY]},
                "priority": 90,
            },
        ),
    ),
    rewards=(
        RewardPart(
            key="pizza",
            kind="product",
            names={"en": "Free pizza", "ar": "بيتزا مجانية", "he": "פיצה חינם", "fa": "پیتزای رایگان"},
            summaries={
                "en": "Any medium pizza",
                "ar": "أي بيتزا متوسطة",
                "he": "כל פיצה בינונית",
                "fa": "هر پیتزای متوسط",
            },
            terms={
                "en": "One pizza for each code. The code can be used within 30 days.",
                "ar": "بيتزا واحدة لكل رمز. يمكن استخدام الرمز خلال ٣٠ يومًا.",
                "he": "פיצה אחת לכל קוד. אפשר להשתמש בקוד בתוך 30 ימים.",
                "fa": "یک پیتزا برای هر کد. کد تا ۳۰ روز قابل استفاده است.",
            },
            price={"points": 60},
            values={"sku": "PIZZA", "handover": "code", "valid_days": 30, "cost_minor": Decimal("4.00")},
        ),
    ),
    coupons=(
        CouponPart(
            key="members-evening",
            word="PIECE",
            kind="amount",
            names={
                "en": "3.00 off for members",
                "ar": "خصم ٣٫٠٠ للأعضاء",
                "he": "הנחה של 3.00 לחברי המועדון",
                "fa": "۳٫۰۰ تخفیف برای اعضا",
            },
            terms={
                "en": "Once for each member, for orders of 15.00 or more.",
                "ar": "مرة واحدة لكل عضو، للطلبات بقيمة ١٥٫٠٠ أو أكثر.",
                "he": "פעם אחת לכל חבר, בהזמנות של 15.00 ומעלה.",
                "fa": "یک بار برای هر عضو، برای سفارش‌های ۱۵٫۰۰ یا بیشتر.",
            },
            values={
                "value_minor": Decimal("3.00"),
                "minimum_minor": Decimal("15.00"),
                "members_only": True,
                "per_member": 1,
            },
        ),
    ),
    brand="#9b1c31",
)
