"""Progress club: what members do counts, without any points. Badges with levels, rows of weeks, milestones of spend, a
yearly challenge, and services for everybody who belongs."""

from decimal import Decimal

from django.utils.translation import gettext_lazy as _

from loyaltysite.presets.preset import BadgePart, LevelPart, Preset, RewardPart, TierPart

RUN, WORKOUT = "run", "workout"

FIRST_RUN = {"en": "First run", "ar": "أول جري", "he": "ריצה ראשונה", "fa": "نخستین دویدن"}
BRONZE = {"en": "Bronze", "ar": "برونزي", "he": "ארד", "fa": "برنز"}
SILVER = {"en": "Silver", "ar": "فضي", "he": "כסף", "fa": "نقره"}
GOLD = {"en": "Gold", "ar": "ذهبي", "he": "זהב", "fa": "طلا"}
ONCE = {"en": "Once", "ar": "مرة واحدة", "he": "פעם אחת", "fa": "یک بار"}
AS_A_PRIZE = {
    "en": "Given as a prize. It can be used once within 60 days.",
    "ar": "تُمنح جائزةً، وتُستخدم مرة واحدة خلال ٦٠ يومًا.",
    "he": "ניתן כפרס. לשימוש חד־פעמי בתוך 60 יום.",
    "fa": "به‌عنوان جایزه داده می‌شود و تا ۶۰ روز یک بار به کار می‌رود.",
}
PRIZE = {"is_prize": True, "handover": "code", "valid_days": 60}


def reward(name: str) -> tuple[dict[str, str], ...]:
    """The prize of a level."""
    return ({"kind": "reward", "name": name},)


PRESET = Preset(
    key="nike",
    slug="progress-club",
    title=_("Progress club"),
    inspired_by="Nike Run Club and Training Club",
    does=(
        _(
            "Runs and workouts bring badges in levels, rows of weeks count, and a deleted activity counts no more."
        ),
        _(
            "200.00 spent bring 10 percent off the next order, 500.00 bring 20; a return takes an unused one back."
        ),
        _(
            "Free shipping for every member, early access from 300.00 a year, a gift on the birthday. No points."
        ),
    ),
    open=(_("Training plans and guided runs inside an app"),),
    units=(),
    rules=(),
    tiers=(
        TierPart(
            key="member",
            names={"en": "Member", "ar": "عضو", "he": "חבר", "fa": "عضو"},
            threshold=Decimal("0.00"),
            benefits=({"kind": "free_shipping"},),
        ),
        TierPart(
            key="insider",
            names={"en": "Insider", "ar": "عضو مقرّب", "he": "חבר פנים", "fa": "عضو ویژه"},
            threshold=Decimal("300.00"),
            benefits=({"kind": "free_shipping"}, {"kind": "early_access", "days": 3}),
        ),
    ),
    rewards=(
        RewardPart(
            key="ten-percent",
            kind="percent",
            names={"en": "10% off", "ar": "خصم ١٠٪", "he": "10% הנחה", "fa": "۱۰٪ تخفیف"},
            summaries={
                "en": "On one order, in the shop or online",
                "ar": "على طلب واحد، في المتجر أو عبر الإنترنت",
                "he": "בהזמנה אחת, בחנות או באתר",
                "fa": "برای یک سفارش، در فروشگاه یا اینترنتی",
            },
            terms=AS_A_PRIZE,
            price={},
            values={**PRIZE, "percent": "10.00"},
        ),
        RewardPart(
            key="twenty-percent",
            kind="percent",
            names={"en": "20% off", "ar": "خصم ٢٠٪", "he": "20% הנחה", "fa": "۲۰٪ تخفیف"},
            summaries={
                "en": "On one order, in the shop or online",
                "ar": "على طلب واحد، في المتجر أو عبر الإنترنت",
                "he": "בהזמנה אחת, בחנות או באתר",
                "fa": "برای یک سفارش، در فروشگاه یا اینترنتی",
            },
            terms=AS_A_PRIZE,
            price={},
            values={**PRIZE, "percent": "20.00"},
        ),
        RewardPart(
            key="birthday-gift",
            kind="product",
            names={
                "en": "Birthday gift",
                "ar": "هدية عيد الميلاد",
                "he": "מתנת יום הולדת",
                "fa": "هدیهٔ تولد",
            },
            summaries={
                "en": "A pair of socks, fetched in the shop",
                "ar": "زوج من الجوارب، يُستلم من المتجر",
                "he": "זוג גרביים, לאיסוף בחנות",
                "fa": "یک جفت جوراب، از فروشگاه بگیرید",
            },
            terms=AS_A_PRIZE,
            price={},
            values=PRIZE,
        ),
        RewardPart(
            key="early-access",
            kind="early",
            names={"en": "Early access", "ar": "وصول مبكر", "he": "גישה מוקדמת", "fa": "دسترسی زودهنگام"},
            summaries={
                "en": "Buy the next limited shoe a day before everybody",
                "ar": "اشترِ الحذاء المحدود القادم قبل الجميع بيوم",
                "he": "לקנות את הנעל המוגבלת הבאה יום לפני כולם",
                "fa": "کفش محدود بعدی را یک روز زودتر از همه بخرید",
            },
            terms=AS_A_PRIZE,
            price={},
            values=PRIZE,
        ),
    ),
    badges=(
        BadgePart(
            key="first-run",
            names=FIRST_RUN,
            texts={"en": "Run once.", "ar": "اركض مرة واحدة.", "he": "לרוץ פעם אחת.", "fa": "یک بار بدوید."},
            medal={"shape": "rosette", "color": "green", "icon": "run"},
            definition={"count": "events", "event": RUN},
            levels=(LevelPart(key="once", names=ONCE, target=1),),
        ),
        BadgePart(
            key="distance",
            names={"en": "Distance", "ar": "المسافة", "he": "מרחק", "fa": "مسافت"},
            texts={
                "en": "Every kilometre counts, for ever.",
                "ar": "كل كيلومتر يُحسب، إلى الأبد.",
                "he": "כל קילומטר נספר, לתמיד.",
                "fa": "هر کیلومتر حساب می‌شود، برای همیشه.",
            },
            medal={"shape": "shield", "color": "blue", "icon": "map"},
            definition={"count": "sum", "event": RUN, "field": "km"},
            levels=(
                LevelPart(key="bronze", names=BRONZE, target=50),
                LevelPart(key="silver", names=SILVER, target=250),
                LevelPart(key="gold", names=GOLD, target=1000, prizes=reward("early-access")),
            ),
        ),
        BadgePart(
            key="long-run",
            names={"en": "Long run", "ar": "جري طويل", "he": "ריצה ארוכה", "fa": "دویدن بلند"},
            texts={
                "en": "Run 10 km or more at once, three times.",
                "ar": "اركض ١٠ كم أو أكثر دفعة واحدة، ثلاث مرات.",
                "he": "לרוץ 10 ק״מ או יותר ברצף, שלוש פעמים.",
                "fa": "سه بار، هر بار ۱۰ کیلومتر یا بیشتر بدوید.",
            },
            medal={"shape": "hexagon", "color": "plum", "icon": "mountain"},
            definition={
                "count": "events",
                "event": RUN,
                "where": {"field": "data.number.km", "op": ">=", "value": "10"},
            },
            levels=(LevelPart(key="once", names=ONCE, target=3),),
        ),
        BadgePart(
            key="steady",
            names={"en": "Steady", "ar": "مثابرة", "he": "התמדה", "fa": "پشتکار"},
            texts={
                "en": "Train twice a week, week after week.",
                "ar": "تدرّب مرتين في الأسبوع، أسبوعًا بعد أسبوع.",
                "he": "להתאמן פעמיים בשבוע, שבוע אחר שבוע.",
                "fa": "هفته‌ای دو بار تمرین کنید، هفته پشت هفته.",
            },
            medal={"shape": "drop", "color": "bronze", "icon": "flame"},
            definition={"count": "events", "event": WORKOUT, "streak": {"unit": "week", "each": 2}},
            levels=(
                LevelPart(key="bronze", names=BRONZE, target=4),
                LevelPart(key="silver", names=SILVER, target=12),
                LevelPart(key="gold", names=GOLD, target=52),
            ),
        ),
        BadgePart(
            key="month",
            names={
                "en": "Kilometres of the month",
                "ar": "كيلومترات الشهر",
                "he": "הקילומטרים של החודש",
                "fa": "کیلومترهای ماه",
            },
            texts={
                "en": "Run 50 km in a calendar month; each month is a new chance.",
                "ar": "اركض ٥٠ كم في شهر واحد، وكل شهر فرصة جديدة.",
                "he": "לרוץ 50 ק״מ בחודש אחד; כל חודש הוא הזדמנות חדשה.",
                "fa": "در یک ماه ۵۰ کیلومتر بدوید؛ هر ماه فرصتی تازه است.",
            },
            medal={"shape": "star", "color": "gold", "icon": "calendar"},
            definition={
                "count": "sum",
                "event": RUN,
                "field": "km",
                "window": {"kind": "calendar", "unit": "month", "repeats": True},
            },
            levels=(LevelPart(key="once", names=ONCE, target=50),),
        ),
        BadgePart(
            key="spend",
            kind="milestone",
            names={"en": "Thank you", "ar": "شكرًا", "he": "תודה", "fa": "سپاس"},
            texts={
                "en": "What you buy brings something back, once each.",
                "ar": "مشترياتك تعود عليك بشيء، مرة لكل درجة.",
                "he": "מה שקונים מחזיר משהו, פעם אחת בכל שלב.",
                "fa": "خریدتان چیزی برمی‌گرداند، در هر پله یک بار.",
            },
            medal={"shape": "rosette", "color": "brand", "icon": "gift"},
            definition={"count": "spend"},
            levels=(
                LevelPart(
                    key="first",
                    target=Decimal("200.00"),
                    prizes=reward("ten-percent"),
                    names={"en": "200 spent", "ar": "إنفاق ٢٠٠", "he": "200 בקניות", "fa": "خرید ۲۰۰"},
                ),
                LevelPart(
                    key="second",
                    target=Decimal("500.00"),
                    prizes=reward("twenty-percent"),
                    names={"en": "500 spent", "ar": "إنفاق ٥٠٠", "he": "500 בקניות", "fa": "خرید ۵۰۰"},
                ),
            ),
        ),
        BadgePart(
            key="birthday",
            names={
                "en": "Happy birthday",
                "ar": "عيد ميلاد سعيد",
                "he": "יום הולדת שמח",
                "fa": "تولدتان مبارک",
            },
            texts={
                "en": "A gift from us, every year.",
                "ar": "هدية منا، كل سنة.",
                "he": "מתנה מאיתנו, בכל שנה.",
                "fa": "هدیه‌ای از ما، هر سال.",
            },
            medal={"shape": "hexagon", "color": "silver", "icon": "gift"},
            definition={
                "count": "events",
                "event": "schedule.birthday",
                "window": {"kind": "calendar", "unit": "year", "repeats": True},
            },
            levels=(LevelPart(key="once", names=ONCE, target=1, prizes=reward("birthday-gift")),),
            is_kept=True,
        ),
    ),
    brand="#1f2933",
)
