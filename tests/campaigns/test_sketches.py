"""A mail that is filled into a sketch is the mail that would be made by itself."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from campaigns.channels.letter import Letter
from campaigns.messages import letters, links, sketches
from campaigns.models import Manners, Message, TemplateVersion
from members.models import Member, Program

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
SHOWS = {
    "subject": "{{ member.first_name }}, {{ balance.text }} wait",
    "preview": "At {{ program.name }}",
    "html": """
        <p>Dear {{ member.first_name }},</p>{# a note #}
        <p>you have <b>{{ balance.text }}</b> ({{ balance.amount }}) at {{ program.name }}, it is {{ now.part }}.</p>
        <ul><li><a href="{{ links.rewards }}">rewards</a></li><li title="for {{ member.first_name }}">tea & cake</li></ul>
        <p><a href='https://shop.example/?a=1&amp;b=2'>shop</a> <a href="mailto:x@example.com">write</a></p>
    """,
    "button": "Go, {{ member.first_name }}",
    "link": "{{ links.portal }}",
}
DECIDES = SHOWS | {"html": "<p>{% if balance.amount > 10 %}many{% else %}few{% endif %}</p>"}
POINTS = SHOWS | {"html": "<p><a href='https://shop.example/{{ member.number }}/'>yours</a></p>"}
SHAPES = SHOWS | {"subject": "{{ member.first_name|upper }}"}
HIDES = SHOWS | {
    "html": "<p style='display:none'>{{ member.first_name }}</p><table><tr><td>x</td></tr></table>"
}


@pytest.fixture(autouse=True)
def second(monkeypatch):
    """The same in both."""
    monkeypatch.setattr(links, "_second", lambda _now: "1abcde")


@pytest.fixture
def program():
    return Program(pk=7, slug="shop", name="Tea & Co", currency="EUR")


def made(program, texts, name="Anna", *, kind="marketing", balance=("1,250 points", 1250.0), **manners):
    mine = Manners(program=program, site="https://shop.example", postal_address="1 Quay", **manners)
    member = Member(pk=3, program=program, number="42", name=name, state="active", tags=[], joined_at=NOW)
    message = Message(
        pk=9, program=program, member_id=3, template_id=1, content_id=5, channel="email", kind=kind, topic="offers",
        idem_key="k", context={},
    )  # fmt: skip
    message.content = TemplateVersion(pk=5, content={"email": {"en": texts}})
    told = {
        "member": {"first_name": name, "number": "42"},
        "program": {"name": program.name, "currency": "EUR"},
        "balance": {"text": balance[0], "amount": balance[1]},
        "now": {"part": "morning"},
        "links": letters.facts.links_of(program, mine),
    }
    return letters._make(message, program, member, "anna@example.com", told, mine)


@pytest.fixture
def by_itself(monkeypatch):
    def go(*args, **facts):
        with monkeypatch.context() as patch:
            patch.setattr(sketches, "of", lambda *_args, **_facts: None)
            return made(*args, **facts)

    return go


@pytest.fixture
def filled(monkeypatch):
    """How many were."""
    done = []
    fill = sketches.fill

    def count(*args, **facts):
        found = fill(*args, **facts)
        done.append(found is not None)
        return found

    monkeypatch.setattr(sketches, "fill", count)
    return done


@pytest.mark.parametrize("name", ["Anna", "Zoë", "آنا", "Anna Maria", "Jean-Luc", "display"])
@pytest.mark.parametrize(
    "facts",
    [
        {},
        {"kind": "transactional"},
        {"tracks_clicks": False},
        {"tracks_opens": False, "balance": ("12", 12)},
        {"balance": ("١٢\u00a0نجمة", 0.5)},
    ],
)
def test_what_only_shows_is_filled_in_and_says_the_same(program, by_itself, filled, name, facts):
    found = made(program, SHOWS, name, **facts)

    assert found == by_itself(program, SHOWS, name, **facts)
    assert filled == [True]
    assert name in found.text
    assert "Tea &amp; Co" in found.html


@pytest.mark.parametrize("name", ["O'Hara", "<b>Anna</b>", "Anna & Ben", "", " Anna", "\ue0030\ue004"])
def test_a_name_that_means_something_in_html_is_told_by_itself(program, by_itself, filled, name):
    assert made(program, SHOWS, name) == by_itself(program, SHOWS, name)
    assert filled == [False]


@pytest.mark.parametrize("texts", [DECIDES, POINTS, SHAPES])
def test_a_text_that_does_more_than_show_is_made_by_itself(program, by_itself, filled, texts):
    assert made(program, texts) == by_itself(program, texts)
    assert filled == []


def test_what_is_hidden_stays_out_of_the_words(program, by_itself, filled):
    found = made(program, HIDES)

    assert found == by_itself(program, HIDES)
    assert "Anna" not in found.text.partition("Go, Anna")[0]
    assert filled == [True]


def test_a_sign_of_ours_in_a_text_is_no_place(program, by_itself, filled):
    odd = SHOWS | {"html": "<p>\ue003u\ue004 {{ member.first_name }}</p>"}

    assert made(program, odd) == by_itself(program, odd)
    assert filled == []


def test_each_member_and_message_has_links_of_their_own(program):
    first = made(program, SHOWS)
    program.name = "Coffee"
    second = made(program, SHOWS, "Ben")

    assert isinstance(first, Letter)
    assert "Coffee" in second.html
    assert "Tea" not in second.html
    assert "Anna" not in second.html
    assert first.headers["List-Unsubscribe"].strip("<>") in first.html
    assert links.read_click(first.html.partition("/m/c/")[2].partition("/")[0]) is not None
