"""Invented names in English, Arabic, Hebrew and Persian: the same customer of the data always gets the same one."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

# Of ten members so many speak each language.
LANGUAGES = ("en",) * 4 + ("ar",) * 2 + ("he",) * 2 + ("fa",) * 2

# As written, and in Latin letters where that differs: "سارة/Sara".
GIVEN = {
    "en": (
        "Amelia Oliver Isla George Ava Harry Emily Noah Sophie Jack Grace Leo Freya Oscar Lily Arthur Ella Theo Evie "
        "Alfie Rosie Henry Daisy Edward Poppy Thomas Ruby William Florence James Alice Joseph Matilda Samuel Ivy "
        "Hannah Lucas Martha Felix Nora"
    ),
    "ar": (
        "سارة/Sara محمد/Mohammed ليلى/Layla أحمد/Ahmad مريم/Maryam يوسف/Yousef نور/Nour خالد/Khaled هدى/Huda عمر/Omar "
        "رنا/Rana حسن/Hassan سلمى/Salma علي/Ali دانا/Dana كريم/Karim ريم/Reem طارق/Tareq هالة/Hala سامي/Sami "
        "أمل/Amal زياد/Ziad لينا/Lina رامي/Rami فاطمة/Fatima ماهر/Maher جنى/Jana نبيل/Nabil عائشة/Aisha بلال/Bilal "
        "ياسمين/Yasmin وليد/Walid رغد/Raghad أيمن/Ayman شهد/Shahd جمال/Jamal"
    ),
    "he": (
        "נועה/Noa יוסף/Yosef תמר/Tamar איתן/Eitan מאיה/Maya דוד/David שירה/Shira אורי/Uri יעל/Yael נועם/Noam "
        "רוני/Roni אריאל/Ariel מיכל/Michal יהונתן/Yonatan הילה/Hila עומר/Omer ליאור/Lior משה/Moshe אביגיל/Avigail "
        "גיא/Guy רחל/Rachel אלון/Alon דנה/Dana עידו/Ido מירב/Merav יובל/Yuval טליה/Talia שמואל/Shmuel אסנת/Osnat "
        "רועי/Roi ענת/Anat נדב/Nadav שני/Shani אסף/Asaf"
    ),
    "fa": (
        "زهرا/Zahra علی/Ali مریم/Maryam رضا/Reza سارا/Sara محمد/Mohammad نرگس/Narges حسین/Hossein الهام/Elham "
        "امیر/Amir شیرین/Shirin مهدی/Mehdi نیلوفر/Niloufar بهرام/Bahram پریسا/Parisa آرش/Arash لیلا/Leila سینا/Sina "
        "مهسا/Mahsa کاوه/Kaveh یاسمن/Yasaman فرهاد/Farhad ژاله/Zhaleh پویا/Pouya رویا/Roya بابک/Babak شقایق/Shaghayegh "
        "سیاوش/Siavash آناهیتا/Anahita کیان/Kian پگاه/Pegah داریوش/Dariush گلنار/Golnar نوید/Navid"
    ),
}
FAMILY = {
    "en": (
        "Harding Walsh Bennett Clarke Ellison Fletcher Gardner Hughes Ingram Jarvis Kendall Lawson Mercer Norris "
        "Osborne Parker Quinn Reeves Shaw Turner Underwood Vaughan Whitaker Young Ashby Barlow Carver Dalton Emerson "
        "Foster Greenwood Holloway Irving Jennings Kirby Lister Marlow Newton Oakley Preston"
    ),
    "ar": (
        "الحداد/Haddad النجار/Najjar خوري/Khoury منصور/Mansour حمدان/Hamdan عباس/Abbas صالح/Saleh درويش/Darwish "
        "الشامي/Shami قاسم/Qasim عيسى/Issa البيطار/Bitar زيدان/Zidan الخطيب/Khatib سليمان/Suleiman جابر/Jaber "
        "حجازي/Hijazi العلي/Alali مراد/Murad شاهين/Shahin بركات/Barakat عطية/Atiyeh الصباغ/Sabbagh ناصر/Nasser "
        "كنعان/Kanaan رزق/Rizk الأسعد/Asaad طه/Taha غانم/Ghanem سعيد/Said"
    ),
    "he": (
        "כהן/Cohen לוי/Levi מזרחי/Mizrahi פרץ/Peretz ביטון/Biton דהן/Dahan אברהם/Avraham פרידמן/Friedman שפירא/Shapira "
        "אזולאי/Azoulay גבאי/Gabbay ברק/Barak גולן/Golan שחר/Shahar אלמוג/Almog רוזן/Rosen קפלן/Kaplan הררי/Harari "
        "עמר/Amar בן־דוד/Ben-David סגל/Segal נחום/Nahum אשכנזי/Ashkenazi שרון/Sharon יצחקי/Itzhaki טל/Tal רגב/Regev "
        "אלון/Alon ששון/Sasson כרמי/Carmi"
    ),
    "fa": (
        "محمدی/Mohammadi حسینی/Hosseini کریمی/Karimi رضایی/Rezaei احمدی/Ahmadi موسوی/Mousavi جعفری/Jafari "
        "صادقی/Sadeghi رحیمی/Rahimi کاظمی/Kazemi نوری/Nouri شریفی/Sharifi تهرانی/Tehrani شیرازی/Shirazi یزدی/Yazdi "
        "اصفهانی/Esfahani فرهادی/Farhadi بهرامی/Bahrami کیانی/Kiani رستمی/Rostami امینی/Amini قاسمی/Ghasemi "
        "طاهری/Taheri نجفی/Najafi زارع/Zare مرادی/Moradi بختیاری/Bakhtiari داوودی/Davoudi ایرانی/Irani پارسا/Parsa"
    ),
}


@dataclass(frozen=True, slots=True)
class Invented:
    """`latin` is the name for an address, such as maryam.haddad; `luck` decides what else is invented, 0 to 999."""

    name: str
    language: str
    latin: str
    luck: int


def _pairs(words: str) -> list[tuple[str, str]]:
    return [
        (written, latin or written) for written, _, latin in (word.partition("/") for word in words.split())
    ]


_GIVEN = {language: _pairs(words) for language, words in GIVEN.items()}
_FAMILY = {language: _pairs(words) for language, words in FAMILY.items()}


def invent(customer: str) -> Invented:
    """The person behind a customer id of the data."""
    digest = hashlib.sha256(f"wafa demo {customer}".encode()).digest()
    draws = [int.from_bytes(digest[at : at + 4], "big") for at in range(0, 16, 4)]
    language = LANGUAGES[draws[0] % len(LANGUAGES)]
    given = _GIVEN[language][draws[1] % len(_GIVEN[language])]
    family = _FAMILY[language][draws[2] % len(_FAMILY[language])]
    latin = re.sub("[^a-z]", "", given[1].lower()) + "." + re.sub("[^a-z]", "", family[1].lower())
    return Invented(f"{given[0]} {family[0]}", language, latin, draws[3] % 1000)
