"""A program from a preset: all of it in one transaction through the functions that staff use, or nothing."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from zoneinfo import available_timezones

from allauth.account.models import EmailAddress
from babel.numbers import is_currency
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from loyaltysite.kit.errors import Conflict, DomainError
from loyaltysite.kit.formats import minor_digits
from loyaltysite.presets.preset import (
    BadgePart,
    CausePart,
    CouponPart,
    PlanPart,
    Preset,
    RewardPart,
    StampPart,
    in_minor,
    minor,
    worth,
)
from members import programs, teams
from members.models import Program, Role, User
from rewards import catalogue, rules, units
from rewards.badges import editing as badges
from rewards.causes import editing as causes
from rewards.coupons import coupons
from rewards.plans import editing as plans
from rewards.referrals import schemes
from rewards.tiers import editing
from rewards.till import stamps

LANGUAGES = ("en", "ar", "he", "fa")
LONGEST_NAME, LONGEST_SLUG = 120, 60
# Addresses beside the programs' own.
RESERVED = frozenset({"styleguide"})
REASON = "preset"


class SlugTaken(Conflict):
    code = "slug_taken"
    message = _("There is a program with the address %(slug)s. Choose another.")


class FoundingRefused(DomainError):
    code = "program_refused"
    message = _("This program cannot be.")


@transaction.atomic
def create(
    *,
    preset: Preset,
    slug: str,
    name: str,
    owner: str | User,
    by: User | None,
    now: datetime,
    currency: str = "EUR",
    time_zone: str = "UTC",
    languages: Sequence[str] = LANGUAGES,
) -> Program:
    """The running program, with `owner` as its owner: a user, or an e-mail, whose user is made without password
    where there is none. `languages` begin with the main one.

    Raises SlugTaken, FoundingRefused with the field.
    """
    currency, name = currency.strip().upper(), name.strip()
    check(slug=slug, name=name, currency=currency, time_zone=time_zone, languages=languages)
    user = owner if isinstance(owner, User) else _owner(owner, language=languages[0])
    program = _open(preset, slug, name, currency, time_zone, languages, now)
    given = {"preset": preset.key, "name": name, "currency": currency, "time_zone": time_zone}
    programs.record(program=program, action="program.create", after=given, by=by, now=now)
    teams.set_role(program=program, user=user, role=Role.OWNER, by=by, now=now)
    _furnish(program, preset, by, now)
    return program


def check(*, slug: str, name: str, currency: str, time_zone: str, languages: Sequence[str]) -> None:
    """Raise FoundingRefused for the first setting that cannot be."""
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", slug) or len(slug) > LONGEST_SLUG or slug in RESERVED:
        raise FoundingRefused(_("An address has small letters, digits and hyphens."), field="slug")
    if not 1 <= len(name) <= LONGEST_NAME:
        raise FoundingRefused(_("Give it a name."), field="name")
    if not re.fullmatch(r"[A-Z]{3}", currency) or not is_currency(currency):
        raise FoundingRefused(
            _("There is no currency of this name. Examples: EUR, GBP, SAR."), field="currency"
        )
    if time_zone not in available_timezones():
        raise FoundingRefused(_("There is no such time zone."), field="time_zone")
    known = [code for code, _name in settings.LANGUAGES]
    if not languages or not set(languages) <= set(known):
        raise FoundingRefused(_("Choose from: %(languages)s."), field="languages", languages=", ".join(known))


def free_slug(preset: Preset) -> str:
    """The preset's own address, or the next one with a number."""
    taken = set(Program.objects.filter(slug__startswith=preset.slug).values_list("slug", flat=True))
    number, slug = 1, preset.slug
    while slug in taken:
        number += 1
        slug = f"{preset.slug}-{number}"
    return slug


def _owner(email: str, *, language: str) -> User:
    """The user of an address; a person who is here already keeps everything."""
    email = email.strip().lower()
    try:
        validate_email(email)
    except ValidationError as error:
        raise FoundingRefused(str(error.messages[0]), field="owner") from error
    user = User.objects.filter(email=email).first()
    if user is None:
        proven = EmailAddress.objects.filter(email=email, verified=True).select_related("user").first()
        user = proven.user if proven else None
    if user is None:
        user = User.objects.create_user(email, language=language)
        EmailAddress.objects.create(user=user, email=email, verified=False, primary=True)
    if not user.is_active:
        raise FoundingRefused(_("This person cannot sign in."), field="owner")
    return user


def _open(
    preset: Preset,
    slug: str,
    name: str,
    currency: str,
    time_zone: str,
    languages: Sequence[str],
    now: datetime,
) -> Program:
    try:
        with transaction.atomic():
            return Program.objects.create(
                slug=slug,
                name=name,
                currency=currency,
                time_zone=time_zone,
                languages=list(languages),
                brand=preset.brand,
                created_at=now,
            )
    except IntegrityError as error:
        raise SlugTaken(field="slug", slug=slug) from error


def _furnish(program: Program, preset: Preset, by: User | None, now: datetime) -> None:
    digits, main = minor_digits(program.currency), program.languages[0]
    for unit in preset.units:
        units.create(
            program=program,
            key=unit.key,
            by=by,
            now=now,
            names=dict(unit.names),
            precision=unit.precision,
            worth=worth(unit.worth, digits=digits),
            expiry=dict(unit.expiry),
            lapse=dict(unit.lapse),
            notice_days=unit.notice_days,
        )
    if preset.tiers:
        _build_tiers(program, preset, digits, by, now)
    for rule in preset.rules:
        definition = {"trigger": {"on": "order"}} | in_minor(rule.definition, digits=digits)
        name = rule.names.get(main, rule.names["en"])
        rules.publish(
            program=program, key=rule.key, name=name, definition=definition, by=by, now=now, reason=REASON
        )
    _furnish_rest(program, preset, digits, by, now)


def _furnish_rest(program: Program, preset: Preset, digits: int, by: User | None, now: datetime) -> None:
    for unit in preset.units:
        if unit.stamp is not None:
            _put_at_till(program, unit.key, unit.stamp, digits, by, now)
    _fill_shelves(program, preset, digits, by, now)
    if preset.referral:
        settings = in_minor(preset.referral, digits=digits)
        schemes.change(program=program, by=by, now=now, is_on=True, **settings)
    for badge in preset.badges:
        _hang_up(program, badge, digits, by, now)
    for plan in preset.plans:
        _offer(program, plan, digits, by, now)


def _fill_shelves(program: Program, preset: Preset, digits: int, by: User | None, now: datetime) -> None:
    for cause in preset.causes:
        _open_cause(program, cause, by, now)
    for reward in preset.rewards:
        _put_up(program, reward, digits, by, now)
    for coupon in preset.coupons:
        _announce(program, coupon, digits, by, now)


def _put_at_till(
    program: Program, unit: str, stamp: StampPart, digits: int, by: User | None, now: datetime
) -> None:
    name = stamp.names.get(program.languages[0], stamp.names["en"])
    price = minor(stamp.price, digits=digits)
    stamps.change(program=program, unit=unit, sku=stamp.sku, name=name, price_minor=price, by=by, now=now)


def _build_tiers(program: Program, preset: Preset, digits: int, by: User | None, now: datetime) -> None:
    tiers = tuple(
        editing.TierDraft(
            key=tier.key,
            names=tier.names,
            threshold=_threshold(preset, tier.threshold, digits),
            multipliers=tier.multipliers,
            benefits=tier.benefits,
        )
        for tier in preset.tiers
    )
    unit = preset.units[0].key if preset.counted == "points" else ""
    draft = editing.Draft(
        tiers=tiers, counted=preset.counted, unit_key=unit, window="calendar_year", review="to_earned"
    )
    editing.save(program=program, draft=draft, seen="", reason=REASON, by=by, now=now)


def _hang_up(program: Program, part: BadgePart, digits: int, by: User | None, now: datetime) -> None:
    levels = [
        {
            "key": level.key,
            "target": in_minor(level.target, digits=digits),
            "names": dict(level.names),
            "prizes": [dict(prize) for prize in level.prizes],
        }
        for level in part.levels
    ]
    badges.create(
        program=program,
        key=part.key,
        by=by,
        now=now,
        kind=part.kind,
        names=dict(part.names),
        texts=dict(part.texts),
        medal=dict(part.medal),
        definition={**part.definition, "levels": levels},
        is_kept=part.is_kept,
    )
    badges.publish(program=program, key=part.key, by=by, now=now)


def _open_cause(program: Program, cause: CausePart, by: User | None, now: datetime) -> None:
    causes.create(
        program=program,
        key=cause.key,
        by=by,
        now=now,
        names=dict(cause.names),
        stories=dict(cause.stories),
        accepts=dict(cause.accepts),
    )
    causes.publish(program=program, key=cause.key, by=by, now=now)


def _threshold(preset: Preset, threshold: Decimal, digits: int) -> int:
    """Money in minor units, points in ledger units."""
    places = preset.units[0].precision if preset.counted == "points" else digits
    return minor(threshold, digits=places)


def _put_up(program: Program, reward: RewardPart, digits: int, by: User | None, now: datetime) -> None:
    catalogue.create(
        program=program,
        key=reward.key,
        by=by,
        now=now,
        kind=reward.kind,
        names=dict(reward.names),
        summaries=dict(reward.summaries),
        terms=dict(reward.terms),
        price=dict(reward.price),
        **in_minor(reward.values, digits=digits),
    )
    catalogue.publish(program=program, key=reward.key, by=by, now=now)


def _announce(program: Program, coupon: CouponPart, digits: int, by: User | None, now: datetime) -> None:
    coupons.create(
        program=program,
        key=coupon.key,
        word=coupon.word,
        by=by,
        now=now,
        kind=coupon.kind,
        names=dict(coupon.names),
        terms=dict(coupon.terms),
        **in_minor(coupon.values, digits=digits),
    )
    coupons.publish(program=program, key=coupon.key, by=by, now=now)


def _offer(program: Program, plan: PlanPart, digits: int, by: User | None, now: datetime) -> None:
    plans.create(
        program=program,
        key=plan.key,
        by=by,
        now=now,
        names=dict(plan.names),
        summaries=dict(plan.summaries),
        terms=dict(plan.terms),
        price_minor=minor(plan.price, digits=digits),
        months=plan.months,
        benefits=in_minor(plan.benefits, digits=digits),
        refund_days=plan.refund_days,
    )
    plans.publish(program=program, key=plan.key, by=by, now=now)
