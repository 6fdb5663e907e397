"""Points for good: points per amount that a member spends on a reward or gives to a charity, with a receipt."""

from decimal import Decimal

from django.utils.translation import gettext_lazy as _

from loyaltysite.presets import words
from loyaltysite.presets.preset import CausePart, Preset, RewardPart, RulePart, UnitPart

REWARD, LEAST = 500, 100

PRESET = Preset(
    key="body-shop",
    slug="points-for-good",
    title=_("Points for good"),
    inspired_by="The Body Shop",
    does=(
        _("Every 1.00 spent earns a point; 500 points are worth 5.00, for a year."),
        _("Members choose: money off, or the same amount for a charity, with a receipt."),
        _("Everybody sees what each charity was given, what was paid to it and what is still open."),
    ),
    open=(),
    units=(
        UnitPart(
            key="points",
            names=words.POINTS,
            worth=Decimal("0.01"),
            expiry={"kind": "months", "count": 12},
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
    causes=(
        CausePart(
            key="animals",
            names={
                "en": "A home for animals",
                "ar": "مأوى للحيوانات",
                "he": "בית לבעלי חיים",
                "fa": "پناهگاهی برای جانوران",
            },
            stories={
                "en": "The shelter takes in animals that nobody wants and finds them a home.",
                "ar": "يستقبل المأوى الحيوانات التي لا يريدها أحد ويجد لها بيتًا.",
                "he": "המקלט אוסף בעלי חיים שאין להם בית ומוצא להם אחד.",
                "fa": "پناهگاه جانورانی را که کسی نمی‌خواهد می‌پذیرد و برایشان خانه پیدا می‌کند.",
            },
            accepts={"points": LEAST},
        ),
        CausePart(
            key="forest",
            names={
                "en": "Trees for the hills",
                "ar": "أشجار للتلال",
                "he": "עצים לגבעות",
                "fa": "درخت برای تپه‌ها",
            },
            stories={
                "en": "Volunteers plant young trees where the old ones burned.",
                "ar": "يزرع متطوعون أشجارًا صغيرة حيث احترقت القديمة.",
                "he": "מתנדבים שותלים עצים צעירים במקום אלה שנשרפו.",
                "fa": "داوطلبان جایی که درختان کهن سوخته‌اند نهال می‌کارند.",
            },
            accepts={"points": LEAST},
        ),
    ),
    rewards=(
        RewardPart(
            key="five-off",
            kind="amount",
            names={"en": "5.00 off", "ar": "خصم ٥٫٠٠", "he": "5.00 הנחה", "fa": "۵٫۰۰ تخفیف"},
            summaries={
                "en": "On whatever you buy next",
                "ar": "على ما تشتريه في المرة القادمة",
                "he": "על הקנייה הבאה",
                "fa": "برای خرید بعدی",
            },
            terms={
                "en": "Show the code at the till. One for each purchase.",
                "ar": "أظهر الرمز عند الصندوق. واحد لكل عملية شراء.",
                "he": "מציגים את הקוד בקופה. אחד לכל קנייה.",
                "fa": "کد را کنار صندوق نشان دهید. برای هر خرید یکی.",
            },
            price={"points": REWARD},
            values={"value_minor": Decimal("5.00"), "handover": "till"},
        ),
        RewardPart(
            key="five-for-animals",
            kind="donation",
            names={
                "en": "5.00 for animals",
                "ar": "٥٫٠٠ للحيوانات",
                "he": "5.00 לבעלי חיים",
                "fa": "۵٫۰۰ برای جانوران",
            },
            summaries={
                "en": "Your reward goes to the shelter",
                "ar": "مكافأتك تذهب إلى المأوى",
                "he": "ההטבה שלכם עוברת למקלט",
                "fa": "پاداش شما به پناهگاه می‌رسد",
            },
            terms={
                "en": "You get a receipt. It is no receipt for taxes.",
                "ar": "تحصل على إيصال. وهو ليس إيصالًا ضريبيًا.",
                "he": "תקבלו קבלה. היא אינה קבלה לצורכי מס.",
                "fa": "رسید می‌گیرید. این رسید مالیاتی نیست.",
            },
            price={"points": REWARD},
            values={"value_minor": Decimal("5.00"), "cause_key": "animals", "handover": "staff"},
        ),
    ),
    brand="#00533f",
)
