"""The weather at stores, from a service by HTTP that may say anything, late, or nothing."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.core.cache import cache
from django_scopes import scope

from campaigns import tasks
from campaigns.messages import weather
from members.models import Store
from tests.rewards import builders as b

RAIN = {"current": {"weather_code": 61, "temperature_2m": 11.5}}


class Service:
    def __init__(self) -> None:
        self.asked: list[str] = []
        self.answer = json.dumps(RAIN).encode()
        self.status = 200
        self.is_away = lambda count: False


@pytest.fixture
def service(settings):
    found = Service()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            found.asked.append(self.path)
            if found.is_away(len(found.asked)):
                self.close_connection = True
                return
            self.send_response(found.status)
            self.send_header("Content-Length", str(len(found.answer)))
            self.end_headers()
            self.wfile.write(found.answer)

        def log_message(self, *words):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    settings.WEATHER_URL = f"http://127.0.0.1:{server.server_port}/v1?lat={{latitude}}&lon={{longitude}}"
    settings.WEATHER_KIND, settings.WEATHER_CELSIUS = "current.weather_code", "current.temperature_2m"
    cache.clear()
    yield found
    server.shutdown()
    server.server_close()
    cache.clear()


def place(store="quay", latitude=53.5461, longitude=9.9663):
    return weather.Place(1, store, latitude, longitude)


def at(store="quay"):
    return weather.source().at(program_id=1, store=store)


def test_it_is_asked_once_for_neighbours_and_kept(service):
    assert weather.refresh(places=[place(), place("next", 53.5462, 9.9661), place("far", 48.1, 11.5)]) == 2

    assert service.asked == ["/v1?lat=53.55&lon=9.97", "/v1?lat=48.1&lon=11.5"]
    assert at() == at("next") == weather.Weather("rain", 11.5)
    assert len(service.asked) == 2


@pytest.mark.parametrize(
    "answer", [b"", b"{", b"[]", b"null", b'{"current": 3}', b'{"current": {"weather_code": true}}']
)
def test_what_cannot_be_read_leaves_what_was_known(service, answer):
    weather.refresh(places=[place()])
    service.answer = answer

    assert weather.refresh(places=[place(), place("new")]) == 0
    assert at() == weather.Weather("rain", 11.5)
    assert at("new") == weather.Weather()


def test_a_service_that_is_away_is_not_asked_for_every_store(service):
    service.is_away = lambda count: True

    weather.refresh(places=[place(str(number), latitude=number) for number in range(20)])

    assert len(service.asked) == weather.GIVE_UP


def test_places_without_weather_and_single_failures_do_not_hide_the_others(service):
    service.is_away = lambda count: count % weather.GIVE_UP

    assert weather.refresh(places=[place(str(number), latitude=number) for number in range(9)]) == 3

    service.is_away, service.status = lambda count: False, 404
    weather.refresh(places=[place(str(number), latitude=number) for number in range(9)])
    assert len(service.asked) == 18


@pytest.mark.parametrize(
    ("said", "kind"),
    [(0, "clear"), (3, "clouds"), (45, "clouds"), (61, "rain"), (75, "snow"), (81, "rain"), (86, "snow"), (95, "rain"),
     ("Light rain showers", "rain"), ("Partly cloudy", "clouds"), ("Sunny", "clear"), ("heavy SNOW", "snow"),
     (None, ""), (True, ""), ("x", ""), (1000, "")],
)  # fmt: skip
def test_codes_and_words_become_four_kinds(said, kind):
    assert weather.kind_of(said) == kind


def test_a_path_goes_through_lists(settings):
    settings.WEATHER_KIND, settings.WEATHER_CELSIUS = "weather.0.main", "main.temp"

    found = weather.read({"weather": [{"main": "Clouds"}], "main": {"temp": -3}})

    assert found == weather.Weather("clouds", -3.0)


@pytest.mark.django_db
def test_the_task_asks_for_stores_with_a_place(service):
    program = b.open_program(stores=["quay", "web"])
    with scope(program=program):
        Store.objects.filter(code="quay").update(latitude=1, longitude=2)

    assert tasks.ask_for_weather() == 1
    assert weather.source().at(program_id=program.pk, store="quay").kind == "rain"


@pytest.mark.django_db
def test_without_a_service_nobody_is_asked(settings):
    settings.WEATHER_URL = ""

    assert tasks.ask_for_weather() == 0
    assert weather.source().at(program_id=1, store="quay") == weather.Weather()
