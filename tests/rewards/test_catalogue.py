"""The catalogue as staff work on it (SEMANTICS 38 to 40)."""

from __future__ import annotations

import io

import pytest
from django.db import IntegrityError, transaction
from django_scopes import scope
from PIL import Image

from loyaltysite.kit.errors import DomainError
from members.models import AuditEntry, Role
from rewards import catalogue, redemptions
from rewards.models import Reward, RewardPicture
from tests.members.teams import as_staff
from tests.rewards import builders as b
from tests.rewards.catalogue import draft, put_up

pytestmark = pytest.mark.django_db
NOW = b.moment("2026-03-01")


@pytest.fixture
def program():
    return b.open_program(stores=["WHITBY"])


def picture(size=(80, 60)):
    file = io.BytesIO()
    Image.new("RGB", size, "teal").save(file, "PNG")
    file.seek(0)
    file.name = "mug.png"
    return file


def form(**values):
    given = {
        "do": "save",
        "key": "mug",
        "kind": "product",
        "name_en": "Lighthouse mug",
        "summary_en": "Thrown in Whitby",
        "price_points": "1500",
        "per_period": "ever",
        "handover": "till",
        "hold_minutes": "20",
        "eligibility.join": "all",
    }
    return given | values


def test_a_reward_is_made_put_up_and_ended_each_step_audited(program):
    client = as_staff(program, Role.MANAGER)
    base = f"/dashboard/{program.slug}/rewards/"

    made = client.post(base + "new/", form(stock="12", money_minor="2.50", starts_on="2026-03-01"))
    up = client.post(base + "mug/move/", {"to": "live"})
    down = client.post(base + "mug/move/", {"to": "ended"})

    assert (made.status_code, made["Location"]) == (302, base + "mug/")
    assert (up.status_code, down.status_code) == (302, 302)
    with scope(program=program):
        reward = Reward.objects.get()
        actions = list(
            AuditEntry.objects.filter(subject="reward").order_by("pk").values_list("action", flat=True)
        )
    assert reward.price == {"points": 1500}
    assert (reward.stock, reward.money_minor, reward.hold_minutes, reward.state) == (12, 250, 20, "ended")
    assert reward.starts_at == b.moment("2026-03-01T00:00")
    assert actions == ["reward.create", "reward.publish", "reward.end"]


def test_the_editor_names_the_field_that_is_wrong_and_keeps_what_was_typed(program):
    client = as_staff(program, Role.MANAGER)

    answer = client.post(
        f"/dashboard/{program.slug}/rewards/new/", form(name_en="", price_points="1.5", per_member="0")
    )

    assert answer.status_code == 422
    errors = answer.context["form"].errors
    assert set(errors) == {"name_en", "price_points", "per_member"}
    assert b"Thrown in Whitby" in answer.content
    with scope(program=program):
        assert not Reward.objects.exists()


def test_the_preview_draws_what_is_typed_and_saves_nothing(program):
    client = as_staff(program, Role.MANAGER)

    answer = client.post(
        f"/dashboard/{program.slug}/rewards/new/",
        form(do="say", name_en="", price_points="200"),
        headers={"HX-Request": "true", "HX-Target": "preview"},
    )

    text = answer.content.decode()
    assert answer.status_code == 200
    assert "Thrown in Whitby" in text
    assert "200" in text
    assert "<html" not in text
    with scope(program=program):
        assert not Reward.objects.exists()


def test_conditions_are_kept_and_told_in_words(program):
    client = as_staff(program, Role.MANAGER)
    tree = {"field": "member.tags", "op": "has any", "value": ["vip"]}

    draft(program, eligibility=tree)
    page = client.get(f"/dashboard/{program.slug}/rewards/mug/")
    editor = client.get(f"/dashboard/{program.slug}/rewards/mug/edit/")

    assert "vip" in page.content.decode()
    assert editor.context["editing"].trees["eligibility"].shown.children[0].field == "member.tags"


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"names": {}}, "name_en"),
        ({"price": {"stars": 5}}, "price"),
        ({"price": {"points": 0}}, "price_points"),
        ({"price": {"points": 1.5}}, "price_points"),
        ({"price": {}}, "per_member"),
        ({"kind": "amount"}, "value_minor"),
        ({"kind": "percent"}, "percent"),
        ({"kind": "percent", "percent": 101}, "percent"),
        ({"percent": 5}, "percent"),
        ({"stock": -1}, "stock"),
        ({"stores": ["NOWHERE"]}, "stores"),
        ({"hold_minutes": 0}, "hold_minutes"),
        ({"eligibility": {"field": "order.total", "op": ">", "value": 1}}, "eligibility"),
        ({"starts_at": NOW, "ends_at": NOW}, "ends_on"),
    ],
)
def test_what_cannot_be_is_refused_with_its_field(program, values, field):
    with pytest.raises(catalogue.RewardRefused) as refused:
        draft(program, **values)

    assert refused.value.field == field


def test_a_key_is_taken_once(program):
    draft(program)

    with pytest.raises(catalogue.RewardKeyTaken):
        draft(program)


def test_who_looked_at_an_older_state_does_not_overwrite_the_newer(program):
    draft(program)
    catalogue.change(program=program, key="mug", by=None, now=NOW, revision=1, stock=5)

    with pytest.raises(catalogue.RewardChanged):
        catalogue.change(program=program, key="mug", by=None, now=NOW, revision=1, stock=9)

    repeat = catalogue.change(program=program, key="mug", by=None, now=NOW, revision=1, stock=5)
    assert repeat.stock == 5


def test_what_has_ended_stays_ended(program):
    put_up(program)
    catalogue.end(program=program, key="mug", by=None, now=NOW)

    for move in (catalogue.publish, lambda **given: catalogue.change(stock=1, **given)):
        with pytest.raises(catalogue.RewardOver):
            move(program=program, key="mug", by=None, now=NOW)


def test_what_is_up_without_a_limit_gets_none(program):
    put_up(program)

    with pytest.raises(catalogue.StockFixed):
        catalogue.change(program=program, key="mug", by=None, now=NOW, stock=5)


def test_what_is_taken_is_counted_with_a_stock_and_without(program):
    b.record(program, b.order("A", "2026-01-10", 500_00))
    put_up(program)
    put_up(program, "cup", stock=5)
    anna = b.find(program, "anna")
    for number, key in enumerate(("mug", "mug", "cup")):
        held = redemptions.reserve(program=program, member=anna, reward=key, key=str(number), now=NOW)
    redemptions.release(program=program, redemption_id=held.pk, now=NOW)

    with scope(program=program):
        rewards = list(Reward.objects.order_by("pk"))
        assert catalogue.taken_of(rewards) == {rewards[0].pk: 2, rewards[1].pk: 0}


def test_the_database_itself_keeps_the_stock(program):
    reward = put_up(program, stock=2)

    with scope(program=program), pytest.raises(IntegrityError), transaction.atomic():
        Reward.objects.filter(pk=reward.pk).update(taken=3)


def test_a_picture_is_written_anew_and_shown_under_its_digest(program, client):
    draft(program)
    staff = as_staff(program, Role.MANAGER)

    staff.post(f"/dashboard/{program.slug}/rewards/mug/picture/", {"picture": picture()})
    with scope(program=program):
        reward = Reward.objects.get()
    shown = client.get(f"/p/{program.slug}/pictures/{reward.picture_digest}/")
    staff.post(f"/dashboard/{program.slug}/rewards/mug/picture/", {"remove": "1"})

    assert shown.status_code == 200
    assert shown["Content-Type"] == "image/webp"
    assert shown.content[:4] == b"RIFF"
    with scope(program=program):
        assert not RewardPicture.objects.exists()


def test_what_is_no_picture_is_refused_at_its_field(program):
    draft(program)
    file = io.BytesIO(b"<svg/>")
    file.name = "x.png"

    answer = as_staff(program, Role.MANAGER).post(
        f"/dashboard/{program.slug}/rewards/mug/picture/", {"picture": file}
    )

    assert answer.status_code == 422
    assert answer.context["picture_form"].errors["picture"]


def test_the_list_takes_as_many_statements_for_many_as_for_one(program, django_assert_num_queries):
    client = as_staff(program, Role.ANALYST)
    draft(program)
    client.get(f"/dashboard/{program.slug}/rewards/")
    for number in range(5):
        put_up(program, f"gift-{number}")

    with django_assert_num_queries(5):
        answer = client.get(f"/dashboard/{program.slug}/rewards/")

    assert [row["reward"].state for row in answer.context["rows"]] == ["live"] * 5 + ["draft"]


def test_errors_have_stable_codes():
    found = {
        error.code for error in (catalogue.RewardKeyTaken, catalogue.RewardRefused, catalogue.RewardOver)
    }

    assert found == {"reward_key_taken", "reward_refused", "reward_over"}
    assert issubclass(catalogue.RewardChanged, DomainError)
