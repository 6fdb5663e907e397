"""Finding people: whatever was typed becomes the few index look-ups that can answer it."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from django.contrib.postgres.search import SearchQuery
from django.db.models import Q, QuerySet
from django.db.models.functions import Collate
from django.utils.functional import cached_property

from members import numbers
from members.identities import INVISIBLE
from members.models import Identity, Member, Program, TeamMembership, User

LONGEST = 200
MOST_WORDS = 8
# Shorter beginnings of an e-mail or a number match too many to be worth looking at.
SHORTEST = 3
# So many of those that an e-mail or a number begins with; who wants others types on.
MOST_KNOWN = 500
# A number's beginning of so many figures is that of few members.
SELECTIVE = 4


def teams_of(*, user: User) -> list[TeamMembership]:
    """The programs that the user works in, by name."""
    return list(TeamMembership.objects.filter(user=user).select_related("program").order_by("program__name"))


@dataclass(frozen=True)
class Sought:
    """What was typed into a search for members, made safe: any text is allowed."""

    text: str

    @classmethod
    def parse(cls, typed: str) -> Sought:
        """NUL, control and direction marks go; figures of every script become 0 to 9."""
        text = INVISIBLE.sub(" ", unicodedata.normalize("NFC", typed[: 4 * LONGEST]))
        text = "".join(str(unicodedata.decimal(letter, letter)) for letter in text)
        return cls(" ".join(text.split())[:LONGEST])

    @cached_property
    def digits(self) -> str:
        """The figures of something that looks like a number, as "2048-16 12" or "+44 7700"; else nothing."""
        bare = re.sub(r"[\s().\-/]", "", self.text)
        return bare.lstrip("+") if re.fullmatch(r"\+?[0-9]+", bare) else ""

    @cached_property
    def words(self) -> str:
        """A query of PostgreSQL's text search: every word, or the beginning of one, in any order.

        Each word stands in quotes with quotes and backslashes doubled, so that nothing in it is an operator."""
        kept = [word for word in self.text.split() if any(map(_is_letter, word))][:MOST_WORDS]
        return " & ".join("'" + word.replace("\\", "\\\\").replace("'", "''") + "':*" for word in kept)

    @cached_property
    def beginnings(self) -> set[str]:
        """How an identity that begins with this may be written down (see members.identities)."""
        bare = re.sub(r"[\s-]", "", self.text)
        found = {self.text, self.text.lower(), bare.upper()}
        if self.digits:
            found |= {self.digits, f"+{self.digits}"}
        return {text for text in found if len(text) >= SHORTEST}

    @cached_property
    def number_is_wrong(self) -> bool:
        """Twelve digits that no member number can be: one is wrong, or two have changed places."""
        return len(self.digits) == numbers.LENGTH and not numbers.is_valid(self.digits)


def _is_letter(letter: str) -> bool:
    return unicodedata.category(letter)[0] in "LMN"


@dataclass(frozen=True, slots=True)
class Clues:
    """What a search comes to: `conditions` on a member's own row, each with an index, and `known`, which give at most
    MOST_KNOWN ids of members each. `is_wide` when a condition may hold for very many."""

    conditions: list[Q]
    known: list[QuerySet[Identity, int]]
    is_wide: bool


def clues_of(*, program: Program, sought: Sought) -> Clues:
    """An empty search has no clue, and neither has one that can match nothing."""
    conditions = []
    if sought.digits:
        conditions.append(Q(number__gte=sought.digits, number__lt=_after(sought.digits)))
    has_words = bool(sought.words) and "@" not in sought.text
    if has_words:
        conditions.append(Q(name_words=SearchQuery(sought.words, config="simple", search_type="raw")))
    known = [_known(program, text) for text in sorted(sought.beginnings)]
    return Clues(conditions, known, is_wide=has_words or 0 < len(sought.digits) < SELECTIVE)


def guess(clues: Clues) -> int:
    """How many members the conditions may hold for, by PostgreSQL's statistics: right in its size, and quickly known."""
    found = 0
    for each in clues.conditions:
        plan = Member.objects.filter(each).order_by().values("pk").explain(format="json")
        found += int(json.loads(plan)[0]["Plan"]["Plan Rows"])
    return found


def ways_to(*, program: Program, sought: Sought) -> list[QuerySet[Member]]:
    """The look-ups whose union is the answer, each by an index of its own: an OR over them would read every member.

    An empty search is one look-up of everybody; one that can match nothing is none at all."""
    members = Member.objects.filter(program=program)
    if not sought.text:
        return [members]
    clues = clues_of(program=program, sought=sought)
    # The limit makes PostgreSQL look up whom it knows first, in place of walking through everybody by age.
    return [members.filter(each) for each in clues.conditions] + [
        members.filter(pk__in=ids) for ids in clues.known
    ]


def _known(program: Program, text: str) -> QuerySet[Identity, int]:
    """Who has an identity that begins so, in the order of the index: without it PostgreSQL may read the whole table."""
    identities = Identity.objects.filter(program=program).alias(place=Collate("value", "C"))
    found = identities.filter(place__gte=text, place__lt=_after(text))
    return found.order_by("place").values_list("member_id", flat=True)[:MOST_KNOWN]


def _after(text: str) -> str:
    """The first text, by code points, that no longer begins with this one. For digits that holds in every collation."""
    last = ord(text[-1]) + 1
    # What lies between is no letter and cannot be stored; after the last letter there is only a longer text.
    last = 0xE000 if 0xD800 <= last <= 0xDFFF else last
    return text[:-1] + chr(last) if last <= 0x10FFFF else text + chr(0x10FFFF)


def meant(*, program: Program, sought: Sought, limit: int = 5) -> list[Member]:
    """Whom a mistyped member number may have meant: one digit other, or two neighbours the other way round."""
    if not sought.number_is_wrong:
        return []
    return list(Member.objects.filter(program=program, number__in=set(_near(sought.digits)))[:limit])


def _near(number: str) -> Iterator[str]:
    for place, (first, second) in enumerate(pairwise(number)):
        yield number[:place] + second + first + number[place + 2 :]
    for place in range(len(number)):
        for digit in "0123456789":
            candidate = number[:place] + digit + number[place + 1 :]
            if numbers.is_valid(candidate):
                yield candidate
