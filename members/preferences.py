"""What members say of themselves; each change is told to the log by the names of its fields alone."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _
from django_scopes import scope

from loyaltysite.kit.errors import Conflict
from members.models import Event, Holder, Member, Preference, Store


class BirthdayKept(Conflict):
    """It may bring something every year, so a member says it once; staff may put it right."""

    code = "birthday_kept"
    message = _("The birthday was said already. The shop can put it right.")


@transaction.atomic
def save(
    *,
    member: Member,
    now: datetime,
    name: str | None = None,
    birthday: date | None = None,
    language: str | None = None,
    store: Store | None = None,
    likes: Collection[str] | None = None,
) -> list[str]:
    """Keep what the member says; None leaves a fact as it is, but where likes are given, no store is none. Returns the
    names of what changed. Raises BirthdayKept."""
    with scope(program=member.program):
        # Rules look at these facts: nothing is priced while they change.
        holder = Holder.objects.select_for_update(no_key=True).get(pk=member.pk)
        fresh = Member.objects.get(pk=member.pk)
        if birthday and fresh.birthday and fresh.birthday != birthday:
            raise BirthdayKept(field="birthday")
        facts = {"name": name, "birthday": birthday, "language": language}
        changed = [key for key, value in facts.items() if value is not None and getattr(fresh, key) != value]
        for key in changed:
            setattr(fresh, key, facts[key])
        fresh.save(update_fields=changed)
        if likes is not None:
            changed += _save_likes(fresh, store, list(likes))
        if changed:
            holder.seq += 1
            holder.save(update_fields=["seq"])
            Event.objects.create(
                program_id=fresh.program_id,
                holder_id=fresh.pk,
                kind="member.changed",
                occurred_at=now,
                recorded_at=now,
                data={"fields": sorted(changed)},
            )
    return sorted(changed)


def _save_likes(member: Member, store: Store | None, likes: list[str]) -> list[str]:
    kept = Preference.objects.filter(member=member).first()
    before = (kept.store_id, kept.likes) if kept else (None, [])
    after = (store.pk if store else None, likes)
    if before == after:
        return []
    Preference.objects.update_or_create(
        member=member, defaults={"program_id": member.program_id, "store_id": after[0], "likes": likes}
    )
    return [name for name, old, new in zip(("store", "likes"), before, after, strict=True) if old != new]
