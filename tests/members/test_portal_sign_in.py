"""The code by e-mail: whoever reads it comes in, and nothing tells who is a member."""

import re
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from allauth.account.models import EmailAddress
from django.contrib.auth import get_user
from django.contrib.auth.models import AnonymousUser
from django.core import mail, signing
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django_scopes import scope

from members.models import Identity, Member, User
from members.portal import codes, devices
from tests.members import portal_shop

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
KNOWN, STRANGER = "anna@example.com", "who@example.com"
NAUGHTY = (
    "\0", "\x1b[31m@example.com", "\u202eanna@example.com", "\ufeffanna@example.com", "anna\u200b@example.com",
    "anna@example.com\nBcc: who@example.com", "anna@example.com\r\nSubject: x", "'; DROP TABLE members_member;--",
    "\" OR 1=1 --@example.com", "<script>alert(1)</script>@example.com", "{{ program }}@example.com", "${7*7}", "%n%s%d",
    "../../etc/passwd", "ａｎｎａ@ｅｘａｍｐｌｅ.com", "anna@exämple.com", "آنا@مثال.ایران", "𝐚𝐧𝐧𝐚@example.com", "😀@example.com",
    "İ@example.com", "ß@example.com", "a@" + "b" * 300 + ".com", "a" * 100_000, "nan", "None", "[]", "-1", "٣",
)  # fmt: skip


@pytest.fixture(autouse=True)
def _fresh_limits():
    cache.clear()


@pytest.fixture
def shop(db):
    return portal_shop.open_shop()


@pytest.fixture
def anna(shop):
    return portal_shop.join(shop, "anna", name="Anna Hall")


def url(name, shop):
    return reverse(f"portal:{name}", args=[shop.slug])


def ask(client, shop, email=KNOWN, **others):
    return client.post(url("sign_in", shop), {"email": email} | others)


def type_code(client, shop, code):
    return client.post(url("confirm", shop), {"code": code})


def code_in(message):
    return re.search(rf"^ +([{codes.LETTERS}]{{{codes.LENGTH}}})$", message.body, flags=re.MULTILINE)[1]


def enter(client, shop, email=KNOWN):
    ask(client, shop, email)
    return type_code(client, shop, code_in(mail.outbox[-1]))


def is_in(client, shop):
    return client.get(url("home", shop)).status_code == 200


def another(code):
    return code[:-1] + next(letter for letter in codes.LETTERS if letter != code[-1])


def test_a_code_by_mail_opens_the_card(client, shop, anna):
    asked = ask(client, shop)
    entered = type_code(client, shop, code_in(mail.outbox[0]))

    assert asked.status_code == 302
    assert asked["Location"] == url("confirm", shop)
    assert mail.outbox[0].to == [KNOWN]
    assert "Harbour Lane" in mail.outbox[0].subject
    assert entered["Location"] == url("home", shop)
    assert client.get(url("home", shop)).context["member"] == anna


def test_the_user_is_made_at_the_first_sign_in_without_a_password(client, shop, anna):
    enter(client, shop)
    enter(Client(), shop)

    user = User.objects.get(email=KNOWN)
    assert not user.has_usable_password()
    assert EmailAddress.objects.get(user=user).verified


def test_only_a_code_marks_the_address_as_verified(client, shop, anna):
    identity = lambda: Identity.objects.get(member=anna).verified_at  # noqa: E731

    ask(client, shop)
    with scope(program=shop):
        assert identity() is None
    type_code(client, shop, code_in(mail.outbox[0]))

    with scope(program=shop):
        assert identity() is not None


def test_the_code_is_taken_however_it_is_typed(client, shop, anna):
    ask(client, shop)
    code = code_in(mail.outbox[0]).lower()

    type_code(client, shop, f" {code[:3]}-{code[3:]} ")

    assert is_in(client, shop)


def test_the_address_is_found_however_it_is_typed(client, shop, anna):
    enter(client, shop, " ANNA@Example.com ")

    assert is_in(client, shop)


def test_the_session_gets_another_key(client, shop, anna):
    client.get(url("sign_in", shop))
    session = client.session
    session["before"] = True
    session.save()
    before = session.session_key

    enter(client, shop)

    assert client.session.session_key != before
    assert not client.session.exists(before)


def test_a_code_works_once(client, shop, anna):
    ask(client, shop)
    code, name = code_in(mail.outbox[0]), client.cookies["wafa_code"].value
    type_code(client, shop, code)
    thief = Client()
    thief.cookies["wafa_code"] = name

    answer = type_code(thief, shop, code)

    assert answer["Location"] == url("sign_in", shop)
    assert not is_in(thief, shop)


def test_of_two_that_redeem_at_once_one_comes_too_late(shop, anna):
    attempt = codes.begin(program=shop, email=KNOWN, language="en")
    codes.redeem(attempt=attempt, typed=attempt.code)

    with pytest.raises(codes.CodeEnded):
        codes.redeem(attempt=attempt, typed=attempt.code)


def test_a_code_works_only_in_the_browser_that_asked(client, shop, anna):
    ask(client, shop)
    other = Client()
    ask(other, shop, STRANGER)

    answer = type_code(other, shop, code_in(mail.outbox[0]))

    assert answer.status_code == 422
    assert not is_in(other, shop)


def test_five_wrong_codes_end_it(client, shop, anna):
    ask(client, shop)
    code = code_in(mail.outbox[0])

    answers = [type_code(client, shop, another(code)).status_code for _ in range(5)]
    last = type_code(client, shop, code)

    assert answers == [422] * 5
    assert last["Location"] == url("sign_in", shop)
    assert not is_in(client, shop)


def test_the_fifth_try_may_still_be_right(client, shop, anna):
    ask(client, shop)
    code = code_in(mail.outbox[0])
    for _ in range(4):
        type_code(client, shop, another(code))

    type_code(client, shop, code)

    assert is_in(client, shop)


@pytest.mark.parametrize(("minutes", "works"), [(14, True), (16, False)])
def test_a_code_lasts_fifteen_minutes(client, shop, anna, minutes, works):
    with time_machine.travel(NOW, tick=False) as clock:
        ask(client, shop)
        clock.shift(timedelta(minutes=minutes))

        type_code(client, shop, code_in(mail.outbox[0]))

        assert is_in(client, shop) is works


def test_a_new_code_ends_the_old_one_in_this_browser(client, shop, anna):
    ask(client, shop)
    ask(client, shop)

    answer = type_code(client, shop, code_in(mail.outbox[0]))

    assert answer.status_code == 422


def test_a_stranger_is_answered_as_a_member_is(shop, anna):
    def walk(email):
        """Status, place and body of every step, without what is drawn at random or was typed."""
        client, seen = Client(), []
        for step in (
            lambda: ask(client, shop, email),
            lambda: client.get(url("confirm", shop)),
            *[lambda: type_code(client, shop, "BCDFGH")] * 6,
            lambda: client.get(url("confirm", shop)),
            lambda: client.get(url("sign_in", shop)),
        ):
            answer = step()
            body = re.sub(r'(csrfmiddlewaretoken" value|X-CSRFToken": ")[^>}]*', "", answer.content.decode())
            cookies = {name: (m["path"], m["max-age"]) for name, m in client.cookies.items()}
            seen.append(
                (
                    answer.status_code,
                    answer.get("Location"),
                    body.replace(email, "…"),
                    sorted(cookies.items()),
                )
            )
        return seen

    assert walk(KNOWN) == walk(STRANGER)


def test_asking_does_the_same_work_for_a_stranger(
    shop, anna, django_assert_num_queries, monkeypatch, django_capture_on_commit_callbacks
):
    sent = []
    monkeypatch.setattr("members.tasks.send_code.delay", lambda *given: sent.append(given))

    for email in (KNOWN, STRANGER):
        with django_assert_num_queries(1):
            ask(Client(), shop, email)

    assert [len(given) for given in sent] == [2, 2]


def test_strangers_get_no_mail(client, shop, anna):
    ask(client, shop, STRANGER)

    assert mail.outbox == []


def test_the_code_of_a_stranger_opens_nothing(client, shop, anna):
    ask(client, shop, STRANGER)
    attempt = codes.find(program=shop, name=client.cookies["wafa_code"].value)

    type_code(client, shop, attempt.code)

    assert not is_in(client, shop)
    assert not User.objects.filter(email=STRANGER).exists()


def test_a_closed_member_stays_outside(client, shop, anna):
    enter(client, shop)
    with scope(program=shop):
        Member.objects.filter(pk=anna.pk).update(state=Member.State.CLOSED)
    mail.outbox.clear()

    assert not is_in(client, shop)
    ask(client, shop)
    assert mail.outbox == []


def test_a_member_closed_after_the_code_was_sent_stays_outside(client, shop, anna):
    ask(client, shop)
    with scope(program=shop):
        Member.objects.filter(pk=anna.pk).update(state=Member.State.CLOSED)

    type_code(client, shop, code_in(mail.outbox[0]))

    assert not is_in(client, shop)


def test_a_blocked_member_may_look(client, shop, anna):
    with scope(program=shop):
        Member.objects.filter(pk=anna.pk).update(state=Member.State.BLOCKED)

    enter(client, shop)

    assert is_in(client, shop)


@pytest.mark.parametrize("email", [KNOWN, STRANGER])
def test_an_address_can_ask_five_times_in_a_quarter_of_an_hour(shop, anna, email):
    with time_machine.travel(NOW, tick=False) as clock:
        answers = [ask(Client(), shop, email).status_code for _ in range(6)]
        clock.shift(timedelta(minutes=16))
        later = ask(Client(), shop, email).status_code

    assert answers == [302] * 5 + [429]
    assert later == 302


def ask_from_everywhere(shop, email, times=60):
    """Strangers in many places who want no more than to be in the way; what each was answered."""
    places = [Client(REMOTE_ADDR=f"198.51.100.{number // 5}") for number in range(times)]
    return [ask(place, shop, email).status_code for place in places]


def test_a_stranger_who_asks_for_a_members_code_is_not_in_their_way(shop, anna):
    stranger, member = Client(REMOTE_ADDR="198.51.100.7"), Client(REMOTE_ADDR="203.0.113.9")
    answers = [ask(stranger, shop).status_code for _ in range(20)]

    assert answers == [302] * 5 + [429] * 15
    enter(member, shop)
    assert is_in(member, shop)


@pytest.mark.parametrize("email", [KNOWN, STRANGER])
def test_many_places_may_not_fill_one_mailbox(shop, anna, email):
    assert ask_from_everywhere(shop, email) == [302] * 40 + [429] * 20
    assert len(mail.outbox) == (40 if email == KNOWN else 0)


def test_where_a_member_has_signed_in_before_no_stranger_is_in_the_way(client, shop, anna):
    enter(client, shop)
    client.post(url("sign_out", shop))
    ask_from_everywhere(shop, KNOWN)
    assert ask(Client(REMOTE_ADDR="203.0.113.9"), shop).status_code == 429

    enter(client, shop)

    assert is_in(client, shop)
    client.post(url("sign_out", shop))
    # The way is not without limits.
    assert [ask(client, shop).status_code for _ in range(6)] == [302] * 4 + [429] * 2


def test_the_cookie_of_a_browser_is_for_the_address_that_was_proven_there_alone(client, shop, anna):
    enter(client, shop)
    other = portal_shop.join(shop, "bob")
    client.post(url("sign_out", shop))
    ask_from_everywhere(shop, "bob@example.com")

    assert ask(client, shop, "bob@example.com").status_code == 429
    assert other.program == shop


def test_the_cookie_of_a_browser_is_no_way_in_and_names_nobody(client, shop, anna):
    enter(client, shop)
    cookie = client.cookies[devices.COOKIE]
    thief = Client()
    thief.cookies[devices.COOKIE] = cookie.value

    assert not is_in(thief, shop)
    assert (cookie["path"], cookie["httponly"], cookie["samesite"]) == (url("home", shop), True, "Lax")
    name, *digests = signing.loads(cookie.value, salt=devices.SALT)
    assert len(digests) == 1
    assert KNOWN not in name + digests[0]


@pytest.mark.parametrize(
    "change", [lambda value: value[:-2] + "xx", lambda _value: "", lambda _value: "a:b:c"]
)
def test_a_made_up_cookie_helps_nobody(client, shop, anna, change):
    enter(client, shop)
    client.post(url("sign_out", shop))
    client.cookies[devices.COOKIE] = change(client.cookies[devices.COOKIE].value)
    ask_from_everywhere(shop, KNOWN)

    assert ask(client, shop).status_code == 429


def test_asking_from_a_known_browser_does_the_same_work_for_everybody(client, shop, anna, django_assert_num_queries, monkeypatch):  # fmt: skip
    enter(client, shop)
    client.post(url("sign_out", shop))
    monkeypatch.setattr("members.tasks.send_code.delay", lambda *_given: None)

    for email in (KNOWN, STRANGER):
        with django_assert_num_queries(1):
            ask(client, shop, email)


def test_one_place_cannot_ask_for_everybody(shop, anna):
    answers = [ask(Client(), shop, f"someone{n}@example.com").status_code for n in range(31)]
    elsewhere = Client(REMOTE_ADDR="203.0.113.9")

    assert answers == [302] * 30 + [429]
    assert ask(elsewhere, shop).status_code == 302


def test_one_place_cannot_try_for_ever(client, shop, anna):
    answers = []
    for number in range(13):
        ask(client, shop, f"someone{number}@example.com")
        answers += [type_code(client, shop, "BCDFGH").status_code for _ in range(5)]

    assert answers == [422] * 60 + [429] * 5


def test_a_password_alone_opens_no_card(client, shop, anna):
    user = User.objects.create_user(KNOWN, "a long password")

    client.force_login(user)

    assert not is_in(client, shop)


def test_a_password_that_came_before_the_proof_is_void(client, shop, anna):
    User.objects.create_user(KNOWN, "chosen by somebody else")

    enter(client, shop)

    assert not User.objects.get(email=KNOWN).has_usable_password()


def test_one_user_is_a_member_of_two_programs(client, shop, anna):
    other = portal_shop.open_shop()
    twin = portal_shop.join(other, "anna", name="Anna Elsewhere")
    enter(client, shop)

    before = is_in(client, other)
    enter(client, other)

    assert before is False
    assert client.get(url("home", other)).context["member"] == twin
    assert client.get(url("home", shop)).context["member"] == anna
    assert User.objects.filter(email=KNOWN).count() == 1


def test_a_code_of_one_program_does_not_open_another(client, shop, anna):
    other = portal_shop.open_shop()
    portal_shop.join(other, "anna")
    ask(client, shop)
    name = client.cookies["wafa_code"].value

    client.cookies["wafa_code"] = name
    answer = type_code(client, other, code_in(mail.outbox[0]))

    assert answer["Location"] == url("sign_in", other)
    assert not is_in(client, other)


def test_other_ways_in_lead_back_to_the_card(client, shop):
    page = client.get(url("sign_in", shop)).content.decode()

    assert f'href="/accounts/login/?next={url("home", shop).replace("/", "%2F")}"' in page


def test_signing_out_ends_the_session(client, shop, anna):
    enter(client, shop)

    client.post(url("sign_out", shop))

    assert not is_in(client, shop)
    assert get_user(client) == AnonymousUser()


def test_signing_out_needs_a_post(client, shop, anna):
    enter(client, shop)

    assert client.get(url("sign_out", shop)).status_code == 405
    assert is_in(client, shop)


def test_the_way_leads_back_to_the_page_that_was_asked_for(client, shop, anna):
    away = client.get(url("history", shop))
    client.get(away["Location"])
    ask(client, shop, next=url("history", shop))

    entered = type_code(client, shop, code_in(mail.outbox[0]))

    assert away["Location"] == f"{url('sign_in', shop)}?next={url('history', shop).replace('/', '%2F')}"
    assert entered["Location"] == url("history", shop)


def test_sending_again_remembers_the_way(client, shop, anna):
    ask(client, shop, next=url("history", shop))
    page = client.get(url("confirm", shop)).content.decode()

    assert f'<input type="hidden" name="next" value="{url("history", shop)}">' in page
    assert f'<input type="hidden" name="email" value="{KNOWN}">' in page


@pytest.mark.parametrize("then", ["https://evil.example/", "//evil.example/", "/p/other/", "/p/../admin/"])
def test_the_way_never_leads_out_of_the_portal(client, shop, anna, then):
    ask(client, shop, next=then)

    assert type_code(client, shop, code_in(mail.outbox[0]))["Location"] == url("home", shop)


@pytest.mark.parametrize("typed", ["", "no address", "a@b", "@", "a" * 250 + "@example.com"])
def test_what_is_no_address_is_said_at_its_field(client, shop, typed):
    answer = ask(client, shop, typed)

    assert answer.status_code == 422
    assert b'aria-invalid="true"' in answer.content


def test_any_text_at_all_is_refused_politely(shop, anna):
    cache.clear()
    statuses = set()
    for text in NAUGHTY:
        statuses.add(ask(Client(), shop, text).status_code)
        cache.clear()

    assert statuses <= {302, 422}


def test_any_text_at_all_is_a_wrong_code(client, shop, anna):
    statuses = set()
    for text in NAUGHTY:
        cache.clear()
        ask(client, shop)
        statuses.add(type_code(client, shop, text).status_code)

    assert statuses == {422}


def test_the_mail_speaks_the_members_language(client, shop):
    portal_shop.join(shop, "anna", name="آمنة", language="ar")

    ask(client, shop)

    assert re.search("[\u0600-\u06ff]", mail.outbox[0].subject)


@pytest.mark.parametrize(
    ("is_demo", "email", "shown"),
    [
        (True, codes.DEMO_CUSTOMER, True),
        (True, KNOWN, False),
        (True, STRANGER, False),
        (False, codes.DEMO_CUSTOMER, False),
    ],
)
def test_the_page_shows_a_code_to_the_demos_customer_alone(client, db, is_demo, email, shown):
    shop = portal_shop.open_shop(is_demo=is_demo)
    portal_shop.join(shop, "customer")
    portal_shop.join(shop, "anna")

    ask(client, shop, email)
    page = client.get(url("confirm", shop))
    code = codes.find(program=shop, name=client.cookies["wafa_code"].value).code

    assert (code in page.content.decode()) is shown


def test_the_code_cookie_is_out_of_reach_for_scripts_and_other_sites(client, shop):
    ask(client, shop)

    cookie = client.cookies["wafa_code"]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert cookie["path"] == url("home", shop)


def test_the_code_is_neither_in_the_cache_nor_in_the_cookie(client, shop, anna):
    ask(client, shop)

    code = code_in(mail.outbox[0])
    name = client.cookies["wafa_code"].value
    assert code not in name
    assert code not in str(cache.get(f"portal-code:{name}"))


def test_the_only_portal_is_found_from_the_root(client, shop):
    assert client.get(reverse("portal:root"))["Location"] == url("home", shop)

    portal_shop.open_shop()
    assert client.get(reverse("portal:root")).status_code == 404


def test_a_program_that_is_not_there_is_not_found(client, db):
    assert client.get(reverse("portal:sign_in", args=["nowhere"])).status_code == 404
