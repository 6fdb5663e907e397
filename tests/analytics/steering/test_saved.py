"""Saved views: kept, shared, sent every week with the very figures of the page; programs side by side."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.core import mail
from django.urls import reverse
from django.utils.html import strip_tags
from django_scopes import scope

from analytics import rollups, tasks
from analytics.models import SavedView, Subscription
from analytics.saved import views
from loyaltysite.kit import formats
from members.models import Program, Role, TeamMembership
from tests.analytics.steering.worlds import lay
from tests.members.teams import as_staff, hire, signed_in
from tests.rewards.builders import moment, open_program, order, record

pytestmark = pytest.mark.django_db

NOW = moment("2026-11-23T08:00")  # a Monday


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def program():
    found = open_program()
    lay(found, orders=lambda day: 100 if day.month < 11 else 120)
    return found


def at(program, name, *args):
    return reverse(f"analytics:{name}", args=[program.slug, *args])


def keep(program, user, *, page="kpis", query="period=30", name="Mine", is_shared=False):
    return views.save(
        program=program, page=page, query=query, name=name, is_shared=is_shared, by=user, now=NOW
    )


def test_a_page_is_kept_with_its_days_and_opens_again(program):
    staff = as_staff(program, Role.ANALYST)
    page = staff.get(at(program, "kpis"), {"period": "30"}).text
    link = re.search(r'href="([^"]*views/new/[^"]*)"', page)[1].replace("&amp;", "&")

    staff.post(link, {"name": "My month"})

    with scope(program=program):
        view = SavedView.objects.get()
    assert (view.page, view.query, view.is_shared) == ("kpis", "period=30", False)
    assert f'href="{at(program, "kpis")}?period=30"' in staff.get(at(program, "views")).text


def test_views_of_others_are_seen_when_shared(program):
    owner, other = hire(program), hire(program, Role.ANALYST)
    keep(program, owner, name="Secret plan")
    shared = keep(program, owner, name="For all", is_shared=True)
    page = signed_in(other).get(at(program, "views")).text

    assert "For all" in page
    assert "Secret plan" not in page
    assert signed_in(other).post(at(program, "view_delete", shared.pk)).status_code == 403
    assert (
        signed_in(hire(program, Role.MANAGER)).post(at(program, "view_delete", shared.pk)).status_code == 302
    )


def test_a_name_is_given_once_and_odd_pages_are_none(program):
    user = hire(program)
    keep(program, user)

    with pytest.raises(views.NameTaken):
        keep(program, user)
    with pytest.raises(views.ViewInvalid):
        keep(program, user, page="alerts", name="Other")
    answer = signed_in(user).post(f"{at(program, 'view_new')}?page=kpis", {"name": "Mine"})
    assert answer.status_code == 422


@pytest.mark.parametrize(
    ("page", "query", "language"),
    [("kpis", "period=30", "en"), ("home", "period=90", "en"), ("kpis", "period=7", "fa")],
)
def test_the_weekly_mail_has_the_figures_of_the_page(program, page, query, language):
    user = hire(program, Role.ANALYST, language=language)
    view = keep(program, user, page=page, query=query)
    staff = signed_in(user)
    staff.post(at(program, "view_weekly", view.pk), {"weekday": "1"})
    shown = strip_tags(staff.get(f"{at(program, page)}?{query}").text)

    assert (tasks.write_to_staff(), tasks.write_to_staff()) == (1, 0)

    (message,) = mail.outbox
    html = message.alternatives[0].content
    values = re.findall(r"<td[^>]*><bdi>(.*?)</bdi></td>", html)[::2]
    assert len(values) >= 4
    assert [value for value in values if value not in shown] == []
    assert ('dir="rtl"' in html) == (language == "fa")
    assert f"{at(program, page)}?{query}" in message.body


@pytest.mark.parametrize(("query", "language"), [("", "en"), ("period=year&by=joined", "ar")])
def test_the_weekly_mail_of_cohorts_has_their_table(query, language):
    """Anna and ben came in August; anna again in September and November, ben never."""
    program = open_program()
    for number, (name, day) in enumerate(
        [("anna", "2026-08-03"), ("ben", "2026-08-04"), ("anna", "2026-09-09"), ("anna", "2026-11-02")]
    ):
        record(program, order(str(number), day, 1_000, member=name), at_own_time=True)
    while rollups.fold():
        pass
    user = hire(program, Role.ANALYST, language=language)
    view = keep(program, user, page="cohorts", query=query)
    staff = signed_in(user)
    staff.post(at(program, "view_weekly", view.pk), {"weekday": "1"})
    shown = staff.get(f"{at(program, 'cohorts')}?{query}").context["rows"]

    assert tasks.write_to_staff() == 1

    (message,) = mail.outbox
    table = message.alternatives[0].content.split("<caption", 1)[1].split("</table>")[0]
    cells = re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", table)
    (august,) = (row for row in shown if row["size"] == 2)
    percents = [cell["text"] for cell in august["cells"][1:]]
    assert cells[5:] == [august["month"], formats.format_number(2), *percents]
    if language == "en":
        assert cells == ["First order", "Members", "1", "2", "3", "August 2026", "2", "50", "0", "50"]
        assert "First order | Members | 1 | 2 | 3\nAugust 2026 | 2 | 50 | 0 | 50\n" in message.body
        assert "Ordered: 2 (100.0%)" in message.body


def test_a_mail_of_cohorts_without_any_has_no_table(program):
    user = hire(program, Role.ANALYST)
    view = keep(program, user, page="cohorts", query="")
    signed_in(user).post(at(program, "view_weekly", view.pk), {"weekday": "1"})

    assert tasks.write_to_staff() == 1

    assert "<caption" not in mail.outbox[0].alternatives[0].content


def test_it_comes_on_its_weekday_only_and_ends(program):
    user = hire(program)
    view = keep(program, user)
    staff = signed_in(user)
    staff.post(at(program, "view_weekly", view.pk), {"weekday": "3"})

    assert tasks.write_to_staff() == 0
    with time_machine.travel(NOW + timedelta(days=2), tick=False):
        assert tasks.write_to_staff() == 1
    staff.post(at(program, "view_weekly", view.pk))

    with scope(program=program):
        assert not Subscription.objects.exists()


def test_a_view_that_is_no_longer_shared_is_not_sent(program):
    owner, reader = hire(program), hire(program, Role.ANALYST)
    view = keep(program, owner, is_shared=True)
    signed_in(reader).post(at(program, "view_weekly", view.pk), {"weekday": "1"})
    with scope(program=program):
        SavedView.objects.update(is_shared=False)

    assert tasks.write_to_staff() == 0


def test_programs_stand_side_by_side_where_the_user_may_read(program):
    other, till, strange = (open_program(currency=currency) for currency in ("USD", "GBP", "JPY"))
    for one, name in ((program, "Alpha"), (other, "Beta"), (till, "Gamma"), (strange, "Delta")):
        Program.objects.filter(pk=one.pk).update(name=name)
    lay(other, orders=lambda day: 7)
    user = hire(program, Role.ANALYST)
    TeamMembership.objects.create(user=user, program=other, role=Role.MANAGER)
    TeamMembership.objects.create(user=user, program=till, role=Role.CASHIER)
    locked = open_program()
    Program.objects.filter(pk=locked.pk).update(name="Locked", requires_mfa=True)
    TeamMembership.objects.create(user=user, program=locked, role=Role.OWNER)
    staff = signed_in(user)

    page = staff.get(at(program, "compare"), {"period": "30"}).text
    main = strip_tags(page.split("<main", 1)[1])
    rows = staff.get(at(program, "compare"), {"period": "30", "format": "csv"}).text

    assert "Alpha" in main
    assert "Beta" in main
    assert not {"Gamma", "Delta", "Locked"} & set(re.findall(r"\w+", main))
    assert "€" in main
    assert "US$" in main or "$" in main
    assert rows.splitlines()[0].endswith("Alpha,Beta")
