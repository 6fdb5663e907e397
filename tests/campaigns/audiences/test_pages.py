"""Segments on the dashboard: made, counted, put in force, filled, taken away and archived, each by whom it may be."""

import pytest
import time_machine
from django.db import connection
from django.urls import reverse
from django_scopes import scope

from campaigns.audiences import fields, lists, membership, segments, sizes
from campaigns.audiences.lists import NoList
from campaigns.audiences.segments import SegmentInvalid, SegmentUsed
from campaigns.models import Segment
from members.models import AudienceMember, AuditEntry, Role
from tests.campaigns.audiences import bazaar
from tests.members.teams import hire, signed_in
from tests.posting import controls_of
from tests.rewards import builders as b
from tests.rewards.test_portal_rewards import text_of

pytestmark = pytest.mark.django_db
NOW = bazaar.NOW
HTMX = {"HX-Request": "true", "HX-Target": "size"}
TREE = {"field": "orders.count", "op": ">=", "value": 1}


@pytest.fixture(autouse=True)
def _now():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def program():
    program = bazaar.open_bazaar()
    bazaar.fill(program)
    return program


@pytest.fixture
def manager(program):
    return signed_in(hire(program, Role.MANAGER))


def at(program, name, *args):
    return reverse(f"campaigns:{name}", args=[program.slug, *args])


def edited(client, address, **typed):
    """What a browser posts from the editor after some of it was typed (`_` for each dot)."""
    data = controls_of(client.get(address).text)
    for name, value in typed.items():
        data[name.replace("_", ".")] = value
    return data


def inside(program, key):
    with scope(program=program):
        found = AudienceMember.objects.filter(audience_id=Segment.objects.get(key=key).pk)
        return bazaar.names(program, set(found.values_list("member_id", flat=True)))


def audited(program):
    with scope(program=program):
        return list(AuditEntry.objects.filter(subject="segment").values_list("action", flat=True))


def packed(answer):
    """What a page says, without any blank."""
    return "".join(text_of(answer).split())


def make(program, name="Buyers", tree=TREE, **others):
    return segments.create(program=program, name=name, tree=tree, by=None, now=NOW, **others)


def put_in_force(program, name="Buyers", tree=TREE):
    made = make(program, name, tree)
    segments.publish(program=program, key=made.key, by=None, now=NOW)
    segments.gather(program=program, key=made.key, now=NOW)
    return made


def test_it_works(program, manager):
    assert "No segments yet" in manager.get(at(program, "segments")).text

    manager.post(at(program, "segment_new"), {"name": "Buyers", "do": "save"})
    with scope(program=program):
        segments.change(program=program, key="buyers", tree=TREE, by=None, now=NOW)
    address = at(program, "segment_edit", "buyers")
    answer = manager.post(address, edited(manager, address, name="Who buys", do="save"))
    assert answer.status_code == 302
    page = text_of(manager.get(answer.url))
    assert "number of orders is at least 1" in page
    manager.post(at(program, "segment_act", "buyers", "publish"))

    assert inside(program, "buyers") == {"anna", "ben", "dina", "emil"}
    assert "Who buys" in text_of(manager.get(at(program, "segments")))
    assert "segment.publish" in audited(program)


def test_the_editor_counts_while_it_is_typed_in(program, manager):
    make(program)
    address = at(program, "segment_edit", "buyers")

    page = packed(manager.get(address))
    part = packed(manager.post(address, edited(manager, address, do="count"), headers=HTMX))

    assert "4of6members(66.7%)" in page
    assert "4of6members(66.7%)" in part
    assert "Putinforce" not in part


def test_what_makes_no_sense_is_refused_where_it_stands(program, manager):
    make(program)
    address = at(program, "segment_edit", "buyers")
    data = edited(manager, address, do="save", name="")

    answer = manager.post(address, data)

    assert answer.status_code == 422
    with scope(program=program):
        assert Segment.objects.get().name == "Buyers"


def test_an_analyst_reads_and_does_not_write(program):
    put_in_force(program)
    analyst = signed_in(hire(program, Role.ANALYST))

    assert analyst.get(at(program, "segment", "buyers")).status_code == 200
    assert analyst.post(at(program, "segment_act", "buyers", "archive")).status_code == 403


def test_the_file_has_the_members_and_contacts_for_managers_only(program, manager):
    put_in_force(program)
    analyst = signed_in(hire(program, Role.ANALYST))
    address = at(program, "segment_export", "buyers")

    mine, theirs = (b"".join(who.post(address).streaming_content).decode() for who in (manager, analyst))

    assert mine.count("\n") == theirs.count("\n") == 5
    assert "anna@example.com" in mine
    assert "anna@example.com" not in theirs
    assert audited(program).count("segment.export") == 2


def test_a_list_is_filled_by_a_file_and_says_what_was_not_found(program, manager):
    made = make(program, "Guests", {}, kind="list")
    number = b.find(program, "cora").number
    lines = f"anna@example.com\n{number}\nnobody@example.com\n\nANNA@example.com"

    answer = manager.post(at(program, "segment_act", made.key, "import"), {"lines": lines}, follow=True)

    assert inside(program, made.key) == {"anna", "cora"}
    assert "2membersarenewinthelist,of4lines." in packed(answer)
    assert "3:nobody@example.com" in packed(answer)
    assert "nobody" not in packed(manager.get(at(program, "segment", made.key)))


def test_a_list_takes_members_once_and_lets_them_go(program):
    made = make(program, "Guests", {}, kind="list")
    anna = b.find(program, "anna").pk

    assert [lists.add(program=program, key=made.key, members=[anna], now=NOW) for _ in range(2)] == [1, 0]
    assert [lists.remove(program=program, key=made.key, members=[anna], now=NOW) for _ in range(2)] == [1, 0]
    make(program)
    with pytest.raises(NoList):
        lists.add(program=program, key="buyers", members=[anna], now=NOW)


def test_segments_that_follow_a_list_are_looked_at(program):
    guests = make(program, "Guests", {}, kind="list")
    put_in_force(program, "Nested", {"field": "member.segments", "op": "has any", "value": [guests.key]})
    for _ in range(3):
        membership.refresh(program=program, now=NOW)

    lists.add(program=program, key=guests.key, members=[b.find(program, "anna").pk], now=NOW)
    membership.refresh(program=program, now=NOW)

    assert inside(program, "nested") == {"anna"}


def test_a_segment_never_asks_for_itself(program):
    put_in_force(program, "One")
    put_in_force(program, "Two", asks("one"))
    segments.change(program=program, key="one", tree=asks("two"), by=None, now=NOW)

    with pytest.raises(SegmentInvalid):
        segments.publish(program=program, key="one", by=None, now=NOW)


def test_what_is_used_is_not_archived(program):
    put_in_force(program, "One")
    put_in_force(program, "Two", asks("one"))

    with pytest.raises(SegmentUsed) as error:
        segments.archive(program=program, key="one", by=None, now=NOW)
    assert "Two" in str(error.value)
    segments.archive(program=program, key="two", by=None, now=NOW)
    segments.archive(program=program, key="one", by=None, now=NOW)

    with scope(program=program):
        assert not AudienceMember.objects.exists()


def asks(key):
    return {"field": "member.segments", "op": "has any", "value": [key]}


def test_what_takes_too_long_is_estimated_and_says_so(program, monkeypatch):
    with scope(program=program):
        condition = fields.parse(TREE)
    monkeypatch.setattr(sizes, "_hurry", lambda patience: take_too_long())

    size = sizes.measure(program=program, condition=condition, now=NOW)

    assert size.is_estimate
    assert size.low <= 4 <= size.high
    assert (size.number, size.total) == (4, 6)


def take_too_long():
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = '5ms'; SELECT pg_sleep(1)")


def test_the_interval_is_wilsons():
    assert sizes.wilson(0, 10) == pytest.approx((0, 0.2775), abs=1e-4)
    assert sizes.wilson(5, 10) == pytest.approx((0.2366, 0.7634), abs=1e-4)
