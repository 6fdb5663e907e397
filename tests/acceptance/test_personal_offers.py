"""Personal offers (R4): what a member likes, bought and looked at decides which offer reaches whom, and what it brought."""

import pytest
from django_scopes import scope

from campaigns.audiences import membership, segments
from campaigns.messages import reading, sending
from campaigns.models import Message
from members import preferences
from tests.campaigns import letters
from tests.campaigns.journeys import trips as t
from tests.rewards import builders as b
from tests.rewards import coupons as c

pytestmark = pytest.mark.django_db

# Looked at a lamp, and has not bought one since the shop began.
TEMPTED = {
    "all": [
        {"has": "activities", "where": {"all": [
            {"field": "activity.kind", "op": "=", "value": "product.viewed"},
            {"field": "data.text.sku", "op": "=", "value": "lamp"},
            {"field": "activity.at", "op": "within last", "value": 14},
        ]}},
        {"not": {"has": "bought", "where": {"all": [{"field": "line.sku", "op": "=", "value": "lamp"}]}}},
    ]
}  # fmt: skip
DRINKERS = {
    "has": "bought",
    "where": {
        "all": [
            {"field": "line.category", "op": "=", "value": "coffee"},
            {"field": "order.at", "op": "within last", "value": 30},
        ]
    },
}
TEA = {"field": "member.likes", "op": "has any", "value": ["tea"]}
OFFERS = {"tea": TEA, "beans": DRINKERS, "lamp": TEMPTED}


@pytest.fixture
def program():
    found = b.open_program()
    letters.behave(found)
    return found


def offer(program, key, tree):
    """Who enters the segment hears of the offer, with its code."""
    segments.create(program=program, key=key, name=key, tree=tree, by=None, now=t.NOW)
    segment = segments.publish(program=program, key=key, by=None, now=t.NOW)
    c.put_up(program, key)
    words = {"email": {"en": {"subject": f"About {key}", "html": "<p>Type {{ code }}</p>"}}}
    template = letters.template(program, name=key, content=words)
    hear = ("hear", "message", {"message": template.pk, "channel": "email", "coupon": key})
    t.launch(program, t.graph(hear, trigger={"kind": "segment_entered", "segment": segment.pk}))


def pass_by(program, now):
    """All that workers do at this moment: gather members, walk journeys, send."""
    for _ in range(3):
        membership.refresh(program=program, now=now)
    t.work(now)
    sending.send(clock=lambda: now, seconds=60)


def heard(program):
    """Which offers were sent to whom."""
    with scope(program=program):
        sent = Message.objects.filter(state="sent").select_related("template", "member")
        return {(each.member.name, each.template.name) for each in sent}


def look_at(program, number, sku, member):
    return b.event(number, "product.viewed", t.NOW, member=member, sku=sku)


def test_each_hears_of_what_they_like_bought_or_looked_at_and_of_nothing_else(program):
    for key, tree in OFFERS.items():
        offer(program, key, tree)
    pass_by(program, t.NOW)
    anna, _ben, _cora, _dina = (letters.join(program, name) for name in ("anna", "ben", "cora", "dina"))
    lamp = b.line(4000, "lamp", name="Lamp", category="home")

    preferences.save(member=anna, store=None, likes=["tea"], now=t.NOW)
    b.record(program, b.order("1", t.NOW, b.line(900, "beans", category="coffee"), member="ben"))
    b.record(program, b.order("2", t.NOW, lamp, member="dina"))
    b.record(program, look_at(program, "3", "lamp", "cora"), look_at(program, "4", "lamp", "dina"))
    pass_by(program, t.NOW + t.HOUR)

    assert heard(program) == {("Anna", "tea"), ("Ben", "beans"), ("Cora", "lamp")}


def test_what_an_offer_brought_is_told_and_its_buyer_is_asked_no_more(program):
    offer(program, "lamp", TEMPTED)
    pass_by(program, t.NOW)
    letters.join(program, "cora")
    b.record(program, look_at(program, "1", "lamp", "cora"))
    pass_by(program, t.NOW + t.HOUR)

    bought = b.order("2", t.NOW + t.DAY, b.line(4000, "lamp"), member="cora", codes=("LAMP",))
    b.record(program, bought)
    b.record(program, look_at(program, "3", "lamp", "cora"))
    pass_by(program, t.NOW + 2 * t.DAY)

    with scope(program=program):
        (message,) = Message.objects.all()
        assert reading.redeemed_of(message) == 3600
        assert segments.lock(program, "lamp").size == 0
