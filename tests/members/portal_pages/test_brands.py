"""The colors of a brand can always be read."""

import re

import pytest

from members.portal import brands
from tests.fixtures.databases import ROOT
from tests.members.portal_pages.visits import url

BRANDS = ["#0b4a5c", "#7a1f3d", "#24452f", "#ffd400", "#ffffff", "#000000", "#808080", "#ff0000", "#00b3a4"]


@pytest.mark.parametrize("brand", BRANDS)
def test_every_pair_of_the_brand_can_be_read(brand):
    tokens = dict(re.findall(r"(--[\w-]+): ([^;]+);", brands.sheet(brand)))
    light, dark = re.findall(r"#[0-9a-f]{6}", tokens["--brand-text"])
    pairs = {
        "text on brand": (tokens["--brand-on"], brand),
        "second on brand": (tokens["--brand-2"], brand),
        "text on second": (tokens["--on-brand-2"], tokens["--brand-2"]),
        "brand on paper": (light, brands.PAPER),
        "brand at night": (dark, brands.NIGHT),
    }

    assert {
        name: round(brands.contrast(*pair), 2) for name, pair in pairs.items() if brands.contrast(*pair) < 4.5
    } == {}


def test_a_good_brand_stays_as_it_is():
    assert "--brand: #0b4a5c;" in brands.sheet("#0b4a5c")
    assert "--brand-2: #ffb648;" in brands.sheet("#0b4a5c")
    assert "light-dark(#0b4a5c," in brands.sheet("#0b4a5c")


def test_contrast_is_that_of_wcag():
    assert brands.contrast("#ffffff", "#000000") == pytest.approx(21)
    assert brands.contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


def test_a_browser_may_keep_the_colours_for_a_year_until_they_change(client, shop):
    page = client.get(url("sign_in", shop)).content.decode()
    address = re.search(r'href="([^"]*brand\.css[^"]*)"', page)[1]

    kept, plain = client.get(address), client.get(url("brand", shop))
    type(shop).objects.filter(pk=shop.pk).update(brand="#7a1f3d")
    changed = client.get(address)

    assert "immutable" in kept["Cache-Control"]
    assert kept["Content-Type"] == "text/css; charset=utf-8"
    assert "no-cache" in plain["Cache-Control"]
    assert "no-cache" in changed["Cache-Control"]
    assert b"#7a1f3d" in changed.content


def test_the_paper_of_the_brands_is_that_of_the_style_sheet():
    sheet = (ROOT / "static/css/portal.css").read_text()

    assert f"--sunk: light-dark({brands.PAPER}, {brands.NIGHT});" in sheet
