"""What conditions may ask about members: segments, branches and entries of journeys, placements all ask this one registry.

SQL is the back end that counts; the outer row is a Member. The Python one reads a Portrait of one member (portraits.py) and
gives the reasons why somebody is in a segment or not.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.db.models import DecimalField, F, Func, IntegerField, OuterRef, QuerySet, Value
from django.db.models.expressions import Combinable, Exists
from django.db.models.functions import Cast, TruncDate
from django.utils.translation import gettext_lazy as _

from campaigns.audiences import classes, distances, elements, offered, totals
from campaigns.models import Segment
from loyaltysite.kit import conditions
from loyaltysite.kit.conditions import Condition, Field, Registry, Rows
from loyaltysite.kit.conditions.registry import One
from members.models import (
    Address,
    AudienceMember,
    Band,
    Channel,
    Consent,
    Identity,
    Member,
    NextAction,
    Topic,
)
from rewards import offers
from rewards.models import HouseholdPlace, Term, Unit, Wallet

POINTS, MISSING = "points.", "standing.missing"


class AudienceRegistry(Registry):
    """The named fields; one for each unit of the program in scope: points.<unit>, what can be used of it; and what is
    missing to the next tier, which is money where the tiers count spend or customer value."""

    def field(self, name: str) -> Field | None:
        found = super().field(name)
        if found is None and name == MISSING:
            return _missing()
        if found is None and name.startswith(POINTS):
            key = name.removeprefix(POINTS)
            return next((_points(unit) for unit in offered.units_in_scope() if unit.key == key), None)
        return found

    def fields(self) -> list[Field]:
        return [*super().fields(), _missing(), *(_points(unit) for unit in offered.units_in_scope())]


REGISTRY = AudienceRegistry("audience", now="local")


def parse(tree: Any) -> Condition:
    """A condition on members that SQL can answer: `condition.q(now)` filters Member, `now` in the program's time zone.
    Ask within the program's scope. Raises ConditionError with path and reason."""
    return conditions.parse(tree, REGISTRY, bulk=True)


def register() -> None:
    """Fill the registry; called by the app's ready(), and harmless when repeated."""
    if REGISTRY.field("member.language"):
        return
    elements.register()
    _register_profile()
    _register_contacts()
    _register_totals()
    _register_scores()
    REGISTRY.add(
        Field(
            "member.segments",
            conditions.SET,
            _("segments"),
            "segments",
            Rows(_memberships, "audience_id", stored=_segment_id),
            choices=offered.segments,
        ),
        Field(
            "member.has_household", conditions.BOOLEAN, _("in a household"), "has_household", _in_household
        ),
        Field(
            "member.has_address", conditions.BOOLEAN, _("has a postal address"), "has_address", _has_address
        ),
        Field(
            "standing.plans",
            conditions.SET,
            _("plans"),
            "plans",
            Rows(_terms_held, "plan__key"),
            choices=offers.plans,
        ),
        *elements.collections(),
    )


def _register_profile() -> None:
    REGISTRY.add(
        Field("member.language", conditions.TEXT, _("language"), "member.language", "language"),
        Field("member.birthday", conditions.MONTH_DAY, _("birthday"), "member.birthday", "birthday"),
        Field("member.born_on", conditions.DATE, _("date of birth"), "member.birthday", "birthday"),
        Field("member.joined_on", conditions.DATE, _("joined on"), "joined_on", _joined_on),
        Field("member.joined_at", conditions.DATETIME, _("joined"), "member.joined_at", "joined_at"),
        Field("member.source", conditions.TEXT, _("joined through"), "member.source", "source"),
        Field(
            "member.state",
            conditions.CHOICE,
            _("state"),
            "member.state",
            "state",
            choices=Member.State.choices,
        ),
        Field("member.tags", conditions.SET, _("tags"), "member.tags", "tags"),
        Field("member.likes", conditions.SET, _("likes"), "likes", "preference__likes"),
        Field(
            "member.favourite_store",
            conditions.TEXT,
            _("favourite store"),
            "favourite_store",
            "preference__store__code",
            choices=offers.stores,
        ),
    )


def _register_contacts() -> None:
    kinds = Identity.Kind.choices
    REGISTRY.add(
        Field(
            "member.contacts",
            conditions.SET,
            _("known by"),
            "contacts",
            Rows(_identities, "kind"),
            choices=kinds,
        ),
        Field(
            "member.verified",
            conditions.SET,
            _("verified"),
            "verified",
            Rows(_verified, "kind"),
            choices=kinds,
        ),
    )
    labels = {
        Channel.EMAIL: _("agrees to e-mails about"),
        Channel.SMS: _("agrees to text messages about"),
        Channel.PUSH: _("agrees to notices on the phone about"),
        Channel.POST: _("agrees to post about"),
        Channel.PLACE: _("tells when near a store, about"),
        Channel.SOCIAL: _("may be found on social networks, about"),
    }
    for channel, label in labels.items():
        rows = Rows(_consents(channel), "topic")
        name = f"consent.{channel.value}"
        REGISTRY.add(Field(name, conditions.SET, label, _topics(channel), rows, choices=Topic.choices))


def _register_totals() -> None:
    score, scores = conditions.INTEGER, [(str(number), str(number)) for number in range(1, 6)]
    REGISTRY.add(
        Field("orders.count", conditions.INTEGER, _("number of orders"), "orders_count", totals.column("orders")),
        Field("orders.spend", conditions.MONEY, _("spend after returns"), "spend_minor", totals.column("spend_minor")),
        Field("orders.average", conditions.MONEY, _("average order"), "average_minor", totals.average),
        Field("orders.last_at", conditions.DATETIME, _("last order"), "last_at", totals.column("last_at")),
        Field("orders.first_at", conditions.DATETIME, _("first order"), "first_at", totals.column("first_at")),
        Field("rfm.recency", score, _("score of recency"), "scores.recency", "figures__recency", choices=lambda: scores),
        Field("rfm.frequency", score, _("score of frequency"), "scores.frequency", "figures__frequency", choices=lambda: scores),
        Field("rfm.monetary", score, _("score of spend"), "scores.monetary", "figures__monetary", choices=lambda: scores),
        Field("rfm.class", conditions.CHOICE, _("class of value"), "scores.rfm_class", "figures__rfm_class", choices=classes.CHOICES),
        Field("standing.tier", conditions.TEXT, _("tier"), "tier", totals.tier, choices=offers.tiers),
        Field("standing.rank", conditions.INTEGER, _("rank of the tier"), "rank", totals.rank),
        Field("standing.way", conditions.INTEGER, _("percent of the way to the next tier"), "way", at=distances.way, table=distances.ways),
    )  # fmt: skip


def _register_scores() -> None:
    """What is foretold of the member (members/scores.py); missing where nobody has been scored. Shares in percent."""
    whole, share, money, choice = conditions.INTEGER, conditions.DECIMAL, conditions.MONEY, conditions.CHOICE
    REGISTRY.add(
        Field("score.value", money, _("value of the coming year"), "score.value_minor", "score__value_minor"),
        Field("score.historic", money, _("value up to now"), "score.historic_minor", "score__historic_minor"),
        Field("score.expected_orders", share, _("orders expected in a year"), "score.expected_orders", "score__expected_orders"),
        Field("score.purchases", whole, _("days with a purchase"), "score.purchases", "score__purchases"),
        Field("score.p_alive", share, _("chance of still being a customer, %"), _percent_of("p_alive"), _percent("p_alive")),
        Field("score.churn", share, _("risk of not buying again, %"), _percent_of("churn"), _percent("churn")),
        Field("score.band", choice, _("risk of not buying again"), "score.churn_band", "score__churn_band", choices=Band.choices),
        Field("score.upgrade", share, _("chance of buying more often, %"), _percent_of("upgrade"), _percent("upgrade")),
        Field("score.action", choice, _("next best action"), "score.action", "score__action", choices=NextAction.choices),
        Field("score.channel", conditions.TEXT, _("best channel"), "score.channel", "score__channel", choices=Channel.choices),
        Field("score.act_on", conditions.DATE, _("best day"), "score.act_on", "score__act_on"),
        Field("score.offer", money, _("what the offer may cost"), "score.offer_minor", "score__offer_minor"),
        Field("score.held_out", conditions.BOOLEAN, _("held out of actions"), "score.is_held_out", "score__is_held_out"),
    )  # fmt: skip


def _missing() -> Field:
    label = _("missing to the next tier")
    kind = conditions.MONEY if distances.is_money() else conditions.INTEGER
    return Field(MISSING, kind, label, "missing", at=distances.missing, table=distances.missings)


# --- SQL --------------------------------------------------------------------------------------------------------------


def _percent(name: str) -> Any:
    return lambda: F(f"score__{name}") * Value(100)


def _percent_of(name: str) -> Any:
    def read(portrait: Any) -> Decimal | None:
        found = getattr(portrait.score, name, None)
        return None if found is None else found * 100

    return read


def _joined_on() -> Combinable:
    program = offered.program_in_scope()
    if program is None:
        raise ValueError("conditions on members are asked within a program's scope")
    return TruncDate("joined_at", tzinfo=program.zone)


def _memberships() -> QuerySet[AudienceMember]:
    return AudienceMember.objects.filter(member_id=OuterRef("pk"))


def _segment_id(key: str) -> int:
    """Of an unknown segment nobody is a member."""
    return Segment.objects.filter(key=key).values_list("pk", flat=True).first() or 0


def _identities() -> QuerySet[Identity]:
    return Identity.objects.filter(member_id=OuterRef("pk"))


def _verified() -> QuerySet[Identity]:
    return _identities().filter(verified_at__isnull=False)


def _consents(channel: str) -> Any:
    return lambda: Consent.objects.filter(member_id=OuterRef("pk"), channel=channel, is_given=True)


def _topics(channel: str) -> Any:
    return lambda portrait: portrait.consents.get(channel, ())


def _terms_held() -> QuerySet[Term]:
    return Term.objects.filter(member_id=OuterRef("pk"), state__in=elements.HELD)


def _in_household() -> Combinable:
    return Exists(HouseholdPlace.objects.filter(member_id=OuterRef("pk"), left_at__isnull=True))


def _has_address() -> Combinable:
    return Exists(Address.objects.filter(member_id=OuterRef("pk")))


def _points(unit: Unit) -> Field:
    """What a member can use of a unit, in whole units; nothing where there is no wallet."""
    label = _("%(unit)s to use") % {"unit": dict(offered.units()).get(unit.key, unit.key)}
    kind = conditions.DECIMAL if unit.precision else conditions.INTEGER
    number: Any = Decimal if unit.precision else int
    key = "amount_" if unit.precision else "active"
    one = One(lambda: _wallets(unit), key, default=number(0))
    return Field(f"{POINTS}{unit.key}", kind, label, lambda portrait: portrait.points(unit), one)


def _wallets(unit: Unit) -> QuerySet[Wallet]:
    wallets = Wallet.objects.filter(holder_id=OuterRef("pk"), unit_id=unit.pk)
    if not unit.precision:
        return wallets
    whole = Cast("active", DecimalField(max_digits=30, decimal_places=6))
    step = Value(10**unit.precision, output_field=IntegerField())
    amount = Func(
        whole,
        step,
        template="(%(expressions)s)",
        arg_joiner=" / ",
        output_field=DecimalField(max_digits=30, decimal_places=6),
    )
    return wallets.annotate(amount_=amount)


__all__ = ["POINTS", "REGISTRY", "parse", "register"]
