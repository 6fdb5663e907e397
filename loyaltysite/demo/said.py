"""The demo's own messages, in its four languages: the name of the template, and its words for e-mail."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

HELLO = {
    "en": "Hello{% if member.first_name %} {{ member.first_name }}{% endif %},",
    "ar": "مرحبًا{% if member.first_name %} {{ member.first_name }}{% endif %}،",
    "he": "שלום{% if member.first_name %} {{ member.first_name }}{% endif %},",
    "fa": "سلام{% if member.first_name %} {{ member.first_name }}{% endif %}،",
}
BUTTONS = {"en": "See the rewards", "ar": "عرض المكافآت", "he": "להטבות", "fa": "دیدن پاداش‌ها"}


def _mail(texts: Mapping[str, tuple[str, str]]) -> dict[str, Any]:
    """Subject and text by language."""
    return {
        "email": {
            language: {
                "subject": subject,
                "html": f"<p>{HELLO[language]}</p>\n<p>{text}</p>",
                "button": BUTTONS[language],
                "link": "{{ links.rewards }}",
            }
            for language, (subject, text) in texts.items()
        }
    }


SAID: Mapping[str, tuple[str, dict[str, Any]]] = {
    "evenings_short": (
        "Longer evenings, short",
        _mail(
            {
                "en": ("Lights for longer evenings", "Lights and candles count double. That is all."),
                "ar": ("أنوار لأمسيات أطول", "الأنوار والشموع تُحتسب مضاعفة. هذا كل شيء."),
                "he": ("אורות לערבים ארוכים", "אורות ונרות נספרים כפול. זה הכול."),
                "fa": ("نور برای شب‌های بلند", "چراغ و شمع دو برابر حساب می‌شود. همین."),
            }
        ),
    ),
    "evenings_long": (
        "Longer evenings, long",
        _mail(
            {
                "en": (
                    "What we light when the days grow short",
                    (
                        "In the workshop above the quay we pour candles again: sea salt, cedar and fig. Whatever gives light "
                        "counts double on your card, lanterns too."
                    ),
                ),
                "ar": (
                    "ماذا نُشعل حين يقصر النهار",
                    (
                        "عدنا نصبّ الشموع في الورشة فوق الرصيف: ملح البحر والأرز والتين. كل ما يضيء يُحتسب مضاعفًا على "
                        "بطاقتك، والفوانيس أيضًا."
                    ),
                ),
                "he": (
                    "מה מדליקים כשהימים מתקצרים",
                    "בסדנה שמעל הרציף שוב יוצקים נרות: מלח ים, ארז ותאנה. כל מה שמאיר נספר כפול בכרטיס שלכם, גם פנסים.",
                ),
                "fa": (
                    "وقتی روزها کوتاه می‌شوند چه روشن می‌کنیم",
                    (
                        "در کارگاه بالای اسکله دوباره شمع می‌ریزیم: نمک دریا، سرو و انجیر. هر چه نور بدهد روی کارت شما دو برابر "
                        "حساب می‌شود، فانوس هم."
                    ),
                ),
            }
        ),
    ),
    "back_news": (
        "It has been a while: news",
        _mail(
            {
                "en": (
                    "New on the shelf",
                    "It has been a while. Since then new things have come in; have a look.",
                ),
                "ar": ("جديد على الرف", "مضى بعض الوقت. وصلت منذ ذلك الحين أشياء جديدة؛ ألقِ نظرة."),
                "he": ("חדש על המדף", "עבר זמן מה. מאז הגיעו דברים חדשים; כדאי להציץ."),
                "fa": ("تازه‌های قفسه", "مدتی گذشته است. از آن وقت چیزهای تازه‌ای رسیده؛ نگاهی بیندازید."),
            }
        ),
    ),
    "back_balance": (
        "It has been a while: balance",
        _mail(
            {
                "en": (
                    "You have {{ balance.text }}",
                    "It has been a while, and {{ balance.text }} wait on your card.",
                ),
                "ar": ("لديك {{ balance.text }}", "مضى بعض الوقت، وعلى بطاقتك {{ balance.text }}."),
                "he": ("יש לכם {{ balance.text }}", "עבר זמן מה, ובכרטיס מחכים לכם {{ balance.text }}."),
                "fa": ("{{ balance.text }} دارید", "مدتی گذشته است و {{ balance.text }} روی کارت شماست."),
            }
        ),
    ),
}
