"""The counters of a rule: one for each period it looks at, by the program's local time."""

from datetime import date

# The order in which caps bite: the tightest one that cuts last is named as the reason.
LETTERS = {"day": "d", "week": "w", "month": "m", "year": "y"}


def key(rule_id: int, period: str, day: date, store: str) -> str:
    """`<rule id>:<period>`, such as 7:d2026-02-01, 7:w2026-W05, 7:m2026-02, 7:y2026, 7:life, 7:budget or
    7:v2026-02-01:<store> for visits. Weeks are those of ISO 8601."""
    return f"{rule_id}:{name(period, day, store)}"


def name(period: str, day: date, store: str) -> str:
    if period == "week":
        year, week, _weekday = day.isocalendar()
        return f"w{year:04d}-W{week:02d}"
    if period == "visit":
        return f"v{day.isoformat()}:{store}"
    if period == "lifetime":
        return "life"
    if period == "budget":
        return "budget"
    length = {"day": 10, "month": 7, "year": 4}[period]
    return LETTERS[period] + day.isoformat()[:length]
