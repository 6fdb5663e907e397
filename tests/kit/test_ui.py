"""Components: what they promise to assistive technology, and how much style goes over the wire."""

import gzip
import re
from pathlib import Path

import pytest
from django import forms
from django.template import engines
from django.test import RequestFactory

from loyaltysite.kit.components.shapes import SHEETS

ROOT = Path(__file__).resolve().parents[2]
STYLES = sorted((ROOT / "static/css").glob("*.css"))
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
MOST_BYTES = 15 * 1024


class Reward(forms.Form):
    name = forms.CharField(label="Reward name", help_text="Members see this.")
    price = forms.IntegerField(label="Price", required=False)


def draw(template: str, **context: object) -> str:
    return engines["django"].from_string("{% load ui %}" + template).render(context)


def sheets_of(template: str) -> set[str]:
    """What a page's own template and those it extends ask for, whether a condition leaves some of it out or not."""
    path = ROOT / "templates" / template
    if not path.exists():  # allauth's own
        return set()
    text = path.read_text()
    groups = re.findall(r'"([\w-]+)"', " ".join(re.findall(r"{% styles ([^%]+)%}", text)))
    own = {name for group in groups for name in SHEETS.get(group, (group,))}
    parent = re.search(r'{% extends "([\w/.-]+)"', text)
    is_whole = "block styles" in text and "block.super" not in text
    return own if is_whole or parent is None else own | sheets_of(parent[1])


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT / "templates")))
def test_the_styles_of_a_page_are_under_fifteen_kilobytes_compressed(path):
    """docs/adr/0008: for one surface. The dashboard's pages that show the portal's inside need the styles of both."""
    sheets = sorted(sheets_of(str(path.relative_to(ROOT / "templates"))))
    most = MOST_BYTES if not {"dashboard", "portal"} <= set(sheets) else 19 * 1024

    # Each is a file of its own on the wire.
    weights = [len(gzip.compress((ROOT / f"static/css/{name}.css").read_bytes(), 9)) for name in sheets]

    assert sum(weights) < most


def test_colours_are_written_in_tokens_surfaces_and_what_one_could_hold_only():
    allowed = {"tokens.css", "portal.css", "objects.css", "medals.css"}
    raw = {
        path.name: found
        for path in STYLES
        if path.name not in allowed and (found := re.findall(r"#[0-9a-f]{6}\b(?![0-9a-f])", path.read_text()))
    }

    assert raw == {}


# Readers of mail know no style sheets.
MAILS = {ROOT / "templates/campaigns/messages/mail.html", ROOT / "templates/analytics/mail/mail.html"}


@pytest.mark.parametrize(
    "path",
    [path for path in TEMPLATES if path not in MAILS],
    ids=lambda path: str(path.relative_to(ROOT / "templates")),
)
def test_templates_hold_no_inline_style_or_script(path):
    text = path.read_text()

    assert not re.search(r"\sstyle=|\son[a-z]+=", text)
    # Data for a script is no script.
    assert not re.search(r'<script(?![^>]*(\bsrc=|type="application/json"))', text)
    assert text.count("\n") < 120


def test_physical_sides_are_not_used():
    sided = re.compile(r"(?<![-\w])(margin|padding|border)-(left|right)|(?<![-\w])(left|right)\s*:")
    found = {path.name: sided.findall(path.read_text()) for path in STYLES if sided.search(path.read_text())}

    assert found == {}


def test_a_hint_describes_its_field():
    page = draw("{% field form.name %}", form=Reward())

    assert 'aria-describedby="id_name_note"' in page
    assert '<div class="hint" id="id_name_note">Members see this.</div>' in page


def test_an_error_stands_in_place_of_the_hint():
    page = draw("{% field form.name %}", form=Reward({"name": ""}))

    assert 'aria-invalid="true"' in page
    assert 'aria-describedby="id_name_note"' in page
    assert "This field is required." in page
    assert "Members see this." not in page


def test_the_first_wrong_field_gets_the_focus():
    page = draw("{% fields form %}", form=Reward({"name": "", "price": "x"}))

    assert page.count("autofocus") == 1
    assert re.search(r"<input[^>]*name=\"name\"[^>]*autofocus", page)


def test_errors_are_escaped():
    class Echo(forms.Form):
        word = forms.CharField()

        def clean_word(self) -> str:
            raise forms.ValidationError(self.cleaned_data["word"])

    page = draw("{% field form.word %}", form=Echo({"word": "<script>"}))

    assert "<script>" not in page


def test_a_button_with_an_address_is_a_link():
    assert draw('{% button "Members" href="/m" %}') == '<a class="btn" href="/m">Members</a>'


def test_a_button_turns_underscores_into_attributes_and_its_key_into_a_shortcut():
    page = draw('{% button "New" "primary" key="N" hx_post="/x" disabled=False %}')

    assert page == (
        '<button class="btn primary" type="submit" data-key="n" hx-post="/x">New <kbd>N</kbd></button>'
    )


def test_text_in_components_is_escaped():
    page = draw("{% badge text %}{% tier text 9 %}{% button text %}", text="<i>")

    assert "<i>" not in page
    assert 'class="tier t3"' in page


def test_a_column_sorts_up_then_down_and_says_which():
    request = RequestFactory().get("/", {"sort": "stars", "q": "a"})

    page = draw('{% column "Stars" "stars" %}', request=request)

    assert 'aria-sort="ascending"' in page
    assert "sort=-stars" in page
    assert "q=a" in page


def test_a_dialog_carries_the_token_of_the_page():
    page = draw('{% dialog "close" "Close?" confirm="Close" %}x{% enddialog %}', csrf_token="TOKEN")

    assert "TOKEN" in page
    assert 'aria-labelledby="close-title"' in page
