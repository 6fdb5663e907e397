"""A coupon for each of many members: one code each, whatever dies or is sent twice, and none for whom it is no use."""

import pytest
from django_scopes import scope

from members import identities
from members.models import AuditEntry, Member, Role
from rewards import bulk, intake, tasks
from rewards.coupons import coupons, own
from rewards.coupons.refusals import CouponOver, NotUpYet
from rewards.models import BulkAction, BulkItem, Code, CodeBatch
from rewards.pools import pools
from rewards.pools.refusals import NotDrawnHere
from tests.members.api_shop import Shop
from tests.members.teams import as_staff, hire, list_of
from tests.rewards import builders as b
from tests.rewards import coupons as c

pytestmark = pytest.mark.django_db

NOW = b.moment("2026-03-01")
NAMES = ("anna", "ben", "cleo")


@pytest.fixture
def program():
    program = b.open_program()
    for name in NAMES:
        b.join(program, name)
    return program


@pytest.fixture
def owner(program):
    return hire(program)


def carry_out(program, action, by, *, chunks=100):
    bulk.confirm(program=program, action_id=action.pk, by=by, role=Role.OWNER, now=NOW)
    for _ in range(chunks):
        if not bulk.carry_on(program=program, action_id=action.pk, now=NOW):
            break
    with scope(program=program):
        return BulkAction.objects.get(pk=action.pk)


def own_codes(program, name):
    with scope(program=program):
        return [one.code for one in own.of(program=program, member=b.find(program, name), now=NOW)]


def use(program, name, code, number):
    item = b.order(number, "2026-03-01", 10_00, member=name, codes=(code,))
    return intake.record(program=program, items=[item], now=NOW)[0]


def test_each_gets_one_code_that_works_once_and_for_nobody_else(program, owner):
    action = c.prepare_gifts(program, owner)
    before = [own_codes(program, name) for name in NAMES]

    done = carry_out(program, action, owner)

    codes = {name: own_codes(program, name) for name in NAMES}
    assert before == [[], [], []]
    assert (done.state, done.done, done.refused) == ("done", 3, 0)
    assert [len(found) for found in codes.values()] == [1, 1, 1]
    assert use(program, "ben", codes["anna"][0], "A").code == "code_invalid"
    assert use(program, "anna", codes["anna"][0], "B").status == "recorded"
    assert use(program, "anna", codes["anna"][0], "C").code == "code_invalid"


def test_what_was_given_is_no_longer_free(program, owner):
    done = carry_out(program, c.prepare_gifts(program, owner), owner)

    with scope(program=program):
        batch = CodeBatch.objects.get()
        pool = pools.CodePool.objects.get(key="gift-pool")
        counts = pools.counts_of([pool])[pool.pk]
        audited = AuditEntry.objects.filter(action="codes.give", reason="thanks")
        assert (counts.total, counts.free, counts.given) == (3, 0, 3)
        assert set(audited.values_list("subject_id", flat=True)) == set(
            Member.objects.values_list("number", flat=True)
        )
    assert (batch.taken, batch.pk) == (3, done.terms["batch"])


@pytest.mark.parametrize("dies_after", [0, 1, 2])
def test_a_worker_that_dies_leaves_nobody_with_two(program, owner, monkeypatch, dies_after):
    monkeypatch.setattr(bulk, "CHUNK", 1)
    action = c.prepare_gifts(program, owner)
    bulk.confirm(program=program, action_id=action.pk, by=owner, role=Role.OWNER, now=NOW)
    for _ in range(dies_after):
        bulk.carry_on(program=program, action_id=action.pk, now=NOW)
    with monkeypatch.context() as broken:
        broken.setattr(bulk, "_settle", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            bulk.carry_on(program=program, action_id=action.pk, now=NOW)

    tasks.carry_out_bulk(action.pk)
    tasks.carry_out_bulk(action.pk)

    assert [len(own_codes(program, name)) for name in NAMES] == [1, 1, 1]
    with scope(program=program):
        assert CodeBatch.objects.get().taken == Code.objects.count() == 3


def test_who_has_it_used_it_up_is_blocked_or_acts_is_left_out(program, owner):
    c.put_up(program, "gift", pool=c.open_pool(program, "gift-pool").key, per_member=1)
    first = c.prepare_gifts(program, owner, members=[b.find(program, name).pk for name in ("anna", "ben")])
    carry_out(program, first, owner)
    use(program, "ben", own_codes(program, "ben")[0], "A")
    b.join(program, "dan")
    b.join(program, "eve")
    with scope(program=program):
        Member.objects.filter(pk=b.find(program, "dan").pk).update(state="blocked")
        identities.add(member=b.find(program, "eve"), kind="email", value=owner.email)

    action = c.prepare_gifts(program, owner)

    whys = {b.find(program, name).pk: name for name in (*NAMES, "dan", "eve")}
    with scope(program=program):
        found = {
            whys[item.member_id]: item.why
            for item in BulkItem.objects.filter(action=action, state="left_out")
        }
    assert found == {
        "anna": "has_coupon",
        "ben": "coupon_limit_reached",
        "dan": "member_not_active",
        "eve": "own_account",
    }
    assert action.total == 1


def test_two_that_were_prepared_together_give_one(program, owner):
    """What was looked at before is looked at again when it is given."""
    other = hire(program)
    first, second = c.prepare_gifts(program, owner), c.prepare_gifts(program, other)

    done = [carry_out(program, first, owner), carry_out(program, second, other)]

    assert [(each.done, each.refused) for each in done] == [(3, 0), (0, 3)]
    assert [len(own_codes(program, name)) for name in NAMES] == [1, 1, 1]


def test_an_address_learnt_after_the_preview_still_keeps_staff_from_their_own(program, owner):
    action = c.prepare_gifts(program, owner)
    with scope(program=program):
        identities.add(member=b.find(program, "anna"), kind="email", value=owner.email)

    done = carry_out(program, action, owner)

    assert (done.done, done.refused) == (2, 1)
    assert own_codes(program, "anna") == []


def test_a_coupon_that_ends_meanwhile_goes_to_nobody(program, owner):
    action, late = c.prepare_gifts(program, owner), c.prepare_gifts(program, owner)
    bulk.confirm(program=program, action_id=action.pk, by=owner, role=Role.OWNER, now=NOW)
    coupons.end(program=program, key="gift", by=None, now=NOW)

    tasks.carry_out_bulk(action.pk)

    with pytest.raises(CouponOver):
        bulk.confirm(program=program, action_id=late.pk, by=owner, role=Role.OWNER, now=NOW)
    with scope(program=program):
        done = BulkAction.objects.get(pk=action.pk)
        items = BulkItem.objects.filter(action=action)
        assert set(items.values_list("why", flat=True)) == {"coupon_over"}
        assert (done.done, done.refused) == (0, 3)
        assert not Code.objects.exists()


def test_cancelled_it_stops_and_what_was_given_stays(program, owner, monkeypatch):
    monkeypatch.setattr(bulk, "CHUNK", 1)
    action = c.prepare_gifts(program, owner)
    carry_out(program, action, owner, chunks=1)

    bulk.cancel(program=program, action_id=action.pk, by=owner, now=NOW)

    assert bulk.carry_on(program=program, action_id=action.pk, now=NOW) is False
    assert sorted(len(own_codes(program, name)) for name in NAMES) == [0, 0, 1]


@pytest.mark.parametrize(
    ("values", "refusal"), [({}, NotUpYet), ({"source": "foreign"}, NotDrawnHere)], ids=["draft", "brought"]
)
def test_what_cannot_be_given_is_refused_before(program, owner, values, refusal):
    pool = c.open_pool(program, "gift-pool", **values)
    given = {"kind": "percent", "percent": 10, "names": {"en": "Gift"}, "pool": pool.key}
    coupons.create(program=program, key="gift", by=None, now=NOW, **given)
    if values:
        coupons.publish(program=program, key="gift", by=None, now=NOW)

    with pytest.raises(refusal):
        c.prepare_gifts(program, owner)


def test_what_works_is_seen_beside_many_that_are_over(program, monkeypatch):
    monkeypatch.setattr(own, "SHOWN", 2)
    for key in ("spring", "summer"):
        c.put_up(program, key, pool=c.open_pool(program, f"{key}-pool").key)
    with scope(program=program):
        anna = b.find(program, "anna")
        for key in ("spring", "summer", "summer"):
            own.give(program=program, member=anna, coupon=key, by=None, now=NOW)
    coupons.end(program=program, key="summer", by=None, now=NOW)

    assert len(own_codes(program, "anna")) == 1


# --- pages ------------------------------------------------------------------------------------------------------------


def test_staff_see_it_before_and_the_members_after(program):
    c.put_up(program, "gift", pool=c.open_pool(program, "gift-pool").key)
    manager = as_staff(program, Role.MANAGER)
    listed = manager.get(list_of(program))
    url = f"{list_of(program)}bulk/new/?kind=coupon&all=1&coupon=gift"

    asked = manager.get(url)
    shown = manager.post(url, {"coupon": "gift", "reason": "thanks"}, follow=True)
    before = own_codes(program, "anna")
    started = manager.post(shown.request["PATH_INFO"] + "decide/", follow=True)

    assert 'value="coupon"' in listed.text
    assert '<option value="gift" selected>Gift</option>' in asked.text
    assert "10% off" in shown.text
    assert "3 members" in shown.text
    assert before == []
    assert "Finished" in started.text
    assert len(own_codes(program, "anna")) == 1


def test_without_a_coupon_there_is_nothing_to_give(program):
    manager = as_staff(program, Role.MANAGER)

    assert 'value="coupon"' not in manager.get(list_of(program)).text
    assert manager.get(f"{list_of(program)}bulk/new/?kind=coupon&all=1").status_code == 404


# --- API --------------------------------------------------------------------------------------------------------------


@pytest.fixture
def shop(program):
    c.put_up(program, "gift", pool=c.open_pool(program, "gift-pool").key)
    return Shop(program)


def test_over_the_api_it_is_prepared_started_once_and_watched(
    program, shop, django_capture_on_commit_callbacks
):
    ids = [b.find(program, name).pk for name in ("anna", "ben")]
    wish = {"coupon": "gift", "reason": "thanks", "members": ids}

    made = shop.post("coupon-gifts", wish, key="prepare").json()
    again = shop.post("coupon-gifts", wish, key="prepare").json()
    with django_capture_on_commit_callbacks(execute=True):
        started = shop.post(f"coupon-gifts/{made['id']}/start", {}, key="start")
        twice = shop.post(f"coupon-gifts/{made['id']}/start", {}, key="other")
        repeated = shop.post(f"coupon-gifts/{made['id']}/start", {}, key="start")
    seen = shop.get(f"coupon-gifts/{made['id']}").json()

    assert (made["state"], made["members"], again) == ("ready", 2, made)
    assert (started.status_code, repeated.content) == (200, started.content)
    assert (twice.status_code, twice.json()["code"]) == (409, "bulk_not_ready")
    assert (seen["state"], seen["given"], seen["left_out"]) == ("done", 2, [])
    assert [len(own_codes(program, name)) for name in NAMES] == [1, 1, 0]


@pytest.mark.parametrize(
    ("wish", "field"),
    [
        ({"members": [999_999]}, "members"),
        ({"narrowed": {"tier": "golden"}}, "narrowed.tier"),
        ({"narrowed": {"activity": "lapsed"}}, "narrowed.activity"),
        ({"coupon": "nothing"}, "coupon"),
    ],
)
def test_a_mistyped_wish_reaches_nobody(program, shop, wish, field):
    answer = shop.post("coupon-gifts", {"coupon": "gift", "reason": "thanks"} | wish)

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert answer.json()["field"] == field
    with scope(program=program):
        assert not BulkAction.objects.exists()


def test_over_the_api_it_is_narrowed_and_cancelled(program, shop, django_capture_on_commit_callbacks):
    with scope(program=program):
        Member.objects.filter(pk=b.find(program, "ben").pk).update(tags=["vip"])

    with django_capture_on_commit_callbacks(execute=True):
        wish = {"coupon": "gift", "reason": "thanks", "narrowed": {"tag": "vip"}}
        made = shop.post("coupon-gifts", wish).json()
    ready = shop.get(f"coupon-gifts/{made['id']}").json()
    ended = shop.post(f"coupon-gifts/{made['id']}/cancel", {}).json()

    assert (made["state"], ready["state"], ready["members"]) == ("gathering", "ready", 1)
    assert ended["state"] == "cancelled"
    assert shop.post(f"coupon-gifts/{made['id']}/start", {}).json()["code"] == "bulk_not_ready"
