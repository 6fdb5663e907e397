"""What a journey or all marketing changed, against the people themselves counted one by one."""

import pytest
from django.db import connection
from django_scopes import scope
from scipy import stats

from campaigns.experiments import holdout, marketing
from campaigns.journeys import editing
from campaigns.messages import manners
from campaigns.models import Control, Enrolment, Journey
from members.models import Member, Role
from tests.campaigns.journeys import trips as t
from tests.members.teams import as_staff, hire
from tests.rewards import builders as b

pytestmark = pytest.mark.django_db
UNTIL = t.NOW + 30 * t.DAY
COUNT = 24


@pytest.fixture
def program():
    return b.open_program(units={"points": {"worth_numerator": 2}})


def shop(program):
    """Every third member buys within the month, every sixth twice; one brings half of it back, one bought too early."""
    spent = dict.fromkeys(range(COUNT), 0)
    margins, points = dict(spent), dict(spent)
    for i in range(0, COUNT, 3):
        for again in range(1 + (i % 6 == 0)):
            amount = 1_000 + 100 * i + again
            line = b.line(amount, "MUG", 2, cost_minor=400)
            b.record(program, b.order(f"o{i}-{again}", "2026-03-05", line, member=f"p{i}"))
            spent[i] += amount
            margins[i] += amount - 400
            points[i] += amount // 100
    b.record(program, b.bring_back("r3", "2026-03-09", ("MUG", 1), order="o3-0"))
    spent[3] -= 650
    margins[3] = 650 - 200
    points[3] = 6
    b.record(program, b.order("early", "2026-03-01", b.line(9_900, "MUG", cost_minor=1), member="p1"))
    return spent, margins, points


def fair_salt(people, share):
    """The first salt with two buyers at least on each side: nothing here is left to chance."""
    for number in range(10_000):
        salt = f"salt-{number}"
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT sum((wafa_lot(%s, m) < %s)::int) FROM unnest(%s) m", [salt, share, people[::3]]
            )
            if 2 <= cursor.fetchone()[0] <= len(people[::3]) - 2:
                return salt
    raise AssertionError


def held_out_journey(program, people):
    """A journey that holds out 40 % of them, and all of them have been through it."""
    journey = t.launch(program, t.graph(("mark", "tag", {"tag": "seen"}), holdout=40))
    with scope(program=program):
        Journey.objects.update(salt=fair_salt(people, 4_000))
    t.happen(program, *people)
    t.work()
    return journey


def sides(program, held_out):
    """Numbers of the members on each side: treated, held out."""
    with scope(program=program):
        ids = [b.find(program, f"p{i}").pk for i in range(COUNT)]
    return [i for i in range(COUNT) if ids[i] not in held_out], [
        i for i in range(COUNT) if ids[i] in held_out
    ]


def agrees(found, told, treated, control):
    first, second = ([told[i] for i in side] for side in (treated, control))
    expected = stats.ttest_ind(first, second, equal_var=False)
    interval = expected.confidence_interval(0.95)
    assert found.value == pytest.approx(sum(first) / len(first) - sum(second) / len(second), rel=1e-9)
    assert (found.low, found.high, found.p) == pytest.approx(
        (interval.low, interval.high, expected.pvalue), rel=1e-9
    )


def test_a_journey_is_compared_with_those_whom_it_held_out(program):
    people = t.people(program, COUNT)
    journey = held_out_journey(program, people)
    spent, margins, points = shop(program)

    found = holdout.effect(program=program, journey=journey, since=t.NOW, until=UNTIL)

    with scope(program=program):
        held_out = set(Enrolment.objects.filter(holdout=True).values_list("member_id", flat=True))
    treated, control = sides(program, held_out)
    assert (found.treated, found.held_out) == (len(treated), len(control))
    agrees(found.revenue, spent, treated, control)
    agrees(found.margin, margins, treated, control)
    agrees(found.cost, {i: 2 * number for i, number in points.items()}, treated, control)
    share = [sum(spent[i] > 0 for i in side) / len(side) for side in (treated, control)]
    assert found.conversion.value == pytest.approx(share[0] - share[1])
    assert found.revenue_total == pytest.approx(found.revenue.value * len(treated))


def test_who_came_before_the_share_was_changed_does_not_count(program):
    people = t.people(program, COUNT)
    journey = held_out_journey(program, people)
    by = hire(program, Role.MANAGER)
    later = t.NOW + t.DAY
    graph = t.graph(("mark", "tag", {"tag": "seen"}), holdout=20)
    editing.change(journey=journey, by=by, now=later, draft=graph)
    editing.publish(journey=journey, by=by, now=later)
    with scope(program=program):
        Enrolment.objects.filter(member__in=people[8:]).update(entered_at=later)
        left = Enrolment.objects.filter(entered_at=later)
        sides = (left.filter(holdout=False).count(), left.filter(holdout=True).count())

    found = holdout.effect(program=program, journey=journey, since=t.NOW, until=UNTIL)

    assert (found.since, found.treated, found.held_out) == (later, *sides)


def test_a_journey_that_holds_nobody_out_has_no_effect_that_could_be_known(program):
    people = t.people(program, 4)
    journey = t.launch(program, t.graph(("mark", "tag", {"tag": "seen"})))
    t.happen(program, *people)
    t.work()

    assert holdout.effect(program=program, journey=journey, since=t.NOW, until=UNTIL) is None


def test_all_marketing_is_compared_with_the_control_group_of_the_time(program):
    people = t.people(program, COUNT)
    manners.draw_control(program=program, percent=15, now=t.NOW - t.DAY)
    with scope(program=program):
        Control.objects.update(salt=fair_salt(people, 1_500))
    rules = manners.rules_of(program)
    spent, _margins, _points = shop(program)

    found = holdout.effect(program=program, since=t.NOW - 3 * t.DAY, until=UNTIL)

    with scope(program=program):
        asked = "wafa_lot(%s, holder_id) < 1500"
        held_out = set(Member.objects.extra(where=[asked], params=[rules.salt]).values_list("pk", flat=True))
    treated, control = sides(program, held_out)
    assert (found.treated, found.held_out) == (len(treated), len(control))
    assert found.since == t.NOW - t.DAY
    with_early = spent | {1: 9_900}
    agrees(found.revenue, with_early, treated, control)


def test_without_a_control_group_nobody_knows(program):
    t.people(program, 3)

    assert holdout.effect(program=program, since=t.NOW, until=UNTIL) is None


def test_a_margin_that_nobody_knows_is_not_made_up(program):
    people = t.people(program, COUNT)
    journey = held_out_journey(program, people)
    b.record(program, b.order("o", "2026-03-05", b.line(1_000, "MUG"), member="p0"))

    found = holdout.effect(program=program, journey=journey, since=t.NOW, until=UNTIL)

    assert found.margin is None
    assert found.revenue is not None


def test_what_marketing_changed_is_kept_for_the_page(program):
    people = t.people(program, COUNT)
    manners.draw_control(program=program, percent=15, now=t.NOW - t.DAY)
    with scope(program=program):
        Control.objects.update(salt=fair_salt(people, 1_500))
    shop(program)
    url = f"/dashboard/{program.slug}/experiments/"
    client = as_staff(program, Role.ANALYST)
    before = client.get(url)

    found = marketing.measure(program=program, now=UNTIL)

    page = client.get(url)
    assert "marketing" not in before.context
    assert marketing.read(program=program) == found == page.context["marketing"]
    assert found.until == UNTIL
    assert "All marketing against the control group" in page.text
    assert page.context["marketing_tables"][0].title == "Who orders"
