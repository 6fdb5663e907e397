"""The pages of tiers: read, edited row by row, previewed, saved with a reason, re-graded."""

import re
from dataclasses import replace
from datetime import date

import pytest
from django_scopes import scope

from members.models import AuditEntry, Role
from rewards.models import Tier
from rewards.tiers import editing, standings
from tests.members.teams import as_staff, enrol, hire
from tests.rewards.builders import find, moment, open_program, order, record

pytestmark = pytest.mark.django_db

HX = {"HX-Request": "true"}
TIERS = {"base": (0, {}), "silver": (20_000, {}), "gold": (50_000, {"points": "3/2"})}


@pytest.fixture
def program():
    program = open_program(
        currency="GBP", tiers=TIERS, scheme={"window": "lifetime"},
        units={"points": {"names": {"en": {"one": "Star", "other": "Stars"}}}}, languages=["en", "ar"],
    )  # fmt: skip
    for key in TIERS:
        with scope(program=program):
            Tier.objects.filter(key=key).update(names={"en": key.title(), "he": "x"})
    enrol(program, "anna", name="Anna Berg")
    record(program, order("1", "2026-01-10", 30_000, currency="GBP"))
    return program


def tiers_of(program, rest=""):
    return f"/dashboard/{program.slug}/tiers/{rest}"


def typed(program, **changes):
    """The form as it comes: thresholds in pounds by key."""
    draft = editing.read(program)
    fields = {
        "counted": "spend",
        "window": "lifetime",
        "months": "12",
        "review": "to_earned",
        "grace_days": "0",
    }
    for place, tier in enumerate(draft.tiers):
        fields |= {
            f"tier-{place}-id": tier.id,
            f"tier-{place}-key": tier.key,
            f"tier-{place}-name_en": tier.names["en"],
            f"tier-{place}-threshold": f"{tier.threshold / 100:.2f}",
            f"tier-{place}-factor_points": "1.5" if tier.multipliers else "",
        }
    return fields | {"seen": draft.digest} | changes


def post(program, client=None, **changes):
    return (client or as_staff(program, Role.MANAGER)).post(
        tiers_of(program, "change/"), typed(program, **changes)
    )


def previewed(response):
    return re.search(r'name="previewed" value="(\w+)"', response.text)[1]


def thresholds(program):
    return {tier.key: tier.threshold for tier in editing.read(program).tiers}


def tier_of(program, name="anna"):
    member = find(program, name)
    found = standings.load(program=program, member_ids=[member.pk])[member.pk].level_at(moment("2030-01-01"))
    return found.key


def test_it_tells_the_tiers_in_words(program):
    page = as_staff(program, Role.ANALYST).get(tiers_of(program)).text

    assert "Net spend counts over the whole membership. A tier has no end." in page
    assert "£200" in page
    assert "×\N{NO-BREAK SPACE}1.5" in page
    assert "tiers/change/" not in page


def test_a_preview_shows_who_would_move_and_saves_nothing(program):
    response = post(program, do="preview", **{"tier-1-threshold": "400"})

    assert response.status_code == 200
    assert re.search(r'id="down"><bdi[^>]*>1</bdi>', response.text)
    assert "Anna Berg" in response.text
    assert thresholds(program)["silver"] == 20_000


def test_what_was_previewed_is_saved_with_a_reason(program):
    change = {"tier-1-threshold": "400"}
    seen = previewed(post(program, do="preview", **change))

    response = post(program, do="save", previewed=seen, reason="Rarer", **change)

    assert response["Location"] == tiers_of(program)
    assert thresholds(program)["silver"] == 40_000
    assert tier_of(program) == "silver"
    with scope(program=program):
        assert AuditEntry.objects.get(action="tier.change").reason == "Rarer"


def test_a_regrade_moves_members(program, django_capture_on_commit_callbacks):
    change = {"tier-1-threshold": "400"}
    seen = previewed(post(program, do="preview", **change))

    with django_capture_on_commit_callbacks(execute=True):
        post(program, do="regrade", previewed=seen, reason="Rarer", **change)

    assert tier_of(program) == "base"
    with scope(program=program):
        assert AuditEntry.objects.get(action="tier.regrade").after == {"up": 0, "down": 1}


def test_what_changed_after_the_preview_is_shown_before_it_is_saved(program):
    seen = previewed(post(program, do="preview"))

    response = post(program, do="save", previewed=seen, reason="Rarer", **{"tier-1-threshold": "400"})

    assert "The form changed after the last look" in response.text
    assert thresholds(program)["silver"] == 20_000


def test_without_a_reason_nothing_is_saved(program):
    change = {"tier-1-threshold": "400"}
    seen = previewed(post(program, do="preview", **change))

    response = post(program, do="save", previewed=seen, reason=" ", **change)

    assert response.status_code == 422
    assert "id_reason_note" in response.text
    assert previewed(response) == seen
    assert thresholds(program)["silver"] == 20_000


def test_a_row_is_added_and_removed_and_what_was_typed_stays(program):
    added = post(program, do="add", **{"tier-1-threshold": "401"})
    removed = post(program, do="remove-2", **{"tier-1-threshold": "401"})

    assert added.text.count("<fieldset") == removed.text.count("<fieldset") + 2
    for page in (added, removed):
        assert page.status_code == 200
        assert 'value="401"' in page.text
        assert 'class="err"' not in page.text
    assert len(thresholds(program)) == 3


def test_a_new_tier_gets_a_key_of_its_name(program):
    row = {"tier-3-name_en": "Gold Plus", "tier-3-name_ar": "ذهب", "tier-3-threshold": "900.50",
           "tier-3-factor_points": "5/2", "tier-3-benefits_en": "Free shipping\nEarly access",
           "tier-3-benefits_ar": "شحن مجاني"}  # fmt: skip
    seen = previewed(post(program, do="preview", **row))

    post(program, do="save", previewed=seen, reason="More", **row)

    tier = editing.read(program).tiers[3]
    assert (tier.key, tier.threshold, tier.multipliers) == ("gold-plus", 90_050, {"points": "5/2"})
    assert tier.benefits == [{"en": "Free shipping", "ar": "شحن مجاني"}, {"en": "Early access"}]


def test_what_the_form_does_not_show_is_kept(program):
    seen = previewed(post(program, do="preview", **{"tier-2-name_en": "Golden"}))

    post(program, do="save", previewed=seen, reason="Nicer", **{"tier-2-name_en": "Golden"})

    assert editing.read(program).tiers[2].names == {"en": "Golden", "he": "x"}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("tier-1-threshold", ""),
        ("tier-1-threshold", "-1"),
        ("tier-1-threshold", "200.005"),
        ("tier-1-name_en", ""),
        ("tier-2-factor_points", "much"),
        ("tier-2-factor_points", "0"),
        ("grace_days", "-1"),
        ("review", "never"),
    ],
)
def test_what_cannot_be_is_refused_at_its_field(program, field, value):
    response = post(program, do="preview", **{field: value})

    assert response.status_code == 422
    assert f'aria-describedby="id_{field}_note"' in response.text


def test_equal_thresholds_are_refused(program):
    response = post(program, do="preview", **{"tier-1-threshold": "500"})

    assert response.status_code == 422
    assert "Each tier begins higher than the one before it." in response.text


def test_a_tier_with_members_cannot_be_removed(program):
    page = as_staff(program).get(tiers_of(program, "change/")).text
    assert "Stays: members are or were in it" in page
    assert page.count('value="remove-') == 2
    fields = {name: value for name, value in typed(program).items() if not name.startswith("tier-1-")}

    response = as_staff(program).post(tiers_of(program, "change/"), fields | {"do": "preview"})

    assert response.status_code == 422
    assert "Silver cannot be removed" in response.text


def test_somebody_elses_change_is_not_written_over(program):
    mine = typed(program, do="preview")
    seen = previewed(as_staff(program).post(tiers_of(program, "change/"), mine))
    other = previewed(post(program, do="preview", **{"tier-2-threshold": "700"}))
    post(program, do="save", previewed=other, reason="First", **{"tier-2-threshold": "700"})

    response = as_staff(program).post(
        tiers_of(program, "change/"), mine | {"do": "save", "previewed": seen, "reason": "Second"}
    )

    assert response.status_code == 422
    assert "Somebody else changed the tiers" in response.text
    assert thresholds(program)["gold"] == 70_000


def test_a_fragment_is_the_form_alone_and_saving_leads_the_page_away(program):
    client = as_staff(program)
    fragment = client.post(tiers_of(program, "change/"), typed(program, do="preview"), headers=HX)
    saved = client.post(
        tiers_of(program, "change/"),
        typed(program, do="save", previewed=previewed(fragment), reason="Same"),
        headers=HX,
    )

    assert fragment.text.strip().startswith("<form")
    assert saved["HX-Redirect"] == tiers_of(program)


def test_tiers_given_by_staff_are_listed(program):
    with scope(program=program):
        gold = Tier.objects.get(key="gold")
    standings.set_manual(
        program=program, member=find(program, "anna"), tier=gold, reason="A kind guest", by=hire(program, name="Layla"),
        until=date(2040, 12, 31), now=moment("2026-11-01"),
    )  # fmt: skip

    page = as_staff(program, Role.ANALYST).get(tiers_of(program)).text

    assert "Anna Berg" in page
    assert "A kind guest" in page
    assert "1 Jan 2041" not in page
    assert "31 Dec 2040" in page


def test_a_program_without_tiers_begins_with_two_rows():
    bare = open_program()
    client = as_staff(bare)

    assert "No tiers yet" in client.get(tiers_of(bare)).text
    page = client.get(tiers_of(bare, "change/")).text
    assert page.count("<fieldset") == 2
    fields = {
        "counted": "orders", "window": "rolling", "months": "6", "review": "keep", "grace_days": "0", "seen": "",
        "tier-0-name_en": "Friend", "tier-0-threshold": "0", "tier-1-name_en": "Family", "tier-1-threshold": "5",
    }  # fmt: skip
    seen = previewed(client.post(tiers_of(bare, "change/"), fields | {"do": "preview"}))

    client.post(tiers_of(bare, "change/"), fields | {"do": "save", "previewed": seen, "reason": "Begin"})

    assert thresholds(bare) == {"friend": 0, "family": 5}


@pytest.mark.parametrize("role", [Role.ANALYST, Role.CASHIER])
def test_only_managers_change_them(program, role):
    client = as_staff(program, role)

    assert client.get(tiers_of(program, "change/")).status_code == 403
    assert post(program, client, do="preview").status_code == 403


def test_another_program_is_not_there(program):
    stranger = as_staff(open_program())

    assert stranger.get(tiers_of(program)).status_code == 404
    assert stranger.post(tiers_of(program, "change/"), typed(program, do="preview")).status_code == 404


def test_a_tier_of_another_program_is_not_taken(program):
    other = open_program(tiers={"alien": (0, {})})
    draft = editing.read(program)
    theirs = editing.read(other).tiers[0]

    with pytest.raises(editing.TiersChanged):
        editing.save(
            program=program, draft=replace(draft, tiers=(*draft.tiers, replace(theirs, key="x", threshold=90_000))),
            seen=draft.digest, reason="Mine", by=None, now=moment("2026-11-01"),
        )  # fmt: skip

    assert editing.read(other).tiers == (theirs,)
    assert list(thresholds(program)) == ["base", "silver", "gold"]


def test_tiers_by_customer_value_are_weighed_by_the_merchant(program):
    manager = as_staff(program, Role.MANAGER)
    value = {
        "counted": "value",
        "weight_historic": "50",
        "weight_predicted": "100",
        "weight_retention": "",
        "weight_upgrade": "10",
    }

    nothing = post(
        program,
        manager,
        **value | dict.fromkeys(("weight_historic", "weight_predicted", "weight_upgrade"), "0"),
        do="preview",
    )
    shown = post(program, manager, **value, do="preview")
    post(program, manager, **value, do="save", previewed=previewed(shown), reason="by value")
    page = manager.get(tiers_of(program))

    assert "Give at least one part of the value a weight." in nothing.text
    draft = editing.read(program)
    assert (draft.counted, draft.weights) == (
        "value",
        {"historic": 50, "predicted": 100, "retention": 0, "upgrade": 10},
    )
    assert (
        "Customer value counts: 50% of the value up to now + 100% of the value of the coming year"
        in page.text
    )
