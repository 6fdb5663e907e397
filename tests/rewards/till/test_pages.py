"""The till over HTTP: finding, joining, selling and undoing, with and without script, and who may do it."""

import hashlib
import uuid
from datetime import timedelta

import pytest
import time_machine
from django.core.cache import cache
from django.test import Client
from django.utils import timezone, translation
from django_scopes import scope

from loyaltysite.kit import prints
from members import identities
from members.models import AuditEntry, Identity, Member, Order, Role, Store
from rewards.models import TillAction
from tests.members.teams import hire, signed_in
from tests.rewards import builders
from tests.rewards.till.shop import JSON, ago, amelia, find, open_shop, sell, take_in, tap, till_of, undo

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def fresh(request):
    cache.clear()
    yield
    translation.activate("en")


@pytest.fixture
def program():
    return open_shop()


@pytest.fixture
def cashier(program):
    return hire(program, Role.CASHIER)


@pytest.fixture
def client(cashier):
    return signed_in(cashier)


@pytest.fixture
def member(program):
    return amelia(program)


def orders_of(program):
    with scope(program=program):
        return list(Order.objects.order_by("pk"))


def audited(program, action):
    with scope(program=program):
        return list(AuditEntry.objects.filter(action=action).order_by("pk"))


# Finding


def test_the_page_opens_with_the_only_store_chosen(client, program):
    response = client.get(till_of(program))

    assert response.status_code == 200
    assert "Quay" in response.text
    assert "Who is it?" in response.text
    assert "no-store" in response["Cache-Control"]


@pytest.mark.parametrize(
    "typed",
    ["07700 900123", "+44 7700 900123", "٠٧٧٠٠ ٩٠٠١٢٣", "amelia@EXAMPLE.com", "card 12-34", "CARD1234"],
)
def test_somebody_is_found_by_exactly_what_identifies_them(client, program, member, typed):
    with scope(program=program):
        identities.add(member=member, kind="phone", value="+447700900123")
        identities.add(member=member, kind="card", value="CARD1234")

    found = find(client, program, typed).json()["who"]

    assert (found["number"], found["name"], found["balance"]) == (
        member.number,
        "Amelia Hart",
        "0\u00a0Stars",
    )
    assert set(found) == {"number", "name", "tier", "bars", "balance", "note"}


def test_the_number_is_found_typed_in_groups_or_inside_a_scanned_address(client, program, member):
    number = member.number

    for typed in (number, f"{number[:4]} {number[4:8]} {number[8:]}", f"https://example.com/m/{number}?x=1"):
        assert find(client, program, typed).json()["who"]["number"] == number


@pytest.mark.parametrize(
    "typed", ["ameli", "Amelia Hart", "amelia@example", "+4477009001", "nobody@example.com"]
)
def test_nobody_is_found_by_a_name_or_a_beginning(client, program, member, typed):
    with scope(program=program):
        identities.add(member=member, kind="phone", value="+447700900123")

    response = find(client, program, typed)

    assert (response.status_code, response.json()["code"]) == (404, "member_unknown")


def test_a_mistyped_number_is_told_as_such(client, program, member):
    wrong = member.number[:-1] + str((int(member.number[-1]) + 1) % 10)

    assert find(client, program, wrong).json()["code"] == "number_wrong"


def test_members_of_another_program_and_closed_ones_are_not_there(client, program, cashier, member):
    stranger = amelia(open_shop(), "stranger")
    with scope(program=program):
        Member.objects.filter(pk=member.pk).update(state="closed")

    for one in (stranger, member):
        assert find(client, program, one.number).status_code == 404
        assert sell(client, program, cashier, one).json()["code"] == "member_unknown"
    assert orders_of(program) == []


def test_every_look_up_is_audited_without_what_was_typed(client, program, member, cashier):
    find(client, program, "amelia@example.com")
    find(client, program, "nobody@example.com")

    rows = audited(program, "till.find")

    assert [(row.subject_id, row.actor_id) for row in rows] == [(member.number, cashier.pk), ("", cashier.pk)]
    assert all("example.com" not in str(row.__dict__) for row in rows)


def test_a_cashier_who_reads_through_the_members_is_slowed_down(client, program, member):
    codes = [find(client, program, f"{number}@example.com").status_code for number in range(61)]

    assert codes[:60] == [404] * 60
    assert codes[60] == 429
    assert find(signed_in(hire(program, Role.CASHIER)), program, member.number).status_code == 200


def test_a_sale_that_is_refused_shows_nobody_beyond_the_limit(client, program, cashier, member):
    fields = {"number": member.number, "amount": "none", "store": "quay"}

    shown = [
        "Amelia Hart" in client.post(till_of(program, "actions/sale/"), tap(cashier) | fields).text
        for _ in range(61)
    ]

    assert shown == [True] * 60 + [False]
    assert [row.subject_id for row in audited(program, "till.find")] == [member.number] * 60


# Joining


def test_a_newcomer_joins_by_a_name_and_one_contact(client, program, cashier):
    response = take_in(client, program, cashier, "Noor", "07700 900456")

    who = response.json()["who"]
    with scope(program=program):
        joined = Member.objects.get(number=who["number"])
        contact = joined.identities.get(program=program)
    assert (joined.name, joined.source, contact.kind, contact.value) == (
        "Noor",
        "till",
        "phone",
        "+447700900456",
    )
    assert audited(program, "member.join")[0].actor_id == cashier.pk


def test_a_contact_that_is_known_leads_to_its_member(client, program, cashier, member):
    response = take_in(client, program, cashier, "Somebody", "amelia@example.com")

    assert response.json()["who"]["number"] == member.number
    assert "already" in response.json()["short"]
    assert [row.subject_id for row in audited(program, "till.find")] == [member.number]
    with scope(program=program):
        assert Member.objects.count() == 1


def test_a_sale_follows_the_joining_by_its_key(client, program, cashier):
    key = str(uuid.uuid4())
    take_in(client, program, cashier, "Noor", "noor@example.com", key=key)

    response = sell(client, program, cashier, "", 1000, joined=key)

    assert response.json()["who"]["name"] == "Noor"
    assert response.json()["who"]["balance"] == "10\u00a0Stars"


@pytest.mark.parametrize(
    ("name", "contact", "field"), [("", "a@example.com", "name"), ("Noor", "12", "phone")]
)
def test_what_is_missing_for_joining_is_named(client, program, cashier, name, contact, field):
    response = take_in(client, program, cashier, name, contact)

    assert (response.status_code, response.json()["field"]) == (422, field)
    with scope(program=program):
        assert Member.objects.count() == 0


# Selling


def test_the_answer_to_a_sale_holds_points_balance_tier_and_what_was_not_given(
    client, program, cashier, member
):
    body = sell(client, program, cashier, member, 4260).json()

    assert body["short"] == "£42.60 · +42\u00a0Stars"
    assert body["who"]["balance"] == "42\u00a0Stars"
    for text in (
        "+42",
        "Stars for Amelia Hart",
        "New balance: 42\u00a0Stars.",
        "Gold",
        "Candles count double",
        "Undo",
    ):
        assert text in body["html"]
    row = audited(program, "till.sale")[0]
    assert (row.actor_id, row.after["total_minor"], row.after["awarded"]) == (
        cashier.pk,
        4260,
        {"points": 42},
    )


def test_an_amount_typed_is_gross_and_its_tax_does_not_earn(client, member, program, cashier):
    program.tax_rate = 20
    program.save()

    sell(client, program, cashier, member, 1200)

    order = orders_of(program)[0]
    assert (order.total_minor, order.basis_minor) == (1000, 1000)  # the shop's prices exclude tax


def test_the_tax_is_contained_where_prices_include_it(cashier):
    program = open_shop(prices_include_tax=True, tax_rate=20)
    user = hire(program, Role.CASHIER)

    sell(signed_in(user), program, user, amelia(program), 1200)

    order = orders_of(program)[0]
    assert (order.total_minor, order.basis_minor) == (1200, 1000)


def test_items_bring_their_category_so_that_rules_know_them(client, program, cashier, member):
    candles = builders.line(1460, "candle-2", category="Candles", name="Candle pair")
    builders.record(program, builders.order("web-1", ago(days=1), candles, member="amelia"))
    items = '[{"sku": "candle-2", "quantity": 2, "amount_minor": 2920}]'

    sell(client, program, cashier, member, 500, items=items)

    with scope(program=program):
        lines = list(orders_of(program)[-1].lines.order_by("position"))
    assert [(line.sku, line.category, line.amount_minor) for line in lines] == [
        ("candle-2", "Candles", 2920),
        ("", "", 500),
    ]


def test_most_sold_articles_are_buttons(client, program, member):
    builders.record(
        program,
        builders.order("web-1", ago(days=1), builders.line(1460, "c2", name="Candle pair"), member="amelia"),
    )

    assert "Candle pair" in client.get(till_of(program)).text


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"amount_minor": 0}, "amount"),
        ({"amount_minor": -5}, "amount_minor"),
        ({"amount_minor": "", "amount": "abc"}, "amount"),
        ({"amount_minor": "", "amount": "1.234"}, "amount"),
        ({"items": "{"}, "items"),
        ({"items": '[{"sku": "x", "quantity": 0, "amount_minor": 1}]'}, "items"),
        ({"store": "nowhere"}, "store"),
        ({"store": ""}, "store"),
        ({"number": ""}, "number"),
        ({"key": "no-key"}, "key"),
        ({"at": "yesterday"}, "at"),
    ],
)
def test_what_is_no_sale_is_refused_with_its_field(client, program, cashier, member, fields, field):
    response = client.post(
        till_of(program, "actions/sale/"),
        tap(cashier) | {"number": member.number, "amount_minor": 100, "store": "quay"} | fields,
        headers=JSON,
    )

    assert (response.status_code, response.json()["field"]) == (422, field)
    assert orders_of(program) == []


def test_a_receipt_counts_once_and_again_after_its_undoing(client, program, cashier, member):
    first = str(uuid.uuid4())
    sell(client, program, cashier, member, 1000, receipt="A-17", key=first)

    again = sell(client, program, cashier, member, 1000, receipt="A-17")
    undo(client, program, cashier, first)
    right = sell(client, program, cashier, amelia(program, "berta"), 1000, receipt="A-17")

    assert (again.status_code, again.json()["code"]) == (409, "receipt_used")
    assert right.status_code == 200
    assert [order.external_id for order in orders_of(program)] == ["quay:A-17", "quay:A-17/2"]


def test_a_blocked_member_is_told_and_gets_nothing(client, program, cashier, member):
    with scope(program=program):
        Member.objects.filter(pk=member.pk).update(state="blocked")

    body = sell(client, program, cashier, member).json()

    assert body["who"]["balance"] == "0\u00a0Stars"
    assert "Blocked" in body["html"]


def test_nobody_gives_points_to_themselves(client, program, cashier, member):
    with scope(program=program):
        Identity.objects.create(program=program, member=member, kind="email", value=cashier.email)

    response = sell(client, program, cashier, member)

    assert (response.status_code, response.json()["code"]) == (403, "till_self_service")
    assert orders_of(program) == []


def test_the_preview_writes_nothing(client, program, member):
    response = client.post(
        till_of(program, "preview/"),
        {"number": member.number, "amount_minor": 4260, "store": "quay"},
        headers=JSON,
    )

    assert response.json()["give"] == "Give 42\u00a0Stars"
    assert "One Star for every pound" in response.json()["html"]
    assert orders_of(program) == []


# The key of a tap


def test_a_repeat_gets_the_first_answer_and_counts_once(client, program, cashier, member):
    key, at = uuid.uuid4(), ago(minutes=5)
    first = sell(client, program, cashier, member, key=key, at=at)
    sell(client, program, cashier, member, 1000)

    again = sell(client, program, cashier, member, key=key, at=at)

    assert again.json()["short"] == first.json()["short"]
    assert again.json()["until"] == first.json()["until"]
    assert len(orders_of(program)) == 2


def test_the_order_is_of_the_moment_of_the_tap(client, program, cashier, member):
    at = ago(hours=3)

    sell(client, program, cashier, member, at=at)

    assert orders_of(program)[0].occurred_at == at


def test_a_clock_that_runs_ahead_does_no_harm(client, program, cashier, member):
    response = sell(client, program, cashier, member, at=ago(hours=-5))

    assert response.status_code == 200
    assert orders_of(program)[0].occurred_at <= timezone.now()


def test_a_tap_from_before_prints_had_a_key_is_still_told(client, program, cashier, member, monkeypatch):
    key, at = uuid.uuid4(), ago(minutes=5)
    with monkeypatch.context() as before:
        before.setattr(prints, "of", lambda sent: hashlib.sha256(sent).digest())
        sell(client, program, cashier, member, 4260, key=key, at=at)

    assert sell(client, program, cashier, member, 4260, key=key, at=at).status_code == 200
    assert sell(client, program, cashier, member, 9999, key=key, at=at).status_code == 422
    assert len(orders_of(program)) == 1


def test_a_key_with_other_content_is_refused(client, program, cashier, member):
    key, at = uuid.uuid4(), ago(minutes=5)
    sell(client, program, cashier, member, 4260, key=key, at=at)

    response = sell(client, program, cashier, member, 9999, key=key, at=at)

    assert (response.status_code, response.json()["code"]) == (422, "till_key_contradicts")
    assert len(orders_of(program)) == 1


def test_a_key_lives_a_day(client, program, cashier, member):
    response = sell(client, program, cashier, member, at=ago(hours=24, seconds=1))

    assert (response.status_code, response.json()["code"]) == (410, "till_key_expired")
    assert sell(client, program, cashier, member, at=ago(hours=23, minutes=59)).status_code == 200


def test_a_tap_of_one_cashier_is_not_sent_by_another(client, program, cashier, member):
    other = hire(program, Role.CASHIER)

    response = sell(signed_in(other), program, cashier, member)

    assert (response.status_code, response.json()["code"]) == (409, "till_other_cashier")
    assert orders_of(program) == []


def test_a_key_that_another_cashier_or_program_has_used_is_refused(client, program, cashier, member):
    key = uuid.uuid4()
    sell(client, program, cashier, member, key=key)
    colleague, elsewhere = hire(program, Role.CASHIER), open_shop()
    cashier.teams.create(program=elsewhere, role=Role.CASHIER)

    here = sell(signed_in(colleague), program, colleague, member, key=key)
    there = sell(client, elsewhere, cashier, amelia(elsewhere, "anna"), key=key)

    assert [here.json()["code"], there.json()["code"]] == ["till_other_cashier"] * 2
    assert orders_of(elsewhere) == []


def test_the_key_and_its_answer_hold_no_persons_data(client, program, cashier):
    take_in(client, program, cashier, "Noor Marker", "marker@example.com")

    with scope(program=program):
        row = TillAction.objects.values().get()

    assert "marker" not in str(row).lower()


# Undoing


def test_the_last_sale_is_undone_once_however_often_it_is_asked(client, program, cashier, member):
    key = str(uuid.uuid4())
    sell(client, program, cashier, member, key=key)

    first = undo(client, program, cashier, key)
    again = undo(client, program, cashier, key)

    assert first.status_code == again.status_code == 200
    assert "−42\u00a0Stars" in first.json()["html"]
    assert builders.balance(program, "amelia").active == 0
    assert orders_of(program)[0].state == "cancelled"
    assert len(audited(program, "till.undo")) == 1


@pytest.mark.parametrize(("tapped", "sent", "status"), [(9, 9, 200), (11, 11, 422), (9, 40, 200)])
def test_undoing_is_for_ten_minutes_of_taps(client, program, cashier, member, tapped, sent, status):
    key, start = str(uuid.uuid4()), timezone.now()
    sell(client, program, cashier, member, key=key, at=start)

    with time_machine.travel(start + timedelta(minutes=sent), tick=False):
        response = undo(client, program, cashier, key, at=start + timedelta(minutes=tapped))

    assert response.status_code == status
    assert (response.status_code == 200) == (builders.balance(program, "amelia").active == 0)


@pytest.mark.parametrize(("role", "status"), [(Role.CASHIER, 422), (Role.MANAGER, 200)])
def test_a_clock_set_back_gains_half_an_hour_and_no_more(program, member, role, status):
    staff = hire(program, role)
    client, key, start = signed_in(staff), str(uuid.uuid4()), timezone.now()
    sell(client, program, staff, member, key=key, at=start)

    with time_machine.travel(start + timedelta(minutes=41), tick=False):
        response = undo(client, program, staff, key, at=start + timedelta(minutes=1))

    assert response.status_code == status
    assert (response.status_code == 200) == (builders.balance(program, "amelia").active == 0)
    if status == 422:
        assert response.json()["code"] == "till_undo_too_late"


def test_only_the_same_cashier_or_a_manager_undoes(client, program, cashier, member):
    key = str(uuid.uuid4())
    sell(client, program, cashier, member, key=key)
    colleague, manager = hire(program, Role.CASHIER), hire(program, Role.MANAGER)

    refused = undo(signed_in(colleague), program, colleague, key)
    done = undo(signed_in(manager), program, manager, key)

    assert (refused.status_code, refused.json()["code"]) == (403, "till_not_yours")
    assert done.status_code == 200


def test_a_joining_is_undone_and_frees_the_contact(client, program, cashier):
    key = str(uuid.uuid4())
    take_in(client, program, cashier, "Noor", "noor@example.com", key=key)

    undo(client, program, cashier, key)

    with scope(program=program):
        member = Member.objects.get()
        assert (member.state, member.name) == ("closed", "")
        assert Identity.objects.count() == 0
    assert take_in(client, program, cashier, "Nora", "noor@example.com").json()["who"]["name"] == "Nora"


def test_a_joining_stays_once_something_else_has_happened(client, program, cashier):
    key = str(uuid.uuid4())
    take_in(client, program, cashier, "Noor", "noor@example.com", key=key)
    sell(client, program, cashier, "", 1000, joined=key)

    response = undo(client, program, cashier, key)

    assert (response.status_code, response.json()["code"]) == (409, "more_happened")


@pytest.mark.parametrize("of", ["existing", "undoing", "elsewhere", "nothing"])
def test_what_cannot_be_undone_is_told(client, program, cashier, member, of):
    key, other = str(uuid.uuid4()), open_shop()
    if of == "existing":
        take_in(client, program, cashier, "Amelia", "amelia@example.com", key=key)
    elif of == "undoing":
        first = str(uuid.uuid4())
        sell(client, program, cashier, member, key=first)
        undo(client, program, cashier, first, key=key)
    elif of == "elsewhere":
        cashier.teams.create(program=other, role=Role.MANAGER)
        sell(client, other, cashier, amelia(other, "anna"), key=key)

    response = undo(client, program, cashier, key)

    assert (response.status_code, response.json()["code"]) == (404, "till_nothing_to_undo")


# Without script


def test_a_customer_is_served_without_script(client, program, cashier, member):
    found = client.post(till_of(program, "find/"), {"q": member.number})
    fields = tap(cashier) | {"number": member.number, "store": "quay", "amount": "42,60"}
    done = client.post(till_of(program, "actions/sale/"), fields)
    undone = client.post(till_of(program, "actions/undo/"), tap(cashier) | {"of": fields["key"]})

    assert "Amelia Hart" in found.text
    assert "+42" in done.text
    assert fields["key"] in done.text
    assert "Undone" in undone.text
    assert builders.balance(program, "amelia").active == 0


def test_a_newcomer_is_taken_in_without_script_and_served(client, program, cashier):
    assert 'id="join-title"' in client.get(till_of(program, "?step=join")).text

    response = client.post(
        till_of(program, "actions/join/"), tap(cashier) | {"name": "Noor", "contact": "noor@example.com"}
    )

    assert "Noor is a member now" in response.text


def test_what_was_refused_stays_on_the_page_with_its_reason(client, program, cashier, member):
    nobody = client.post(till_of(program, "find/"), {"q": "nobody@example.com"})
    empty = client.post(
        till_of(program, "actions/sale/"), tap(cashier) | {"number": member.number, "store": "quay"}
    )

    assert (nobody.status_code, empty.status_code) == (404, 422)
    assert "nobody@example.com" in nobody.text
    assert "Amelia Hart" in empty.text
    assert "Type the amount" in empty.text


def test_a_device_chooses_its_store_once(client, program):
    with scope(program=program):
        Store.objects.create(program=program, code="hill", name="Hill")

    before = client.get(till_of(program))
    client.post(till_of(program, "store/"), {"store": "hill"})
    after = client.get(till_of(program))

    assert "Which store is this?" in before.text
    assert "Which store is this?" not in after.text
    assert 'name="store" value="hill"' in after.text
    assert client.post(till_of(program, "store/"), {"store": "elsewhere"}).status_code == 404


# Who may


@pytest.mark.parametrize("role", [Role.CASHIER, Role.MANAGER, Role.OWNER])
def test_the_till_is_open_to_whoever_serves(program, role):
    assert signed_in(hire(program, role)).get(till_of(program)).status_code == 200


PATHS = [
    ("get", ""),
    ("get", "session/"),
    ("get", "worker.js"),
    ("post", "find/"),
    ("post", "preview/"),
    ("post", "store/"),
    ("post", "lock/"),
    ("post", "actions/sale/"),
    ("post", "actions/join/"),
    ("post", "actions/undo/"),
]


@pytest.mark.parametrize(("method", "path"), PATHS)
def test_analysts_strangers_and_visitors_are_kept_out(program, method, path):
    def ask(client):
        return getattr(client, method)(till_of(program, path))

    analyst, stranger = signed_in(hire(program, Role.ANALYST)), signed_in(hire(open_shop(), Role.OWNER))

    assert ask(analyst).status_code == 403
    assert ask(stranger).status_code == 404
    assert ask(Client())["Location"].startswith("/accounts/login/")


def test_changes_need_the_token_of_the_page(program, cashier, member):
    client = Client(enforce_csrf_checks=True)
    client.force_login(cashier, backend="django.contrib.auth.backends.ModelBackend")

    assert sell(client, program, cashier, member).status_code == 403
    token = client.get(till_of(program, "session/"), headers=JSON).json()["csrf"]
    fields = tap(cashier) | {"number": member.number, "amount_minor": 100, "store": "quay"}
    sent = client.post(till_of(program, "actions/sale/"), fields, headers=JSON | {"X-CSRFToken": token})
    assert sent.status_code == 200


def test_the_bare_address_leads_to_the_only_till(client, program, cashier):
    assert client.get("/till/")["Location"] == till_of(program)
    cashier.teams.create(program=open_shop(), role=Role.MANAGER)
    assert client.get("/till/")["Location"] == "/dashboard/"
    assert Client().get("/till/")["Location"] == "/accounts/login/?next=/till/"


def test_the_camera_may_be_used_here_and_nowhere_else(client, program):
    assert "camera=(self)" in client.get(till_of(program))["Permissions-Policy"]
    assert "camera=()" in client.get("/dashboard/")["Permissions-Policy"]


# Locking


def test_a_locked_till_shows_nothing_before_the_password(program, member):
    cashier = hire(program, Role.CASHIER, password="correct horse battery")
    client = signed_in(cashier)

    client.post(till_of(program, "lock/"))
    page = client.get(till_of(program))
    asked = find(client, program, member.number)

    assert page["Location"] == f"/accounts/reauthenticate/?next=%2Ftill%2F{program.slug}%2F"
    assert (asked.status_code, asked.json()["code"]) == (403, "till_locked")
    client.post("/accounts/reauthenticate/", {"password": "correct horse battery"})
    assert client.get(till_of(program)).status_code == 200


@pytest.mark.parametrize("role", [Role.CASHIER, Role.OWNER])
def test_a_locked_till_locks_all_that_the_session_opens(program, member, role):
    staff = hire(program, role, password="correct horse battery", is_staff=True)
    client = signed_in(staff)
    home = f"/dashboard/{program.slug}/"
    pages = [
        home,
        f"{home}members/{member.number}/",
        f"{home}keys/new/",
        "/dashboard/",
        "/accounts/email/",
        "/accounts/2fa/webauthn/add/",
        "/accounts/password/change/",
        "/accounts/sessions/",
        "/admin/",
        f"/p/{program.slug}/",
    ]
    client.post(till_of(program, "lock/"))

    for page in pages:
        for response in (client.get(page), client.post(page)):
            assert response.status_code == 302, page
            assert response["Location"].startswith("/accounts/reauthenticate/?next="), page
            assert "Amelia" not in response.text

    wrong = client.post("/accounts/reauthenticate/", {"password": "a guess"})
    assert wrong.status_code == 200
    assert client.get("/dashboard/")["Location"].startswith("/accounts/reauthenticate/")
    client.post("/accounts/reauthenticate/", {"password": "correct horse battery"})
    assert client.get(home).status_code == (200 if role == Role.OWNER else 403)


def test_a_fragment_of_a_locked_session_leads_the_whole_page_away(program):
    owner = hire(program, Role.OWNER, password="correct horse battery")
    client = signed_in(owner)
    client.post(till_of(program, "lock/"))

    response = client.get(f"/dashboard/{program.slug}/members/", headers={"HX-Request": "true"})

    assert response["HX-Redirect"].startswith("/accounts/reauthenticate/")
    assert response.text == ""


def test_a_locked_session_may_be_ended_by_the_next_cashier(program):
    cashier = hire(program, Role.CASHIER, password="correct horse battery")
    client = signed_in(cashier)
    client.post(till_of(program, "lock/"))
    asked = client.get("/accounts/reauthenticate/")
    forgotten = client.get("/accounts/password/reset/")

    out = client.get("/accounts/logout/")
    client.post("/accounts/logout/")

    assert "The till is locked" in asked.text
    assert cashier.email in asked.text
    assert 'href="/accounts/logout/"' in asked.text
    assert (forgotten.status_code, out.status_code) == (200, 200)

    assert client.get(till_of(program))["Location"].startswith("/accounts/login/")
    assert "_auth_user_id" not in client.session


def test_who_has_no_password_signs_in_again(client, program, cashier):
    cashier.set_unusable_password()
    cashier.save()
    client = signed_in(cashier)

    client.post(till_of(program, "lock/"))

    assert client.get(till_of(program))["Location"].startswith("/accounts/login/")
    assert client.get(till_of(program, "session/")).status_code == 302


# The worker


def test_the_worker_is_served_for_its_own_till_with_what_the_page_needs(client, program):
    response = client.get(till_of(program, "worker.js"))

    assert response["Content-Type"].startswith("text/javascript")
    assert response["Service-Worker-Allowed"] == till_of(program)
    assert "till-queue" in response.text
    assert "css/till" in response.text
