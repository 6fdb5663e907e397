"""Progress follows the facts: what changed is counted anew, share by share, and members stand by the sum of theirs.

The follower of the log brings here which orders and events something happened to; nothing depends on the order in which
that becomes known, nor on hearing it once. One worker at a time counts for a program.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import connection
from django.db.models import Q
from django.db.models.functions import Coalesce

from members.models import Activity, Event, Member, Order, OrderLine, OrderState, Program, ReturnLine, Store
from rewards.badges import deeds, goals, standing, sums, turning
from rewards.badges.deeds import Deed
from rewards.badges.goals import Goal
from rewards.engine.facts import Line, Occasion
from rewards.intake.state import Line as SoldLine
from rewards.models import Badge, BadgeShare, ChallengeEntry
from rewards.policies import local_time

FOLLOWER = "badges"
ORDER_KINDS = ("order", "order.paid", "order.cancelled", "return")
EVENT, WITHDRAWN = "event.", "undo."
PARTED = ("member.merged", "member.unmerged", "member.merged_away")
ENTERED = ("challenge.joined", "challenge.left")
# What brings a member into another team, by what teams go by.
SORTED = {
    "tags": ("member.tagged", "member.untagged"),
    "households": ("household.founded", "household.joined", "household.left"),
}
MOST_ROWS, MOST_TURNED = 5_000, 500

type Row = tuple[int, datetime, Decimal, str]  # member, at, value, team
type Place = tuple[int, int, str]  # badge, anchor, key

WRITE = """
    INSERT INTO rewards_badgeshare (badge_id, anchor, key, program_id, member_id, at, value, team)
    SELECT b, a, k, %s, m, t, v, g
    FROM unnest(%s::bigint[], %s::bigint[], %s::text[], %s::bigint[], %s::timestamptz[], %s::numeric[], %s::text[])
        AS s(b, a, k, m, t, v, g)
    ON CONFLICT (badge_id, anchor, key) DO UPDATE
    SET member_id = excluded.member_id, at = excluded.at, value = excluded.value, team = excluded.team
"""
DROP = """
    DELETE FROM rewards_badgeshare s USING unnest(%s::bigint[], %s::bigint[], %s::text[]) AS g(b, a, k)
    WHERE s.badge_id = g.b AND s.anchor = g.a AND s.key = g.k
"""


@dataclass(frozen=True, slots=True)
class Known:
    """A badge with its goal, ready to count."""

    badge: Badge
    goal: Goal


def known(badge: Badge, program: Program) -> Known:
    found = goals.parse(
        badge.definition, zone=program.zone, opens_at=badge.starts_at, closes_at=badge.ends_at
    )
    return Known(badge, found)


def live(program: Program) -> list[Known]:
    """All that is counted now; call it within the program's scope."""
    return [known(badge, program) for badge in Badge.objects.filter(program=program, state=Badge.State.LIVE)]


def kinds_of(found: Iterable[Known]) -> set[str]:
    """The kinds of events that these badges depend on."""
    kinds: set[str] = set()
    for each in found:
        kinds.update((*PARTED, *ENTERED))
        if each.goal.group is not None:
            kinds.update(SORTED.get(each.goal.group.by, ()))
        if each.goal.is_of_events:
            kinds |= {EVENT + each.goal.event, WITHDRAWN + each.goal.event}
        else:
            kinds.update(ORDER_KINDS)
    return kinds


def handle(program: Program, events: Sequence[Event], now: datetime) -> None:
    """The follower: count what something happened to."""
    found = live(program)
    orders = {event.order_id for event in events if event.order_id and event.kind in ORDER_KINDS}
    backs = [
        event.fact_id for event in events if event.kind == "return" and event.fact_id and not event.order_id
    ]
    if backs:
        lines = ReturnLine.objects.filter(of__fact_id__in=backs, order__isnull=False)
        orders |= set(lines.values_list("order_id", flat=True))
    facts = {event.fact_id for event in events if event.kind.startswith(EVENT) and event.fact_id}
    facts |= {event.data["fact"] for event in events if event.kind.startswith(WITHDRAWN)}
    count(program, found, orders=orders, facts=facts, now=now)
    _count_people(program, found, events, now)
    turning.turn(program, {each.badge.pk: each for each in found}, now=now, limit=MOST_TURNED)


def _count_people(program: Program, found: Sequence[Known], events: Sequence[Event], now: datetime) -> None:
    """Those who became one or two, take part or no more, or came into another team."""
    parted = [event for event in events if event.kind in PARTED]
    members = {event.holder_id for event in parted if event.holder_id}
    members |= {event.data["gone"] for event in parted if "gone" in event.data}
    if members:
        count_members(program, found, members=members, now=now)
    entered = {event.data["badge"] for event in events if event.kind in ENTERED}
    if entered:
        whom = {event.holder_id for event in events if event.kind in ENTERED and event.holder_id}
        count_members(program, [k for k in found if k.badge.pk in entered], members=whom, now=now)
    for by, kinds in SORTED.items():
        whom = {event.holder_id for event in events if event.kind in kinds and event.holder_id}
        here = [each for each in found if each.goal.group is not None and each.goal.group.by == by]
        if whom and here:
            count_members(program, here, members=whom, now=now)


def count_members(
    program: Program,
    found: Sequence[Known],
    *,
    members: Collection[int],
    now: datetime,
    is_quiet: bool = False,
    is_recount: bool = False,
) -> None:
    """Everything that these members did, and what was counted for them before."""
    orders = set(Order.objects.filter(member_id__in=members).values_list("pk", flat=True))
    events = {each.goal.event for each in found if each.goal.is_of_events}
    people = set(members) | set(Member.objects.filter(merged_into__in=members).values_list("pk", flat=True))
    mine = (
        Activity.objects.filter(member_id__in=people, kind__in=events) if events else Activity.objects.none()
    )
    facts = set(mine.values_list("fact_id", flat=True))
    badges = [each.badge.pk for each in found]
    kept = BadgeShare.objects.filter(badge_id__in=badges, member_id__in=members)
    count(
        program,
        found,
        orders=orders,
        facts=facts | set(kept.values_list("anchor", flat=True)) - orders,
        now=now,
        is_quiet=is_quiet,
        is_recount=is_recount,
        also={(badge, member) for badge in badges for member in members},
    )


def count(
    program: Program,
    found: Sequence[Known],
    *,
    orders: Collection[int],
    facts: Collection[int],
    now: datetime,
    is_quiet: bool = False,
    is_recount: bool = False,
    also: Collection[tuple[int, int]] = (),
) -> None:
    """Bring the shares of these orders and events to what they are now, and the members whom that concerns to where they
    stand; of `also`, pairs of badge and member, those who stood somewhere."""
    if not found:
        return
    by_badge = {each.badge.pk: each for each in found}
    new = _shares(program, found, [*_orders(program, orders), *_activities(program, facts)])
    old = _kept(by_badge, {*orders, *facts})
    changed = {place: row for place, row in new.items() if old.get(place) != row}
    gone = [place for place in old if place not in new]
    _write(program, changed, gone)
    sums.move(
        program,
        {number: each.goal for number, each in by_badge.items()},
        _changes(by_badge, changed, gone, old),
    )
    touched = {(place[0], row[0]) for place, row in changed.items()}
    touched |= {(place[0], old[place][0]) for place in [*changed, *gone] if place in old}
    standing.settle(program, by_badge, touched | set(also), now=now, is_quiet=is_quiet, is_recount=is_recount)


def _changes(
    found: Mapping[int, Known], changed: Mapping[Place, Row], gone: Sequence[Place], old: Mapping[Place, Row]
) -> dict[sums.Team, sums.Change]:
    """By how much teams move whose sums are known."""
    moved: dict[sums.Team, sums.Change] = {}
    for place in [*changed, *gone]:
        each = found[place[0]]
        if each.goal.group is None or each.badge.summed_at is None:
            continue
        for row, sign in ((old.get(place), -1), (changed.get(place), 1)):
            if row is not None and row[3]:
                change = moved.setdefault((place[0], row[3]), sums.Change(sums.NOTHING, row[1]))
                change.value += sign * row[2]
                change.first = min(change.first, row[1])
    return moved


# --- facts ------------------------------------------------------------------------------------------------------------


def _orders(program: Program, ids: Collection[int]) -> Iterator[Deed]:
    """Orders of members as they are after what came back; unpaid ones count as they do for tiers."""
    if not ids:
        return
    states = (OrderState.PLACED, OrderState.PAID)
    rows = Order.objects.filter(pk__in=ids, member__isnull=False, state__in=states)
    found = {row.pk: row for row in rows}
    stores = dict(Store.objects.filter(program=program).values_list("pk", "code"))
    lines: dict[int, list[Line]] = {}
    for line in OrderLine.objects.filter(order_id__in=list(found)).order_by("order_id", "position"):
        if line.revision == found[line.order_id].revision:
            left = _left(line)
            if left is not None:
                lines.setdefault(line.order_id, []).append(left)
    for row in found.values():
        counted = tuple(lines.get(row.pk, ()))
        if counted and row.member_id is not None:
            local = local_time(row.occurred_at, program.zone)
            store = stores.get(row.store_id or 0, "")
            occasion = Occasion("order", row.occurred_at, local, store, row.channel, counted)
            yield Deed(row.pk, row.member_id, occasion, counted)


COLUMNS = (
    "position",
    "kind",
    "sku",
    "name",
    "category",
    "quantity",
    "amount_minor",
    "discount_minor",
    "tax_minor",
    "cost_minor",
    "basis_minor",
    "is_counted",
    "returned_quantity",
    "refunded_minor",
)


def _left(row: OrderLine) -> Line | None:
    """What is left of a line, if that counts (17, 24)."""
    sold = SoldLine(*(getattr(row, name) for name in COLUMNS))
    basis = sold.left_basis
    if not sold.is_counted or not sold.left or basis <= 0:
        return None
    return Line(sold.position, sold.sku, sold.name, sold.category, sold.left, basis)


def _activities(program: Program, ids: Collection[int]) -> Iterator[Deed]:
    if not ids:
        return
    rows = list(Activity.objects.filter(pk__in=ids, withdrawn_at__isnull=True))
    merged = Member.objects.filter(pk__in={row.member_id for row in rows}, merged_into__isnull=False)
    owner = dict(merged.values_list("pk", "merged_into_id"))
    for row in rows:
        local = local_time(row.occurred_at, program.zone)
        occasion = Occasion(row.kind, row.occurred_at, local, data=row.data)
        yield Deed(row.fact_id, owner.get(row.member_id, row.member_id), occasion)


# --- shares -----------------------------------------------------------------------------------------------------------


def _shares(program: Program, found: Sequence[Known], done: Sequence[Deed]) -> dict[Place, Row]:
    members = {deed.member_id for deed in done}
    entered, team_of = _entered(found, members), sums.sorter(found, members)
    new: dict[Place, Row] = {}
    for each in found:
        badge = each.badge
        for deed in done:
            if badge.needs_joining and (badge.pk, deed.member_id) not in entered:
                continue
            team = team_of(each.goal.group, deed) if each.goal.group is not None else ""
            if each.goal.group is not None and not team:
                continue
            for share in deeds.shares(each.goal, deed):
                new[badge.pk, deed.anchor, share.key] = (deed.member_id, share.at, share.value, team)
    return new


def _entered(found: Sequence[Known], members: Collection[int]) -> set[tuple[int, int]]:
    """Who takes part in what must be joined, by an account that was merged into another too."""
    joined = [each.badge.pk for each in found if each.badge.needs_joining]
    if not joined:
        return set()
    mine = Q(member_id__in=members) | Q(member__merged_into__in=members)
    rows = ChallengeEntry.objects.filter(mine, badge_id__in=joined)
    return set(rows.values_list("badge_id", Coalesce("member__merged_into_id", "member_id")))


def _kept(badges: Collection[int], anchors: Collection[int]) -> dict[Place, Row]:
    rows = BadgeShare.objects.filter(Q(anchor__in=list(anchors)), badge_id__in=list(badges))
    return {
        (badge, anchor, key): (member, at, value, team)
        for badge, anchor, key, member, at, value, team in rows.values_list(
            "badge_id", "anchor", "key", "member_id", "at", "value", "team"
        )
    }


def _write(program: Program, changed: dict[Place, Row], gone: Sequence[Place]) -> None:
    with connection.cursor() as cursor:
        if gone:
            cursor.execute(DROP, [list(column) for column in zip(*gone, strict=True)])
        rows = [(*place, *row) for place, row in changed.items()]
        for start in range(0, len(rows), MOST_ROWS):
            columns = [list(column) for column in zip(*rows[start : start + MOST_ROWS], strict=True)]
            cursor.execute(WRITE, [program.pk, *columns])
