"""A message carries a coupon's code, and whatever is bought with it is told of the message."""

import pytest
from django.urls import reverse
from django_scopes import scope

from campaigns.journeys import editing
from campaigns.journeys.graph import GraphInvalid
from campaigns.messages import letters as writing
from campaigns.messages import reading, sending, vouchers
from campaigns.models import Message
from members.models import Event, Member, Order, Role
from rewards.coupons import coupons
from rewards.models import Code, Coupon
from tests.campaigns import letters
from tests.campaigns.journeys import trips as t
from tests.members.teams import as_staff, hire
from tests.rewards import builders as b
from tests.rewards import coupons as c

pytestmark = pytest.mark.django_db
WORDS = {"email": {"en": {"subject": "For you", "html": "<p>Type {{ code }}</p>"}}}


@pytest.fixture
def program():
    found = b.open_program()
    letters.behave(found)
    return found


def launch(program, **coupon):
    c.put_up(program, "spring", **coupon)
    template = letters.template(program, content=WORDS)
    hello = ("hello", "message", {"message": template.pk, "channel": "email", "coupon": "spring"})
    return t.launch(program, t.graph(hello, entry={"mode": "each"}))


def join(program, name="anna"):
    with scope(program=program):
        return letters.join(program, name)


def go_through(program, *members, now=t.NOW):
    t.happen(program, *(member.pk for member in members), now=now)
    t.work(now)
    sending.send(clock=lambda: now, seconds=60)


def messages(program):
    with scope(program=program):
        return list(Message.objects.select_related("content").order_by("pk"))


def said(program, message, now=t.NOW):
    with scope(program=program):
        ((_message, made),) = writing.of(program=program, messages=[message], now=now)
    return made


def buy(program, code, number="1", at="2026-03-03", member="anna", **more):
    return b.record(program, b.order(number, at, 2000, member=member, codes=(code,), **more))


def test_each_member_gets_a_code_of_their_own_that_is_nowhere_in_clear(program):
    launch(program, pool=c.open_pool(program, "own").key)
    anna, ben = join(program), join(program, "ben")

    go_through(program, anna, ben)

    first, second = messages(program)
    codes = [said(program, each).fields["html"] for each in (first, second)]
    assert codes[0] != codes[1]
    assert (first.state, first.context.get("code")) == ("sent", None)
    with scope(program=program):
        assert set(Code.objects.values_list("member_id", flat=True)) == {anna.pk, ben.pk}


def test_who_has_a_code_that_works_keeps_it(program):
    launch(program, pool=c.open_pool(program, "own").key)
    anna = join(program)

    go_through(program, anna)
    go_through(program, anna, now=t.NOW + t.HOUR)

    first, second = messages(program)
    assert said(program, first).text == said(program, second).text
    with scope(program=program):
        assert Code.objects.count() == 1


def test_what_is_redeemed_is_told_of_the_last_message_with_its_money(program):
    launch(program)
    anna = join(program)
    go_through(program, anna)
    assert "SPRING" in said(program, messages(program)[0]).text

    buy(program, "SPRING")

    (message,) = messages(program)
    assert message.redeemed_at == b.moment("2026-03-03")
    with scope(program=program):
        assert Order.objects.get().pk == message.redeemed_order_id
        effect = reading.effects_lately(program=program, now=t.NOW)[message.template_id]
        assert (effect.sent, effect.redeemed, effect.money_minor) == (1, 1, 1800)
        assert reading.redeemed_of(message) == 1800
        assert Event.objects.get(kind="message.redeemed").holder_id == anna.pk


def test_an_order_that_is_given_back_brought_nothing(program):
    launch(program)
    go_through(program, join(program))
    buy(program, "SPRING")

    b.record(program, b.cancel("1", "2026-03-04"))

    (message,) = messages(program)
    with scope(program=program):
        assert reading.redeemed_of(message) == 0
        assert reading.effects_lately(program=program, now=t.NOW)[message.template_id].money_minor == 0


def test_somebody_elses_order_redeems_nothing(program):
    launch(program)
    go_through(program, join(program))
    join(program, "ben")

    buy(program, "SPRING", member="ben")

    assert messages(program)[0].redeemed_at is None


def test_a_coupon_that_has_ended_sends_nothing_and_says_so(program):
    launch(program, pool=c.open_pool(program, "own").key)
    coupons.end(program=program, key="spring", by=None, now=t.NOW)

    go_through(program, join(program))

    (message,) = messages(program)
    assert (message.state, message.reason) == ("cancelled", "content")
    assert t.executed(program) == [("hello", "not_sent", "")]


def test_a_common_code_that_has_ended_is_not_sent_either(program):
    launch(program)
    coupons.end(program=program, key="spring", by=None, now=t.NOW)

    go_through(program, join(program))

    (message,) = messages(program)
    assert (message.state, message.reason, message.coupon_id) == ("cancelled", "content", None)


@pytest.mark.parametrize("dates", [{"ends_at": t.NOW}, {"starts_at": t.NOW + t.HOUR}])
def test_a_code_is_written_only_while_it_works(program, dates):
    launch(program)
    go_through(program, join(program))
    (message,) = messages(program)
    assert said(program, message).text

    with scope(program=program):
        Coupon.objects.update(**dates)

    assert said(program, message) == writing.Unsendable("content", "no_code")


def test_who_has_used_it_up_gets_no_other(program):
    launch(program, pool=c.open_pool(program, "own").key, per_member=1)
    anna = join(program)
    go_through(program, anna)
    with scope(program=program):
        code = vouchers.codes_of(messages(program), t.NOW)
    buy(program, next(iter(code.values())))

    go_through(program, anna, now=t.NOW + t.DAY * 3)

    with scope(program=program):
        assert Code.objects.count() == 1
    assert [(each.state, each.reason) for each in messages(program)] == [
        ("sent", ""),
        ("cancelled", "content"),
    ]


def test_a_code_of_the_merged_account_is_kept(program):
    launch(program, pool=c.open_pool(program, "own").key)
    anna, ben = join(program), join(program, "ben")
    go_through(program, ben)
    (message,) = messages(program)
    before = said(program, message).text
    with scope(program=program):
        Member.objects.filter(pk=ben.pk).update(merged_into=anna)

    go_through(program, anna, now=t.NOW + t.HOUR)

    assert said(program, messages(program)[-1]).text == before
    with scope(program=program):
        assert Code.objects.count() == 1


def test_a_journey_asks_for_coupons_that_are_there(program):
    template = letters.template(program, content=WORDS)
    draft = t.graph(("hello", "message", {"message": template.pk, "channel": "email", "coupon": "none"}))
    with scope(program=program):
        by = hire(program, Role.MANAGER)
        made = editing.create(program=program, name="Trip", draft=draft, by=by, now=t.NOW)
        with pytest.raises(GraphInvalid):
            editing.publish(journey=made, by=by, now=t.NOW)


def test_the_report_shows_what_came_of_it(program, monkeypatch):
    launch(program)
    go_through(program, join(program))
    buy(program, "SPRING")
    monkeypatch.setattr("loyaltysite.kit.clock.now", lambda: t.NOW)
    staff = as_staff(program, Role.ANALYST)

    page = staff.get(reverse("campaigns:templates", args=[program.slug])).content.decode()
    one = staff.get(
        reverse("campaigns:message", args=[program.slug, messages(program)[0].pk])
    ).content.decode()

    assert "What came of it" in page
    assert "Redeemed for" in one
