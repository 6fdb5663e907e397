"""What identifies a member, brought to one form, so that the same person is found however it was typed."""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime

import phonenumbers
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from loyaltysite.kit.errors import Conflict, DomainError
from members.models import Identity, Member

INVISIBLE = re.compile(r"[\u0000-\u001f\u007f\u200b-\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]")
LONGEST = 254


class IdentityInvalid(DomainError):
    code = "identity_invalid"


class IdentityTaken(Conflict):
    """Another member has it. Says which kind matched and never whose it is."""

    code = "identity_taken"
    message = _("Another member already has this %(kind)s.")


def normalize(kind: str, value: str, *, region: str | None = None) -> str:
    """The one form of an identity: e-mail in lower case, phone in E.164, the rest without invisible characters.

    `region` (ISO country code) is used for phone numbers written without a country. Raises IdentityInvalid."""
    text = INVISIBLE.sub("", unicodedata.normalize("NFKC", value)).strip()
    if not text or len(text) > LONGEST or not text.isprintable():
        raise IdentityInvalid(_("Enter between 1 and 254 characters."), field=kind)
    if kind == Identity.Kind.EMAIL:
        return _email(text)
    if kind == Identity.Kind.PHONE:
        return _phone(text, region)
    if kind == Identity.Kind.CARD:
        return re.sub(r"[\s-]", "", text).upper() or text
    return text


def _email(text: str) -> str:
    text = text.lower()
    try:
        validate_email(text)
    except ValidationError as error:
        raise IdentityInvalid(_("This is not an e-mail address."), field="email") from error
    return text


def _phone(text: str, region: str | None) -> str:
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException as error:
        raise IdentityInvalid(
            _("Enter the phone number with its country code, such as +44."), field="phone"
        ) from error
    if not phonenumbers.is_possible_number(number):
        raise IdentityInvalid(_("This phone number has too few or too many digits."), field="phone")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def add(
    *, member: Member, kind: str, value: str, verified_at: datetime | None = None, region: str | None = None
) -> Identity:
    """Give a member one more identity; a repeat changes nothing. Raises IdentityTaken or IdentityInvalid."""
    normal = normalize(kind, value, region=region)
    mine = Identity.objects.filter(
        program_id=member.program_id, member=member, kind=kind, value=normal
    ).first()
    if mine is not None:
        return mine
    try:
        with transaction.atomic():
            return Identity.objects.create(
                program_id=member.program_id, member=member, kind=kind, value=normal, verified_at=verified_at
            )
    except IntegrityError as error:
        raise IdentityTaken(field=kind, kind=Identity.Kind(kind).label) from error
