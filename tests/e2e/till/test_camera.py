"""The till's camera where the browser reads no codes itself: what stands in the picture is found, however dim or askew."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest
import segno
from django.conf import settings
from playwright.sync_api import expect

from tests.e2e.till.moves import patient

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

SCRIPTS = ("till-qr-text.js", "till-qr.js")
SIGNS = {"numeric": "0123456789", "signs": "0123456789ABCDEFGHJKMNPQRSTVWXYZ-", "bytes": "abcxyz:/?=&"}
# Of a reward: drawn from 32 signs, so that most of them have few figures.
CODE = "HHKQZQFXXTMWABWP"

# A picture of a code as a camera sees it: turned, tilted, unsharp, on paper or on a screen as dim as `light` (0 to 1).
SEEN = """
async function seen({ code, turn = 0, slant = 0, light = 1, wide = 300, blur = 0 }) {
    const picture = new Image();
    picture.src = code;
    await picture.decode();
    const canvas = Object.assign(document.createElement("canvas"), { width: 640, height: 480 });
    const brush = canvas.getContext("2d");
    brush.fillStyle = "#555";
    brush.fillRect(0, 0, 640, 480);
    brush.filter = `blur(${blur}px) brightness(${light})`;
    brush.translate(330, 240);
    brush.transform(1, slant, 0, 1, 0, 0);
    brush.rotate((turn * Math.PI) / 180);
    brush.drawImage(picture, -wide / 2, -wide / 2, wide, wide);
    return canvas;
}
"""
# A camera that shows it, and a browser that reads no codes by itself.
CAMERA = (
    SEEN
    + """
delete globalThis.BarcodeDetector;
navigator.mediaDevices.getUserMedia = async () => {
    const canvas = await seen(GIVEN);
    const drawn = canvas.getContext("2d");
    setInterval(() => drawn.drawImage(canvas, 0, 0), 40);
    globalThis.shown = canvas.captureStream(25);
    return globalThis.shown;
};
"""
)


def picture_of(text, *, dark="black", **options):
    """A code with its quiet zone, as the address of a picture."""
    return segno.make(text, micro=False, **options).png_data_uri(scale=8, border=4, dark=dark)


def hold_up(till, text, **seen):
    """From the next page on the camera of this browser sees the code."""
    given = {"code": picture_of(text, error="q"), **seen}
    told = ", ".join(f"{name}: {value!r}" for name, value in given.items())
    till.add_init_script(CAMERA.replace("GIVEN", f"{{ {told} }}"))
    patient(till, is_online=True)
    till.reload()


def test_the_code_on_a_dim_phone_finds_its_member(till, program, member):
    hold_up(till, member.number, turn=17, slant=0.1, light=0.25, blur=1)

    till.get_by_role("button", name="Scan").click()

    expect(till.locator("#who-name")).to_have_text("Amelia Hart")
    expect(till.locator("#camera")).to_be_hidden()
    assert till.evaluate("shown.getTracks().every((track) => track.readyState === 'ended')")


def assert_asked_for(till, code):
    """The till took it and asked the server; here it is nobody's, and that is said."""
    expect(till.locator("#q")).to_have_value(code)
    expect(till.locator("#find-note")).to_have_text(re.compile(r"\w"))


def test_a_code_with_hardly_a_figure_is_taken_by_the_camera(till):
    hold_up(till, CODE, turn=-8)

    till.get_by_role("button", name="Scan").click()

    assert_asked_for(till, CODE)


def test_a_code_with_hardly_a_figure_is_taken_from_a_scanner_wherever_the_cursor_is(till):
    patient(till, is_online=True)
    till.reload()

    till.evaluate(
        """code => [...code, "Enter"].forEach((key) => {
            const pressed = new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true });
            Object.defineProperty(pressed, "timeStamp", { value: 5000 });
            document.body.dispatchEvent(pressed);
        })""",
        CODE,
    )

    assert_asked_for(till, CODE)


def test_a_browser_without_a_camera_says_so(till):
    till.add_init_script("Object.defineProperty(navigator, 'mediaDevices', { value: undefined });")
    patient(till, is_online=True)
    till.reload()

    expect(till.locator("#scan-note")).to_have_text(re.compile("cannot read codes with its camera"))
    expect(till.locator("#scan")).to_be_hidden()


@pytest.fixture
def reader(page):
    """A page that holds the reader alone."""
    for script in SCRIPTS:
        page.evaluate((Path(settings.BASE_DIR) / "static" / "js" / script).read_text())
    page.evaluate(f"(() => {{ {SEEN}; globalThis.seen = seen; }})()")
    return page


def read(page, **seen):
    return page.evaluate(
        """async (seen_so) => {
            const canvas = await seen(seen_so);
            return QrCodes.read(canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height));
        }""",
        seen,
    )


def test_every_version_level_and_mode_is_read(reader):
    draw = random.Random(1)
    asked, answered = [], []
    for version in range(1, 11):
        for level in "lmqh":
            signs = draw.choice(list(SIGNS.values()))
            text = "".join(draw.choices(signs, k=draw.randint(4, 7)))
            code = picture_of(text, version=version, error=level, boost_error=False)
            asked.append((version, level, text))
            answered.append((version, level, read(reader, code=code, wide=440)))

    assert answered == asked


@pytest.mark.parametrize("text", ["204816120937", CODE])
def test_a_code_is_read_turned_and_slanted(reader, text):
    code = picture_of(text, error="q")
    turns = (0, 33, 90, 145, 180, 260)

    found = [read(reader, code=code, turn=turn, slant=0.15, light=0.3, blur=1) for turn in turns]

    assert found == [text] * len(turns)


def test_what_is_no_code_is_none(reader):
    blank = picture_of("204816120937", error="q", dark="white")

    assert read(reader, code=blank) == ""


def test_a_code_is_mended_and_never_guessed(reader):
    """Squares turned over one by one: as long as it can be mended it reads right, then not at all."""
    matrix = [
        [int(bool(one)) for one in row] for row in segno.make("204816120937", error="q", micro=False).matrix
    ]
    told = reader.evaluate(
        """(matrix) => {
            const size = matrix.length;
            const at = (x, y) => matrix[y][x];
            const told = [];
            for (let x = 12; x < 21; x++) {
                for (let y = 9; y < 21; y++) {
                    matrix[y][x] ^= 1;
                    told.push(QrText.read({ at, size }));
                }
            }
            return told;
        }""",
        matrix,
    )

    assert told[0] == "204816120937"
    assert set(told) == {"204816120937", None}
