"""Errors, settings from the environment, logs, request ids, problem details."""

import io
import json
import logging

import pytest
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.http import Http404
from rest_framework import exceptions

from loyaltysite.kit import clock, env, log, problems
from loyaltysite.kit.errors import DomainError


class TooFew(DomainError):
    code = "too_few"
    message = "You have %(have)s of %(need)s points."


def test_an_error_fills_its_message_and_keeps_the_figures():
    error = TooFew(have=3, need=5, field="points")

    assert str(error) == "You have 3 of 5 points."
    assert (error.code, error.field, error.params) == ("too_few", "points", {"have": 3, "need": 5})


def test_a_message_given_at_the_spot_may_hold_a_percent_sign():
    assert str(TooFew("100% refused")) == "100% refused"


def test_a_refusal_becomes_a_problem_with_its_code():
    response = problems.handle(TooFew(have=3, need=5, field="points"), {})

    assert response.status_code == 422
    assert response.content_type == "application/problem+json"
    assert response.data["code"] == "too_few"
    assert response.data["field"] == "points"
    assert response.data["params"] == {"have": 3, "need": 5}


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (Http404(), 404, "not_found"),
        (PermissionDenied(), 403, "permission_denied"),
        (exceptions.NotAuthenticated(), 401, "not_authenticated"),
        (exceptions.ValidationError({"total": ["Enter a number."]}), 422, "invalid"),
        (exceptions.Throttled(wait=3), 429, "throttled"),
    ],
)
def test_framework_errors_become_problems_too(error, status, code):
    response = problems.handle(error, {})

    assert (response.status_code, response.data["code"]) == (status, code)


def test_a_bad_field_is_named():
    response = problems.handle(exceptions.ValidationError({"total": ["Enter a number."]}), {})

    assert response.data["errors"] == {"total": ["Enter a number."]}


def test_an_unexpected_error_stays_one():
    assert problems.handle(ZeroDivisionError(), {}) is None


def test_the_clock_is_aware():
    assert clock.now().utcoffset().total_seconds() == 0


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (
            "postgresql://me:p%40ss@db.example:6432/shop?sslmode=require",
            ("shop", "me", "p@ss", "db.example", "6432", {"sslmode": "require"}),
        ),
        ("postgres://me:x@/shop?host=%2Frun%2Fpg", ("shop", "me", "x", "/run/pg", "", {})),
        ("postgresql://[::1]/", ("wafa", "", "", "::1", "", {})),
    ],
)
def test_database_addresses(url, expected):
    found = env.database(url)

    assert tuple(found[key] for key in ("NAME", "USER", "PASSWORD", "HOST", "PORT", "OPTIONS")) == expected


def test_another_database_is_refused_in_words():
    with pytest.raises(ImproperlyConfigured, match="must start with postgresql://"):
        env.database("sqlite:///x")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("redis://:x@host:1/2", "redis://:x@host:1/2"),
        ("unix://:x@/run/redis.sock?db=3", "redis+socket://:x@/run/redis.sock?virtual_host=3"),
        ("unix:///run/redis.sock", "redis+socket:///run/redis.sock?virtual_host=0"),
    ],
)
def test_celery_spells_redis_in_its_own_way(url, expected):
    assert env.celery_broker(url) == expected


def test_wrong_settings_are_named(monkeypatch):
    monkeypatch.setenv("WAFA_X", "maybe")

    with pytest.raises(ImproperlyConfigured, match="WAFA_X must be 1 or 0"):
        env.flag("WAFA_X")
    with pytest.raises(ImproperlyConfigured, match="WAFA_X must be a whole number"):
        env.number("WAFA_X", 1)
    with pytest.raises(ImproperlyConfigured, match="set the environment variable WAFA_Y"):
        env.text("WAFA_Y")


def test_a_log_line_is_json_with_the_request_id():
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(log.JsonFormatter())
    handler.addFilter(log.RequestId())
    logger = logging.getLogger("tests.loyaltysite.kit")
    logger.addHandler(handler)
    token = log.request_id.set("abc12345")

    try:
        logger.error("two\nlines of وفاء", extra={"member": 7})
    finally:
        log.request_id.reset(token)

    line = json.loads(stream.getvalue())
    assert stream.getvalue().count("\n") == 1
    assert (line["message"], line["request_id"], line["member"]) == ("two\nlines of وفاء", "abc12345", 7)


@pytest.mark.parametrize(
    ("given", "kept"),
    [("order-12345678", True), ("x" * 65, False), ("short", False), ("evil\tvalue-1234", False), ("", False)],
)
def test_a_sane_request_id_is_kept_and_echoed(client, given, kept):
    response = client.get("/healthz/", headers={"X-Request-ID": given})

    assert (response["X-Request-ID"] == given) is kept
    assert len(response["X-Request-ID"]) >= 8


def test_each_request_is_one_log_line_without_its_path(client, caplog):
    with caplog.at_level(logging.INFO, logger="wafa.request"):
        client.get("/accounts/login/?next=/secret-token")

    (record,) = [record for record in caplog.records if record.name == "wafa.request"]
    assert (record.view, record.status) == ("account_login", 200)
    assert "secret-token" not in log.JsonFormatter().format(record)


def test_pages_forbid_inline_scripts_and_foreign_hosts(client):
    policy = client.get("/accounts/login/")["Content-Security-Policy"]

    assert "script-src 'self';" in policy
    assert "unsafe-inline" not in policy


def test_a_body_that_is_too_large_is_refused_before_it_is_read(client, db):
    response = client.post("/accounts/login/", b"x", content_type="text/plain", CONTENT_LENGTH=str(13 << 20))

    assert response.status_code == 413
