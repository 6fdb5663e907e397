"""The weather at a store, asked of whoever knows it; without anybody it is unknown and texts do without."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol

import orjson
import redis
import urllib3
from django.conf import settings
from django.core.cache import cache
from django.utils.module_loading import import_string

log = logging.getLogger(__name__)

KEY = "weather:{program}:{store}"
LIFE = 3600
# Seconds for a place, signs of an answer, and after how many silent places in a row the others are not asked.
TIMEOUT = urllib3.Timeout(connect=2, read=3)
LONGEST = 100_000
GIVE_UP = 3
# Places are asked for to a kilometer: neighbours have the same weather, and the service need not know more.
NEAR = 2
CODES = (
    (frozenset({0, 1}), "clear"),
    (frozenset({2, 3, 4, *range(5, 50)}), "clouds"),
    (frozenset({*range(70, 80), 85, 86, 87, 88}), "snow"),
    (frozenset({*range(50, 70), *range(80, 85), *range(89, 100)}), "rain"),
)
WORDS = (
    (("snow", "sleet", "blizzard"), "snow"),
    (("rain", "drizzle", "shower", "storm", "thunder"), "rain"),
    (("cloud", "overcast", "fog", "mist", "haze"), "clouds"),
    (("clear", "sun", "fair"), "clear"),
)


@dataclass(frozen=True, slots=True)
class Place:
    """A store by its code, and where it is."""

    program_id: int
    store: str
    latitude: float
    longitude: float


@dataclass(frozen=True, slots=True)
class Weather:
    """`kind` is one of clear, clouds, rain, snow, or empty where nobody knows."""

    kind: str = ""
    celsius: float | None = None


class Source(Protocol):
    def at(self, *, program_id: int, store: str) -> Weather:
        """The weather at a store, by its code; must answer at once, from what it keeps."""


@dataclass(frozen=True, slots=True)
class Fixed:
    """Always the same, for tests and trials."""

    weather: Weather = Weather()

    def at(self, *, program_id: int, store: str) -> Weather:
        return self.weather


@dataclass(frozen=True, slots=True)
class Http:
    """What a service by HTTP and JSON said last of the places of stores, from the cache; refresh() asks it."""

    def at(self, *, program_id: int, store: str) -> Weather:
        try:
            found = cache.get(KEY.format(program=program_id, store=store))
        except (redis.RedisError, OSError):
            log.warning("the weather cannot be read")
            return Weather()
        return found if isinstance(found, Weather) else Weather()


def source() -> Source:
    """The site's: WEATHER_SOURCE as a dotted path to a Source, else a service at WEATHER_URL, else nobody."""
    path = getattr(settings, "WEATHER_SOURCE", "")
    if not path:
        return Http() if settings.WEATHER_URL else Fixed()
    found: Source = import_string(path)()
    return found


def refresh(*, places: Iterable[Place]) -> int:
    """Ask for the weather at these places, each at most once and near ones together, and keep it for an hour; how many
    answers there were. A service that is slow, away or says something else leaves what was kept until it is too old."""
    answers: dict[tuple[float, float], Weather | None] = {}
    known = silent = 0
    for place in places:
        spot = (round(place.latitude, NEAR), round(place.longitude, NEAR))
        if spot not in answers:
            try:
                answers[spot], silent = _ask(*spot), 0
            except Silent:
                answers[spot], silent = None, silent + 1
            if silent >= GIVE_UP:
                break
            known += answers[spot] is not None
        if (found := answers[spot]) is not None:
            cache.set(KEY.format(program=place.program_id, store=place.store), found, LIFE)
    return known


def read(content: Any) -> Weather | None:
    """What an answer says, by the paths in the settings; None where there is neither kind nor temperature."""
    kind, celsius = _at(content, settings.WEATHER_KIND), _at(content, settings.WEATHER_CELSIUS)
    is_number = isinstance(celsius, (int, float)) and not isinstance(celsius, bool)
    found = Weather(kind_of(kind), float(celsius) if is_number else None)
    return found if found != Weather() else None


def kind_of(value: object) -> str:
    """One of ours for a code of the World Meteorological Organization (table 4677, as services shorten it) or a word;
    empty for anything else."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return next((kind for codes, kind in CODES if int(value) in codes), "")
    text = str(value or "").casefold()
    return next((kind for words, kind in WORDS if any(word in text for word in words)), "")


# --- parts ------------------------------------------------------------------------------------------------------------


class Silent(Exception):
    """Nobody answered."""


def _ask(latitude: float, longitude: float) -> Weather | None:
    """None for an answer that does not say it. Raises Silent."""
    url = settings.WEATHER_URL.replace("{latitude}", str(latitude)).replace("{longitude}", str(longitude))
    try:
        with urllib3.PoolManager(retries=False, timeout=TIMEOUT) as pool:
            answer = pool.request("GET", url, preload_content=False, redirect=False)
            content = answer.read(LONGEST) if answer.status == 200 else b"null"
            answer.release_conn()
        return read(orjson.loads(content))
    except (urllib3.exceptions.HTTPError, OSError) as error:
        log.warning("the weather is not known", extra={"error": type(error).__name__})
        raise Silent from error
    except ValueError as error:
        log.warning("the weather is not known", extra={"error": type(error).__name__})
        return None


def _at(content: Any, path: str) -> Any:
    """What stands at a path such as current.weather_code or list.0.main; None where nothing does."""
    for part in path.split("."):
        if isinstance(content, dict):
            content = content.get(part)
        elif isinstance(content, list) and part.isdecimal() and int(part) < len(content):
            content = content[int(part)]
        else:
            return None
    return content
