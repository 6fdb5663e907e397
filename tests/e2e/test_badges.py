"""Badges in a browser: a manager draws one and puts it up; a member joins a challenge and finds the board."""

import pytest
from playwright.sync_api import expect

from members import tags
from members.models import Role
from tests.e2e.pictures import shoot
from tests.e2e.test_every_page import SIZES, enter
from tests.members import portal_shop
from tests.members.teams import hire
from tests.rewards import builders as b
from tests.rewards.badges.shop import goal, levels, put_up, run, together

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

NAMES = {"en": "Kilometres in May", "ar": "كيلومترات مايو"}


@pytest.fixture
def shop(site):
    """Some badges, some won, some on the way, and a challenge with a board."""
    from rewards.badges import entering

    program = portal_shop.open_shop()
    portal_shop.amelia(program)
    looks = [
        "rosette gold cup",
        "shield green leaf",
        "hexagon blue map",
        "drop plum flame",
        "star bronze bolt",
    ]
    medals = [dict(zip(("shape", "color", "icon"), look.split(), strict=True)) for look in looks]
    put_up(program, "first", definition=goal("orders", 1), names={"en": "First order"}, medal=medals[0])
    put_up(
        program, "regular", names={"en": "Regular"}, medal=medals[1], texts={"en": "Come again and again."},
        definition={"count": "orders", "levels": levels(2, 5, 500, one=[{"kind": "tag", "name": "regular"}])},
    )  # fmt: skip
    put_up(
        program,
        "spender",
        kind="milestone",
        names={"en": "Big basket"},
        medal=medals[2],
        definition=goal("spend", 10**7),
    )
    put_up(
        program,
        "row",
        names={"en": "Four weeks"},
        medal=medals[3],
        definition=goal("orders", 4, streak={"unit": "week"}),
    )
    days = {"starts_at": b.moment("2020-01-01"), "ends_at": b.moment("2120-01-01")}
    put_up(
        program, "may", kind="challenge", names=NAMES, medal=medals[4], needs_joining=True, has_board=True,
        definition=goal("sum", 50, event="run", field="km"), **days,
    )  # fmt: skip
    put_up(
        program, "club", kind="challenge", names={"en": "A thousand together", "ar": "ألف معًا"}, medal=medals[0],
        definition=together("all", 40, 1000, count="sum", least=30, event="run", field="km"), **days,
    )  # fmt: skip
    put_up(
        program, "teams", kind="challenge", names={"en": "Red or blue", "ar": "أحمر أم أزرق"}, medal=medals[3],
        definition=together("tags", 30, 90, count="sum", least=5, tags=["red", "blue"], event="run", field="km"),
        **days,
    )  # fmt: skip
    for name, tag in (("anna", "red"), ("ben", "blue"), ("cleo", "red"), ("dora", "blue")):
        member = b.join(program, name) if name != "anna" else b.find(program, name)
        tags.add_each(program=program, member_ids=[member.pk], tag=tag, now=portal_shop.NOW)
    for number, name in enumerate(("ben", "cleo", "dora")):
        b.record(program, b.event(f"r{number}", "run", "2026-02-01", name, km=11.5 * (number + 1)))
        entering.join(
            program=program, member=b.find(program, name), key="may", now=portal_shop.NOW, is_shown=True,
            shown_as=name.title(),
        )  # fmt: skip
    b.record(program, b.event("own", "run", "2026-02-02", "anna", km=20))
    run(portal_shop.NOW)
    return program


@pytest.mark.parametrize(("language", "size", "theme"), [("en", "desktop", "light"), ("ar", "phone", "dark")])
def test_staff_draw_a_badge_and_see_who_has_it(shop, new_page, assert_accessible, language, size, theme):
    page = new_page(locale=language, viewport=SIZES[size], color_scheme=theme)
    home = f"/dashboard/{shop.slug}/badges/"
    enter(page, hire(shop, Role.MANAGER), home)
    assert_accessible(page)
    shoot(page, f"list-{language}")
    for key in ("regular", "may", "club", "teams"):
        page.goto(f"{home}{key}/")
        assert_accessible(page)
        shoot(page, f"{key}-{language}")

    page.goto(f"{home}new/")
    assert_accessible(page)
    page.locator("[name=key]").fill("early")
    page.locator("[name=name_en]").fill("Early bird")
    page.locator("[name=shape]").select_option("star")
    page.locator("#preview [href$='#star']").wait_for(state="attached")
    page.locator("[name=target_1]").fill("3")
    shoot(page, f"edit-{language}")
    page.locator("[name=do][value=save]").click()
    page.wait_for_url(f"**{home}early/")
    page.locator("form .btn.primary").click()
    page.locator(".badge.good").wait_for()


@pytest.mark.parametrize(("language", "size", "theme"), [("en", "phone", "light"), ("ar", "desktop", "dark")])
def test_a_member_joins_a_challenge_and_stands_on_its_board(
    shop, new_page, assert_accessible, language, size, theme
):
    from members.portal import people

    page = new_page(locale=language, viewport=SIZES[size], color_scheme=theme)
    user = people.prove(program=shop, email="anna@example.com", now=portal_shop.NOW)
    enter(page, user, f"/p/{shop.slug}/badges/")
    assert_accessible(page)
    shoot(page, f"mine-{language}")
    page.goto(f"/p/{shop.slug}/")
    shoot(page, f"home-{language}")
    page.goto(f"/p/{shop.slug}/badges/regular/")
    assert_accessible(page)
    shoot(page, f"one-{language}")

    for key, own in (("club", "20"), ("teams", "red")):
        page.goto(f"/p/{shop.slug}/badges/{key}/")
        assert_accessible(page)
        shoot(page, f"{key}-mine-{language}")
        if language == "en":
            expect(page.locator("main")).to_contain_text(own)
        assert not page.evaluate("document.documentElement.scrollWidth > innerWidth + 1")

    page.goto(f"/p/{shop.slug}/badges/may/")
    page.locator("[name=is_shown]").check()
    page.locator("[name=shown_as]").fill("Lighthouse")
    page.locator("[name=do][value=join]").click()
    page.locator("[name=do][value=leave]").wait_for()
    run(portal_shop.NOW)
    page.reload()

    expect(page.locator(".board .own")).to_contain_text("Lighthouse")
    assert_accessible(page)
    shoot(page, f"challenge-{language}")
