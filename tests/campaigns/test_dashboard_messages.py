"""The pages of messages: written, published, seen before anybody gets it, and explained afterwards."""

from __future__ import annotations

import pytest
from django_scopes import scope

from campaigns.messages import sending
from campaigns.models import Control, Manners, Message, Provider, Suppression, Template
from members.models import AuditEntry, Role
from tests.campaigns import letters
from tests.campaigns.letters import NOON
from tests.members.teams import as_staff
from tests.rewards import builders as b


@pytest.fixture
def program(db):
    made = b.open_program(languages=["en", "ar"])
    letters.behave(made, site="https://shop.example")
    return made


@pytest.fixture
def anna(program):
    return letters.join(program, "anna")


@pytest.fixture
def owner(program):
    return as_staff(program)


def at(program, path=""):
    return f"/dashboard/{program.slug}/messages/{path}"


def words(**changes):
    about = {"name": "Welcome", "kind": "marketing", "topic": "offers", "edition": "1"}
    return (
        about
        | {"say-subject": "Hi {{ member.first_name }}", "say-html": "<p>Good {{ now.part }}</p>"}
        | changes
    )


def make(owner, program):
    owner.post(at(program, "templates/new/"), {"name": "Welcome", "kind": "marketing", "topic": "offers"})
    with scope(program=program):
        return Template.objects.get()


def kept(program):
    with scope(program=program):
        return Template.objects.select_related("live").get()


def test_a_template_is_made_written_seen_and_published(program, owner, anna):
    made = make(owner, program)
    page = at(program, f"templates/{made.pk}/")

    saved = owner.post(f"{page}?channel=email&language=en", words())
    preview = owner.get(f"{page}preview/?language=en&member={anna.number}")
    published = owner.post(f"{page}publish/", follow=True)

    assert saved.status_code == 302
    assert "Good" in preview.content.decode()
    assert "Version 1 is in force" in published.content.decode()
    fresh = kept(program)
    assert fresh.live.content["email"]["en"]["subject"] == "Hi {{ member.first_name }}"
    with scope(program=program):
        actions = list(AuditEntry.objects.order_by("pk").values_list("action", flat=True))
    assert actions == ["template.create", "template.change", "template.publish"]


def test_the_frame_of_a_preview_may_run_nothing(program, owner):
    made = make(owner, program)
    owner.post(f"{at(program, f'templates/{made.pk}/')}?channel=email&language=en", words())

    response = owner.get(at(program, f"templates/{made.pk}/preview/?language=en"))

    policy = response.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "sandbox" in policy
    assert response.headers["X-Frame-Options"] == "SAMEORIGIN"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{{ member.salary }}", "member.salary"),
        ("{{ nobody }}", "nobody"),
        ("{% for a in segments %}{% for b in segments %}{% endfor %}{% endfor %}", "loop"),
        ("{{ member.__class__ }}", "__class__"),
        ("{% set x = 1 %}", "not part of the language"),
        ("{{ member.name", "unexpected"),
    ],
)
def test_what_could_fail_when_it_is_sent_is_told_at_its_field(program, owner, text, says):
    made = make(owner, program)

    response = owner.post(
        f"{at(program, f'templates/{made.pk}/')}?channel=email&language=en", words(**{"say-html": text})
    )

    assert response.status_code == 422
    assert says in response.content.decode()
    publish = owner.post(at(program, f"templates/{made.pk}/publish/"), follow=True)
    assert "is in force" not in publish.content.decode()
    assert kept(program).live is None


def test_two_editors_do_not_overwrite_each_other(program, owner):
    made = make(owner, program)
    page = f"{at(program, f'templates/{made.pk}/')}?channel=email&language=en"
    owner.post(page, words(**{"say-subject": "First"}))

    late = owner.post(page, words(**{"say-subject": "Second"}))

    assert late.status_code == 422
    assert kept(program).draft["email"]["en"]["subject"] == "First"


def test_languages_and_channels_stand_beside_each_other(program, owner):
    made = make(owner, program)
    page = at(program, f"templates/{made.pk}/")
    owner.post(f"{page}?channel=email&language=en", words())
    owner.post(f"{page}?channel=email&language=ar", words(edition="2", **{"say-subject": "مرحبا"}))
    owner.post(
        f"{page}?channel=sms&language=en",
        {"name": "Welcome", "kind": "marketing", "topic": "offers", "edition": "3", "say-text": "Hi"},
    )

    draft = kept(program).draft
    assert draft["email"]["ar"]["subject"] == "مرحبا"
    assert draft["email"]["en"]["subject"].startswith("Hi")
    assert draft["sms"]["en"] == {"text": "Hi"}


def test_an_analyst_reads_and_does_not_write(program, owner):
    made = make(owner, program)
    analyst = as_staff(program, Role.ANALYST)

    assert analyst.get(at(program, f"templates/{made.pk}/")).status_code == 200
    assert analyst.post(at(program, f"templates/{made.pk}/"), words()).status_code == 403
    assert kept(program).draft == {}


def test_a_test_goes_to_one_s_own_address(program, owner, mailoutbox):
    made = make(owner, program)
    owner.post(f"{at(program, f'templates/{made.pk}/')}?channel=email&language=en", words())
    with scope(program=program):
        Provider.objects.create(program=program, channel="email", kind="mailer")

    owner.post(f"{at(program, f'templates/{made.pk}/test/')}?language=en")

    (mail,) = mailoutbox
    assert mail.to[0].endswith("@staff.example.com")
    assert mail.subject == "[Test] Hi Anna"


def test_a_message_tells_its_story_and_what_it_says(program, owner, anna):
    hello = letters.template(program)
    message = letters.say(program, anna, template=hello.pk)
    sending.send(clock=lambda: NOON, seconds=60)

    page = owner.get(at(program, f"{message.pk}/")).content.decode()

    assert "Hello Anna" in page
    assert "Decided" in page
    assert "Sent" in page


def test_what_waits_is_called_back_by_a_manager_and_audited(program, owner, anna):
    message = letters.say(program, anna, template=letters.template(program).pk)

    owner.post(at(program, f"{message.pk}/move/"), {"move": "call_back"})

    with scope(program=program):
        assert Message.objects.get().reason == "withdrawn"
        assert AuditEntry.objects.filter(action="message.call_back").count() == 1


def test_why_a_member_got_and_did_not_get_something(program, owner, anna):
    letters.behave(program, caps=[{"channel": "", "kind": "", "days": 1, "most": 1}])
    first, second = letters.template(program), letters.template(program)
    letters.say(program, anna, template=first.pk)
    letters.say(program, anna, template=second.pk, capped="skip")

    page = owner.get(f"/dashboard/{program.slug}/members/{anna.number}/messages/").content.decode()

    assert "had enough messages" in page
    assert "It lost to:" in page
    assert first.name in page


def test_rules_are_kept_and_audited(program, owner):
    caps = {"caps-TOTAL_FORMS": "2", "caps-INITIAL_FORMS": "2", "caps-0-channel": "email", "caps-0-kind": "marketing",
            "caps-0-most": "3", "caps-0-days": "7", "caps-1-most": "", "caps-1-days": "1"}  # fmt: skip
    rules = {
        "quiet_from": "22:00",
        "quiet_until": "07:30",
        "late_hours": "12",
        "place_hours": "6",
        "percent": "5",
        "site": "https://a.example/",
    }

    response = owner.post(at(program, "rules/"), rules | caps)

    assert response.status_code == 302
    with scope(program=program):
        kept = Manners.objects.get()
        assert kept.caps == [{"channel": "email", "kind": "marketing", "days": 7, "most": 3}]
        assert (kept.late_hours, kept.place_hours, kept.site) == (12, 6, "https://a.example")
        assert Control.objects.get().percent == 5
        assert AuditEntry.objects.filter(action="manners.change").count() == 1


def test_the_share_of_a_control_group_stands_in_the_reader_s_digits(program, owner):
    with scope(program=program):
        Control.objects.create(program=program, percent=7, salt="salt", since=NOON, until=NOON)

    english = owner.get(at(program, "rules/")).content.decode()
    persian = owner.get(at(program, "rules/"), headers={"accept-language": "fa"}).content.decode()

    assert "7%" in english
    assert "۷٪" in persian


def test_a_control_group_of_half_the_members_is_refused_at_its_field(program, owner):
    caps = {"caps-TOTAL_FORMS": "0", "caps-INITIAL_FORMS": "0"}
    rules = {
        "quiet_from": "22:00",
        "quiet_until": "07:30",
        "late_hours": "12",
        "place_hours": "12",
        "percent": "50",
    }

    assert owner.post(at(program, "rules/"), rules | caps).status_code == 422


def test_an_address_is_allowed_again(program, owner, anna):
    with scope(program=program):
        row = Suppression.objects.create(
            program=program, member=anna, channel="email", mark=b"x", reason="bounce", at=NOON
        )

    owner.post(at(program, f"rules/{row.pk}/lift/"))

    with scope(program=program):
        assert Suppression.objects.get().lifted_at is not None


def test_a_provider_is_chosen_and_its_secret_never_shown(program, owner):
    told = {
        "kind": "smtp",
        "host": "mail.example.com",
        "port": "587",
        "security": "tls",
        "username": "u",
        "secret": "hush-hush",
        "per_second": "20",
    }

    response = owner.post(at(program, "providers/email/"), told)
    page = owner.get(at(program, "providers/email/")).content.decode()

    assert response.status_code == 302
    assert "mail.example.com" in page
    assert "hush-hush" not in page
    with scope(program=program):
        assert b"hush-hush" not in bytes(Provider.objects.get().sealed)


def test_a_provider_without_what_it_needs_is_refused_at_its_field(program, owner):
    response = owner.post(at(program, "providers/sms/"), {"kind": "http", "per_second": "0"})

    assert response.status_code == 422
    assert "This is needed" in response.content.decode()


@pytest.mark.parametrize(
    "path", ["", "templates/", "rules/", "providers/", "providers/push/", "templates/new/"]
)
def test_pages_open(program, owner, path):
    assert owner.get(at(program, path)).status_code == 200
