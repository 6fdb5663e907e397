"""Everything we keep about a member, for the member: one JSON document and a table per subject, in one archive.

Apps above add what they hold with register().
"""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import IO, Any

from django.db.models import Q

from loyaltysite.kit.sheets import safe
from members.models import (
    Activity,
    Address,
    Consent,
    ConsentChange,
    Event,
    Identity,
    Member,
    MemberScore,
    Note,
    Order,
    OrderLine,
    Preference,
    Program,
    Return,
)
from rewards import statements
from rewards.models import (
    BadgeWin,
    ChallengeEntry,
    CouponUse,
    Donation,
    GiftCard,
    HouseholdInvitation,
    HouseholdPlace,
    Lot,
    Redemption,
    Referral,
    ReferralLink,
    Sending,
    Standing,
    SurpriseGift,
    Term,
)

type Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Table:
    """A subject: its name (of the file too) and its rows, which all have the same columns."""

    name: str
    rows: Iterable[Row]


_more: list[Callable[[Program, Member], Iterable[Table]]] = []


def register(tables: Callable[[Program, Member], Iterable[Table]]) -> None:
    """Called once by an app at start-up that keeps something about members."""
    _more.append(tables)


def write(*, program: Program, member: Member, now: datetime, to: IO[bytes]) -> None:
    """Write the archive (zip): data.json, statement.json and a CSV per subject with rows."""
    found = {table.name: [_plain(row) for row in table.rows] for table in tables_of(program, member)}
    whole = {"program": program.name, "made_at": now.isoformat(), **found}
    statement = statements.make(program=program, member=member, now=now).document()
    with zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("data.json", json.dumps(whole, ensure_ascii=False, indent=2))
        archive.writestr("statement.json", json.dumps(statement, ensure_ascii=False, indent=1))
        for name, rows in found.items():
            if rows:
                archive.writestr(f"{name}.csv", _csv(rows))


def tables_of(program: Program, member: Member) -> Iterator[Table]:
    """Each subject with its rows."""
    yield Table("profile", [_profile(member)])
    yield Table("identities", _rows(Identity.objects.filter(member=member), "kind", "value", "verified_at"))
    home = Address.objects.filter(member=member)
    yield Table("postal_address", _rows(home, "lines", "postcode", "city", "country"))
    changes = ConsentChange.objects.filter(member_id=member.pk).order_by("at", "pk")
    yield Table("consents", _rows(changes, "at", "channel", "topic", "is_given", "source"))
    wishes = Consent.objects.filter(member=member, is_wished=True).order_by("channel", "topic")
    yield Table("consents_to_prove", _rows(wishes, "since", "channel", "topic"))
    yield Table("notes", _rows(Note.objects.filter(member=member), "written_at", "text"))
    orders = Order.objects.filter(program=program, member_id=member.pk).order_by("occurred_at", "pk")
    yield Table("orders", _rows(orders, "external_id", "occurred_at", "state", "currency", "total_minor", "basis_minor", "returned_minor", "channel", "store__name"))  # fmt: skip
    lines = OrderLine.objects.filter(order__in=orders).order_by(
        "order__occurred_at", "order_id", "revision", "position"
    )
    foretold = MemberScore.objects.filter(member=member)
    yield Table("scores", _rows(foretold, "scored_at", "purchases", "value_minor", "historic_minor", "p_alive", "expected_orders", "churn", "upgrade", "action", "channel"))  # fmt: skip
    yield Table("order_lines", _rows(lines, "order__external_id", "revision", "position", "sku", "name", "category", "quantity", "amount_minor", "discount_minor", "tax_minor", "returned_quantity"))  # fmt: skip
    returns = Return.objects.filter(program=program, member_id=member.pk).order_by("occurred_at", "pk")
    yield Table("returns", _rows(returns, "external_id", "occurred_at", "amount_minor"))
    lots = Lot.objects.filter(wallet__holder_id=member.pk).order_by("earned_at", "pk")
    yield Table("lots", _rows(lots, "wallet__unit__key", "granted", "remaining", "earned_at", "active_at", "expires_at"))  # fmt: skip
    standings = Standing.objects.filter(member_id=member.pk).order_by("since", "pk")
    yield Table("tiers", _rows(standings, "tier__key", "origin", "since", "valid_until", "ended_at"))
    taken = Redemption.objects.filter(program=program, member=member).order_by("reserved_at", "pk")
    yield Table("rewards", _rows(taken, "reward__key", "state", "price", "money_minor", "reserved_at", "issued_at", "closed_at", "store__name"))  # fmt: skip
    yield from _referrals(member)
    yield from _given(program, member)
    yield from _shared(member)
    whose = Q(member=member) | Q(member__merged_into=member)
    cards = GiftCard.objects.filter(whose, program=program).order_by("issued_at", "pk")
    yield Table("gift_cards", _rows(cards, "ending", "state", "value_minor", "issued_at", "ends_at"))
    uses = CouponUse.objects.filter(program=program, order_id__in=orders.values("pk")).order_by("at", "pk")
    yield Table("coupons", _rows(uses, "coupon__key", "discount_minor", "at", "given_back_at"))
    did = Activity.objects.filter(program=program, member_id=member.pk).order_by("occurred_at", "pk")
    yield Table("activities", _rows(did, "kind", "occurred_at", "data", "withdrawn_at"))
    won = BadgeWin.objects.filter(program=program, member=member).order_by("won_at", "pk")
    yield Table("badges", _rows(won, "badge__key", "level", "period", "won_at", "lost_at"))
    part = ChallengeEntry.objects.filter(program=program, member=member).order_by("joined_at", "pk")
    yield Table("challenges", _rows(part, "badge__key", "joined_at", "is_shown", "shown_as"))
    gifts = SurpriseGift.objects.filter(member=member, state="given").order_by("given_at", "pk")
    yield Table("surprises", _rows(gifts, "given_at", "surprise__prize", "surprise__texts"))
    terms = Term.objects.filter(program=program, member=member).order_by("starts_at", "pk")
    yield Table("plans", _rows(terms, "plan__key", "state", "starts_at", "ends_at", "stopped_at", "price_minor", "paid_at", "payment"))  # fmt: skip
    events = Event.objects.filter(program=program, holder_id=member.pk).order_by("recorded_at", "pk")
    yield Table("events", _rows(events, "kind", "occurred_at", "data"))
    for more in _more:
        yield from more(program, member)


def _referrals(member: Member) -> Iterator[Table]:
    """Whom the member brought is somebody else's data: their days and states are told, not who they are."""
    links = ReferralLink.objects.filter(member=member)
    yield Table("referral_link", _rows(links, "code", "visits", "shown", "made_at"))
    brought = Referral.objects.filter(referrer=member).order_by("joined_at", "pk")
    yield Table("friends", _rows(brought, "joined_at", "state", "bought_at", "due_at", "closed_at"))
    mine = Referral.objects.filter(friend=member)
    yield Table("brought_by_a_friend", _rows(mine, "joined_at", "state", "bought_at", "due_at", "closed_at"))


def _given(program: Program, member: Member) -> Iterator[Table]:
    """What went to causes and to and from other members; who they are is their own."""
    gifts = Donation.objects.filter(program=program, member=member).order_by("given_at", "pk")
    yield Table("donations", _rows(gifts, "number", "cause__key", "unit__key", "amount", "worth_minor", "via", "given_at", "withdrawn_at"))  # fmt: skip
    sent = Sending.objects.filter(sender=member).order_by("sent_at", "pk")
    yield Table("sent", _rows(sent, "unit__key", "amount", "hint", "state", "sent_at", "closed_at"))
    received = Sending.objects.filter(recipient=member).order_by("sent_at", "pk")
    yield Table("received", _rows(received, "unit__key", "amount", "state", "sent_at", "closed_at"))


def _shared(member: Member) -> Iterator[Table]:
    places = HouseholdPlace.objects.filter(member=member).order_by("joined_at", "pk")
    yield Table("households", _rows(places, "joined_at", "left_at", "limits"))
    invited = HouseholdInvitation.objects.filter(household__head=member).order_by("invited_at", "pk")
    yield Table("household_invitations", _rows(invited, "hint", "state", "invited_at", "closed_at"))


def _profile(member: Member) -> Row:
    kept = Preference.objects.filter(member=member).select_related("store").first()
    return {
        "number": member.number,
        "name": member.name,
        "language": member.language,
        "birthday": member.birthday,
        "state": member.state,
        "tags": member.tags,
        "joined_through": member.source,
        "joined_at": member.joined_at,
        "favourite_store": kept.store.name if kept and kept.store else "",
        "likes": kept.likes if kept else [],
    }


def _rows(found: Any, *columns: str) -> list[Row]:
    return list(found.values(*columns))


def _plain(row: Row) -> Row:
    """Moments as ISO 8601, shares as numbers, columns of other tables under one name."""
    return {name.replace("__", "_"): _plain_value(value) for name, value in row.items()}


def _plain_value(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    return float(value) if isinstance(value, Decimal) else value


def _csv(rows: list[Row]) -> str:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(rows[0])
    writer.writerows([_cell(value) for value in row.values()] for row in rows)
    # With the mark that spreadsheets know UTF-8 by.
    return "\ufeff" + out.getvalue()


def _cell(value: Any) -> Any:
    if isinstance(value, list | dict):
        value = json.dumps(value, ensure_ascii=False) if value else ""
    return safe(value) if isinstance(value, str) else value
