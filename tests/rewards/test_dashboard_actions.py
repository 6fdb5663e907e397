"""What staff do on a member's page: roles, dialogs and pages, refusals by field, and the page that follows."""

import re

import pytest
from django.utils.html import strip_tags
from django_scopes import scope

from loyaltysite.kit import clock
from members import audit, deeds
from members.models import Member, Merge, Role
from rewards.models import PendingAdjustment
from rewards.views import doings
from tests.members.teams import as_staff, enrol, hire, home_of, list_of, signed_in
from tests.rewards import builders as b
from tests.rewards.couples import fresh, holds, merge

pytestmark = pytest.mark.django_db

HX = {"HX-Request": "true"}
KEY = "a" * 32
NAMES = {"names": {"en": {"one": "Star", "other": "Stars"}}}


@pytest.fixture
def program():
    return b.open_program(
        units={"points": NAMES},
        tiers={"base": (0, {}), "gold": (50_000, {})},
        adjust_limits={"manager": {"points": 100}},
    )


@pytest.fixture
def person(program):
    member = enrol(program, "amelia", name="Amelia Hart")
    b.record(program, b.order("A1", "2026-01-10", 5000, member="amelia"))
    return member


@pytest.fixture
def staff(program):
    return as_staff(program, Role.MANAGER)


def page_of(program, member):
    return f"{list_of(program)}{member.number}/"


def url(program, member, name):
    return f"{page_of(program, member)}do/{name}/"


def words(response):
    return re.sub(r"\s+", " ", strip_tags(response.text.split("<main", 1)[-1]))


def bare(text):
    """Without the tokens of forms, which differ each time."""
    return re.sub(r'value="[A-Za-z0-9]{64}"', "", text)


ADJUST = {"direction": "give", "amount": "30", "unit": "points", "reason": "a broken mug", "key": KEY}
FILLED = {
    "adjust": ADJUST,
    "tier": {"tier": "gold", "until": "", "reason": "a friend"},
    "block": {"reason": "fraud"},
    "close": {"balance": "forfeit", "reason": "asked for it", "key": KEY},
    "edit": {"name": "Amelia Holm", "language": "", "birthday": "1990-05-01"},
    "address": {"lines": "12 Harbour Lane", "postcode": "BS1 4RN", "city": "Bristol", "country": "GB"},
    "identity": {"kind": "card", "value": "AB 12"},
}


# --- each action ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FILLED)
def test_each_action_is_a_page_and_a_dialog_and_does_it(program, person, staff, name):
    here = url(program, person, name)

    page, dialog = staff.get(here), staff.get(here, headers=HX)
    done = staff.post(here, FILLED[name])

    assert (page.status_code, dialog.status_code) == (200, 200)
    assert "<main" in page.text
    assert dialog.text.lstrip().startswith("<dialog")
    assert done.status_code == 302
    assert done["Location"] == page_of(program, person)
    assert 'class="toast"' in staff.get(done["Location"]).text


@pytest.mark.parametrize("name", FILLED)
@pytest.mark.parametrize(("role", "status"), [(Role.ANALYST, 403), (Role.CASHIER, 403), (Role.OWNER, 302)])
def test_only_managers_and_owners_act(program, person, name, role, status):
    response = as_staff(program, role).post(url(program, person, name), FILLED[name])

    assert response.status_code == status


@pytest.mark.parametrize("name", FILLED)
def test_another_program_is_a_wall(program, person, name):
    stranger = as_staff(b.open_program())

    assert stranger.post(url(program, person, name), FILLED[name]).status_code == 404


@pytest.mark.parametrize(
    ("name", "missing", "field"),
    [
        ("adjust", {"reason": ""}, "reason"),
        ("adjust", {"amount": "1.5"}, "amount"),
        ("adjust", {"amount": "0"}, "amount"),
        ("tier", {"until": "2020-01-01"}, "until"),
        ("tier", {"tier": "base"}, "tier"),
        ("block", {"reason": ""}, "reason"),
        ("edit", {"birthday": "2090-01-01"}, "birthday"),
        ("address", {"city": ""}, "city"),
        ("address", {"lines": "x" * 101}, "lines"),
        ("identity", {"kind": "email", "value": "nobody"}, "value"),
        ("identity", {"kind": "email", "value": "ben@example.com"}, "value"),
    ],
)
@pytest.mark.parametrize("headers", [{}, HX])
def test_a_refusal_names_its_field(program, person, staff, name, missing, field, headers):
    enrol(program, "ben", name="Ben Ash")

    response = staff.post(url(program, person, name), FILLED[name] | missing, headers=headers)

    assert response.status_code == 422
    control = re.search(rf'<[^>]* id="act_{field}"[^>]*>', response.text)
    assert 'aria-invalid="true"' in control[0]
    assert "Ben Ash" not in response.text


def test_an_unknown_action_is_not_there(program, person, staff):
    assert staff.get(url(program, person, "promote")).status_code == 404


# --- what follows -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tab", ["", "?tab=orders", "?tab=changes"])
def test_after_a_dialog_the_page_equals_a_reload(program, person, staff, tab):
    here = f"http://testserver{page_of(program, person)}{tab}"

    answer = staff.post(url(program, person, "adjust"), ADJUST, headers=HX | {"HX-Current-URL": here})
    reload = staff.get(f"{page_of(program, person)}{tab}")

    assert (answer["HX-Retarget"], answer["HX-Reswap"]) == ("#person", "outerHTML")
    found = re.search(r'<div id="person">.*<div id="dialogs"></div>', reload.text, re.DOTALL)
    assert bare(found[0]) in bare(answer.text)
    assert "+30 Stars. The balance is 80 now." in words(answer)
    assert 'hx-swap-oob="true"' in answer.text


def test_the_form_is_made_with_a_key_and_sent_twice_acts_once(program, person, staff):
    key = re.search(r'name="key" value="([0-9a-f]{32})"', staff.get(url(program, person, "adjust")).text)[1]

    for _ in range(2):
        assert staff.post(url(program, person, "adjust"), ADJUST | {"key": key}).status_code == 302

    assert holds(program, person) == (80, 0, 0)


def test_digits_of_another_script_are_understood(program, person, staff):
    staff.post(url(program, person, "adjust"), ADJUST | {"amount": "۳۰", "direction": "take"})

    assert holds(program, person) == (20, 0, 0)


def test_more_than_there_is_is_refused(program, person, staff):
    response = staff.post(url(program, person, "adjust"), ADJUST | {"amount": "60", "direction": "take"})

    assert response.status_code == 422
    assert "10 more are needed" in words(response)


def test_a_tier_for_good_has_no_end_on_the_page(program, person, staff):
    staff.post(url(program, person, "tier"), FILLED["tier"])

    text = words(staff.get(page_of(program, person)))

    assert "Set by staff." in text
    assert "without end" in text
    assert "999" not in text
    assert "End the tier set by staff" in text


def test_a_tier_set_by_staff_ends_before_its_time(program, person, staff):
    staff.post(url(program, person, "tier"), FILLED["tier"])

    done = staff.post(url(program, person, "tier-end"), {"reason": "enough"})

    assert done.status_code == 302
    assert "End the tier set by staff" not in words(staff.get(page_of(program, person)))


def test_blocked_and_closed_can_be_taken_back(program, person, staff):
    for name, state in (
        ("block", "blocked"),
        ("unblock", "active"),
        ("close", "closed"),
        ("reopen", "active"),
    ):
        given = FILLED["close"] if name == "close" else {"reason": "because"}
        assert staff.post(url(program, person, name), given).status_code == 302
        assert fresh(person).state == state


def test_an_identity_is_removed_and_the_last_is_not(program, person, staff):
    staff.post(url(program, person, "identity"), FILLED["identity"])
    with scope(program=program):
        card, mail = (person.identities.get(kind=kind).pk for kind in ("card", "email"))
    here = url(program, person, "identity-remove")

    removed = staff.post(f"{here}?identity={card}", {"yes": "1"})
    refused = staff.post(f"{here}?identity={mail}", {"yes": "1"})

    assert (removed.status_code, refused.status_code) == (302, 422)
    assert "This is the last way to find the member" in words(refused)


def test_analysts_see_no_actions(program, person):
    text = as_staff(program, Role.ANALYST).get(page_of(program, person)).text

    assert "/do/" not in text
    assert "/merge/" not in text


def test_what_staff_did_stands_on_its_own_tab(program, person, staff):
    staff.post(url(program, person, "adjust"), ADJUST)

    text = words(staff.get(f"{page_of(program, person)}?tab=changes"))

    assert "Balance adjusted +30 Stars a broken mug" in text


def test_a_look_at_the_till_is_no_change(program, person, staff):
    with scope(program=program):
        audit.record(
            program=program, actor=None, action="till.find", subject="member", subject_id=person.number, now=clock.now()
        )  # fmt: skip
    staff.post(f"{page_of(program, person)}tags/", {"tags": "press"})

    text = words(staff.get(f"{page_of(program, person)}?tab=changes"))

    assert "Tags changed" in text
    assert "till.find" not in text


@pytest.mark.parametrize(
    "action",
    [
        deed
        for deed in deeds.DEEDS
        if deed.startswith(("member.", "identity.", "note.", "points.", "till."))
        or deed in ("tier.set", "tier.end")
    ],
)
def test_what_is_done_with_a_member_has_a_name(action):
    assert action in doings.ACTIONS or action in doings.LOOKS


# --- approvals --------------------------------------------------------------------------------------------------------


@pytest.fixture
def waiting(program, person):
    asker = hire(program, Role.MANAGER)
    signed_in(asker).post(url(program, person, "adjust"), ADJUST | {"amount": "500"})
    with scope(program=program):
        return PendingAdjustment.objects.get()


def decision(program, waiting, word):
    return f"{home_of(program)}approvals/{waiting.pk}/{word}/"


def test_above_the_limit_the_page_says_it_waits(program, person, waiting, staff):
    text = words(staff.get(page_of(program, person)))

    assert "+500 Stars, asked for by" in text
    assert "waits for a second person" in text
    assert holds(program, person) == (50, 0, 0)


@pytest.mark.parametrize("headers", [{}, HX])
def test_a_second_person_approves(program, person, waiting, staff, headers):
    response = staff.post(decision(program, waiting, "approve"), headers=headers)

    assert response.status_code == (200 if headers else 302)
    assert holds(program, person) == (550, 0, 0)


def test_a_refusal_needs_a_reason(program, person, waiting, staff):
    without = staff.post(decision(program, waiting, "refuse"), {"reason": ""})
    with_reason = staff.post(decision(program, waiting, "refuse"), {"reason": "too much"})

    assert (without.status_code, with_reason.status_code) == (422, 302)
    assert "Give a reason." in words(without)
    assert "too much" in words(staff.get(f"{home_of(program)}approvals/"))


def test_who_asked_cannot_decide_and_is_told(program, person, waiting):
    client = signed_in(waiting.asked_by)

    page = client.get(f"{home_of(program)}approvals/")
    response = client.post(decision(program, waiting, "approve"))

    assert "You asked for this. Somebody else decides." in words(page)
    assert "/approve/" not in page.text
    assert response.status_code == 422
    assert holds(program, person) == (50, 0, 0)


@pytest.mark.parametrize("word", ["approve", "refuse"])
def test_roles_and_programs_at_the_door_of_approvals(program, waiting, word):
    here = decision(program, waiting, word)
    other = b.open_program()

    assert as_staff(program, Role.ANALYST).post(here).status_code == 403
    assert as_staff(program, Role.ANALYST).get(f"{home_of(program)}approvals/").status_code == 200
    assert as_staff(program, Role.CASHIER).get(f"{home_of(program)}approvals/").status_code == 403
    assert (
        as_staff(other).post(f"{home_of(other)}approvals/{waiting.pk}/{word}/", {"reason": "x"}).status_code
        == 404
    )
    assert as_staff(program).get(here).status_code == 405


# --- merge ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def twin(program, person):
    member = enrol(program, "ahart", name="Amelia Hart")
    b.record(program, b.order("H1", "2026-01-11", 4000, member="ahart"))
    return member


def merge_url(program, member, other=None):
    return f"{page_of(program, member)}merge/" + (f"?other={other.number}" if other else "")


def test_those_of_the_same_name_are_offered_and_others_found(program, person, twin, staff):
    enrol(program, "ben", name="Ben Ash")

    guess = staff.get(merge_url(program, person))
    found = staff.get(merge_url(program, person) + "?q=ben@example.com", headers=HX)

    assert f"?other={twin.number}" in guess.text
    assert f"?other={person.number}" not in guess.text
    assert "Ben Ash" in found.text
    assert "<main" not in found.text


def test_both_are_seen_side_by_side_before_anything_is_done(program, person, twin, staff):
    text = words(staff.get(merge_url(program, person, twin)))

    assert "amelia@example.com" in text
    assert "ahart@example.com" in text
    assert "50 Stars" in text
    assert "40 Stars" in text
    assert "90 Stars" in text
    assert fresh(twin).merged_into_id is None


def test_merge_and_undo_on_the_pages(program, person, twin, staff):
    given = {"other": twin.number, "reason": "the same person", "key": KEY}

    done = staff.post(merge_url(program, person), given)
    with scope(program=program):
        made = Merge.objects.get()
    undo = f"{page_of(program, person)}merges/{made.pk}/"
    b.spend(program, 70, "2026-11-20", member="amelia")
    seen = words(staff.get(undo))
    undone = staff.post(undo, {"bearing": "shop", "reason": "two after all", "key": "b" * 32})

    assert (done.status_code, undone.status_code) == (302, 302)
    assert "Amelia Hart used 20 Stars that were the other one’s." in seen
    assert "The shop gives 20 Stars." in seen
    assert (holds(program, person), holds(program, twin)) == ((0, 0, 0), (40, 0, 0))


def test_the_page_of_the_gone_one_leads_to_the_kept_one(program, person, twin, staff):
    merge(program, "2026-02-01", kept=person, gone=twin)

    page = staff.get(page_of(program, twin))

    assert "Merged into Amelia Hart" in words(page)
    assert page_of(program, person) in page.text
    assert "/do/" not in page.text
    assert staff.post(url(program, twin, "block"), {"reason": "no"}).status_code == 422


def test_what_cannot_be_merged_is_told_without_a_form(program, person, twin, staff):
    with scope(program=program):
        Member.objects.filter(pk=twin.pk).update(state="blocked")

    response = staff.get(merge_url(program, person, twin))

    assert "Both must be active" in words(response)
    assert 'name="reason"' not in response.text


@pytest.mark.parametrize("role", [Role.ANALYST, Role.CASHIER])
def test_only_managers_merge(program, person, twin, role):
    made = merge(program, "2026-02-01", kept=person, gone=twin)
    client = as_staff(program, role)

    assert client.get(merge_url(program, person)).status_code == 403
    assert client.get(f"{page_of(program, person)}merges/{made.pk}/").status_code == 403


def test_another_programs_members_and_merges_are_not_there(program, person, twin):
    made = merge(program, "2026-02-01", kept=person, gone=twin)
    other = b.open_program()
    mine = enrol(other, "mine", name="Mine")
    client = as_staff(other)

    assert client.get(merge_url(program, person)).status_code == 404
    assert client.get(f"{page_of(other, mine)}merges/{made.pk}/").status_code == 404
    # A number of another program is as unknown as any.
    assert "After the merge" not in words(client.get(merge_url(other, mine, twin)))
