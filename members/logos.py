"""A program's logo: what was uploaded is decoded, made small and written anew, so that only pixels remain of it."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import IO

from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django_scopes import scope

from loyaltysite.kit import pictures
from loyaltysite.kit.errors import DomainError
from members import programs
from members.models import Logo, Program, User

SIDE = 256


class LogoRefused(DomainError):
    code = "logo_refused"
    message = _("This is no picture in PNG, JPEG or WebP.")


def upload(*, program: Program, file: IO[bytes], by: User | None, now: datetime) -> Logo:
    """Make this the program's logo, at most 256 pixels wide and high. Raises LogoRefused."""
    content = _small(file)
    digest = hashlib.sha256(content).hexdigest()
    with scope(program=program), transaction.atomic():
        kept = Program.objects.select_for_update().get(pk=program.pk)
        values = {"content": content, "content_type": pictures.CONTENT_TYPE, "digest": digest}
        logo, _made = Logo.objects.update_or_create(program=program, defaults=values)
        _say(kept, digest, "program.logo", by, now)
    return logo


def remove(*, program: Program, by: User | None, now: datetime) -> None:
    """The program's mark stands in its place again; without a logo, nothing happens."""
    with scope(program=program), transaction.atomic():
        kept = Program.objects.select_for_update().get(pk=program.pk)
        if not kept.logo_digest:
            return
        Logo.objects.filter(program=program).delete()
        _say(kept, "", "program.logo_remove", by, now)


def address_of(program: Program) -> str:
    """Where the logo is, to be kept for ever under this address; empty without one."""
    if not program.logo_digest:
        return ""
    return f"{reverse('portal:logo', args=[program.slug])}?v={program.logo_digest[:16]}"


def _say(program: Program, digest: str, action: str, by: User | None, now: datetime) -> None:
    before = {"logo": program.logo_digest[:16]}
    program.logo_digest = digest
    program.save(update_fields=["logo_digest"])
    programs.record(
        program=program, action=action, before=before, after={"logo": digest[:16]}, by=by, now=now
    )


def _small(file: IO[bytes]) -> bytes:
    try:
        return pictures.shrink(file, side=SIDE)
    except pictures.PictureRefused as error:
        raise LogoRefused(error.message, field="logo") from error
