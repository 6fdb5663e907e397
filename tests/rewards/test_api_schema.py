"""The documentation says what the API does: valid, complete, and held against calls made up from it."""

from __future__ import annotations

import json
import re

import pytest
import schemathesis
from django.core.management import call_command
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.specs.openapi import checks

from loyaltysite.kit.errors import DomainError
from loyaltysite.wsgi import application
from members.api import answers, docs, documents
from tests.members.api_shop import Shop, order
from tests.rewards.builders import open_program

CALLS = 8  # of each operation and kind


def test_the_document_is_valid_and_nothing_of_it_is_guessed(tmp_path):
    call_command("spectacular", validate=True, fail_on_warn=True, file=str(tmp_path / "schema.yml"))


def document():
    return json.loads(docs._document())


def test_every_call_is_documented_with_its_problems():
    for path, methods in document()["paths"].items():
        for method, call in methods.items():
            answers = call["responses"]
            assert {"401", "403", "429", "500", "503"} <= answers.keys(), (method, path)
            assert any(status.startswith("2") for status in answers), (method, path)
            assert call["summary"], (method, path)
            if method != "get":
                example = call["requestBody"]["content"]["application/json"]
                assert example.get("examples"), (method, path)


def test_what_moves_value_needs_a_key():
    for path, methods in document()["paths"].items():
        for method, call in methods.items():
            headers = {each["name"] for each in call.get("parameters", ()) if each["in"] == "header"}
            moves = method == "post" and path.endswith(
                (
                    "/orders",
                    "/batch",
                    "/payments",
                    "/cancellations",
                    "/returns",
                    "/events",
                    "/withdraw",
                    "/adjustments",
                    "/reinstatements",
                    "/transfers",
                    "/donations",
                    "/withdraw",
                    "/close",
                    "/merge",
                    "/undo",
                    "/spends",
                    "/redemptions",
                    "/confirm",
                    "/release",
                    "/cancel",
                    "/fail",
                    "/use",
                    "/gift-cards",
                    "/coupons",
                    "/terms",
                    "/plans/leave",
                    "/plans/stay",
                    "/refund",
                    "/spend",
                )
            )
            if path.startswith("/api/v1/surprises"):
                moves = False  # it gives by itself, each once
            if path == "/api/v1/gift-cards/{card_id}/block":
                moves = True  # a member's block is no such call
            if path.startswith("/api/v1/coupon-gifts"):
                moves = method == "post" and not path.endswith("/cancel")  # what was given stays given
            assert ("Idempotency-Key" in headers) == moves, (method, path)


@pytest.mark.parametrize("key", ["a", "order 1001 of today", "~!", "a\tb", "ü", "", "x" * 256])
def test_keys_are_taken_as_the_document_says(key):
    schema = documents.KEY.type

    try:
        is_taken = bool(answers.check_key(key))
    except DomainError:
        is_taken = False

    says = len(key) <= schema["maxLength"] and bool(re.search(schema["pattern"], key))
    assert is_taken == says


# --- calls made up from the document ----------------------------------------------------------------------------------

# Of a batch only the frame is refused: every order in it has a result of its own.
LENIENT = {"send_orders"}
CHECKS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
    checks.ignored_auth,
    checks.unsupported_method,
    checks.negative_data_rejection,
]


@pytest.fixture
def shop(fresh_database):
    shop = Shop(
        open_program(tiers={"base": (0, {}), "gold": (5000, {})}, stores=["quay"]),
        reads_per_minute=1_000_000,
        writes_per_minute=1_000_000,
    )
    shop.post("orders", order())
    return shop


@pytest.mark.slow
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_calls_made_up_from_the_document_find_no_fault(shop, mode):
    schema = schemathesis.openapi.from_dict(document())
    schema.app = application
    faults = []
    for found in schema.get_all_operations():
        operation = found.ok()
        try:
            _try(operation, mode, shop.secret)
        except (Failure, FailureGroup) as fault:
            faults.append(f"{operation.label}: {fault}")

    assert faults == [], "\n\n".join(faults)


def _try(operation, mode, secret):
    name = operation.definition.raw["operationId"]
    lenient = [checks.negative_data_rejection] if name in LENIENT else []

    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(
        max_examples=CALLS,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def one(case):
        case.call_and_validate(
            headers={"Authorization": f"Bearer {secret}"}, checks=CHECKS, excluded_checks=lenient
        )

    one()


def test_a_document_that_lies_is_caught(shop):
    lying = document()
    lying["components"]["schemas"]["Program"]["properties"]["currency"] = {"type": "integer"}
    schema = schemathesis.openapi.from_dict(lying)
    schema.app = application

    with pytest.raises((Failure, FailureGroup)):
        _try(schema["/api/v1/program"]["GET"], GenerationMode.POSITIVE, shop.secret)
