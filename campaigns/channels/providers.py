"""Which way out a program's channel takes. Without a provider messages stay in the outbox, where staff read them."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from django.db import transaction
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _
from django_scopes import scope

from campaigns.channels import calls, mail, stream
from campaigns.channels.letter import Kept, Way
from campaigns.models import Carrier, Provider
from loyaltysite.kit import boxes
from loyaltysite.kit.errors import DomainError
from members import audit
from members.models import Program, User
from members.webhooks import addresses, payloads

PURPOSE = "campaigns.providers"
OWN = (Carrier.INAPP, Carrier.TILL, Carrier.PRINT)
Kind = Provider.Kind
# Which providers a channel may have, and what each asks for beside its secret.
CHOICES: Mapping[str, tuple[str, ...]] = {
    Carrier.EMAIL: (Kind.MAILER, Kind.SMTP, Kind.ANYMAIL),
    Carrier.SMS: (Kind.HTTP, Kind.TWILIO),
    Carrier.PUSH: (Kind.WEBPUSH,),
    Carrier.WEBHOOK: (Kind.WEBHOOK,),
}
NEEDS: Mapping[str, tuple[str, ...]] = {
    Kind.MAILER: (),
    Kind.SMTP: ("host",),
    Kind.ANYMAIL: ("esp",),
    Kind.HTTP: ("url",),
    Kind.TWILIO: ("account", "from"),
    Kind.WEBPUSH: (),
    Kind.WEBHOOK: ("url",),
}
WAYS: Mapping[str, Callable[[Mapping[str, Any], str], Way]] = {
    Kind.SMTP: stream.smtp,
    Kind.ANYMAIL: mail.esp,
    Kind.HTTP: calls.http,
    Kind.TWILIO: calls.twilio,
    Kind.WEBPUSH: calls.webpush,
    Kind.WEBHOOK: calls.webhook,
}
# Those that do nothing without their key.
KEYED = (Kind.ANYMAIL, Kind.TWILIO, Kind.WEBHOOK)
KNOWN = (
    "host",
    "port",
    "username",
    "security",
    "esp",
    "sender_domain",
    "url",
    "account",
    "from",
    "contact",
    "public",
)


class ProviderFaulty(DomainError):
    code = "provider_faulty"
    message = _("This provider needs more.")


def of(*, program: Program, channel: str) -> Provider | None:
    with scope(program=program):
        return Provider.objects.filter(program=program, channel=channel, is_active=True).first()


def way_of(provider: Provider | None, channel: str) -> Way:
    """Ready to send. What a provider lacks shows when it is asked. Raises AddressRefused and OSError for a mail server
    that is not to be found."""
    if provider is None:
        return Kept("own" if channel in OWN else "outbox")
    settings = provider.settings
    if provider.kind == Kind.MAILER:
        return stream.site()
    if provider.kind == Kind.SMTP:
        addresses.resolve(_target(settings))
    return WAYS[provider.kind](settings, secret_of(provider))


def secret_of(provider: Provider) -> str:
    if provider.sealed is None:
        return ""
    return boxes.unseal(bytes(provider.sealed), purpose=PURPOSE, context=_context(provider))


def hook_token(provider: Provider) -> str:
    """What an address for a provider's reports must hold, so that nobody else reports."""
    context = f"{_context(provider)}:{provider.pk}"
    return salted_hmac(f"{PURPOSE}.hooks", context, algorithm="sha256").hexdigest()[:40]


@transaction.atomic
def choose(
    *,
    program: Program,
    channel: str,
    kind: str,
    settings: Mapping[str, Any],
    secret: str,
    per_second: int,
    by: User,
    now: datetime,
) -> Provider | None:
    """Let a provider carry the channel, or nobody where `kind` is empty. An empty secret keeps the one that is there for
    the same provider. Raises ProviderFaulty and AddressRefused."""
    with scope(program=program):
        Program.objects.select_for_update(no_key=True).get(pk=program.pk)
        before = Provider.objects.filter(program=program, channel=channel).first()
        if not kind:
            if before:
                before.delete()
                _record(program, channel, by, now, before={"provider": before.kind}, after={"provider": ""})
            return None
        known = _read(channel, kind, settings)
        made = before or Provider(program=program, channel=channel)
        is_same = bool(before and before.kind == kind)
        if not is_same:
            made.sealed = None
        told = {"provider": before.kind if before else "", **(before.settings if before else {})}
        made.kind, made.settings, made.per_second, made.changed_at = kind, known, per_second, now
        if kind == Kind.WEBPUSH and made.sealed is None:
            secret, made.settings["public"] = draw_push_key()
        elif kind == Kind.WEBPUSH and before:
            made.settings["public"] = before.settings["public"]
        if kind == Kind.WEBHOOK and secret:
            _check_signing(secret)
        if kind in KEYED and not secret and made.sealed is None:
            raise ProviderFaulty(_("This is needed."), field="secret")
        if secret:
            made.sealed = boxes.seal(secret, purpose=PURPOSE, context=_context(made))
        made.save()
        after = {"provider": kind, **made.settings}
        _record(
            program, channel, by, now, before=audit.changed(told, after), after=audit.changed(after, told)
        )
    return made


def draw_push_key() -> tuple[str, str]:
    """A new key of a sender of notices (RFC 8292): the private one, and the public one that browsers ask for."""
    key = ec.generate_private_key(ec.SECP256R1())
    number = key.private_numbers().private_value.to_bytes(32, "big")
    point = key.public_key().public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
    )
    return tuple(base64.urlsafe_b64encode(each).rstrip(b"=").decode() for each in (number, point))  # type: ignore[return-value]


# --- parts ------------------------------------------------------------------------------------------------------------


def _context(provider: Provider) -> str:
    return f"{provider.program_id}:{provider.channel}"


def _read(channel: str, kind: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    if kind not in CHOICES.get(channel, ()):
        raise ProviderFaulty(_("Choose from the list."), field="kind")
    known = {name: str(settings[name]).strip() for name in KNOWN if settings.get(name)}
    for name in NEEDS[kind]:
        if not known.get(name):
            raise ProviderFaulty(_("This is needed."), field=name)
    if "url" in known:
        addresses.parse(known["url"])
    if kind == Kind.ANYMAIL and known["esp"] not in mail.ESPS:
        raise ProviderFaulty(_("Choose from the list."), field="esp")
    if kind == Kind.SMTP:
        _target(known)
    return known


def _check_signing(secret: str) -> None:
    """As receivers' libraries take it: whsec_ and base64."""
    try:
        base64.b64decode(secret.removeprefix(payloads.PREFIX), validate=True)
    except ValueError as error:
        raise ProviderFaulty(_("It begins with whsec_ and goes on in base64."), field="secret") from error


def _target(settings: Mapping[str, Any]) -> addresses.Target:
    """A program's owner must not send the site's worker to what lies inside. Raises AddressRefused."""
    return addresses.parse(f"https://{settings['host']}:{settings.get('port') or 587}/")


def _record(
    program: Program, channel: str, by: User, now: datetime, *, before: dict[str, Any], after: dict[str, Any]
) -> None:
    audit.record(
        program=program,
        actor=by,
        action="provider.change",
        subject="provider",
        subject_id=channel,
        before=before,
        after=after,
        now=now,
    )
