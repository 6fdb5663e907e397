"""A program from a preset: everything at once, an owner who keeps what is theirs, and nothing half made."""

from __future__ import annotations

import re
from io import StringIO

import pytest
from allauth.account.models import EmailAddress
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django_scopes import scope, scopes_disabled

from loyaltysite.presets import founding
from loyaltysite.presets.collection import PRESETS
from members.models import AuditEntry, Program, Role, TeamMembership, User
from rewards import catalogue
from rewards.models import Badge, EarningRule, Plan, ReferralScheme, Reward, Tier, Unit
from tests.rewards import builders as b

pytestmark = pytest.mark.django_db
NOW = b.moment("2026-01-01")
LANGUAGES = {"en", "ar", "he", "fa"}
every = pytest.mark.parametrize("preset", PRESETS.values(), ids=list(PRESETS))


def make(preset=PRESETS["dominos"], **values):
    given = {"slug": "mine", "name": "Mine", "owner": "olga@example.com", "by": None, "now": NOW} | values
    return founding.create(preset=preset, **given)


@every
def test_all_that_the_preset_says_is_there(preset):
    program = make(preset)

    with scope(program=program):
        for model, parts in (
            (Unit, preset.units), (EarningRule, preset.rules), (Tier, preset.tiers), (Reward, preset.rewards)
        ):  # fmt: skip
            assert set(model.objects.values_list("key", flat=True)) == {part.key for part in parts}
        assert set(Reward.objects.values_list("state", flat=True)) == {"live"}
        assert set(EarningRule.objects.values_list("state", flat=True)) <= {"live"}
        deeds = set(AuditEntry.objects.values_list("action", flat=True))
        assert set(Badge.objects.values_list("key", "state")) == {(one.key, "live") for one in preset.badges}
    assert {"program.create", "team.set_role", "reward.publish"} <= deeds
    assert {"unit.create", "rule.publish"} <= deeds or not preset.units
    assert TeamMembership.objects.get(program=program).role == Role.OWNER


@every
def test_every_text_of_the_program_is_in_four_languages(preset):
    texts = [unit.names for unit in preset.units] + [rule.names for rule in preset.rules]
    texts += [unit.stamp.names for unit in preset.units if unit.stamp]
    texts += [tier.names for tier in preset.tiers]
    texts += [one for tier in preset.tiers for one in tier.benefits if "kind" not in one]
    texts += [text for badge in preset.badges for text in (badge.names, badge.texts)]
    texts += [level.names for badge in preset.badges for level in badge.levels]
    texts += [text for each in preset.rewards for text in (each.names, each.summaries, each.terms)]

    texts += [text for each in preset.plans for text in (each.names, each.summaries, each.terms)]
    texts += [text for each in preset.causes for text in (each.names, each.stories)]
    texts += [text for each in preset.coupons for text in (each.names, each.terms)]

    assert {frozenset(text) for text in texts} == {frozenset(LANGUAGES)}
    assert all(words for text in texts for words in text.values())


@every
@pytest.mark.parametrize(("currency", "ten"), [("EUR", 1000), ("JPY", 10), ("KWD", 10_000)])
def test_amounts_have_the_digits_of_the_currency(preset, currency, ten):
    program = make(preset, currency=currency)

    with scope(program=program):
        found = {
            "dominos": lambda: (
                EarningRule.objects.get(key="order").versions.get().definition["minimum_minor"]
            ),
            "fruce": lambda: ten,
            "barnes-noble": lambda: 2 * Plan.objects.get(key="premium").price_minor // 5,
            "sephora": lambda: Reward.objects.get(key="ten-off").value_minor,
            "nike": lambda: Badge.objects.get(key="spend").definition["levels"][0]["target"] // 20,
            "marvel": lambda: ReferralScheme.objects.get().minimum_minor,
            "body-shop": lambda: 2 * Reward.objects.get(key="five-off").value_minor,
        }[preset.key]()
        thresholds = list(Tier.objects.order_by("rank").values_list("threshold", flat=True))
    assert found == ten
    in_points = [0, 2000, 6000]
    assert thresholds in ([], [0, 30 * ten], [0, 35 * ten, 100 * ten], in_points)


def test_rules_speak_the_main_language():
    program = make(languages=["ar", "en"])

    with scope(program=program):
        assert EarningRule.objects.get(key="tuesday").name == "٥ نقاط إضافية أيام الثلاثاء"
        assert catalogue.name_of(Reward.objects.get().names) == "Free pizza"


def test_somebody_new_gets_no_password():
    make(owner=" Olga@Example.com ")

    user = User.objects.get(email="olga@example.com")
    assert not user.has_usable_password()
    assert not EmailAddress.objects.get(user=user).verified


def test_a_person_who_is_here_keeps_the_password():
    user = User.objects.create_user("olga@example.com", "correct horse battery", name="Olga")

    program = make(owner="OLGA@example.com")

    user.refresh_from_db()
    assert user.check_password("correct horse battery")
    assert user.name == "Olga"
    assert TeamMembership.objects.get(program=program).user == user


def test_a_proven_second_address_is_the_same_person():
    user = User.objects.create_user("work@example.com")
    EmailAddress.objects.create(user=user, email="olga@example.com", verified=True)

    program = make()

    assert TeamMembership.objects.get(program=program).user == user
    assert User.objects.count() == 1


def test_a_taken_address_is_refused_and_says_so():
    make()

    with pytest.raises(founding.SlugTaken, match="mine"):
        make(PRESETS["fruce"], owner="nina@example.com")

    assert Program.objects.count() == 1
    assert not User.objects.filter(email="nina@example.com").exists()


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("slug", {"slug": "Mine"}),
        ("slug", {"slug": "mine-"}),
        ("slug", {"slug": "styleguide"}),
        ("slug", {"slug": "a" * 61}),
        ("name", {"name": " "}),
        ("currency", {"currency": "XYZ"}),
        ("time_zone", {"time_zone": "Mars/North"}),
        ("languages", {"languages": []}),
        ("languages", {"languages": ["de"]}),
        ("owner", {"owner": "olga"}),
    ],
)
def test_what_cannot_be_is_refused_at_its_field(field, values):
    with pytest.raises(founding.FoundingRefused) as refusal:
        make(**values)

    assert refusal.value.field == field
    assert not Program.objects.exists()
    assert not User.objects.exists()


def test_nothing_is_left_of_a_program_that_could_not_be_furnished(monkeypatch):
    def refuse(**_values):
        raise catalogue.RewardRefused

    monkeypatch.setattr(catalogue, "publish", refuse)

    with pytest.raises(catalogue.RewardRefused):
        make(PRESETS["sephora"])

    with scopes_disabled():
        assert not Program.objects.exists()
        assert not Unit.objects.exists()
        assert not AuditEntry.objects.exists()
    assert not User.objects.exists()


def run(*arguments):
    out = StringIO()
    call_command("create_program", *arguments, stdout=out)
    return out.getvalue()


def test_the_command_tells_what_was_made_and_what_comes_next():
    told = run("--preset", "fruce", "--owner", "olga@example.com", "--name", "Juice bar", "--currency", "gbp")

    program = Program.objects.get()
    assert (program.slug, program.name, program.currency) == ("stamp-card", "Juice bar", "GBP")
    for words in (
        "/dashboard/stamp-card/",
        "/till/stamp-card/",
        "/p/stamp-card/",
        "/accounts/password/reset/",
    ):
        assert words in told


def test_the_command_tells_what_is_not_there_yet():
    told = run("--preset", "sephora", "--owner", "olga@example.com")

    assert PRESETS["sephora"].open
    assert all(str(text) in told for text in PRESETS["sephora"].open)


def test_the_command_finds_a_free_address_and_refuses_a_taken_one():
    arguments = ["--preset", "fruce", "--owner", "olga@example.com"]
    run(*arguments)
    run(*arguments)

    with pytest.raises(CommandError, match="stamp-card"):
        run(*arguments, "--slug", "stamp-card")

    assert set(Program.objects.values_list("slug", flat=True)) == {"stamp-card", "stamp-card-2"}


def test_a_new_owner_sets_a_password_on_the_ordinary_page_and_is_in(client, mailoutbox):
    cache.clear()
    make(PRESETS["fruce"], slug="juice")

    client.post("/accounts/password/reset/", {"email": "olga@example.com"})
    link = re.search(r"/accounts/password/reset/key/\S+", mailoutbox[-1].body).group()
    form = client.get(link, follow=True)
    words = {"password1": "nine green pears", "password2": "nine green pears"}
    client.post(form.redirect_chain[-1][0], words)
    door = client.post("/accounts/login/", {"login": "olga@example.com", "password": "nine green pears"})
    before = client.get("/dashboard/juice/").status_code
    code = re.search(r"^[A-Z0-9-]{6,9}$", mailoutbox[-1].body, re.MULTILINE).group()
    client.post(door["Location"], {"code": code})

    assert before == 302  # the address is proven by a code first
    assert client.get("/dashboard/juice/").status_code == 200
    assert EmailAddress.objects.get(email="olga@example.com").verified
