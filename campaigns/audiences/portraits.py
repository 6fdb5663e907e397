"""One member as conditions see them in Python: what is asked is read, each thing once.

It answers as SQL does (tests hold both against each other) and says why somebody is in a segment or not.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property

from django.db.models import F, Prefetch

from campaigns.audiences import elements
from campaigns.models import Figures, Message, Segment
from members.models import (
    Activity,
    Address,
    AudienceMember,
    Consent,
    Identity,
    Member,
    MemberScore,
    Order,
    OrderLine,
    Preference,
    Program,
)
from rewards import queries
from rewards.models import (
    BadgeWin,
    HouseholdPlace,
    Lot,
    Redemption,
    Referral,
    Standing,
    Term,
    Tier,
    Unit,
    Wallet,
)
from rewards.tiers import standings
from rewards.tiers.progress import Progress


class Portrait:
    """Within the program's scope only."""

    def __init__(self, member: Member, *, program: Program, now: datetime) -> None:
        self.member, self.program = member, program
        self.local = now.astimezone(program.zone)

    @property
    def joined_on(self) -> date:
        return self.member.joined_at.astimezone(self.program.zone).date()

    @cached_property
    def orders(self) -> list[Order]:
        lines = Prefetch(
            "lines", OrderLine.objects.filter(revision=F("order__revision")), to_attr="current_lines"
        )
        found = Order.objects.filter(member=self.member, state__in=elements.HAPPENED)
        return list(found.select_related("store").prefetch_related(lines))

    @cached_property
    def bought(self) -> list[OrderLine]:
        lines = OrderLine.objects.filter(
            order__member=self.member, order__state__in=elements.HAPPENED, revision=F("order__revision")
        )
        return list(lines.select_related("order__store"))

    @property
    def orders_count(self) -> int:
        return len(self.orders)

    @property
    def spend_minor(self) -> int:
        return sum(order.total_minor - order.returned_minor for order in self.orders)

    @property
    def average_minor(self) -> int | None:
        """Rounded towards zero, as PostgreSQL divides."""
        if not self.orders:
            return None
        whole = abs(self.spend_minor) // len(self.orders)
        return whole if self.spend_minor >= 0 else -whole

    @property
    def last_at(self) -> datetime | None:
        return max((order.occurred_at for order in self.orders), default=None)

    @property
    def first_at(self) -> datetime | None:
        return min((order.occurred_at for order in self.orders), default=None)

    @cached_property
    def scores(self) -> Figures | None:
        return Figures.objects.filter(member=self.member).first()

    @cached_property
    def score(self) -> MemberScore | None:
        return MemberScore.objects.filter(member=self.member).first()

    @cached_property
    def _standing(self) -> Tier | None:
        tiers = queries.tiers_of(self.program)
        held = set(
            Standing.objects.filter(member=self.member, ended_at=None).values_list("tier_id", flat=True)
        )
        ranked = [tier for tier in tiers if tier.pk in held]
        base = queries.base_of(tiers)
        return max([*ranked, *([base] if base else [])], key=lambda tier: tier.rank, default=None)

    @cached_property
    def _progress(self) -> Progress | None:
        """As the member sees it; none without tiers, or on the highest."""
        try:
            found = standings.progress_of(program=self.program, member=self.member, now=self.local)
        except standings.NoTiers:
            return None
        return found if found.next_level else None

    @property
    def missing(self) -> int | None:
        return self._progress.missing if self._progress else None

    @property
    def way(self) -> int | None:
        """In whole percent, rounded down."""
        found = self._progress
        if found is None or found.next_level is None:
            return None
        return min(100, max(0, found.total * 100 // found.next_level.threshold))

    @property
    def tier(self) -> str | None:
        return self._standing.key if self._standing else None

    @property
    def rank(self) -> int | None:
        return self._standing.rank if self._standing else None

    @cached_property
    def _wallets(self) -> dict[int, int]:
        return dict(Wallet.objects.filter(holder_id=self.member.pk).values_list("unit_id", "active"))

    def points(self, unit: Unit) -> Decimal | int:
        active = self._wallets.get(unit.pk, 0)
        return Decimal(active).scaleb(-unit.precision) if unit.precision else active

    @cached_property
    def lots(self) -> list[Lot]:
        found = Lot.objects.filter(wallet__holder_id=self.member.pk, is_open=True)
        return list(found.select_related("wallet__unit"))

    @cached_property
    def activities(self) -> list[Activity]:
        merged = Member.objects.filter(merged_into=self.member).values_list("pk", flat=True)
        return list(
            Activity.objects.filter(member_id__in=[self.member.pk, *merged], withdrawn_at__isnull=True)
        )

    @cached_property
    def redemptions(self) -> list[Redemption]:
        return list(Redemption.objects.filter(member=self.member).select_related("reward"))

    @cached_property
    def terms(self) -> list[Term]:
        return list(Term.objects.filter(member=self.member).select_related("plan"))

    @property
    def plans(self) -> set[str]:
        return {term.plan.key for term in self.terms if term.state in elements.HELD}

    @cached_property
    def wins(self) -> list[BadgeWin]:
        return list(BadgeWin.objects.filter(member=self.member, lost_at__isnull=True).select_related("badge"))

    @cached_property
    def referrals(self) -> list[Referral]:
        return list(Referral.objects.filter(referrer=self.member))

    @cached_property
    def messages(self) -> list[Message]:
        found = Message.objects.filter(member=self.member, state__in=elements.WENT_OUT)
        return list(found.select_related("template"))

    @cached_property
    def has_household(self) -> bool:
        return HouseholdPlace.objects.filter(member=self.member, left_at__isnull=True).exists()

    @cached_property
    def has_address(self) -> bool:
        return Address.objects.filter(member=self.member).exists()

    @cached_property
    def consents(self) -> dict[str, set[str]]:
        found = defaultdict(set)
        for channel, topic in Consent.objects.filter(member=self.member, is_given=True).values_list(
            "channel", "topic"
        ):
            found[channel].add(topic)
        return found

    @cached_property
    def _identities(self) -> list[Identity]:
        return list(Identity.objects.filter(member=self.member))

    @property
    def contacts(self) -> set[str]:
        return {identity.kind for identity in self._identities}

    @property
    def verified(self) -> set[str]:
        return {identity.kind for identity in self._identities if identity.verified_at is not None}

    @cached_property
    def _preference(self) -> Preference | None:
        return Preference.objects.filter(member=self.member).select_related("store").first()

    @property
    def likes(self) -> list[str] | None:
        return self._preference.likes if self._preference else None

    @property
    def favourite_store(self) -> str | None:
        preference = self._preference
        return preference.store.code if preference and preference.store else None

    @cached_property
    def segments(self) -> set[str]:
        held = AudienceMember.objects.filter(member=self.member).values("audience_id")
        return set(Segment.objects.filter(pk__in=held).values_list("key", flat=True))
