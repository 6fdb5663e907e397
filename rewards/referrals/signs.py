"""What makes a friend look like no new friend: some signs refuse, others wait for a member of staff."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from django.db import connection
from django.utils.translation import gettext_lazy as _

from members import erasure
from members.models import Identity, Member, Program
from rewards.models import Referral
from rewards.referrals import marks

# The same person as the referrer, as somebody in the line of referrers above, or as an older member.
REFUSING = frozenset({"email", "phone", "address", "card", "circle", "existing", "erased"})
QUEUED = frozenset({"device", "rush", "twin", "known_card"})
TEXTS = {
    "email": _("Same mailbox as the referrer"),
    "phone": _("Same phone as the referrer"),
    "address": _("Same address as the referrer"),
    "card": _("Same paying card as the referrer"),
    "circle": _("A circle: the same person as somebody further up the line"),
    "existing": _("Has been a member before, known by another address"),
    "erased": _("Has been a member before and was forgotten"),
    "device": _("Joined in a browser in which the referrer signs in"),
    "rush": _("One of many friends within a day"),
    "twin": _("Same person as another friend of this referrer"),
    "known_card": _("Paying card of another member"),
}
DEEPEST = 10
RUSH = 5
# Friend and somebody of the line above share a mark; depth 1 is the referrer.
LINE = """
    WITH RECURSIVE line AS (
        SELECT r.id, r.friend_id, r.referrer_id AS above, 1 AS depth FROM rewards_referral r
        WHERE r.program_id = %(program)s AND r.id = ANY(%(ids)s)
        UNION
        SELECT line.id, line.friend_id, up.referrer_id, line.depth + 1 FROM line
        JOIN rewards_referral up ON up.friend_id = line.above WHERE line.depth < %(deepest)s
    )
    SELECT DISTINCT line.id, CASE WHEN line.depth = 1 THEN mine.kind ELSE 'circle' END
    FROM line JOIN rewards_referralmark mine ON mine.member_id = line.friend_id
    JOIN rewards_referralmark theirs ON theirs.member_id = line.above AND theirs.kind = mine.kind
        AND theirs.digest = mine.digest
"""
# Friend and another member share a mark: one of the same referrer's friends, or somebody who was here before. Whose
# joining was undone at the till was nobody: it freed the contacts for the right person.
OTHERS = """
    SELECT DISTINCT r.id, CASE
        WHEN other.referrer_id = r.referrer_id THEN 'twin'
        WHEN mine.kind = 'card' THEN 'known_card' ELSE 'existing' END
    FROM rewards_referral r JOIN rewards_referralmark mine ON mine.member_id = r.friend_id
    JOIN rewards_referralmark theirs ON theirs.program_id = r.program_id AND theirs.kind = mine.kind
        AND theirs.digest = mine.digest AND theirs.member_id NOT IN (r.friend_id, r.referrer_id)
    JOIN members_member m ON m.holder_id = theirs.member_id
    LEFT JOIN rewards_referral other ON other.friend_id = theirs.member_id
    WHERE r.program_id = %(program)s AND r.id = ANY(%(ids)s)
        AND (other.referrer_id = r.referrer_id OR mine.kind <> 'address' AND m.joined_at < r.joined_at)
        AND NOT (m.state = 'closed' AND EXISTS (
            SELECT FROM members_event e WHERE e.holder_id = m.holder_id AND e.kind = 'member.joining_undone'))
"""
# One of two accounts was merged into the other: the friend was a member before, or is the referrer.
MERGED = """
    SELECT r.id, 'existing' FROM rewards_referral r JOIN members_member f ON f.holder_id = r.friend_id
    WHERE r.program_id = %(program)s AND r.id = ANY(%(ids)s) AND (f.merged_into_id IS NOT NULL OR EXISTS (
        SELECT 1 FROM members_member m WHERE m.merged_into_id = r.friend_id AND m.joined_at < f.joined_at))
"""


def look(*, program: Program, referrals: Collection[Referral]) -> dict[int, set[str]]:
    """What is to be seen of each referral now, by id. A fixed number of statements. For the program in scope."""
    people = {each.friend_id for each in referrals} | {each.referrer_id for each in referrals}
    marks.refresh(program=program, members=people)
    found: dict[int, set[str]] = {each.pk: set() for each in referrals}
    for number, sign in _ask(program, list(found)):
        found[number].add(sign)
    by_friend = {each.friend_id: each for each in referrals}
    for friend, sign in _known(program, by_friend):
        found[by_friend[friend].pk].add(sign)
    return found


def _ask(program: Program, ids: list[int]) -> Iterator[tuple[int, str]]:
    values: dict[str, Any] = {"program": program.pk, "ids": ids, "deepest": DEEPEST}
    with connection.cursor() as cursor:
        for statement in (LINE, OTHERS, MERGED):
            cursor.execute(statement, values)
            yield from cursor.fetchall()


def _known(program: Program, friends: dict[int, Referral]) -> Iterator[tuple[int, str]]:
    """Who is known here by the mailbox behind the friend's address, or was forgotten under one of these contacts."""
    rows = list(
        Identity.objects.filter(program=program, member_id__in=friends).values_list(
            "member_id", "kind", "value"
        )
    )
    owners = {(kind, value): member for member, kind, value in rows}
    plain = {marks.one_mailbox(value): member for member, kind, value in rows if kind == Identity.Kind.EMAIL}
    owners |= {(Identity.Kind.EMAIL.value, value): member for value, member in plain.items()}
    for pair in erasure.marked(program=program, known=owners):
        yield owners[pair], "erased"
    same = Identity.objects.filter(program=program, kind=Identity.Kind.EMAIL, value__in=plain)
    for other, value in same.values_list("member_id", "value"):
        friend = plain[value]
        if other != friend and other == friends[friend].referrer_id:
            yield friend, "email"
        elif other != friend:
            yield friend, "existing"


def is_rush(*, referrer: Member, joined: Referral) -> bool:
    """Whether this is one of many friends of one referrer within a day."""
    since = joined.joined_at.timestamp() - 86_400
    times = (
        Referral.objects.filter(referrer=referrer).order_by("-joined_at").values_list("joined_at", flat=True)
    )
    return sum(at.timestamp() > since for at in times[:RUSH]) >= RUSH
