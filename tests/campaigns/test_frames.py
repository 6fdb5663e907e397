"""The words of a mail without HTML: quickly told for what most mails are made of, by the library for the rest."""

from types import SimpleNamespace

import pytest
from inscriptis import get_text

from campaigns.messages import frames

SHOP = {
    "program": SimpleNamespace(name="Tea & Co", brand="#123456"),
    "manners": SimpleNamespace(postal_address="1 High Street"),
    "language": "en",
    "preferences": "https://shop.example/p/",
}


@pytest.mark.parametrize(
    "html",
    [
        "<p>Dear Anna, your <a href='https://x/?a=1&amp;b=2'>rewards</a> wait.</p>\n<p>See you.</p>",
        "<h1>Hello</h1><p>One<br>two<br/>three</p>",
        "<div>a</div><div>b &amp; c &lt;d&gt;</div>",
        "<ul><li>tea</li><li><b>cake</b></li></ul><p>and <em>more</em></p>",
        '<p title="a > b">five</p>',
        "<P CLASS=x>LOUD</P>",
        "<pre>as  it\n is</pre>",
        "<table><tr><td>a</td><td>b</td></tr></table>",
        "<p style='display:none'>secret</p><p>seen</p>",
        "<!-- a note --><p>said</p><style>p { color: red }</style>",
        "<p>مرحبا <b>آنا</b></p>",
        "no tags",
        "",
        "<pa>1 < 2</pa>",
    ],
)
def test_the_words_are_those_of_the_library(html):
    assert frames.plain(html).split() == get_text(html).split()


def test_paragraphs_and_items_have_lines_of_their_own():
    assert (
        frames.plain("<p>One</p><p>Two<br>three</p><ul><li>tea<li>cake</ul>")
        == "One\n\nTwo\nthree\n\n  * tea\n  * cake"
    )


def test_a_frame_is_filled_with_what_is_said_and_nothing_is_read_twice():
    said = {
        "subject": "<Hi>",
        "html": "<p>\ue000button\ue001 {{ x }}</p>",
        "button": "A & B",
        "link": "https://x/?a=1&b=2",
    }

    page, words = frames.page(said, **SHOP), frames.words(said, **SHOP)

    assert "<title>&lt;Hi&gt;</title>" in page
    assert "<p>\ue000button\ue001 {{ x }}</p>" in page
    assert 'href="https://x/?a=1&amp;b=2"' in page
    assert ">A &amp; B</a>" in page
    assert words.splitlines()[0] == "Tea & Co"
    assert {"A & B", "Tea & Co, 1 High Street"} <= set(words.splitlines())
    assert "Do not send" not in page, "what is needed cannot be unsubscribed from"


def test_each_shape_and_language_has_a_frame_of_its_own():
    said = {"subject": "x", "html": "<p>x</p>"}

    bare, marketing = (
        frames.page(said, **SHOP),
        frames.page({**said, "unsubscribe": "https://x/u", "pixel": "https://x/o"}, **SHOP),
    )
    arabic = frames.page(said, **(SHOP | {"language": "ar"}))

    assert ("<img" in bare, "<img" in marketing) == (False, True)
    assert 'href="https://x/u"' in marketing
    assert 'dir="rtl"' in arabic
