"""What the till's page and its script begin with: the store, the goods, and every word that a device may need alone."""

from __future__ import annotations

import hashlib
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.contrib.staticfiles import finders
from django.http import HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import redirect
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from loyaltysite.kit import clock, formats
from loyaltysite.kit.components.shapes import SHEETS
from members import locks
from members.access import StaffRequest
from members.models import Program, Store
from members.portal import brands
from rewards import queries
from rewards.models import Cause
from rewards.referrals import schemes
from rewards.till import goods, stamps
from rewards.till.actions import KEY_LIFE
from rewards.views.till.door import till_view, wants_json

SCRIPTS = ("theme", "page", "till-store", "till-queue", "till-qr-text", "till-qr", "till-scan", "till")
PICTURES = ("img/icons.svg", "img/favicon.svg", "img/art.svg")
IDLE_MINUTES = 15
PAD = ("1", "2", "3", "4", "5", "6", "7", "8", "9", "00", "0")


@require_safe
@till_view
def session(request: StaffRequest, program: Program) -> HttpResponse:
    """Who is signed in, and what a page that was kept for a bad network must have anew."""
    return JsonResponse(
        {"cashier": request.user.pk, "csrf": get_token(request), "now": clock.now().isoformat()}
    )


@require_POST
@till_view
def lock(request: StaffRequest, program: Program) -> HttpResponse:
    """Leave the till alone: the next look at it, and at anything else, asks who it is."""
    locks.lock(request, at=clock.now().timestamp())
    if wants_json(request):
        return JsonResponse({})
    return redirect("rewards:till", program.slug)


@require_safe
@till_view
def worker(request: StaffRequest, program: Program) -> HttpResponse:
    """The service worker with the list of what this version of the page needs; a new list is a new worker."""
    here = reverse("rewards:till", args=[program.slug])
    brand = reverse("portal:brand", args=[program.slug])
    assets = [*_assets(), f"{brand}?v={brands.version(program.brand)}"]
    source = Path(str(finders.find("js/till-worker.js"))).read_text()
    version = hashlib.sha256("\n".join([source, *assets]).encode()).hexdigest()[:12]
    head = f"self.TILL = {_js({'home': here, 'version': version, 'assets': assets})};\n"
    response = HttpResponse(head + source, content_type="text/javascript; charset=utf-8")
    response["Service-Worker-Allowed"] = here
    return response


def frame(request: StaffRequest, program: Program, *, chosen: str) -> dict[str, Any]:
    """The context of every page of the till."""
    stores = list(Store.objects.filter(program=program, is_active=True).order_by("name"))
    here = next((store for store in stores if store.code == chosen), stores[0] if len(stores) == 1 else None)
    articles = goods.most_sold(program=program)
    brand = reverse("portal:brand", args=[program.slug])
    return {
        "program": program,
        "cashier": request.user,
        "brand_url": f"{brand}?v={brands.version(program.brand)}",
        "stores": stores,
        "store": here,
        "must_choose": bool(stores) and here is None,
        "articles": articles,
        "payable": payable(program),
        "stamps": [_taps(stamp) for stamp in stamps.offered(program=program, now=clock.now())],
        "has_causes": Cause.objects.filter(program=program, state=Cause.State.LIVE)
        .exclude(accepts={})
        .exists(),
        "brings_friends": schemes.of(program).is_on,
        "pad": [(key, formats.map_digits(key)) for key in PAD],
        "config": _js(_config(request, program, here.code if here else "")),
    }


def _taps(stamp: stamps.Stamp) -> dict[str, Any]:
    """The buttons of a stamp: what each gives, and what it is recorded as."""
    return {
        "article": stamp.article,
        "taps": [
            {
                "value": f"{stamp.unit.key}:{choice.times}",
                "label": formats.format_units(choice.amount, stamp.unit, sign=True),
                "times": choice.times,
                "price_minor": choice.price_minor,
            }
            for choice in stamp.choices
        ],
    }


def payable(program: Program) -> list[dict[str, str]]:
    """The units that can pay for part of a sale."""
    return [
        {"key": unit.key, "name": formats.unit_name(2 * 10**unit.precision, unit)}
        for unit in queries.units_of(program)
        if unit.worth_numerator
    ]


def _config(request: StaffRequest, program: Program, store: str) -> dict[str, Any]:
    home = reverse("rewards:till", args=[program.slug])
    return {
        "slug": program.slug,
        "home": home,
        "cashier": request.user.pk,
        "store": store,
        "life": int(KEY_LIFE.total_seconds()),
        "idle": IDLE_MINUTES * 60,
        "money": _money(program.currency),
        "words": {key: str(text) for key, text in _words().items()},
    }


def _money(currency: str) -> dict[str, Any]:
    """How the script writes an amount, exactly as the server does: {} stands for the number."""
    digits = formats.minor_digits(currency)
    zero = formats.format_number(0, decimals=digits)
    sample = formats.format_number(Decimal("1234.5"), decimals=1)
    return {
        "digits": digits,
        "pattern": formats.format_money(0, currency).replace(zero, "{}"),
        "figures": formats.map_digits("0123456789"),
        "group": sample[1],
        "point": sample[-2],
    }


def _words() -> dict[str, str]:
    return {
        "online": _("Connected"),
        "offline": _("No network"),
        "waiting": _("Waiting for the network"),
        "sent": _("Counted"),
        "refused": _("Refused"),
        "expired": _("Not sent within a day, so it was not counted. Enter it again."),
        "others": _("Of another cashier, who has to sign in here to send it"),
        "sale": _("Sale"),
        "join": _("New member"),
        "undo": _("Undo"),
        "undone": _("Undone"),
        "left": _("%(time)s left"),
        "give": _("Give the points"),
        "unknown": _("Not looked up yet: counted when the network is back, if the number is a member’s."),
        "known": _("Looked up here earlier."),
        "newcomer": _("Taken in as soon as the network is back."),
        "wrong": _("One digit of this number is wrong, or two have changed places. Read it again."),
        "coupon": _("This is a coupon. Say first who is served, then enter it with the sale."),
        "number_only": _("Without network only a member number can be used: scan it, or type its 12 digits."),
        "member": _("Member"),
        "camera": _("The camera cannot be used. Type the number instead."),
        "nothing": _("Scan the code, or type a number, phone or e-mail."),
        "empty": _("Type the amount, or choose what was bought."),
        "pay_online": _("Without network nothing can be paid with points or gift cards."),
        "no_camera": _("This browser cannot read codes with its camera. Use a scanner, or type the number."),
        "who": _("Who is it?"),
        "next": _("Next customer"),
        "failed": _("The server could not answer. It is tried again."),
    }


def _assets() -> list[str]:
    sheets = [f"css/{name}.css" for name in (*SHEETS["base"], *SHEETS["till"])]
    return [static(name) for name in (*sheets, *(f"js/{name}.js" for name in SCRIPTS), *PICTURES)]


def _js(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
