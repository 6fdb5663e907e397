"""How the tests of the portal's pages come in and read."""

import re

from django.urls import reverse

from members.portal import people
from tests.members import portal_shop


def url(name, shop):
    return reverse(f"portal:{name}", args=[shop.slug])


def enter(client, shop, email="anna@example.com"):
    """Sign in as the code flow does, without its mail."""
    user = people.prove(program=shop, email=email, now=portal_shop.NOW)
    client.force_login(user)
    session = client.session
    session["account_authentication_methods"] = [{"method": "code", "email": email, "at": 0}]
    session["account_authentication_methods_user"] = str(user.pk)
    session.save()
    return client


def text_of(answer):
    """What a reader reads: without tags, white space as one space."""
    body = re.sub(r"(?s)<(style|script|svg)\b.*?</\1>", " ", answer.content.decode())
    return " ".join(re.sub(r"<[^>]*>", "", body).replace("\xa0", " ").split())
