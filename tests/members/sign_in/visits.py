"""How a visitor of the portal asks for a code and types it."""

import re
from datetime import UTC, datetime

from django.core import mail
from django.urls import reverse

from members.portal import codes

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)

KNOWN, STRANGER = "anna@example.com", "who@example.com"


def url(name, shop):
    return reverse(f"portal:{name}", args=[shop.slug])


def ask(client, shop, email=KNOWN, **others):
    return client.post(url("sign_in", shop), {"email": email} | others)


def type_code(client, shop, code):
    return client.post(url("confirm", shop), {"code": code})


def code_in(message):
    return re.search(rf"^ +([{codes.LETTERS}]{{{codes.LENGTH}}})$", message.body, flags=re.MULTILINE)[1]


def enter(client, shop, email=KNOWN):
    ask(client, shop, email)
    return type_code(client, shop, code_in(mail.outbox[-1]))


def is_in(client, shop):
    return client.get(url("home", shop)).status_code == 200
