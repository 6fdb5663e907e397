"""Scores of recency, frequency and money: the reference figures of two data sets, to the last customer."""

import hashlib
from decimal import ROUND_HALF_EVEN, Decimal

import pytest
from django_scopes import scope

from campaigns.audiences import classes, figures
from campaigns.models import Figures
from tests.published import cdnow, online_retail, shop_of

pytestmark = pytest.mark.django_db


def digest(lines):
    return hashlib.sha256("".join(f"{line}\n" for line in sorted(lines)).encode()).hexdigest()


@pytest.mark.parametrize(
    ("orders", "customers", "texts", "scores", "best"),
    [
        (
            cdnow,
            2357,
            "9dac57274770ac1579e010806cf120f0a5992263388f983266ea717249eeeabe",
            "1dc6d665c3f395bda9b1f8fa11de91c427f9b9090d8161cbfc4dbcf6d94512b2",
            246,
        ),
        (
            online_retail,
            4338,
            "0a19a6a886a1e8c81f3cba49424f903aa7c770e790ed2d0c82fe783ff689e31f",
            "0d95ff80d775dd8938739ddf6ecb1ae27da2b3316691b4f5dcc5146f79c25673",
            348,
        ),
    ],
    ids=["cdnow", "online_retail"],
)
def test_the_reference_figures(orders, customers, texts, scores, best):
    program, known = shop_of(orders())
    figures.count_all(program=program)
    figures.score(program=program)

    with scope(program=program):
        rows = list(Figures.objects.filter(program=program))

    assert len(rows) == customers
    assert digest(f"{known[row.pk]},{told(row)}" for row in rows) == texts
    assert digest(f"{known[row.pk]},{row.recency}{row.frequency}{row.monetary}" for row in rows) == scores
    assert sum((row.recency, row.frequency, row.monetary) == (5, 5, 5) for row in rows) == best
    assert all(row.rfm_class == classes.class_of(row.recency, row.frequency, row.monetary) for row in rows)


def told(row):
    amount = Decimal(row.spend_minor).scaleb(-3).quantize(Decimal("0.01"), ROUND_HALF_EVEN)
    return f"{row.last_at:%Y-%m-%d},{row.orders},{amount}"


def test_every_pair_of_scores_has_a_class():
    known = {key for key, _name in classes.CHOICES}

    used = {classes.class_of(r, f, m) for r in range(1, 6) for f in range(1, 6) for m in range(1, 6)}

    assert used == known
