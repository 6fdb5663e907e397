"""What every call has in common: keys, scopes, limits, problems for everything that is wrong."""

from __future__ import annotations

import hashlib
from datetime import timedelta

import pytest
from django.test import Client
from django_scopes import scope

from loyaltysite.kit import buckets, clock, prints
from members import keys
from members.api import endpoints
from members.models import ApiAnswer, ApiKey, Program, Scope
from members.tasks import forget_answers
from rewards import rulebook
from tests.members.api_shop import Shop, order
from tests.members.teams import hire
from tests.rewards.builders import open_program

pytestmark = pytest.mark.django_db

PAID = {"source": "shop", "order": "1", "occurred_at": "2026-03-01T10:00:00Z"}


@pytest.fixture
def shop():
    return Shop(open_program())


@pytest.fixture
def with_redis(settings, redis_url, monkeypatch):
    settings.REDIS_URL = redis_url
    monkeypatch.setattr(buckets, "_down_until", 0.0)


def problem_of(response, status, code):
    assert response.status_code == status, response.content
    assert response["Content-Type"] == "application/problem+json"
    told = response.json()
    assert (told["status"], told["code"]) == (status, code)
    assert told["detail"]
    assert told["request_id"] == response["X-Request-ID"]
    return told


# --- keys -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("header", [None, "", "Bearer", "Basic abc", "Bearer  "])
def test_without_a_key_nothing_is_answered(shop, header):
    headers = {} if header is None else {"Authorization": header}

    response = Client().post("/api/v1/orders", "{}", content_type="application/json", headers=headers)

    problem_of(response, 401, "not_authenticated")
    assert response["WWW-Authenticate"] == 'Bearer realm="api"'


def test_a_wrong_secret_is_refused(shop):
    shop.secret += "x"

    problem_of(shop.post("orders", order()), 401, "key_invalid")


def test_a_revoked_key_is_refused_at_once(shop):
    assert shop.post("orders", order()).status_code == 201

    keys.revoke(key=shop.key, reason="lost", by=hire(shop.program), now=clock.now())

    problem_of(shop.post("orders", order()), 401, "key_ended")


def test_a_key_ends_at_its_time(shop):
    ApiKey._base_manager.filter(pk=shop.key.pk).update(expires_at=clock.now() - timedelta(seconds=1))

    problem_of(shop.post("orders", order()), 401, "key_ended")


def test_a_key_does_only_what_it_may(shop):
    reader = Shop(shop.program, scopes=[Scope.ORDERS_READ])

    told = problem_of(reader.post("orders", order()), 403, "scope_missing")

    assert told["params"] == {"scope": "orders:write"}


def test_a_session_of_staff_opens_nothing(shop):
    client = Client()
    client.force_login(hire(shop.program), backend="django.contrib.auth.backends.ModelBackend")

    assert client.post("/api/v1/orders", "{}", content_type="application/json").status_code == 401


def test_the_last_use_is_written_once_a_minute(shop):
    def seen():
        return ApiKey._base_manager.get(pk=shop.key.pk).last_used_at

    shop.post("orders", order())
    first = seen()
    shop.post("orders", order())
    second = seen()
    ApiKey._base_manager.filter(pk=shop.key.pk).update(last_used_at=first - timedelta(minutes=2))
    shop.post("orders", order())

    assert first is not None
    assert first == second
    assert seen() > first - timedelta(minutes=2)


def test_settings_of_the_program_are_seen_at_once(shop):
    shop.post("orders", order())
    Program.objects.filter(pk=shop.program.pk).update(currency="GBP")
    rulebook.touch(shop.program)

    assert shop.post("orders", order("2", currency="GBP")).status_code == 201


# --- what is no request -----------------------------------------------------------------------------------------------


def test_malformed_json_is_a_problem(shop):
    problem_of(shop.post("orders", "{"), 400, "parse_error")


def test_another_media_type_is_a_problem(shop):
    response = shop.client.post(
        "/api/v1/orders", "a=b", content_type="application/x-www-form-urlencoded", headers=shop._headers("k")
    )

    problem_of(response, 415, "unsupported_media_type")


def test_a_body_that_is_no_object_is_a_problem(shop):
    problem_of(shop.post("orders", [1]), 422, "invalid")


def test_an_unknown_address_is_a_problem(shop):
    problem_of(shop.get("nothing/here"), 404, "not_found")
    problem_of(Client().post("/api/v1/"), 404, "not_found")
    problem_of(shop.get("rules/a%0Ab/publish"), 404, "not_found")


def test_a_method_that_is_not_there_is_a_problem(shop):
    response = shop.send("DELETE", "orders")

    problem_of(response, 405, "method_not_allowed")
    assert "POST" in response["Allow"]


def test_a_body_too_large_is_a_problem(shop, monkeypatch):
    monkeypatch.setattr(endpoints, "MOST_BYTES", 100)

    problem_of(shop.post("orders", order()), 413, "too_large")


def test_a_fault_of_ours_is_a_problem_and_leaves_nothing(shop, monkeypatch):
    def broken(**_):
        raise ZeroDivisionError

    shop.client.raise_request_exception = False
    with monkeypatch.context() as patch:
        patch.setattr("rewards.intake.record", broken)
        response = shop.post("orders", order(), key="one")

    problem_of(response, 500, "internal_error")
    assert b"ZeroDivision" not in response.content
    assert shop.post("orders", order(), key="one").status_code == 201


def test_problems_speak_the_language_asked_for(shop):
    told = shop.send("POST", "orders", order(), key="", **{"Accept-Language": "ar"}).json()

    assert told["code"] == "idempotency_key_missing"


# --- limits -----------------------------------------------------------------------------------------------------------


def test_a_key_has_its_limit(shop, with_redis):
    slow = Shop(shop.program, writes_per_minute=3)

    answers = [slow.post("orders", order(str(number))) for number in range(4)]

    assert [each.status_code for each in answers] == [201, 201, 201, 429]
    assert [each["RateLimit-Remaining"] for each in answers] == ["2", "1", "0", "0"]
    assert answers[0]["RateLimit-Limit"] == "3"
    assert 1 <= int(answers[3]["Retry-After"]) <= 20
    problem_of(answers[3], 429, "rate_limited")
    assert shop.post("orders", order("9")).status_code == 201


def test_reads_and_writes_are_counted_apart(shop, with_redis):
    slow = Shop(shop.program, writes_per_minute=1)
    slow.post("orders", order("1"))

    assert slow.post("orders", order("2")).status_code == 429
    assert slow.get("program").status_code != 429


def test_what_a_key_may_not_do_counts_as_well(shop, with_redis):
    nosy = Shop(shop.program, scopes=["program:read"], reads_per_minute=2)

    codes = [nosy.get("members").status_code for _ in range(3)]

    assert codes == [403, 403, 429]


def test_without_redis_everybody_is_let_through_and_the_log_says_so(shop, settings, monkeypatch, caplog):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    monkeypatch.setattr(buckets, "_down_until", 0.0)
    monkeypatch.setattr(buckets, "PAUSE", 3600.0)
    slow = Shop(shop.program, writes_per_minute=1)

    codes = [slow.post("orders", order(str(number))).status_code for number in range(3)]

    assert codes == [201, 201, 201]
    assert [each.message for each in caplog.records].count("Redis does not answer; nobody is held back") == 1


# --- one answer for one key -------------------------------------------------------------------------------------------


def test_a_request_that_is_still_running_is_told_so(shop, with_redis):
    buckets.take("other", per_minute=10, marker=f"{shop.program.pk}:one")

    response = shop.post("orders", order(), key="one")

    problem_of(response, 409, "request_running")
    assert response["Retry-After"] == "1"


def test_a_refused_request_may_be_mended_at_once(shop, with_redis):
    shop.post("orders", order() | {"lines": []}, key="one")
    shop.post("orders", order(occurred_at="2999-01-01T00:00:00Z"), key="two")

    assert shop.post("orders", order(), key="one").status_code == 201
    assert shop.post("orders", order("2"), key="two").status_code == 201


def test_a_repeat_does_not_wait_for_the_marker(shop, with_redis):
    shop.post("orders", order(), key="one")

    assert shop.post("orders", order(), key="one")["Idempotent-Replayed"] == "true"


def test_an_answer_from_before_prints_had_a_key_is_still_told(shop, monkeypatch):
    with monkeypatch.context() as before:
        before.setattr(prints, "of", lambda sent: hashlib.sha256(sent).digest())
        shop.post("orders", order(), key="one")

    assert shop.post("orders", order(), key="one")["Idempotent-Replayed"] == "true"
    problem_of(shop.post("orders", order("2"), key="one"), 422, "idempotency_key_reused")


def test_keys_of_two_programs_have_nothing_in_common(shop):
    other = Shop(open_program())
    shop.post("orders", order(), key="one")

    response = other.post("orders", order("2"), key="one")

    assert response.status_code == 201


def test_answers_are_forgotten_after_thirty_days(shop):
    shop.post("orders", order("1"), key="old")
    shop.post("orders", order("2"), key="new")
    with scope(program=shop.program):
        ApiAnswer.objects.filter(key="old").update(answered_at=clock.now() - timedelta(days=31))

    gone = forget_answers()

    assert gone == 1
    assert "Idempotent-Replayed" not in shop.post("orders", order("1"), key="old")
    assert "Idempotent-Replayed" in shop.post("orders", order("2"), key="new")
