"""Plans on the dashboard: drafted with a preview, put up, paid for at the desk, left and paid back; figures and refusals."""

from __future__ import annotations

import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django_scopes import scope

from members.models import AuditEntry, Role
from rewards.models import Plan, Term, Tier
from rewards.plans import editing
from tests.members.teams import as_staff
from tests.rewards import builders as b
from tests.rewards import plans_shop as p
from tests.rewards.catalogue import put_up

pytestmark = pytest.mark.django_db


@pytest.fixture
def program():
    found = b.open_program(units={"points": {"worth_numerator": 1}})
    b.join(found, "anna")
    put_up(found, "mug")
    return found


@pytest.fixture
def manager(program):
    return as_staff(program, Role.MANAGER)


def page(program, *parts):
    return f"/dashboard/{program.slug}/plans/" + "".join(f"{part}/" for part in parts)


def desk(program):
    return f"/dashboard/{program.slug}/members/{b.find(program, 'anna').number}/plans/"


TYPED = {
    "key": "premium",
    "name_en": "Premium",
    "summary_en": "For those who come often",
    "promises_en": "A seat by the window\nA smile",
    "terms_en": "Once a year.",
    "price_minor": "25.00",
    "pays": "12",
    "refund_days": "14",
    "renewal_days": "30",
    "notice_days": "14",
    "rate_points": "1.5",
    "percent": "10",
    "categories": "Books, Toys",
    "ships_free": "on",
    "ships_from": "20",
    "early_days": "3",
    "kept": ["mug"],
    "birthday_points": "250",
}


def test_a_plan_is_made_of_what_is_typed_and_shown_as_it_was(program, manager):
    answer = manager.post(page(program, "new"), TYPED)

    assert answer.status_code == 302, answer.context["form"].errors
    with scope(program=program):
        plan = Plan.objects.get(key="premium")
    assert (plan.state, plan.price_minor, plan.months) == ("draft", 2_500, 12)
    assert plan.benefits == [
        {"kind": "rate", "unit": "points", "factor": "3/2"},
        {"kind": "percent_off", "percent": "10", "categories": ["Books", "Toys"]},
        {"kind": "free_shipping", "minimum_minor": 2_000},
        {"kind": "early_access", "days": 3},
        {"kind": "rewards", "keys": ["mug"]},
        {"kind": "birthday", "unit": "points", "amount": 250},
        {"kind": "promise", "texts": {"en": "A seat by the window"}},
        {"kind": "promise", "texts": {"en": "A smile"}},
    ]
    edit = manager.get(page(program, "premium", "edit"))
    shown = {name: edit.context["form"][name].value() for name in TYPED if name != "key"}
    assert (shown["rate_points"], shown["ships_from"], shown["kept"]) == ("1.5", "20.00", ["mug"])
    # What is shown and sent back changes nothing.
    again = manager.post(page(program, "premium", "edit"), shown | {"revision": plan.revision})
    assert again.status_code == 302
    with scope(program=program):
        assert Plan.objects.get(key="premium").revision == plan.revision


def test_what_cannot_be_is_refused_at_its_field_and_nothing_is_lost(program, manager):
    wrong = TYPED | {
        "price_minor": "much",
        "percent": "110",
        "rate_points": "0.5",
        "pays": "other",
        "months": "0",
    }

    answer = manager.post(page(program, "new"), wrong)

    assert answer.status_code == 422
    errors = answer.context["form"].errors
    assert {"price_minor", "percent", "rate_points", "months"} <= errors.keys()
    assert answer.context["form"]["name_en"].value() == "Premium"


def test_the_preview_is_a_part_of_the_page(program, manager):
    headers = {"HX-Request": "true", "HX-Target": "preview"}

    answer = manager.post(page(program, "new"), TYPED | {"do": "say"}, headers=headers)

    text = answer.content.decode()
    assert "<html" not in text
    assert not [words for words in ("Premium", "10%", "Mug", "A smile") if words not in text], text


def test_it_is_put_up_ended_and_audited(program, manager):
    p.draft(program, "club")

    manager.post(page(program, "club", "move"), {"to": "live"})
    with scope(program=program):
        assert Plan.objects.get().state == "live"
    manager.post(page(program, "club", "move"), {"to": "ended"})

    with scope(program=program):
        assert Plan.objects.get().state == "ended"
        found = AuditEntry.objects.filter(action__startswith="plan.").order_by("pk")
        assert [entry.action for entry in found] == ["plan.create", "plan.publish", "plan.end"]


def test_somebody_elses_change_is_not_overwritten(program, manager):
    plan = p.put_up(program, "club")
    editing.change(program=program, key="club", by=None, now=p.LONG_AGO, price_minor=100)

    answer = manager.post(page(program, "club", "edit"), TYPED | {"kept": [], "revision": plan.revision - 1})

    assert answer.status_code == 422


def test_figures_members_and_who_is_to_renew(program, time_machine):
    p.put_up(program, "club")
    p.pay(program, "2026-01-05")
    b.record(program, b.order("A", "2026-02-01", b.line(900, discount_minor=100)))
    time_machine.move_to(b.moment("2026-12-20"), tick=False)
    manager = as_staff(program, Role.MANAGER)

    (row,) = manager.get(page(program)).context["rows"]
    one = manager.get(page(program, "club"))

    figures = row["figures"]
    assert (figures.members, figures.due, figures.income_minor, figures.saved_minor) == (1, 1, 2_500, 100)
    assert [len(one.context[name]) for name in ("due", "holders")] == [1, 1]
    assert one.context["holders"][0]["saved_minor"] == 100


def test_the_pages_ask_as_often_for_many_as_for_one(program, manager):
    p.put_up(program, "club")
    p.pay(program, "2026-01-05")

    def count():
        with CaptureQueriesContext(connection) as asked:
            manager.get(page(program, "club"))
            manager.get(page(program))
        return len(asked)

    count()
    few = count()
    for name in ("bea", "cleo", "dana"):
        b.join(program, name)
        p.pay(program, "2026-01-05", member=name)
    p.put_up(program, "other")

    assert count() == few


# --- at the desk


def test_a_payment_is_recorded_once(program, manager):
    p.put_up(program, "club")
    wish = {"plan": "club", "key": str(uuid.uuid4()), "price_minor": "", "payment": ""}

    first, again = manager.post(desk(program), wish), manager.post(desk(program), wish)

    assert (first.status_code, again.status_code) == (302, 302)
    with scope(program=program):
        assert [(term.price_minor, term.source) for term in Term.objects.all()] == [(2_500, "staff")]
        assert AuditEntry.objects.filter(action="plan.paid").count() == 1


def test_a_second_payment_is_refused_on_the_page(program, manager):
    p.put_up(program, "club")
    for _time in range(2):
        wish = {"plan": "club", "key": str(uuid.uuid4()), "price_minor": "20", "payment": ""}
        answer = manager.post(desk(program), wish)

    assert answer.status_code == 422
    assert "runs already" in answer.content.decode()


def test_leave_stay_and_pay_back(program, manager):
    p.put_up(program, "club")
    manager.post(desk(program), {"plan": "club", "key": str(uuid.uuid4())})
    with scope(program=program):
        number = Term.objects.get().pk

    states = []
    for deed in ("leave", "stay", "refund"):
        assert manager.post(desk(program), {"do": deed, "term": number}).status_code == 302
        states.append(p.term(program, number).state)

    assert states == ["leaving", "active", "refunded"]


def test_an_exception_says_why(program, manager, time_machine):
    p.put_up(program, "club")
    term = p.pay(program, "2026-01-05")
    time_machine.move_to(b.moment("2026-06-01"), tick=False)

    refused = manager.post(desk(program), {"do": "refund", "term": term.pk})
    silent = manager.post(desk(program), {"do": "exception", "term": term.pk})
    done = manager.post(desk(program), {"do": "exception", "term": term.pk, "reason": "Ill for months"})

    assert [answer.status_code for answer in (refused, silent, done)] == [422, 422, 302]
    with scope(program=program):
        assert AuditEntry.objects.get(action="plan.refunded").reason == "Ill for months"


def test_another_members_term_is_out_of_reach(program, manager):
    p.put_up(program, "club")
    b.join(program, "bea")
    term = p.pay(program, "2026-01-05", member="bea")

    answer = manager.post(desk(program), {"do": "leave", "term": term.pk})

    assert answer.status_code == 422
    assert p.term(program, term.pk).state == "active"


def test_an_analyst_looks_and_changes_nothing(program):
    p.put_up(program, "club")
    client = as_staff(program, Role.ANALYST)

    answer = client.post(desk(program), {"plan": "club", "key": str(uuid.uuid4())})

    assert client.get(desk(program)).status_code == 200
    assert answer.status_code == 403
    with scope(program=program):
        assert not Term.objects.exists()


# --- tiers


def test_a_tier_keeps_what_works_when_it_is_edited(manager, program):
    with scope(program=program):
        b.TierScheme.objects.create(program=program)
        given = [{"kind": "percent_off", "percent": "5"}, {"en": "A smile"}]
        Tier.objects.create(
            program=program, key="base", rank=0, threshold=0, names={"en": "Base"}, benefits=given
        )
    address = f"/dashboard/{program.slug}/tiers/change/"
    form = manager.get(address).context["form"]
    row = form.rows[0]
    assert (row["percent"].value(), row["benefits_en"].value()) == ("5", "A smile")

    shown = {bound.html_name: bound.value() for each in (form.scheme, row) for bound in each}
    sent = {name: value for name, value in shown.items() if value is not None and value is not False}
    sent |= {"tier-0-percent": "7.5", "tier-0-ships_free": "on", "reason": "Spring"}
    sent["seen"] = manager.get(address).context["seen"]
    tried = manager.post(address, sent | {"do": "preview"})
    assert [each.errors for each in (tried.context["form"].scheme, *tried.context["form"].rows)] == [{}, {}]
    seen = tried.context["previewed"]
    answer = manager.post(address, sent | {"do": "save", "previewed": seen})

    assert answer.status_code == 302
    with scope(program=program):
        assert Tier.objects.get().benefits == [
            {"kind": "percent_off", "percent": "7.5"},
            {"kind": "free_shipping"},
            {"en": "A smile"},
        ]
    assert "7.5%" in manager.get(f"/dashboard/{program.slug}/tiers/").content.decode()
