"""The language of templates: it says what it is given, and can neither look around nor run away."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.messages import contents, language

FACTS = {
    "member": {"name": "Anna <b>", "first_name": "Anna", "tags": ["vip"]},
    "now": {"hour": 9, "part": "morning"},
    "weather": {"kind": "rain", "celsius": 11.5},
    "segments": ["vip"],
    "event": {"amount": 12},
    "code": "",
    "data": {},
}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("Hi {{ member.first_name }}", "Hi Anna"),
        ("{% if now.part == 'morning' %}Good morning{% else %}Hello{% endif %}", "Good morning"),
        ("{% if weather.kind == 'rain' %}Tea{% endif %}", "Tea"),
        ("{% if 'vip' in segments %}You first{% endif %}", "You first"),
        ("{% for tag in member.tags %}{{ tag|upper }}{% endfor %}", "VIP"),
        ("{{ event.amount + 1 }}", "13"),
        ("{{ event.shoe|default('shoes') }}", "shoes"),
        ("{{ 'a' ~ member.first_name }}", "aAnna"),
    ],
)
def test_it_chooses_by_part_of_the_day_weather_and_segment(text, says):
    language.check(text)

    assert language.render(text, FACTS, escapes=False) == says


def test_a_name_cannot_bring_html_into_a_mail():
    assert language.render("{{ member.name }}", FACTS, escapes=True) == "Anna &lt;b&gt;"


@pytest.mark.parametrize(
    "text",
    [
        "{{ member.salary }}",
        "{{ nobody }}",
        "{{ member['__class__'] }}",
        "{{ ''.__class__.__mro__ }}",
        "{{ member.name.__class__ }}",
        "{{ 'x' * 1000000000 }}",
        "{{ 2 ** 100000000 }}",
        "{{ '%1000000000d' % 1 }}",
        "{{ member.name.format(1) }}",
        "{{ range(10) }}",
        "{{ lipsum(9) }}",
        "{% set x = 1 %}",
        "{% macro m() %}{% endmacro %}",
        "{% include 'x' %}",
        "{% for a in segments %}{% for b in segments %}{% endfor %}{% endfor %}",
        "{% for a in segments recursive %}{% endfor %}",
        "{{ member.name|attr('upper') }}",
        "{{ member.name|replace('', 'xxxxxxxx') }}",
        "{{ abort(member) }}",
        "{{ member.name",
        "{% if %}",
        "x" * 60_001,
    ],
)
def test_what_could_fail_or_harm_is_refused_when_it_is_published(text):
    with pytest.raises(language.TemplateFaulty):
        language.check(text)


@pytest.mark.parametrize(
    "text", ["{{ 'x' * 1000000000 }}", "{{ '%1000000000d' % 1 }}", "{{ 9 ** 99999999 }}"]
)
def test_nothing_is_worked_out_before_it_is_found_to_be_allowed(text):
    before = time.process_time()

    with pytest.raises(language.TemplateFaulty):
        language.check(text)

    assert time.process_time() - before < 2


@pytest.mark.parametrize("text", ["{{ event.items() }}", "{{ event.amount.__class__ }}", "{{ event + 'x' }}"])
def test_what_only_sending_can_see_is_refused_there(text):
    with pytest.raises(language.Unrenderable):
        language.render(text, FACTS, escapes=False)


def test_what_is_not_there_stops_the_message_and_not_the_batch():
    with pytest.raises(language.Unrenderable):
        language.render("{{ event.nothing }}", FACTS, escapes=False)


def test_a_template_may_say_no():
    with pytest.raises(language.Abort):
        language.render("{{ abort('not now') }}", FACTS, escapes=False)


@given(st.text(alphabet="{}%()[]|.'\" abcmembername~+-*/=<>0123", max_size=80))
def test_whatever_is_typed_is_read_or_refused_and_never_runs_long(text):
    began = time.monotonic()

    try:
        language.check(text)
        language.render(text, FACTS, escapes=True)
    except (language.TemplateFaulty, language.Unrenderable, language.Abort):
        pass

    assert time.monotonic() - began < 20


def test_a_language_that_is_missing_falls_back_to_one_there_is():
    content = {"sms": {"en": {"text": "Hi"}, "ar": {"text": "مرحبا"}}}

    assert contents.render(content, "sms", ["fa", "ar"], FACTS).fields["text"] == "مرحبا"
    assert contents.render(content, "sms", ["fa"], FACTS).fields["text"] == "Hi"


def test_a_needed_field_is_asked_for_by_name():
    with pytest.raises(contents.ContentMissing) as refused:
        contents.check({"email": {"en": {"subject": "Hi"}}})

    assert refused.value.field == "email-en-html"


def test_a_link_with_a_script_is_refused():
    said = {"place": "banner", "title": "x", "text": "x", "button": "x", "link": "javascript:alert(1)"}

    with pytest.raises(contents.ContentFaulty):
        contents.check({"inapp": {"en": said}})
