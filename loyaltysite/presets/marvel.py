"""Engagement club: points for what fans do rather than buy, tiers by points earned, merchandise and exclusive content."""

from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_lazy as _

from loyaltysite.presets import words
from loyaltysite.presets.preset import Preset, RewardPart, RulePart, Texts, TierPart, UnitPart


def _rule(key: str, names: Texts, points: int, *, on: str = "event", kind: str = "", **more: Any) -> RulePart:
    """So many points for an event that shops and apps send by its kind."""
    trigger = {"on": on, "kind": kind or key}
    definition = {
        "trigger": trigger,
        "unit": "points",
        "amount": {"kind": "fixed", "points": str(points)},
        **more,
    }
    return RulePart(key=key, names=names, definition=definition)


def _once_a_day() -> dict[str, Any]:
    return {"times": 1, "per": "day"}


PRESET = Preset(
    key="marvel",
    slug="engagement-club",
    title=_("Engagement club"),
    inspired_by="Marvel Insider",
    does=(
        _("Reading, sharing, quizzes and events earn points, with a limit a day; a purchase earns them too."),
        _("2,000 points in a calendar year make a Hero, 6,000 a Legend; friends and birthdays bring more."),
        _("Points buy wallpapers, previews, pins and shirts; a seat at the premiere is for Legends."),
    ),
    open=(_("Surveys that ask questions and give points for the answers"),),
    units=(
        UnitPart(
            key="points",
            names=words.POINTS,
            worth=Decimal("0.002"),
            lapse={"months": 12, "by": ["earn", "order", "spend"]},
            notice_days=30,
        ),
    ),
    rules=(
        _rule(
            "content",
            {
                "en": "10 points for something read or watched",
                "ar": "١٠ نقاط لكل محتوى تقرؤه أو تشاهده",
                "he": "10 נקודות על תוכן שנקרא או נצפה",
                "fa": "۱۰ امتیاز برای خواندن یا دیدن محتوا",
            },
            10,
            kind="content.read",
            caps={"day": "50"},
        ),
        _rule(
            "social",
            {
                "en": "25 points for sharing",
                "ar": "٢٥ نقطة للمشاركة",
                "he": "25 נקודות על שיתוף",
                "fa": "۲۵ امتیاز برای هم‌رسانی",
            },
            25,
            kind="social.action",
            caps={"day": "50"},
        ),
        _rule(
            "quiz",
            {
                "en": "50 points for a quiz, once a day",
                "ar": "٥٠ نقطة لاختبار، مرة في اليوم",
                "he": "50 נקודות על חידון, פעם ביום",
                "fa": "۵۰ امتیاز برای آزمونک، روزی یک بار",
            },
            50,
            kind="quiz.completed",
            frequency=_once_a_day(),
        ),
        _rule(
            "event",
            {
                "en": "250 points for an event attended",
                "ar": "٢٥٠ نقطة لحضور فعالية",
                "he": "250 נקודות על השתתפות באירוע",
                "fa": "۲۵۰ امتیاز برای شرکت در رویداد",
            },
            250,
            kind="event.attended",
            frequency=_once_a_day(),
        ),
        _rule(
            "welcome",
            {
                "en": "250 points for joining",
                "ar": "٢٥٠ نقطة للانضمام",
                "he": "250 נקודות על הצטרפות",
                "fa": "۲۵۰ امتیاز برای عضویت",
            },
            250,
            on="schedule",
            kind="joining",
            frequency={"once": True},
        ),
        _rule(
            "birthday",
            {
                "en": "500 points as a birthday gift",
                "ar": "٥٠٠ نقطة هدية عيد الميلاد",
                "he": "500 נקודות מתנת יום הולדת",
                "fa": "۵۰۰ امتیاز هدیهٔ تولد",
            },
            500,
            on="schedule",
            kind="birthday",
        ),
        RulePart(
            key="spend",
            names={
                "en": "5 points for every 1.00",
                "ar": "٥ نقاط لكل ١٫٠٠",
                "he": "5 נקודות לכל 1.00",
                "fa": "۵ امتیاز برای هر ۱٫۰۰",
            },
            definition={
                "unit": "points",
                "amount": {"kind": "per_amount", "points": "5", "per_minor": Decimal("1.00")},
            },
        ),
    ),
    counted="points",
    tiers=(
        TierPart(
            key="fan",
            names={"en": "Fan", "ar": "معجب", "he": "מעריץ", "fa": "هوادار"},
            threshold=Decimal(0),
            benefits=(
                {
                    "en": "Points for all you do here",
                    "ar": "نقاط لكل ما تفعله هنا",
                    "he": "נקודות על כל מה שעושים כאן",
                    "fa": "امتیاز برای هر کاری که اینجا می‌کنید",
                },
            ),
        ),
        TierPart(
            key="hero",
            names={"en": "Hero", "ar": "بطل", "he": "גיבור", "fa": "قهرمان"},
            threshold=Decimal(2000),
            benefits=(
                {
                    "en": "Previews before everybody else",
                    "ar": "عروض مسبقة قبل الجميع",
                    "he": "הצצות לפני כולם",
                    "fa": "پیش‌نمایش پیش از دیگران",
                },
            ),
        ),
        TierPart(
            key="legend",
            names={"en": "Legend", "ar": "أسطورة", "he": "אגדה", "fa": "اسطوره"},
            threshold=Decimal(6000),
            benefits=(
                {
                    "en": "Previews, and invitations to premieres",
                    "ar": "عروض مسبقة ودعوات إلى العروض الأولى",
                    "he": "הצצות, והזמנות להקרנות בכורה",
                    "fa": "پیش‌نمایش و دعوت به نخستین نمایش‌ها",
                },
            ),
        ),
    ),
    rewards=(
        RewardPart(
            key="wallpaper",
            kind="content",
            names={"en": "Wallpaper", "ar": "خلفية شاشة", "he": "טפט למסך", "fa": "تصویر زمینه"},
            summaries={
                "en": "A picture for your screen",
                "ar": "صورة لشاشتك",
                "he": "תמונה למסך שלך",
                "fa": "تصویری برای صفحهٔ شما",
            },
            terms={
                "en": "The code opens it for 90 days.",
                "ar": "يفتحها الرمز لمدة ٩٠ يومًا.",
                "he": "הקוד פותח אותה למשך 90 ימים.",
                "fa": "کد تا ۹۰ روز آن را باز می‌کند.",
            },
            price={"points": 200},
            values={"handover": "code", "valid_days": 90},
        ),
        RewardPart(
            key="preview",
            kind="content",
            names={"en": "Preview", "ar": "عرض مسبق", "he": "הצצה מוקדמת", "fa": "پیش‌نمایش"},
            summaries={
                "en": "A first look for Heroes and Legends",
                "ar": "نظرة أولى للأبطال والأساطير",
                "he": "מבט ראשון לגיבורים ולאגדות",
                "fa": "نگاه نخست برای قهرمان‌ها و اسطوره‌ها",
            },
            terms={
                "en": "One a month for each member.",
                "ar": "واحد في الشهر لكل عضو.",
                "he": "אחת בחודש לכל חבר.",
                "fa": "ماهی یکی برای هر عضو.",
            },
            price={"points": 300},
            values={
                "handover": "code",
                "valid_days": 30,
                "per_member": 1,
                "per_period": "month",
                "eligibility": {"field": "standing.tier", "op": "in", "value": ["hero", "legend"]},
            },
        ),
        RewardPart(
            key="pin",
            kind="product",
            names={"en": "Enamel pin", "ar": "دبوس مينا", "he": "סיכת אמייל", "fa": "سنجاق مینایی"},
            summaries={
                "en": "To wear it",
                "ar": "لترتديه",
                "he": "לענוד",
                "fa": "برای نصب بر لباس",
            },
            terms={
                "en": "Sent by post, while they last.",
                "ar": "يُرسل بالبريد، حتى نفاد الكمية.",
                "he": "נשלחת בדואר, עד גמר המלאי.",
                "fa": "با پست فرستاده می‌شود، تا پایان موجودی.",
            },
            price={"points": 1000},
            values={"sku": "PIN", "handover": "post", "stock": 500, "cost_minor": Decimal("2.00")},
        ),
        RewardPart(
            key="shirt",
            kind="product",
            names={"en": "T-shirt", "ar": "قميص", "he": "חולצה", "fa": "تی‌شرت"},
            summaries={
                "en": "In your size",
                "ar": "بمقاسك",
                "he": "במידה שלך",
                "fa": "به اندازهٔ شما",
            },
            terms={
                "en": "Sent by post, while they last.",
                "ar": "يُرسل بالبريد، حتى نفاد الكمية.",
                "he": "נשלחת בדואר, עד גמר המלאי.",
                "fa": "با پست فرستاده می‌شود، تا پایان موجودی.",
            },
            price={"points": 4000},
            values={"sku": "SHIRT", "handover": "post", "stock": 200, "cost_minor": Decimal("8.00")},
        ),
        RewardPart(
            key="premiere",
            kind="event",
            names={
                "en": "Seat at the premiere",
                "ar": "مقعد في العرض الأول",
                "he": "מושב בהקרנת הבכורה",
                "fa": "صندلی نخستین نمایش",
            },
            summaries={
                "en": "An evening for Legends",
                "ar": "أمسية للأساطير",
                "he": "ערב לאגדות",
                "fa": "شبی برای اسطوره‌ها",
            },
            terms={
                "en": "One seat for each member. Show the code at the door.",
                "ar": "مقعد واحد لكل عضو. أظهر الرمز عند الباب.",
                "he": "מושב אחד לכל חבר. מציגים את הקוד בכניסה.",
                "fa": "یک صندلی برای هر عضو. کد را دم در نشان دهید.",
            },
            price={"points": 3000},
            values={
                "handover": "code",
                "stock": 50,
                "per_member": 1,
                "per_period": "year",
                "valid_days": 365,
                "eligibility": {"field": "standing.tier", "op": "in", "value": ["legend"]},
            },
        ),
    ),
    referral={
        "referrer_prize": {"unit": "points", "amount": 500},
        "friend_prize": {"unit": "points", "amount": 250},
        "minimum_minor": Decimal("10.00"),
        "buy_days": 60,
        "most": 10,
        "period": "year",
    },
    brand="#8c1c24",
)
