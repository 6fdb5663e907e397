"""Monthly reviews: the list, one to read, decide upon and print."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.db.models import Count, Q
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe
from django.views.decorators.vary import vary_on_headers
from django_htmx.http import HttpResponseClientRefresh

from analytics import tasks
from analytics.models import Review, ReviewItem
from analytics.reviews import making
from analytics.views.reviews import words
from loyaltysite.kit import clock, formats
from loyaltysite.kit.errors import DomainError, NotFound
from loyaltysite.kit.forms import refuse
from members import access
from members.access import StaffRequest, program_view
from members.models import Program, Role
from members.views import frame

MOST = 60
# In the order of the page.
KINDS = (ReviewItem.Kind.RULE, ReviewItem.Kind.JOURNEY, ReviewItem.Kind.REWARD)


class DecisionForm(forms.Form):
    decision = forms.ChoiceField(label=gettext_lazy("Decision"), choices=ReviewItem.Verdict.choices)
    why = forms.CharField(label=gettext_lazy("Why"), max_length=300)


@require_safe
@program_view(role=Role.ANALYST)
def reviews(request: StaffRequest, program: Program) -> HttpResponse:
    rows = Review.objects.filter(program=program).annotate(
        lines=Count("items"), open_ones=Count("items", filter=Q(items__decision=""))
    )
    today = timezone.localdate(clock.now())
    month = making.month_before(today)
    found = list(rows.order_by("-month")[:MOST])
    context = {
        "reviews": found,
        "month": month,
        "is_asked": any(one.month == month and one.asked_at for one in found),
        "may_act": access.may(request.team.role, Role.MANAGER),
        **frame.around(request.team, current="reviews"),
    }
    return render(request, "analytics/reviews/list.html", context)


@require_POST
@program_view(role=Role.MANAGER)
def review_make(request: StaffRequest, program: Program) -> HttpResponse:
    """Ask for that of the last whole month, anew where it is there; a worker makes it."""
    now = clock.now()
    today = timezone.localdate(now)
    found, is_new = making.ask(
        program=program, month=making.month_before(today), today=today, now=now, by=request.user
    )
    if is_new:
        # Losing the wake-up is harmless: the task looks every minute.
        transaction.on_commit(tasks.make_asked_reviews.delay, robust=True)
    return redirect("analytics:review", program.slug, found.pk)


@vary_on_headers("HX-Request")
@require_safe
@program_view(role=Role.ANALYST)
def review(request: StaffRequest, program: Program, review_id: int) -> HttpResponse:
    """To read and decide upon; while it is being made the page asks whether it is there, and is then loaded again."""
    found = get_object_or_404(Review, program=program, pk=review_id)
    if not request.htmx:
        return _page(request, program, found)
    if found.asked_at is None:
        return HttpResponseClientRefresh()
    return render(request, "analytics/reviews/review.html#progress", {"review": found})


def _page(
    request: StaffRequest,
    program: Program,
    found: Review,
    *,
    deciding: int = 0,
    form: DecisionForm | None = None,
) -> HttpResponse:
    items = sorted(
        found.items.select_related("decided_by").order_by("name", "pk"),
        key=lambda item: KINDS.index(item.kind),
    )
    before = _before(program, found, items)
    rows = [
        {
            "told": words.tell(item, program=program, before=before.get((item.kind, item.key))),
            "form": form if form and deciding == item.pk else _form(item),
            "is_refused": deciding == item.pk,
        }
        for item in items
    ]
    groups = [
        {"name": ReviewItem.Kind(kind).label, "kind": kind, "rows": list(mine)}
        for kind, mine in groupby(rows, key=lambda row: row["told"].item.kind)  # type: ignore[attr-defined]
    ]
    month = formats.format_date(found.month, form="month")
    context = {
        "review": found,
        "month": month,
        "groups": groups,
        "rule": words.rule_in_words(),
        "open_count": sum(not item.decision for item in items),
        "may_act": access.may(request.team.role, Role.MANAGER) and found.asked_at is None,
        **frame.around(request.team, current="reviews", crumbs=[("", month)]),
    }
    return render(request, "analytics/reviews/review.html", context, status=422 if form else 200)


@require_POST
@program_view(role=Role.MANAGER)
def review_decide(request: StaffRequest, program: Program, item_id: int) -> HttpResponse:
    item = get_object_or_404(ReviewItem.objects.select_related("review"), program=program, pk=item_id)
    form = DecisionForm(request.POST, auto_id=f"line{item_id}_%s")
    if form.is_valid():
        try:
            making.decide(
                program=program, item_id=item_id, by=request.user, now=clock.now(), **form.cleaned_data
            )
        except NotFound:
            raise Http404 from None
        except DomainError as error:
            refuse(form, error)
        else:
            messages.success(request, _("Decided."))
            return redirect("analytics:review", program.slug, item.review_id)
    return _page(request, program, item.review, deciding=item_id, form=form)


def _form(item: ReviewItem) -> DecisionForm:
    first: dict[str, Any] = {"decision": item.decision or item.verdict, "why": item.why}
    return DecisionForm(initial=first, auto_id=f"line{item.pk}_%s")


def _before(program: Program, found: Review, items: list[ReviewItem]) -> dict[tuple[str, str], ReviewItem]:
    """The latest decided line about each of them in an earlier month."""
    rows = (
        ReviewItem.objects.filter(program=program, review__month__lt=found.month)
        .exclude(decision="")
        .filter(key__in={item.key for item in items})
        .select_related("review")
        .order_by("review__month")
    )
    return {(row.kind, row.key): row for row in rows}
