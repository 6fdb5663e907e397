"""The demo's campaigns: played through the product's own functions, alive at the first look, and once."""

import io
from datetime import timedelta

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import transaction
from django.utils import timezone
from django_scopes import scope

from campaigns.experiments import results
from campaigns.journeys import counts
from campaigns.models import (
    Control,
    Decision,
    Enrolment,
    Experiment,
    Journey,
    Message,
    PublishRequest,
    StepExecution,
    WorkChunk,
)
from loyaltysite.demo import marketing, program
from members.models import AuditEntry, Event, Identity, Member, Order, Program
from rewards import checking
from rewards.intake.items import Who
from tests.fixtures.databases import clone, pointed_at
from tests.rewards import builders as b

RUNNING = {"welcome", "activation", "points-about-to-end", "win-back", "birthday", "it-has-been-a-while"}


@pytest.fixture(scope="module")
def world(test_cluster, template, django_db_setup, django_db_blocker, tmp_path_factory):
    """A database with the first orders of the data, some more of every fourth member while the finished test ran, and
    the campaigns."""
    with (
        clone(test_cluster, template) as made,
        django_db_blocker.unblock(),
        pointed_at(made),
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setattr(settings, "VAR_DIR", tmp_path_factory.mktemp("var"))
        call_command("load_demo", processes=1, orders=150, stdout=io.StringIO())
        found = Program.objects.get(slug=program.SLUG)
        at = timezone.now() - timedelta(days=marketing.SEASON - 10)
        with scope(program=found):
            assert not Journey.objects.exists()
            customers = list(
                Identity.objects.filter(kind="shop").order_by("pk").values_list("value", flat=True)
            )
        for number, customer in enumerate(customers[::4]):
            b.record(found, b.order(f"more-{number}", at, b.line(1_000), member=Who("shop", customer)))
        assert marketing.begin(program=found, now=timezone.now())
        yield made


@pytest.fixture
def shop(world, django_db_blocker):
    """Its program; whatever a test does there is undone."""
    with django_db_blocker.unblock(), pointed_at(world), transaction.atomic():
        yield Program.objects.get()
        transaction.set_rollback(True)


def test_campaigns_are_alive_and_what_came_of_them_is_counted(shop):
    now = timezone.now()

    with scope(program=shop):
        journeys = {journey.key: journey for journey in Journey.objects.all()}
        totals = counts.totals(program=shop)
        tests = {each.name: each for each in Experiment.objects.filter(kind="test")}
        sent = Message.objects.filter(state="sent")

        states = {key: journey.state for key, journey in journeys.items()}
        assert states == dict.fromkeys(RUNNING, "live") | {
            "longer-evenings": "stopped", "best-customers": "draft", "review-and-referral": "draft",
        }  # fmt: skip
        everybody = Member.objects.exclude(source="portal").count()
        assert totals[journeys["longer-evenings"].pk].entered == everybody
        assert totals[journeys["win-back"].pk].waiting > everybody / 2
        assert totals[journeys["welcome"].pk].entered == len(marketing.NEWCOMERS)
        assert totals[journeys["activation"].pk].waiting == len(marketing.NEWCOMERS)
        # Nothing leaves: without a provider it stays in the outbox, and whoever agreed to nothing got nothing.
        assert set(sent.values_list("provider", flat=True)) == {"outbox"}
        assert sent.exists()
        assert Decision.objects.filter(reason="consent").exists()
        assert Control.objects.get(until=None).percent == marketing.CONTROL
        over, running = tests["Short or long"], tests["News or balance"]
        assert (over.state, running.state) == ("ended", "running")
        assert over.winner is not None
        assert results.of(over).counted == everybody
        # Who is left out by lot is in no arm.
        reminded = totals[journeys["it-has-been-a-while"].pk]
        assert results.of(running).assigned == reminded.entered - reminded.held_out > 0
        assert PublishRequest.objects.get(state="waiting").journey == journeys["review-and-referral"]
        assert not WorkChunk.objects.exists()
        # Nothing is told of days that are still to come, or by whom nobody is.
        assert not StepExecution.objects.filter(at__gt=now).exists()
        assert not Event.objects.filter(recorded_at__gt=now).exists()
        assert not AuditEntry.objects.filter(action__startswith="journey", actor=None).exists()
    assert checking.run(program=shop, verify=True).wrong == 0


def test_what_counts_is_what_the_orders_say(shop):
    """The finished test, added up in plain Python."""
    with scope(program=shop):
        over = Experiment.objects.get(name="Short or long")
        bought = dict.fromkeys(range(2), 0)
        for arm, member, at in over.exposures.values_list("arm", "member_id", "at"):
            window = (at, at + timedelta(days=21))
            orders = Order.objects.filter(
                member_id=member, occurred_at__gte=window[0], occurred_at__lt=window[1]
            )
            bought[arm] += orders.exclude(state="cancelled").exists()

    assert sum(bought.values()) > 10
    assert [arm.totals.bought for arm in results.of(over).arms] == [bought[0], bought[1]]


def test_a_second_start_changes_nothing(shop):
    def state():
        with scope(program=shop):
            models = (Journey, Enrolment, Message, Decision, Control, PublishRequest, Member, AuditEntry)
            return [model.objects.count() for model in models]

    before = state()

    assert marketing.begin(program=shop, now=timezone.now() + timedelta(days=1)) is False
    assert state() == before
