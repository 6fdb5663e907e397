"""The signed statement to keep or print, and the public page that says whether one is genuine (N2)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from loyaltysite.kit import clock
from members.models import Member, Program
from members.portal import attempts
from members.portal.entrance import frame, member_page, open_page
from rewards import signatures, statements, verification
from rewards.histories import HistoryLine
from rewards.statements import Account, Statement
from rewards.verification import State, Verdict
from rewards.views.portal import drawings, stories, words

SHORT = 12


@dataclass(frozen=True, slots=True)
class Row:
    """One entry on paper."""

    seq: int
    on: SafeString
    title: SafeString
    change: SafeString | str
    after: str
    digest: str


@require_safe
@member_page
def statement(request: HttpRequest, program: Program, member: Member) -> HttpResponse:
    made = statements.make(program=program, member=member, now=clock.now())
    address = request.build_absolute_uri(f"{reverse('portal:verify', args=[program.slug])}?code={made.code}")
    context = {
        "member": member,
        "made": made,
        "made_on": timezone.localtime(made.made_at),
        "accounts": [_account(made, account) for account in made.accounts],
        "code": made.code,
        "qr": drawings.qr(address, error="l", label=_("QR code that checks this statement")),
        "verify_address": request.build_absolute_uri(reverse("portal:verify", args=[program.slug])),
    }
    return render(request, "rewards/portal/statement.html", frame(request, program, **context))


@require_safe
@member_page
def statement_file(request: HttpRequest, program: Program, member: Member) -> HttpResponse:
    made = statements.make(program=program, member=member, now=clock.now())
    text = json.dumps(made.document(), ensure_ascii=False, indent=1)
    response = HttpResponse(text, content_type="application/json; charset=utf-8")
    name = f"{program.slug}-statement-{timezone.localdate(made.made_at).isoformat()}.json"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@require_http_methods(["GET", "HEAD", "POST"])
@open_page
def verify(request: HttpRequest, program: Program) -> HttpResponse:
    """For everybody: a code from the QR or typed, or the downloaded file."""
    code = request.POST.get("code") or request.GET.get("code") or ""
    file = request.FILES.get("file")
    context: dict[str, Any] = {"navigation": [], "code": code, "foot": False}
    status = 200
    if code or file:
        if attempts.is_allowed(request, "verify", program=program):
            verdict = _check(program, code, file)
            context |= _tell(program, verdict)
            status = 200 if verdict.state == State.GENUINE else 422
        else:
            context["error"], status = _("Too many requests. Wait a quarter of an hour, then try again."), 429
    elif request.method == "POST":
        context["error"], status = _("Paste a code or choose a file."), 422
    return render(request, "rewards/portal/verify.html", frame(request, program, **context), status=status)


@require_safe
@open_page
def verify_keys(request: HttpRequest, program: Program) -> HttpResponse:
    """The public keys, so that nobody needs this page to check a statement."""
    return JsonResponse({"algorithm": "Ed25519", "keys": signatures.public_keys()})


def _check(program: Program, code: str, file: Any) -> Verdict:
    if file is None:
        return verification.of_code(program=program, code=code)
    if file.size > verification.LARGEST_FILE:
        return Verdict(State.UNREADABLE)
    return verification.of_file(program=program, content=file.read())


def _account(made: Statement, account: Account) -> dict[str, Any]:
    unit = account.unit
    rows = []
    for entry in account.entries:
        line = HistoryLine(entry, unit, made.orders.get(entry.order_id or 0))
        rows.append(
            Row(
                entry.seq,
                SafeString(words.dated(entry.at)),
                stories.title_of(line),
                stories.shown(line),
                words.units(entry.active, unit),
                bytes(entry.digest).hex()[:SHORT],
            )
        )
    return {"unit": unit, "rows": rows, "head": account.head, "lines": _balances(account.head, unit)}


def _balances(head: statements.Head, unit: Any) -> list[tuple[str, str]]:
    parts = (
        (_("to use"), head.active),
        (_("not usable yet"), head.pending),
        (_("held"), head.reserved),
        (_("missing after returns"), head.arrears),
    )
    return [(label, words.units(amount, unit)) for label, amount in parts if amount or label == parts[0][0]]


def _tell(program: Program, verdict: Verdict) -> dict[str, Any]:
    lines = [
        {"line": line, "parts": _balances(line.head, line.unit), "short": line.head.digest[:SHORT]}
        for line in verdict.lines
        if line.unit is not None
    ]
    made_at = timezone.localtime(verdict.made_at) if verdict.made_at else None
    return {"verdict": verdict, "state": str(verdict.state), "lines": lines, "made_on": made_at}
