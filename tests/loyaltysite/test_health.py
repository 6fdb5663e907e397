"""/healthz/, /readyz/ and /metrics."""

import logging

import pytest
from django.core.cache import cache
from django.db import DatabaseError

from loyaltysite import health
from loyaltysite.kit import tasks


@pytest.fixture(autouse=True)
def _forget():
    cache.clear()
    health.check_migrations.cache_clear()


def test_healthz_needs_no_database(client):
    response = client.get("/healthz/")

    assert response.status_code == 200
    assert response.json() == {"status": "ok"}


@pytest.mark.django_db
def test_readyz_is_ready_when_every_part_is(client):
    tasks.heartbeat()

    response = client.get("/readyz/")

    assert response.status_code == 200
    assert {name: check["ok"] for name, check in response.json()["checks"].items()} == dict.fromkeys(
        ["database", "migrations", "redis", "worker"], True
    )


@pytest.mark.django_db
def test_readyz_misses_the_worker_unless_a_load_balancer_asks(client):
    for_all = client.get("/readyz/")
    for_web = client.get("/readyz/?for=web")

    assert for_all.status_code == 503
    assert for_all.json()["checks"]["worker"] == {"ok": False, "reason": "no worker has given a sign of life"}
    assert for_web.status_code == 200


@pytest.mark.django_db
def test_readyz_names_the_broken_part_and_tells_no_secret(client, monkeypatch, caplog):
    def fail() -> None:
        raise DatabaseError("password=hunter2")

    monkeypatch.setattr(health, "check_database", fail)

    with caplog.at_level(logging.ERROR):
        response = client.get("/readyz/")

    assert response.status_code == 503
    assert response.json()["checks"]["database"] == {"ok": False, "reason": "it does not answer"}
    assert "hunter2" in caplog.text


@pytest.mark.django_db
def test_readyz_counts_migrations_that_are_not_applied(client, monkeypatch):
    monkeypatch.setattr(health.MigrationExecutor, "migration_plan", lambda *_: [1, 2])

    response = client.get("/readyz/?for=web")

    assert response.json()["checks"]["migrations"]["reason"] == "2 migrations are not applied"


@pytest.mark.django_db
def test_readyz_misses_redis(client, settings):
    settings.CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": "unix:///nowhere/redis.sock",
        }
    }

    response = client.get("/readyz/")

    assert response.status_code == 503
    assert not response.json()["checks"]["redis"]["ok"]


def test_metrics_count_requests_by_view(client):
    client.get("/healthz/")

    text = client.get("/metrics").content.decode()

    assert 'wafa_http_requests_total{method="GET",status="200",view="healthz"}' in text
    assert 'wafa_http_request_seconds_bucket{le="0.005",view="healthz"}' in text


@pytest.mark.parametrize(
    ("token", "headers", "status"),
    [
        ("", {}, 200),
        ("", {"X-Forwarded-For": "203.0.113.9"}, 404),
        ("secret", {}, 404),
        ("secret", {"Authorization": "Bearer wrong"}, 404),
        ("secret", {"Authorization": "Bearer secret", "X-Forwarded-For": "203.0.113.9"}, 200),
    ],
)
def test_metrics_are_not_public(client, settings, token, headers, status):
    settings.METRICS_TOKEN = token

    assert client.get("/metrics", headers=headers).status_code == status


def test_metrics_are_not_for_other_machines(client):
    assert client.get("/metrics", REMOTE_ADDR="203.0.113.9").status_code == 404
