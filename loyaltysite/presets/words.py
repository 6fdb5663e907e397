"""Names of units in four languages, in the plural forms that each has."""

POINTS = {
    "en": {"one": "point", "other": "points"},
    "ar": {
        "zero": "نقطة", "one": "نقطة", "two": "نقطتان", "few": "نقاط", "many": "نقطة", "other": "نقطة",
    },
    "he": {"one": "נקודה", "two": "נקודות", "other": "נקודות"},
    "fa": {"one": "امتیاز", "other": "امتیاز"},
}  # fmt: skip

STAMPS = {
    "en": {"one": "stamp", "other": "stamps"},
    "ar": {"zero": "ختم", "one": "ختم", "two": "ختمان", "few": "أختام", "many": "ختمًا", "other": "ختم"},
    "he": {"one": "חותמת", "two": "חותמות", "other": "חותמות"},
    "fa": {"one": "مهر", "other": "مهر"},
}
