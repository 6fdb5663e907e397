"""The site's addresses and those of the two floors."""

from __future__ import annotations

import json
from typing import Any

from django.urls import include, path
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from loyaltysite.kit import clock
from loyaltysite.kit.db import raw_cursor

ONE = """
    WITH one AS (
        INSERT INTO bench_movement (account_id, external_id, amount, at) VALUES (%s, %s, %s, %s)
        RETURNING account_id, amount
    )
    UPDATE bench_account a SET balance = a.balance + one.amount FROM one WHERE a.id = one.account_id RETURNING a.balance
"""


class Bare(APIView):
    """As DRF comes: its own parser, renderer and negotiation; nobody is asked for a key."""

    authentication_classes = ()
    permission_classes = ()

    def values(self, request: Request) -> tuple[int, str, int]:
        order = request.data
        amount = sum(line["amount_minor"] for line in order["lines"])
        return int(order["member"]["value"]), order["external_id"], amount


class Statement(Bare):
    def post(self, request: Request) -> Response:
        member, number, amount = self.values(request)
        with raw_cursor() as cursor:
            row: Any = cursor.execute(ONE, [member, number, amount, clock.now()], prepare=True).fetchone()
        return Response({"balance": row[0]}, status=201)


class Function(Bare):
    def post(self, request: Request) -> Response:
        member, number, amount = self.values(request)
        body = json.dumps({"status": "recorded", "order": number, "points": amount}).encode()
        values = [member, number, amount, f"floor-{number}", body, clock.now()]
        with raw_cursor() as cursor:
            row: Any = cursor.execute(
                "SELECT bench_order(%s, %s, %s, %s, %s, %s)", values, prepare=True
            ).fetchone()
        return Response({"balance": row[0]}, status=201)


class Call(Bare):
    """One function of the database; its answer goes out as it is."""

    statement = ""

    def post(self, request: Request) -> Response:
        asked = request.data
        values = asked | {"now": clock.now()}
        with raw_cursor() as cursor:
            row: Any = cursor.execute(self.statement, values, prepare=True).fetchone()
        return Response({"done": row[0]}, status=201)


class Spend(Call):
    statement = "SELECT bench_spend(%(wallet)s, %(amount)s, %(number)s, %(now)s)"


class Redeem(Call):
    statement = "SELECT bench_redeem(%(wallet)s, %(reward)s, %(amount)s, %(number)s, %(now)s)"


urlpatterns = [
    path("bench/spend", Spend.as_view()),
    path("bench/redeem", Redeem.as_view()),
    path("bench/statement", Statement.as_view()),
    path("bench/function", Function.as_view()),
    path("", include("loyaltysite.urls")),
]
