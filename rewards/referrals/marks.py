"""By what two accounts turn out to be one person's. Only keyed digests are kept, of people who take part in referrals."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from django_scopes import scope

from members import erasure
from members.models import Identity, Member, Program
from rewards.models import ReferralMark

Kind = ReferralMark.Kind
# Providers whose mailboxes do not know dots, each with the name that all its addresses have in common.
DOTLESS = {"gmail.com": "gmail.com", "googlemail.com": "gmail.com"}
# Where a hyphen begins the part that may be anything, as a plus does elsewhere.
HYPHENS = frozenset({"yahoo.com", "ymail.com", "rocketmail.com"})
LONGEST = 254


def one_mailbox(email: str) -> str:
    """The address of the mailbox behind a normal address: anna+shop@gmail.com and a.nna@googlemail.com are one."""
    name, _at, host = email.rpartition("@")
    name = name.split("+")[0] or name
    if host in HYPHENS:
        name = name.split("-")[0] or name
    if host in DOTLESS:
        name, host = name.replace(".", "") or name, DOTLESS[host]
    return f"{name}@{host}"


def digest_of(*, program: Program, kind: str, value: str) -> bytes:
    """Keyed, and another one in each program."""
    return erasure.mark(program_id=program.pk, kind=f"referral.{kind}", value=value, key=erasure.keys()[0])


def note(*, program: Program, member: Member, kind: str, value: str) -> None:
    """Keep what a shop knows of a member, such as the fingerprint of a paying card; a repeat changes nothing."""
    text = " ".join(value.casefold().split())[:LONGEST]
    with scope(program=program):
        _keep([_mark(program, member.pk, kind, text)])


def refresh(*, program: Program, members: Iterable[int]) -> None:
    """Keep the marks of what these members are known by now. Two statements, however many they are."""
    rows = Identity.objects.filter(
        program=program, member_id__in=set(members), kind__in=[Identity.Kind.EMAIL, Identity.Kind.PHONE]
    )
    found = rows.values_list("member_id", "kind", "value")
    _keep(_mark(program, member, kind, value) for member, kind, value in _plain(found))


def _plain(rows: Iterable[tuple[int, str, str]]) -> Iterator[tuple[int, str, str]]:
    for member, kind, value in rows:
        yield member, kind, one_mailbox(value) if kind == Identity.Kind.EMAIL else value


def _mark(program: Program, member_id: int, kind: str, value: str) -> ReferralMark:
    digest = digest_of(program=program, kind=kind, value=value)
    return ReferralMark(program=program, member_id=member_id, kind=kind, digest=digest)


def _keep(marks: Iterable[ReferralMark]) -> None:
    ReferralMark.objects.bulk_create(marks, ignore_conflicts=True)
