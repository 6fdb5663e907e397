"""Pictures of pages for whoever asks for them: WAFA_SHOTS names the folder."""

from __future__ import annotations

import os
from pathlib import Path

from playwright.sync_api import Page

FOLDER = os.environ.get("WAFA_SHOTS", "")


def shoot(page: Page, name: str) -> None:
    """Keep the whole page as a picture of this name, if pictures were asked for."""
    if FOLDER:
        Path(FOLDER).mkdir(exist_ok=True, parents=True)
        page.screenshot(path=f"{FOLDER}/{name}.png", full_page=True)
