"""A program with one of everything that an address can name, for those who walk all of them (tests/walls.py)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property

from django.utils import timezone
from django_scopes import scope

from analytics.backtests import runs as backtests
from analytics.backtests.changes import Changes
from analytics.goals import setting as goals
from analytics.models import Alert, ReviewItem, SavedView
from analytics.reviews import making as reviews
from analytics.roi import costs
from analytics.saved import views
from campaigns import approvals, drafting
from campaigns.audiences import segments
from campaigns.journeys import editing
from campaigns.models import (
    Journey,
    JourneyStep,
    Manners,
    PrintList,
    PublishRequest,
    StaffTask,
    Suppression,
)
from loyaltysite.kit import clock
from members import keys
from members.models import Invitation, Member, Note, Program, Role, TeamMembership, User, Webhook
from members.webhooks import endpoints
from rewards import redemptions, rulebook
from rewards.gatherings import editing as gatherings
from rewards.giftcards import issuing
from rewards.households import places as households
from rewards.merging.joining import merge
from rewards.models import (
    BulkAction,
    CodePool,
    ImportRun,
    PendingAdjustment,
    Redemption,
    Referral,
    Surprise,
    Unit,
)
from rewards.till import handing
from tests.campaigns import letters
from tests.campaigns.experiments import trials
from tests.members.teams import hire
from tests.rewards import builders as b
from tests.rewards import catalogue as rewards
from tests.rewards import coupons as codes
from tests.rewards import plans_shop as plans
from tests.rewards.badges import shop as badges
from tests.rewards.causes import house as causes


@dataclass(frozen=True)
class World:
    """A program with one of everything that an address can name."""

    program: Program
    owner: User

    @classmethod
    def make(cls) -> World:
        program = b.open_program(stores=["north"], tiers={"basic": (0, {}), "gold": (10**6, {})})
        b.join(program, "anna")
        b.join(program, "ben")
        b.record(program, b.order("A", "2026-01-10", 1000, store="north"))
        return cls(program, hire(program, Role.OWNER))

    def argument(self, name: str) -> object:
        """What stands in the address under that name; "key:unit" is the key of a unit."""
        with scope(program=self.program):
            return getattr(self, name.replace(":", "_"))

    key_kpi = "aov"

    @cached_property
    def _anna(self) -> Member:
        return b.find(self.program, "anna")

    @property
    def number(self) -> str:
        return self._anna.number

    @property
    def fact_id(self) -> int:
        return b.stored_order(self.program, "A").fact_id

    @property
    def name(self) -> str:
        return "adjust"

    @property
    def kind(self) -> str:
        return "sale"

    @cached_property
    def key_journey(self) -> str:
        """Another one in each program, under way since it was published."""
        graph = drafting.BLANK | {"steps": [{"key": "s1", "kind": "wait", "days": 1}]}
        now, name = timezone.now(), f"journey-{self.program.pk}"
        made = drafting.create(program=self.program, name=name, by=self.owner, now=now, graph=graph)
        editing.publish(journey=made, by=self.owner, now=now)
        return made.key

    @cached_property
    def backtest_id(self) -> int:
        """One that is done."""
        draft = {"base": {"name": "Base", "definition": {"trigger": {"on": "order"}, "unit": "points", "amount": {"kind": "per_order", "points": "5"}}}}  # fmt: skip
        today = timezone.localdate()
        made = backtests.begin(
            program=self.program, name="Five", changes=Changes(rules=draft), first=today, last=today, by=self.owner,
            now=timezone.now(),
        )  # fmt: skip
        backtests.work(backtest_id=made.pk, clock=timezone.now)
        return made.pk

    @property
    def part(self) -> str:
        return "days"

    @cached_property
    def alert_id(self) -> int:
        day = timezone.localdate()
        facts = {
            "kind": "stalled_tiers",
            "facts": {"active": 60, "days": 60, "near": 0},
            "remedy": {"kind": "tiers"},
        }
        return Alert.objects.create(program=self.program, raised_on=day, seen_on=day, **facts).pk

    @property
    def view_id(self) -> int:
        """One that everybody of the team sees; made anew where somebody has deleted it."""
        known = SavedView.objects.filter(program=self.program).first()
        facts = {"page": "kpis", "query": "", "is_shared": True, "by": self.owner, "now": timezone.now()}
        return (known or views.save(program=self.program, name="Mine", **facts)).pk

    @cached_property
    def review_id(self) -> int:
        today = timezone.localdate()
        month = reviews.month_before(today)
        return reviews.make(program=self.program, month=month, today=today, now=timezone.now()).pk

    @cached_property
    def item_id(self) -> int:
        return ReviewItem.objects.filter(review_id=self.review_id).first().pk

    @cached_property
    def goal_id(self) -> int:
        today = timezone.localdate()
        values = {
            "start_value": 10,
            "target": 20,
            "starts_on": today - timedelta(days=3),
            "course": "straight",
        }
        return goals.begin(
            program=self.program, name="More", kpi="orders", days=30, due_on=today + timedelta(days=30),
            by=self.owner, today=today, now=timezone.now(), **values,
        ).pk  # fmt: skip

    @cached_property
    def request_id(self) -> int:
        Manners.objects.create(program=self.program, needs_approval=True)
        journey = Journey.objects.get(key=self.key_journey)
        asked = {
            "key": journey.key,
            "revision": drafting.revision_of(journey),
            "reason": "why",
            "mapping": {},
        }
        wish = approvals.publish(program=self.program, by=hire(self.program), now=timezone.now(), **asked)
        assert isinstance(wish, PublishRequest)
        return wish.pk

    @cached_property
    def experiment_id(self) -> int:
        return trials.with_results(self.program).pk

    @cached_property
    def task_id(self) -> int:
        step = JourneyStep.objects.get(version__journey__key=self.key_journey)
        facts = {"enrolment_id": 1, "step": step, "hop": 0, "title": "Call"}
        now = timezone.now()
        return StaffTask.objects.create(
            program=self.program, member=self._anna, due_at=now, made_at=now, **facts
        ).pk

    @property
    def key_unit(self) -> str:
        return Unit.objects.first().key

    @property
    def key_rule(self) -> str:
        return self.program.rules.first().key

    @cached_property
    def cost_id(self) -> int:
        day = timezone.localdate()
        values = {"kind": "design", "name": "Launch", "first": day, "last": day, "amount_minor": 100}
        return costs.add(program=self.program, by=self.owner, now=clock.now(), **values).pk

    @cached_property
    def key_reward(self) -> str:
        """Another one in each program, so that the other's is none of one's own."""
        return rewards.put_up(self.program, f"gift-{self.program.pk}").key

    @cached_property
    def key_event(self) -> str:
        """Tomorrow, so that the till has it on its list."""
        key = f"show-{self.program.pk}"
        rewards.put_up(self.program, key, kind="event", price={}, per_member=1)
        now = clock.now()
        gatherings.plan(program=self.program, key=key, by=None, now=now, begins_at=now + timedelta(days=1))
        return key

    @cached_property
    def key_badge(self) -> str:
        return badges.put_up(
            self.program, f"badge-{self.program.pk}", definition=badges.goal("orders", 1)
        ).key

    @cached_property
    def key_segment(self) -> str:
        name = f"Segment {self.program.pk}"
        return segments.create(program=self.program, name=name, by=self.owner, now=timezone.now()).key

    @property
    def name_segment(self) -> str:
        return "discard"

    @cached_property
    def key_cause(self) -> str:
        return causes.put_up(self.program, f"cause-{self.program.pk}", accepts={"points": 1}).key

    @cached_property
    def donation_id(self) -> int:
        return causes.give(self.program, 1, cause=self.key_cause, at="2026-01-11").pk

    @cached_property
    def key_coupon(self) -> str:
        return codes.put_up(self.program, f"coupon-{self.program.pk}").key

    @cached_property
    def key_pool(self) -> str:
        return codes.open_pool(self.program, f"pool-{self.program.pk}").key

    @cached_property
    def batch_id(self) -> int:
        pool = CodePool.objects.get(key=self.key_pool)
        codes.draw(pool, 1)
        return pool.batches.get().pk

    @cached_property
    def key_plan(self) -> str:
        return plans.put_up(self.program, f"club-{self.program.pk}").key

    @cached_property
    def _held(self) -> Redemption:
        rewards.put_up(self.program, "free", price={}, per_member=9)
        return redemptions.reserve(
            program=self.program, member=self._anna, reward="free", key="k", now=timezone.now()
        )

    @property
    def redemption_id(self) -> int:
        return self._held.pk

    @property
    def token(self) -> str:
        """That the owner has had a code in hand."""
        return handing.token_of(redemption=self._held, cashier=self.owner)

    @cached_property
    def household_id(self) -> int:
        Unit.objects.filter(key="points").update(is_shared=True)
        rulebook.touch(self.program)
        return households.found(program=self.program, member=self._anna, now=timezone.now()).pk

    @cached_property
    def card_id(self) -> int:
        worth = {"precision": 2, "worth_numerator": 100, "is_money": True}
        Unit.objects.create(program=self.program, key="credit", **worth)
        rulebook.touch(self.program)
        return issuing.issue(program=self.program, value_minor=500, key="k", now=timezone.now()).pk

    @cached_property
    def key_stamps(self) -> str:
        """Of a unit of stamps."""
        names = {"en": {"one": "stamp", "other": "stamps"}}
        return Unit.objects.create(program=self.program, key="stamps", names=names, worth_numerator=0).key

    @cached_property
    def template_id(self) -> int:
        return letters.template(self.program).pk

    @cached_property
    def letter_id(self) -> int:
        step = {"template": self.template_id, "channel": "inapp"}
        return letters.say(self.program, self._anna, **step).pk

    @cached_property
    def suppression_id(self) -> int:
        facts = {"channel": "email", "mark": b"x", "reason": "bounce", "at": timezone.now()}
        return Suppression.objects.create(program=self.program, member=self._anna, **facts).pk

    @cached_property
    def list_id(self) -> int:
        return PrintList.objects.create(program=self.program, finished_at=timezone.now()).pk

    @property
    def move_publish(self) -> str:
        return "publish"

    @property
    def channel(self) -> str:
        return "email"

    @cached_property
    def referral_id(self) -> int:
        facts = {"referrer": self._anna, "friend": b.find(self.program, "ben"), "signs": ["device"]}
        days = {"joined_at": b.moment("2026-01-01"), "buy_until": b.moment("2026-03-01")}
        return Referral.objects.create(program=self.program, terms={"minimum_minor": 0}, **facts, **days).pk

    @cached_property
    def surprise_id(self) -> int:
        facts = {"author": self.owner, "reason": "why", "prize": {"unit": "points", "amount": 1}}
        return Surprise.objects.create(
            program=self.program, most=1, draws=1, wanted={"filter": {}}, salt=b"s" * 32, **facts
        ).pk

    @property
    def store_id(self) -> int:
        return self.program.stores.first().pk

    @cached_property
    def place_id(self) -> int:
        return TeamMembership.objects.get(program=self.program, user=self.owner).pk

    @cached_property
    def invitation_id(self) -> int:
        facts = {"email": "new@example.com", "role": "analyst", "nonce": "n", "invited_by": self.owner}
        made = Invitation.objects.create(
            program=self.program, digest=f"d{self.program.pk}", expires_at=b.moment("2030-01-01"), **facts
        )
        return made.pk

    @cached_property
    def key_id(self) -> int:
        now = b.moment("2026-01-01")
        return keys.create(
            program=self.program, name="Shop", scopes=["members:read"], by=self.owner, now=now
        )[0].pk

    @cached_property
    def _webhook(self) -> Webhook:
        now = b.moment("2026-01-01")
        return endpoints.create(
            program=self.program,
            name="Shop",
            url="https://shop.example.com/",
            wanted=(),
            by=self.owner,
            now=now,
        )[0]

    @property
    def webhook_id(self) -> int:
        return self._webhook.pk

    @property
    def message_id(self) -> int:
        message = endpoints.test(webhook=self._webhook, now=b.moment("2026-01-01"))
        message.state, message.due_at = "sent", None
        message.save()
        return message.pk

    @property
    def move(self) -> str:
        return "pause"

    @cached_property
    def action_id(self) -> int:
        facts = {"author": self.owner, "kind": "tag", "terms": {"tag": "vip"}, "state": "done"}
        return BulkAction.objects.create(program=self.program, **facts).pk

    @cached_property
    def run_id(self) -> int:
        facts = {"author": self.owner, "name": "orders.csv", "size": 1, "digest": "d", "state": "done"}
        return ImportRun.objects.create(program=self.program, **facts).pk

    @cached_property
    def adjustment_id(self) -> int:
        facts = {
            "member": self._anna,
            "unit": Unit.objects.first(),
            "amount": 5,
            "reason": "sorry",
            "key": "k",
        }
        return PendingAdjustment.objects.create(program=self.program, asked_by=self.owner, **facts).pk

    @cached_property
    def note_id(self) -> int:
        return Note.objects.create(program=self.program, member=self._anna, author=self.owner, text="hm").pk

    @cached_property
    def merge_id(self) -> int:
        facts = {"kept": self._anna, "gone": b.find(self.program, "ben"), "reason": "twice", "key": "k"}
        return merge(program=self.program, by=self.owner, now=b.moment("2026-02-01"), **facts).pk
