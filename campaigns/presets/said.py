"""The words of the presets' messages: subject and body by language, and the word on the button."""

from __future__ import annotations

from collections.abc import Mapping

LINKS: Mapping[str, Mapping[str, str]] = {
    "card": {
        "en": "See your card",
        "ar": "عرض بطاقتك",
        "he": "לכרטיס שלכם",
        "fa": "دیدن کارت شما",
    },
    "rewards": {
        "en": "See the rewards",
        "ar": "عرض المكافآت",
        "he": "להטבות",
        "fa": "دیدن پاداش‌ها",
    },
    "friends": {
        "en": "Bring a friend",
        "ar": "ادعُ صديقًا",
        "he": "להזמין חבר",
        "fa": "دعوت از یک دوست",
    },
}

# By message: the button, then subject and body by language.
TEXTS: Mapping[str, tuple[str, Mapping[str, tuple[str, str]]]] = {
    "welcome": (
        "card",
        {
            "en": (
                "Welcome to «program»",
                (
                    "Hello «name»,\n\nGood that you are here. Every purchase counts: show your card at the till, or sign in "
                    "before you order. What you collect turns into rewards whenever you like."
                ),
            ),
            "ar": (
                "أهلًا بك في «program»",
                (
                    "مرحبًا «name»،\n\nيسعدنا انضمامك. كل عملية شراء تُحتسب لك: أظهر بطاقتك عند الدفع، أو سجّل الدخول قبل "
                    "الطلب. وما تجمعه تحوّله إلى مكافآت متى شئت."
                ),
            ),
            "he": (
                "ברוכים הבאים אל «program»",
                (
                    "שלום «name»,\n\nטוב שהצטרפתם. כל קנייה נספרת: הציגו את הכרטיס בקופה, או התחברו לפני ההזמנה. את מה שצברתם "
                    "אפשר להפוך להטבות מתי שתרצו."
                ),
            ),
            "fa": (
                "به «program» خوش آمدید",
                (
                    "سلام «name»،\n\nخوشحالیم که اینجا هستید. هر خرید به حساب می‌آید: کارت خود را پای صندوق نشان دهید یا پیش از "
                    "سفارش وارد شوید. آنچه جمع می‌کنید هر وقت بخواهید به پاداش تبدیل می‌شود."
                ),
            ),
        },
    ),
    "welcome_gift": (
        "rewards",
        {
            "en": (
                "Something to begin with",
                (
                    "Hello «name»,\n\nWe have put a small gift on your card. Together with it you have «balance». Have a look "
                    "at what you can get for it."
                ),
            ),
            "ar": (
                "هدية للبداية",
                "مرحبًا «name»،\n\nأضفنا هدية صغيرة إلى بطاقتك. أصبح رصيدك «balance». اطّلع على ما يمكنك الحصول عليه.",
            ),
            "he": (
                "מתנה קטנה להתחלה",
                "שלום «name»,\n\nהוספנו מתנה קטנה לכרטיס שלכם. איתה יש לכם «balance». הציצו במה שאפשר לקבל.",
            ),
            "fa": (
                "هدیه‌ای برای شروع",
                "سلام «name»،\n\nهدیهٔ کوچکی به کارت شما افزودیم. اکنون «balance» دارید. ببینید با آن چه می‌توانید بگیرید.",
            ),
        },
    ),
    "activation": (
        "card",
        {
            "en": (
                "Your first purchase is waiting",
                (
                    "Hello «name»,\n\nYou have joined, but your card is still empty. With your next purchase you begin to "
                    "collect. Show your card, that is all."
                ),
            ),
            "ar": (
                "مشترياتك الأولى تنتظرك",
                "مرحبًا «name»،\n\nانضممت إلينا وبطاقتك ما زالت فارغة. تبدأ بالجمع مع أول عملية شراء. أظهر بطاقتك فقط.",
            ),
            "he": (
                "הקנייה הראשונה שלכם מחכה",
                "שלום «name»,\n\nהצטרפתם, והכרטיס עדיין ריק. בקנייה הבאה מתחילים לצבור. מספיק להציג את הכרטיס.",
            ),
            "fa": (
                "نخستین خرید شما به حساب می‌آید",
                (
                    "سلام «name»،\n\nعضو شده‌اید ولی کارت شما هنوز خالی است. با خرید بعدی جمع کردن را آغاز می‌کنید. کافی است کارت خود "
                    "را نشان دهید."
                ),
            ),
        },
    ),
    "renewal_tier": (
        "card",
        {
            "en": (
                "Keep your tier",
                "Hello «name»,\n\nYour tier ends in a month. Your card shows how much is left to keep it.",
            ),
            "ar": (
                "حافظ على مستواك",
                "مرحبًا «name»،\n\nينتهي مستواك خلال شهر. تُظهر بطاقتك ما تبقّى للحفاظ عليه.",
            ),
            "he": (
                "לשמור על הדרגה",
                "שלום «name»,\n\nהדרגה שלכם מסתיימת בעוד חודש. בכרטיס רואים כמה חסר כדי לשמור עליה.",
            ),
            "fa": (
                "سطح خود را نگه دارید",
                "سلام «name»،\n\nسطح شما تا یک ماه دیگر پایان می‌یابد. کارت شما نشان می‌دهد برای نگه داشتن آن چه مانده است.",
            ),
        },
    ),
    "renewal_plan": (
        "card",
        {
            "en": (
                "Your plan ends soon",
                "Hello «name»,\n\nYour plan ends in two weeks. If you like it, renew it now and nothing is interrupted.",
            ),
            "ar": (
                "اشتراكك ينتهي قريبًا",
                "مرحبًا «name»،\n\nينتهي اشتراكك خلال أسبوعين. إن أعجبك فجدّده الآن ولن ينقطع شيء.",
            ),
            "he": (
                "המנוי שלכם עומד להסתיים",
                "שלום «name»,\n\nהמנוי מסתיים בעוד שבועיים. אם הוא טוב לכם, חדשו אותו עכשיו ולא יהיה הפסק.",
            ),
            "fa": (
                "اشتراک شما رو به پایان است",
                "سلام «name»،\n\nاشتراک شما تا دو هفتهٔ دیگر پایان می‌یابد. اگر از آن خوشنودید، اکنون تمدیدش کنید تا وقفه‌ای پیش نیاید.",
            ),
        },
    ),
    "win_back": (
        "rewards",
        {
            "en": (
                "We have not seen you for a while",
                (
                    "Hello «name»,\n\nIt has been longer than usual. You still have «balance» with us, and there is something "
                    "new to get for it."
                ),
            ),
            "ar": (
                "اشتقنا إليك",
                "مرحبًا «name»،\n\nمضى وقت أطول من المعتاد. ما زال لديك «balance» عندنا، وهناك جديد يمكنك الحصول عليه.",
            ),
            "he": (
                "לא ראינו אתכם זמן מה",
                "שלום «name»,\n\nעבר יותר זמן מהרגיל. עדיין יש לכם אצלנו «balance», ויש הטבות חדשות.",
            ),
            "fa": (
                "مدتی است شما را ندیده‌ایم",
                "سلام «name»،\n\nبیش از معمول گذشته است. هنوز «balance» نزد ما دارید و پاداش‌های تازه‌ای هست.",
            ),
        },
    ),
    "win_back_gift": (
        "rewards",
        {
            "en": (
                "A gift, so that coming back is easy",
                "Hello «name»,\n\nWe have put a gift on your card. You now have «balance», to use with your next purchase.",
            ),
            "ar": (
                "هدية بمناسبة عودتك",
                "مرحبًا «name»،\n\nأضفنا هدية إلى بطاقتك. لديك الآن «balance» لاستخدامه في مشترياتك القادمة.",
            ),
            "he": (
                "מתנה, כדי שיהיה קל לחזור",
                "שלום «name»,\n\nהוספנו מתנה לכרטיס שלכם. יש לכם עכשיו «balance» לקנייה הבאה.",
            ),
            "fa": (
                "هدیه‌ای برای بازگشت شما",
                "سلام «name»،\n\nهدیه‌ای به کارت شما افزودیم. اکنون «balance» برای خرید بعدی دارید.",
            ),
        },
    ),
    "vip": (
        "rewards",
        {
            "en": (
                "You are among our best customers",
                (
                    "Hello «name»,\n\nThank you. From now on you see new things before everybody else, and one of us will "
                    "write to you in person."
                ),
            ),
            "ar": (
                "أنت من أفضل عملائنا",
                "مرحبًا «name»،\n\nشكرًا لك. من الآن ترى الجديد قبل الجميع، وسيكتب إليك أحدنا شخصيًا.",
            ),
            "he": (
                "אתם מהלקוחות הטובים שלנו",
                "שלום «name»,\n\nתודה. מעכשיו תראו דברים חדשים לפני כולם, ומישהו מאיתנו יכתוב לכם אישית.",
            ),
            "fa": (
                "شما از بهترین مشتریان ما هستید",
                "سلام «name»،\n\nسپاسگزاریم. از این پس چیزهای تازه را پیش از دیگران می‌بینید و یکی از ما شخصاً برای شما می‌نویسد.",
            ),
        },
    ),
    "birthday": (
        "rewards",
        {
            "en": (
                "Happy birthday, «name»",
                "Hello «name»,\n\nAll the best for your birthday. Our present is on your card: you now have «balance».",
            ),
            "ar": (
                "عيد ميلاد سعيد «name»",
                "مرحبًا «name»،\n\nكل عام وأنت بخير. هديتنا على بطاقتك: لديك الآن «balance».",
            ),
            "he": (
                "יום הולדת שמח, «name»",
                "שלום «name»,\n\nמזל טוב ליום ההולדת. המתנה שלנו כבר בכרטיס: יש לכם עכשיו «balance».",
            ),
            "fa": (
                "تولدتان مبارک «name»",
                "سلام «name»،\n\nتولدتان مبارک. هدیهٔ ما روی کارت شماست: اکنون «balance» دارید.",
            ),
        },
    ),
    "expiry": (
        "rewards",
        {
            "en": (
                "Some of what you collected ends soon",
                (
                    "Hello «name»,\n\nYou have «balance», and a part of it ends within two weeks. These are the rewards that "
                    "you can get with it now."
                ),
            ),
            "ar": (
                "جزء من رصيدك ينتهي قريبًا",
                "مرحبًا «name»،\n\nلديك «balance»، وجزء منه ينتهي خلال أسبوعين. هذه هي المكافآت التي يمكنك الحصول عليها الآن.",
            ),
            "he": (
                "חלק ממה שצברתם עומד לפוג",
                "שלום «name»,\n\nיש לכם «balance», וחלק מזה מסתיים בתוך שבועיים. אלה ההטבות שאפשר לקבל עכשיו.",
            ),
            "fa": (
                "بخشی از آنچه جمع کرده‌اید رو به پایان است",
                "سلام «name»،\n\n«balance» دارید و بخشی از آن تا دو هفتهٔ دیگر پایان می‌یابد. این‌ها پاداش‌هایی است که اکنون می‌توانید بگیرید.",
            ),
        },
    ),
    "tier_near": (
        "card",
        {
            "en": (
                "You are close to the next tier",
                "Hello «name»,\n\nNot much is left to the next tier. Your card shows how much, and what it brings.",
            ),
            "ar": (
                "أنت قريب من المستوى التالي",
                "مرحبًا «name»،\n\nلم يبقَ الكثير إلى المستوى التالي. تُظهر بطاقتك كم بقي وما الذي يقدّمه.",
            ),
            "he": (
                "הדרגה הבאה קרובה",
                "שלום «name»,\n\nלא חסר הרבה לדרגה הבאה. בכרטיס רואים כמה, ומה היא נותנת.",
            ),
            "fa": (
                "به سطح بعدی نزدیک شده‌اید",
                "سلام «name»،\n\nتا سطح بعدی چیزی نمانده است. کارت شما نشان می‌دهد چه قدر، و چه به همراه دارد.",
            ),
        },
    ),
    "abandoned": (
        "rewards",
        {
            "en": (
                "Your reward is still waiting",
                "Hello «name»,\n\nYou took a reward and have not used it yet. It is kept for you. Show its code at the till.",
            ),
            "ar": (
                "مكافأتك ما زالت تنتظرك",
                "مرحبًا «name»،\n\nأخذت مكافأة ولم تستخدمها بعد. ما زالت محفوظة لك. أظهر رمزها عند الدفع.",
            ),
            "he": (
                "ההטבה שלכם עדיין מחכה",
                "שלום «name»,\n\nלקחתם הטבה ועוד לא השתמשתם בה. היא שמורה לכם. הציגו את הקוד בקופה.",
            ),
            "fa": (
                "پاداش شما هنوز در انتظار است",
                "سلام «name»،\n\nپاداشی گرفته‌اید و هنوز از آن استفاده نکرده‌اید. برای شما نگه داشته شده است. کد آن را پای صندوق نشان دهید.",
            ),
        },
    ),
    "recovery": (
        "card",
        {
            "en": (
                "We are sorry",
                (
                    "Hello «name»,\n\nThis was not as it should be. We have put something on your card as an apology, and one "
                    "of us looks into it. Answer this message if you want to tell us more."
                ),
            ),
            "ar": (
                "نعتذر إليك",
                (
                    "مرحبًا «name»،\n\nلم يكن الأمر كما ينبغي. أضفنا إلى بطاقتك شيئًا على سبيل الاعتذار، وأحدنا يتابع الأمر. أجب عن هذه "
                    "الرسالة إن أردت إخبارنا بالمزيد."
                ),
            ),
            "he": (
                "אנחנו מתנצלים",
                (
                    "שלום «name»,\n\nזה לא היה כמו שצריך. הוספנו משהו לכרטיס שלכם כהתנצלות, ומישהו מאיתנו בודק את העניין. אפשר להשיב "
                    "להודעה הזאת ולספר לנו עוד."
                ),
            ),
            "fa": (
                "پوزش می‌خواهیم",
                (
                    "سلام «name»،\n\nآن گونه که باید نبود. برای پوزش چیزی به کارت شما افزودیم و یکی از ما پیگیر آن است. اگر می‌خواهید بیشتر "
                    "بگویید، به این پیام پاسخ دهید."
                ),
            ),
        },
    ),
    "review": (
        "card",
        {
            "en": (
                "How was it?",
                "Hello «name»,\n\nYou bought something a few days ago. Tell others how it is: a few words help a lot.",
            ),
            "ar": (
                "كيف كانت تجربتك؟",
                "مرحبًا «name»،\n\nاشتريت شيئًا قبل أيام. أخبر الآخرين برأيك: بضع كلمات تفيد كثيرًا.",
            ),
            "he": (
                "איך היה?",
                "שלום «name»,\n\nקניתם משהו לפני כמה ימים. ספרו לאחרים איך הוא: כמה מילים עוזרות מאוד.",
            ),
            "fa": (
                "چطور بود؟",
                "سلام «name»،\n\nچند روز پیش خریدی کردید. به دیگران بگویید چگونه است: چند واژه هم کمک بزرگی است.",
            ),
        },
    ),
    "referral": (
        "friends",
        {
            "en": (
                "Bring a friend",
                (
                    "Hello «name»,\n\nThank you for your words. If you like it here, bring a friend: there is something for both "
                    "of you."
                ),
            ),
            "ar": (
                "ادعُ صديقًا",
                "مرحبًا «name»،\n\nشكرًا على رأيك. إن أعجبك المكان فادعُ صديقًا: هناك هدية لكما معًا.",
            ),
            "he": (
                "להביא חבר",
                "שלום «name»,\n\nתודה על המילים. אם טוב לכם כאן, הביאו חבר: יש משהו לשניכם.",
            ),
            "fa": (
                "دوستی را همراه بیاورید",
                "سلام «name»،\n\nاز نظر شما سپاسگزاریم. اگر اینجا را می‌پسندید، دوستی را دعوت کنید: برای هر دو هدیه‌ای هست.",
            ),
        },
    ),
}
