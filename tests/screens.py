"""Pictures of pages on phone and desktop, light and dark, in each direction.

    python -m tests.screens [--url http://127.0.0.1:8000] [--only signin] [--out .var/screens]

Without --url a site of its own with the demo is started (minutes, the first time) and stopped. A page of wider content than its window, or a complaint of the browser's console, is reported and fails the run.
"""

import argparse
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from itertools import product
from pathlib import Path
from threading import Thread

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from tests.fixtures.browser import FLAGS, NAMES
from tests.shots import ROOT, SHOTS, SHOWN, Shot

SIZES = {"phone": (390, 844), "desktop": (1440, 900)}
THEMES = ("light", "dark")
LANGUAGES = ("en", "ar", "he", "fa")
SLICE = 2600  # pixels: a page longer than this is cut, so that a picture stays readable


@contextmanager
def visiting(
    browser: Browser, *, url: str, shot: Shot, size: str, theme: str, language: str, scale: float = 1
) -> Iterator[tuple[Page, list[str]]]:
    """The page as it is to be pictured, and what its console complains of."""
    width, height = SIZES[size]
    context = browser.new_context(
        base_url=url,
        viewport={"width": width, "height": height},
        color_scheme=theme,
        locale=language,
        device_scale_factor=scale,
    )
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(shot.path)
    shot.before(page)
    page.wait_for_load_state("networkidle")
    yield page, complaints
    context.close()


def take(
    browser: Browser, *, url: str, shot: Shot, size: str, theme: str, language: str, out: Path
) -> Iterator[str]:
    """One picture, cut into readable lengths; yields what is wrong with the page."""
    width, height = SIZES[size]
    name = f"{shot.name}.{size}.{theme}.{language}"
    way = {"size": size, "theme": theme, "language": language}
    with visiting(browser, url=url, shot=shot, **way) as (page, complaints):
        length = page.evaluate("document.documentElement.scrollHeight")
        for part in range(max(1, -(-length // SLICE))):
            area = {
                "x": 0,
                "y": part * SLICE,
                "width": width,
                "height": max(height, min(SLICE, length - part * SLICE)),
            }
            page.screenshot(path=out / f"{name}.{part}.png", full_page=True, clip=area)
        if page.evaluate("document.documentElement.scrollWidth > innerWidth + 1"):
            yield f"{name}: wider than its window"
        yield from (f"{name}: {text}" for text in complaints if "status of 4" not in text)


def show(browser: Browser, *, url: str, out: Path, only: tuple[str, ...]) -> None:
    """The pictures of docs/screens: what one sees at first, with few colours, so that each stays small."""
    for name, (shot_name, size, theme, language) in SHOWN.items():
        if not name.startswith(only):
            continue
        shot = next(shot for shot in SHOTS if shot.name == shot_name)
        scale = 1.5 if size == "phone" else 1
        way = {"size": size, "theme": theme, "language": language}
        with visiting(browser, url=url, shot=shot, scale=scale, **way) as (page, _complaints):
            page.evaluate("scrollTo(0, 0)")
            picture = Image.open(BytesIO(page.screenshot()))
        picture.convert("RGB").quantize(256, dither=Image.Dither.NONE).save(
            out / f"{name}.png", optimize=True
        )


@contextmanager
def serving(url: str, var: Path) -> Iterator[str]:
    """The site at `url`, or one of our own with the demo."""
    if url:
        yield url
        return
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    os.environ["WAFA_VAR"] = str(var)
    command = [sys.executable, "-m", "loyaltysite.run"]
    own = subprocess.Popen(
        command, cwd=ROOT, env=os.environ | {"PORT": str(port)}, stdout=subprocess.PIPE, text=True
    )
    try:
        assert own.stdout is not None
        for line in own.stdout:
            sys.stderr.write(line)
            if "Wafa is ready" in line:
                break
        else:
            raise SystemExit("the site did not start")
        # What it goes on saying must not fill the pipe.
        Thread(target=own.stdout.read, daemon=True).start()
        yield f"http://127.0.0.1:{port}"
    finally:
        own.send_signal(signal.SIGINT)
        own.wait(timeout=60)


def find_browser() -> str:
    import shutil

    return next(filter(None, map(shutil.which, NAMES)), "")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", default="", help="a site that is running")
    parser.add_argument("--only", action="append", help="names that begin with this; may be given again")
    parser.add_argument("--size", choices=SIZES, action="append")
    parser.add_argument("--theme", choices=THEMES, action="append")
    parser.add_argument("--language", choices=LANGUAGES, action="append")
    parser.add_argument("--out", type=Path, default=ROOT / ".var" / "screens")
    parser.add_argument("--show", action="store_true", help="only those of docs/screens, anew")
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    wrong: list[str] = []
    with serving(asked.url, ROOT / ".var" / "pictures") as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_browser(), args=FLAGS)
        if asked.show:
            show(browser, url=url, out=ROOT / "docs" / "screens", only=tuple(asked.only or [""]))
            return 0
        shots = [shot for shot in SHOTS if shot.name.startswith(tuple(asked.only or [""]))]
        for shot, size, theme, language in product(
            shots, asked.size or SIZES, asked.theme or THEMES, asked.language or ("en", "ar", "he")
        ):
            wrong += take(
                browser, url=url, shot=shot, size=size, theme=theme, language=language, out=asked.out
            )
        browser.close()
    for line in wrong:
        sys.stderr.write(line + "\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
