"""Every component in every state on one page, with theme, direction and language to try them in."""

from datetime import date, timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from loyaltysite.kit import charts, formats
from loyaltysite.kit.conditions import CHOICE, DATE, MONEY, TEXT, Field, Registry
from loyaltysite.kit.conditions.forms import ConditionForm

TODAY = date(2026, 11, 21)
EARNED = (
    1180,
    1240,
    980,
    1010,
    1120,
    1380,
    1760,
    1690,
    1060,
    1090,
    1150,
    1210,
    1490,
    1880,
    1820,
    1130,
    1170,
    1260,
)
SPENT = (620, 580, 610, 540, 690, 820, 1010, 990, 600, 640, 560, 710, 840, 1120, 1060, 690, 650, 720)
GROUPS = (
    (22, 30, 26, 22),
    (24, 30, 25, 21),
    (25, 31, 24, 20),
    (26, 31, 23, 20),
    (27, 32, 22, 19),
    (28, 32, 22, 18),
)
LIABILITY = (11.2, 11.7, 12.1, 12.0, 12.6, 13.1, 13.4, 13.2, 13.9, 14.2, 14.6, 14.86)
STRUCTURE = ("bg", "surface", "sunk", "line", "line-2", "edge", "ink-3", "ink-2", "ink")
MEANING = ("act", "act-soft", "good", "good-soft", "warn", "warn-soft", "bad", "bad-soft", "solid")
DATA = ("brand", "brand-2", "stamp", "tier-1", "tier-2", "tier-3", "d1", "d3", "d4")
FORECAST = ((14.86, 14.86), (14.6, 15.4), (14.2, 15.9), (13.9, 16.4), (13.3, 17.5))


class Sample(forms.Form):
    """A form in all its states; what is wrong in it is wrong on purpose."""

    name = forms.CharField(label=gettext_lazy("Reward name"), help_text=gettext_lazy("Members see this."))
    price = forms.IntegerField(label=gettext_lazy("Price"))
    ends_on = forms.DateField(label=gettext_lazy("Ends on"))
    stock = forms.IntegerField(label=gettext_lazy("Stock"), min_value=0, required=False)
    unit = forms.ChoiceField(label=gettext_lazy("Unit"), choices=[("stars", gettext_lazy("Stars"))])
    program = forms.CharField(
        label=gettext_lazy("Program"), disabled=True, help_text=gettext_lazy("Only an owner can change this.")
    )
    words = forms.CharField(
        label=gettext_lazy("Description"), required=False, widget=forms.Textarea({"rows": 2})
    )
    by_mail = forms.BooleanField(label=gettext_lazy("Tell members by e-mail"), required=False)
    channel = forms.ChoiceField(
        label=gettext_lazy("Where"),
        choices=[("shop", gettext_lazy("Shop")), ("web", gettext_lazy("Web"))],
        widget=forms.RadioSelect,
    )


def sample_form() -> Sample:
    return Sample(
        data={
            "name": "",
            "price": "200",
            "ends_on": "31 Feb 2027",
            "stock": "-3",
            "unit": "stars",
            "channel": "web",
        },
        initial={"program": "Harbour Lane"},
        auto_id="sample_%s",
    )


def line_chart() -> charts.Chart:
    days = [formats.format_date(TODAY - timedelta(days=17 - place), form="short") for place in range(18)]
    return charts.line(
        title=_("Stars earned and spent"),
        sentence=_(
            "Stars earned each day rise from 1,180 to 1,260, with peaks at weekends; Stars spent stay at half."
        ),
        labels=days,
        series=[
            charts.Series(_("Earned"), EARNED),
            charts.Series(_("Spent"), SPENT, "compare"),
            charts.Series(_("Earned, October"), [round(value * 0.93) for value in EARNED], "before"),
        ],
        head=_("Day"),
    )


def stacked_chart() -> charts.Chart:
    months = [formats.format_date(date(2026, month, 1), form="name") for month in range(6, 12)]
    names = (_("Champion"), _("Loyal"), _("Promising"), _("Quiet"))
    return charts.bar(
        title=_("Stacked bars"),
        sentence=_("Champions grow from 22 to 28 percent in six months."),
        labels=months,
        series=[charts.Series(name, [row[place] for row in GROUPS]) for place, name in enumerate(names)],
        head=_("Month"),
        write=lambda value: formats.format_percent(value / 100, decimals=0),
        stacked=True,
    )


def grouped_chart() -> charts.Chart:
    months = [formats.format_date(date(2026, month, 1), form="name") for month in range(7, 12)]
    return charts.bar(
        title=_("Bars"),
        sentence=_("Returns took more than new members brought in September only."),
        labels=months,
        series=[
            charts.Series(_("This year"), (420, 310, -120, 260, 530)),
            charts.Series(_("Last year"), (380, 260, 150, 190, 410), "compare"),
        ],
        head=_("Month"),
    )


def forecast_chart() -> charts.Chart:
    months = [
        formats.format_date(date(2026 + place // 12, place % 12 + 1, 1), form="mon") for place in range(16)
    ]
    known: list[float | None] = [*LIABILITY, None, None, None, None]
    expected: list[float | None] = [None] * 11 + [(low + high) / 2 for low, high in FORECAST]
    return charts.line(
        title=_("Forecast with range"),
        sentence=_("Liability rose to 14,860 pounds; by April 2027 it will be between 13,300 and 17,500."),
        labels=months,
        series=[
            charts.Series(_("Liability"), known),
            charts.Series(_("Expected"), expected, "forecast", within=[*[None] * 11, *FORECAST]),
        ],
        write=lambda value: formats.format_money(round(value * 100_000), "GBP", short=True),
        head=_("Month"),
        area=False,
        cut=True,
    )


def members() -> list[dict[str, Any]]:
    rows = (
        ("Farid Rostami", "فرید رستمی", _("Platinum"), 3, 4910, _("Champion"), "good"),
        ("Amelia Hart", "Amelia Hart", _("Gold"), 2, 1284, _("Loyal"), "good"),
        ("Grace Okafor", "ليلى منصور", _("Gold"), 2, 1020, _("At risk"), "warn"),
        ("Noa Ben-David", "נועה בן־דוד", _("Silver"), 1, 96, _("New"), "info"),
    )
    names = ("latin", "name", "tier", "rank", "stars", "habit", "kind")
    chosen = {"Amelia Hart", "Grace Okafor"}
    return [
        {**dict(zip(names, row, strict=True)), "chosen": row[0] in chosen, "cursor": row[0] == "Grace Okafor"}
        for row in rows
    ]


def wallet_lots() -> list[dict[str, Any]]:
    ends = (
        (240, date(2026, 11, 30)),
        (318, date(2027, 1, 31)),
        (426, date(2027, 3, 31)),
        (300, date(2027, 8, 31)),
    )
    lots = [
        {
            "text": formats.format_number(amount),
            "note": formats.format_date(on),
            "amount": amount,
            "state": "next" if on < TODAY + timedelta(days=14) else "",
        }
        for amount, on in ends
    ]
    return [*lots, {"text": formats.format_number(71), "note": _("pending"), "amount": 71, "state": "wait"}]


def reasons() -> dict[str, Any]:
    number, money = formats.format_number, formats.format_money
    rows = [
        {"text": _("Goods less discount, gift card and delivery left out"), "amount": money(4260, "GBP")},
        {
            "text": _("Earn on orders"),
            "note": _("version 7"),
            "url": "#member",
            "sum": "42.60 × 1",
            "amount": "42.60",
        },
        {
            "text": _("Candle week, double Stars"),
            "note": _("version 3"),
            "url": "#member",
            "sum": "14.60 × 1",
            "amount": number(14.60, decimals=2, sign=True),
        },
        {
            "text": _("Gold earns faster"),
            "note": _("version 2"),
            "url": "#member",
            "sum": "57.20 × 1.5",
            "amount": "85.80",
        },
        {
            "text": _("Cap of Candle week: 60 a month, 52 used"),
            "badge": _("Cut by 13.90"),
            "sum": "21.90 → 8.00",
            "amount": number(-13.90, decimals=2),
        },
    ]
    return {
        "rows": rows,
        "total": {"text": _("Rounded down once, at the end"), "sum": "71.90", "amount": "71"},
    }


def sample_conditions(request: HttpRequest) -> ConditionForm:
    """A tree to try: it is edited, and kept nowhere."""
    registry = Registry("sample")
    tiers = [("silver", _("Silver")), ("gold", _("Gold"))]
    registry.add(
        Field("total", MONEY, _("order total"), "total"),
        Field("tier", CHOICE, _("tier"), "tier", choices=tiers),
        Field("category", TEXT, _("category"), "category"),
        Field("joined_on", DATE, _("joined on"), "joined_on"),
    )
    tree = {
        "all": [
            {"field": "total", "op": ">=", "value": 4000},
            {
                "any": [
                    {"field": "tier", "op": "in", "value": ["gold"]},
                    {"field": "joined_on", "op": "within last", "value": 30},
                ]
            },
        ]
    }
    return ConditionForm(
        registry,
        "tree",
        tree=tree,
        data=request.POST if request.method == "POST" else None,
        url=request.path,
        currency="GBP",
        suggestions={"category": [_("Candles")]},
        label=_("Conditions"),
    )


def tickets() -> list[dict[str, Any]]:
    """One that can be had, one for which points are missing, and one that is held with its code."""
    candle = {"name": _("Beeswax candle"), "summary": _("Any scent, any shop"), "drawing": "candle"}
    missing = _("%(amount)s to go") % {"amount": formats.format_number(216)}
    badges = [{"text": _("Ready to use"), "kind": "good"}]
    return [
        {"ticket": candle, "price": _("200 Stars")},
        {"ticket": {"name": _("Free shipping"), "drawing": "anchor"}, "width": 64, "left": missing},
        {"ticket": {"name": _("Gift card"), "drawing": "voucher", "badges": badges}, "code": "7K3M-Q2VD"},
    ]


def shares() -> list[dict[str, Any]]:
    return [
        {"name": _("Retention"), "share": 0.64, "text": "£6,400", "of": _("of £10,000")},
        {"name": _("Acquisition"), "share": 0.41, "text": "£2,050", "of": _("of £5,000")},
        {"name": _("Automation"), "share": 0.22, "text": "£330", "of": _("of £1,500")},
    ]


def tabs() -> list[dict[str, Any]]:
    return [
        {"url": "#search", "text": _("History"), "current": True, "count": None},
        {"url": "#search", "text": _("Orders"), "count": 27},
        {"url": "#search", "text": _("Messages"), "count": None},
    ]


def parts() -> list[tuple[str, str]]:
    """The sections of the page: a template each, and its title."""
    return [
        ("tokens", _("Colour and type")),
        ("buttons", _("Buttons")),
        ("fields", _("Fields")),
        ("conditions", _("Conditions")),
        ("search", _("Search, filters, tabs, menu")),
        ("table", _("Table")),
        ("feedback", _("Dialog, note, empty, skeleton")),
        ("member", _("Progress, lots, reasons")),
        ("charts", _("Charts")),
        ("objects", _("Card, ticket, stamp, medal")),
    ]


def tokens() -> list[tuple[str, tuple[str, ...]]]:
    return [
        (_("Structure"), STRUCTURE),
        (_("Meaning"), MEANING),
        (_("Brand, tier, data"), DATA),
    ]


def navigation() -> list[dict[str, Any]]:
    items = [
        {"url": "#main", "label": _("Home"), "icon": "home", "key": "G H", "current": False},
        {"url": "#table", "label": _("Members"), "icon": "members", "key": "G M", "current": False},
        {"url": "#charts", "label": _("Analytics"), "icon": "chart", "key": "G A", "current": False},
        {"url": "#tokens", "label": _("Style guide"), "icon": "gear", "key": "G S", "current": True},
    ]
    return [{"title": "", "items": items}]


def context() -> dict[str, Any]:
    return {
        "form": sample_form(),
        "charts": [line_chart(), stacked_chart(), grouped_chart(), forecast_chart()],
        "members": members(),
        "lots": wallet_lots(),
        "looks": {
            "won": {"shape": "rosette", "color": "gold", "icon": "cup"},
            "ahead": {"shape": "shield", "color": "green", "icon": "leaf"},
        },
        "reasons": reasons(),
        "rising": EARNED[:8],
        "falling": tuple(reversed(EARNED[:8])),
        "steady": (36.9, 36.5, 36.9, 36.7, 36.9, 36.7),
        "bars": shares(),
        "tickets": tickets(),
        "tabs": tabs(),
        "parts": parts(),
        "tokens": tokens(),
        "navigation": navigation(),
        "crumbs": [{"url": "/", "text": "Wafa"}, {"url": "", "text": _("Style guide")}],
        "search_url": "#",
    }


def styleguide(request: HttpRequest) -> HttpResponse:
    """The page itself; ?lang= shows it in another language."""
    wanted = request.GET.get("lang", "")
    language = wanted if wanted in dict(settings.LANGUAGES) else translation.get_language()
    with translation.override(language):
        if "toast" in request.GET:
            messages.success(request, _("71 Stars given to Amelia Hart."))
        shown = context() | {"tree": sample_conditions(request)}
        is_part = request.headers.get("HX-Target") == "tree"
        template = "styleguide/conditions.html#tree" if is_part else "styleguide/page.html"
        return render(request, template, shown)
