"""A mail that is written quickly says the same as Django's."""

import email
from email import policy

import pytest
from django.core.mail import EmailMultiAlternatives

from campaigns.channels import wire

HEADERS = {
    "Message-ID": "<wafa.1.2@shop.example>",
    "List-Unsubscribe": f"<https://shop.example/m/u/{'x' * 120}/>",
}
LONG = "A line that goes on and on. " * 40


def read(content):
    return email.message_from_bytes(content, policy=policy.default)


def made(kind, subject, text, html, sender="Shop <hello@shop.example>", to="anna@example.com"):
    mail = kind(subject, text, sender, [to], headers=dict(HEADERS), reply_to=["desk@shop.example"])
    if html:
        mail.attach_alternative(html, "text/html")
    return mail


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        ("Hello", "Hello.\n"),
        ("Hello Zoë", "Zoë pays 10 € = much.\n.\n..dots at the beginning\nand spaces  \n"),
        ("مرحبا آنا، نجومك تنتظر في متجرنا القريب من بيتك هذا الأسبوع", "مرحبا\nلديك ١٢ نجمة\n" * 30),
        ("A very long subject that does not fit into one line of a mail at all, but is plain", LONG),
        ("Tea ☕ on us 🎉", "one\r\ntwo\r\n"),
        ("=?utf-8?q?no?=", "From here\nFrom there\n"),
        ("", "no subject\n"),
    ],
)
@pytest.mark.parametrize("has_html", [True, False])
def test_both_are_read_the_same(subject, text, has_html):
    html = f"<p>{text}</p>" if has_html else ""

    quick = made(wire.Mail, subject, text, html).message(policy=policy.SMTP)
    ours = read(quick.as_bytes())
    theirs = read(made(EmailMultiAlternatives, subject, text, html).message(policy=policy.SMTP).as_bytes())

    assert isinstance(quick, wire.Written)
    # Django reads a subject that looks encoded as if it were.
    assert ours["subject"] == subject
    for name in ("from", "to", "reply-to", "message-id"):
        assert ours[name] == theirs[name]
    # What Django folds into two lines it reads with a space.
    assert ours["list-unsubscribe"] == HEADERS["List-Unsubscribe"]
    assert ours["date"].datetime
    for kind in ["plain", "html"][: 1 + has_html]:
        said = ours.get_body([kind]).get_content()
        assert said.rstrip() == theirs.get_body([kind]).get_content().rstrip()
    assert all(len(line) <= 998 for line in quick.as_bytes().split(b"\r\n"))
    assert b"\n" not in quick.as_bytes().replace(b"\r\n", b"")


@pytest.mark.parametrize(
    "facts",
    [
        {"to": "anna@bücher.example"},
        {"to": "Anna <anna@example.com>"},
        {"sender": "Büro <hello@shop.example>"},
        {"sender": "Shop\nBcc: all@example.com <hello@shop.example>"},
        {"to": "anna@example.com\nBcc: all@example.com"},
        {"subject": "Hello\nBcc: all@example.com"},
    ],
)
def test_what_is_not_plain_is_left_to_the_library(facts):
    mail = made(wire.Mail, **({"subject": "Hello", "text": "Hello", "html": ""} | facts))

    try:
        found = mail.message(policy=policy.SMTP)
    except ValueError:
        return

    assert not isinstance(found, wire.Written)
    assert read(found.as_bytes())["bcc"] is None
