"""What the demo's members can have for their Stars: a hundred are worth a pound."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django_scopes import scope

from loyaltysite.demo.program import UNIT
from members.models import Program
from rewards import catalogue
from rewards.models import Reward

REWARDS: Mapping[str, Mapping[str, Any]] = {
    "wrapping": {
        "kind": "upgrade",
        "price": {UNIT: 50},
        "names": {
            "en": "Gift wrapping",
            "ar": "تغليف هدية",
            "he": "אריזת מתנה",
            "fa": "بسته‌بندی هدیه",
        },
        "summaries": {
            "en": "Striped paper and a ribbon",
            "ar": "ورق مقلّم وشريط",
            "he": "נייר מפוספס וסרט",
            "fa": "کاغذ راه‌راه و روبان",
        },
        "terms": {
            "en": "For one piece from our shops, while you wait.",
            "ar": "لقطعة واحدة من متاجرنا، وأنت تنتظر.",
            "he": "לפריט אחד מהחנויות שלנו, בזמן ההמתנה.",
            "fa": "برای یک کالا از فروشگاه‌های ما، همان‌جا که منتظرید.",
        },
        "stores": ["quay", "market"],
    },
    "candle": {
        "kind": "product",
        "price": {UNIT: 250},
        "names": {
            "en": "Scented candle",
            "ar": "شمعة معطّرة",
            "he": "נר ריחני",
            "fa": "شمع معطر",
        },
        "summaries": {
            "en": "Sea salt, cedar or fig",
            "ar": "ملح البحر أو الأرز أو التين",
            "he": "מלח ים, ארז או תאנה",
            "fa": "نمک دریا، سرو یا انجیر",
        },
        "terms": {
            "en": "While they last. Two a month for each member.",
            "ar": "حتى نفاد الكمية. اثنتان في الشهر لكل عضو.",
            "he": "עד גמר המלאי. שניים בחודש לכל חבר.",
            "fa": "تا پایان موجودی. برای هر عضو ماهی دو عدد.",
        },
        "sku": "CANDLE",
        "cost_minor": 1_20,
        "stock": 120,
        "per_member": 2,
        "per_period": "month",
    },
    "delivery": {
        "kind": "shipping",
        "price": {UNIT: 300},
        "names": {
            "en": "Free delivery",
            "ar": "توصيل مجاني",
            "he": "משלוח חינם",
            "fa": "ارسال رایگان",
        },
        "summaries": {
            "en": "For your next order online",
            "ar": "لطلبك القادم عبر الإنترنت",
            "he": "להזמנה הבאה באתר",
            "fa": "برای سفارش اینترنتی بعدی شما",
        },
        "terms": {
            "en": "Type the code with your order, within 60 days.",
            "ar": "اكتب الرمز مع طلبك، خلال 60 يومًا.",
            "he": "מקלידים את הקוד בהזמנה, בתוך 60 ימים.",
            "fa": "کد را هنگام سفارش وارد کنید، تا ۶۰ روز.",
        },
        "cost_minor": 2_90,
        "handover": "code",
        "valid_days": 60,
    },
    "five-off": {
        "kind": "amount",
        "price": {UNIT: 500},
        "names": {"en": "£5 off", "ar": "خصم 5 جنيهات", "he": "הנחה של 5 ליש״ט", "fa": "۵ پوند تخفیف"},
        "summaries": {
            "en": "Money off your next order",
            "ar": "خصم على طلبك القادم",
            "he": "הנחה על ההזמנה הבאה",
            "fa": "تخفیف برای سفارش بعدی شما",
        },
        "terms": {
            "en": "Once for each code, within 90 days, from £20.",
            "ar": "مرة واحدة لكل رمز، خلال 90 يومًا، ابتداءً من 20 جنيهًا.",
            "he": "פעם אחת לכל קוד, בתוך 90 ימים, החל מ־20 ליש״ט.",
            "fa": "برای هر کد یک بار، تا ۹۰ روز، از ۲۰ پوند.",
        },
        "value_minor": 5_00,
        "handover": "code",
        "valid_days": 90,
    },
    "evening": {
        "kind": "event",
        "price": {UNIT: 800},
        "names": {
            "en": "Evening in the workshop",
            "ar": "أمسية في الورشة",
            "he": "ערב בסדנה",
            "fa": "عصری در کارگاه",
        },
        "summaries": {
            "en": "Make a lantern, for Gold members",
            "ar": "اصنع فانوسًا، لأعضاء الفئة الذهبية",
            "he": "מכינים פנס, לחברי זהב",
            "fa": "ساخت فانوس، برای اعضای طلایی",
        },
        "terms": {
            "en": "One place a year. We write to you to find a day.",
            "ar": "مكان واحد في السنة. نكتب إليك لنتفق على يوم.",
            "he": "מקום אחד בשנה. נכתוב לך כדי לקבוע יום.",
            "fa": "سالی یک جا. برای تعیین روز به شما پیام می‌دهیم.",
        },
        "cost_minor": 6_00,
        "stock": 40,
        "per_member": 1,
        "per_period": "year",
        "eligibility": {"field": "standing.tier", "op": "in", "value": ["gold"]},
        "handover": "staff",
        "valid_days": 120,
    },
}


def put_up(*, program: Program, now: datetime) -> None:
    """The catalogue; what is there already is left as it is."""
    with scope(program=program):
        known = set(Reward.objects.filter(program=program).values_list("key", flat=True))
    for key, values in REWARDS.items():
        if key in known:
            continue
        catalogue.create(program=program, key=key, by=None, now=now, **values)
        catalogue.publish(program=program, key=key, by=None, now=now)
