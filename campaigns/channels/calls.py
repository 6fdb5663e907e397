"""Ways out by HTTP: text messages by any provider or Twilio, notices to browsers, and a webhook."""

from __future__ import annotations

import base64
import hashlib
import json
import logging
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote, urlencode, urlsplit

import urllib3
from django.conf import settings as site
from py_vapid import Vapid02
from pywebpush import WebPusher

from campaigns.channels.letter import Fate, Letter, Outcome, Settings
from loyaltysite.kit import clock
from members.webhooks import payloads
from members.webhooks.requests import Answer, Call, post

log = logging.getLogger(__name__)

AT_ONCE = 8
TWILIO = "https://api.twilio.com"


class Calls:
    """Each letter is one call; several at once."""

    def __init__(self, name: str, call: Callable[[Letter], Outcome]) -> None:
        self.name = name
        self._call = call

    def send(self, letters: Iterable[Letter]) -> Iterator[tuple[Letter, Outcome]]:
        waiting = list(letters)
        with ThreadPoolExecutor(AT_ONCE) as threads:
            yield from zip(waiting, threads.map(self._safely, waiting), strict=True)

    def _safely(self, letter: Letter) -> Outcome:
        try:
            return self._call(letter)
        except Exception:
            log.exception("a letter cannot be written", extra={"message_id": letter.message_id})
            return Outcome(Fate.FAILED, trouble="unfit")


def outcome_of(answer: Answer) -> Outcome:
    """A call that found nobody is tried again; one without an answer, or that failed inside, may have been taken."""
    if answer.is_taken:
        return Outcome(Fate.SENT)
    if answer.status is None:
        is_before = answer.trouble in {"address_refused", "host_unknown"}
        fate = Fate.FAILED if answer.trouble == "address_refused" else Fate.RETRY
        return Outcome(fate if is_before else Fate.UNKNOWN, trouble=answer.trouble)
    if answer.status == 429:
        return Outcome(Fate.RETRY, trouble="http_429")
    if answer.status in {404, 410}:
        return Outcome(Fate.BOUNCED, trouble=f"http_{answer.status}")
    return Outcome(Fate.UNKNOWN if answer.status >= 500 else Fate.FAILED, trouble=f"http_{answer.status}")


def http(settings: Settings, secret: str) -> Calls:
    """POST {to, text, from, key} as JSON; the key is the same at each try, for the provider to tell repeats by."""

    def call(letter: Letter) -> Outcome:
        told = {
            "to": letter.to,
            "text": letter.fields["text"],
            "from": settings.get("from", ""),
            "key": letter.key,
        }
        headers = {"content-type": "application/json", "idempotency-key": letter.key}
        if secret:
            headers["authorization"] = f"Bearer {secret}"
        return outcome_of(post(Call(str(settings["url"]), json.dumps(told).encode(), headers)))

    return Calls("http", call)


def twilio(settings: Settings, secret: str, *, status_url: str = "") -> Calls:
    """Twilio's Messages resource of the API of 2010-04-01."""
    account = str(settings["account"])
    pool = urllib3.PoolManager(timeout=urllib3.Timeout(total=15), retries=False, maxsize=AT_ONCE)
    base = getattr(site, "TWILIO_API", TWILIO)
    url = f"{base}/2010-04-01/Accounts/{quote(account, safe='')}/Messages.json"
    basic = base64.b64encode(f"{account}:{secret}".encode()).decode()

    def call(letter: Letter) -> Outcome:
        told = {"To": letter.to, "Body": letter.fields["text"], "From": str(settings["from"])}
        if status_url:
            told["StatusCallback"] = status_url
        headers = {"authorization": f"Basic {basic}", "content-type": "application/x-www-form-urlencoded"}
        try:
            answer = pool.request("POST", url, body=urlencode(told), headers=headers)
        except urllib3.exceptions.NewConnectionError:
            return Outcome(Fate.RETRY, trouble="no_connection")
        except urllib3.exceptions.HTTPError:
            return Outcome(Fate.UNKNOWN, trouble="cut_off")
        if answer.status == 201:
            return Outcome(Fate.SENT, str(answer.json().get("sid", ""))[:200])
        if answer.status == 400:
            return _refused(answer.json())
        return outcome_of(Answer(answer.status))

    return Calls("twilio", call)


def _refused(told: dict[str, object]) -> Outcome:
    """Twilio's codes: 21211 and 21614 are no numbers, 21610 is somebody who answered STOP."""
    code = told.get("code")
    fate = Fate.BOUNCED if code in {21211, 21614, 21610} else Fate.FAILED
    return Outcome(fate, trouble=f"twilio_{code}")


def webpush(settings: Settings, secret: str) -> Calls:
    """To each of the member's browsers, encrypted as RFC 8291 has it, signed as RFC 8292 has it; sent if one took it."""
    key = Vapid02.from_string(private_key=secret)

    def call(letter: Letter) -> Outcome:
        outcomes = [outcome_of(_push(letter, device, key, settings)) for device in json.loads(letter.to)]
        best = [Fate.SENT, Fate.UNKNOWN, Fate.RETRY, Fate.FAILED, Fate.BOUNCED]
        return min(outcomes, key=lambda each: best.index(each.fate))

    return Calls("webpush", call)


def _push(letter: Letter, device: dict[str, object], key: Vapid02, settings: Settings) -> Answer:
    endpoint = str(device["endpoint"])
    notice = {name: letter.fields.get(name, "") for name in ("title", "text", "link")} | {
        "id": letter.message_id
    }
    encoded = WebPusher(device).encode(json.dumps(notice).encode(), content_encoding="aes128gcm")
    parts = urlsplit(endpoint)
    claims = {
        "aud": f"{parts.scheme}://{parts.netloc}",
        "sub": f"mailto:{settings.get('contact', 'postmaster@localhost')}",
        "exp": int(clock.now().timestamp()) + 12 * 3600,
    }
    headers = {
        **{name.lower(): str(value) for name, value in key.sign(claims).items()},
        "content-encoding": "aes128gcm",
        "content-type": "application/octet-stream",
        "ttl": "86400",
        # One notice is shown once, however often it arrives: at most 32 signs that a URL may hold.
        "topic": base64.urlsafe_b64encode(hashlib.sha256(letter.key.encode()).digest())[:32].decode(),
    }
    return post(Call(endpoint, bytes(encoded["body"]), headers))


def webhook(settings: Settings, secret: str) -> Calls:
    """{type, data: {key, to, text}} signed as our webhooks are; `to` is the number of the member."""

    def call(letter: Letter) -> Outcome:
        body = json.dumps(
            {
                "type": "message",
                "data": {"key": letter.key, "member": letter.to, "text": letter.fields["text"]},
            }
        ).encode()
        number = f"msg_{letter.message_id}"
        headers = payloads.sign(number, body, [secret], clock.now())
        return outcome_of(post(Call(str(settings["url"]), body, headers)))

    return Calls("webhook", call)
