"""Letters over one line: what the server says of each, whether it takes commands together or one after the other."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from campaigns.channels import stream
from campaigns.channels.letter import Letter


def letter(number, to="", **facts):
    told = {"subject": f"Letter {number}", "sender": "Shop <hello@shop.example>", "text": "Hello.\n"} | facts
    return Letter(
        number,
        f"key-{number}",
        to or f"m{number}@example.com",
        {"subject": told["subject"]},
        sender=told["sender"],
        text=told["text"],
        html="<p>Hello.</p>",
        headers={"Message-ID": f"<{number}@shop.example>"},
    )


def carry(port, *letters):
    way = stream.smtp({"host": "localhost", "port": port, "security": ""}, "")
    return [(one.message_id, outcome.fate, outcome.trouble) for one, outcome in way.send(letters)]


class Script:
    """A server that answers each command by the first rule whose beginning fits, and keeps what it was told. A rule may
    cut the line instead ("")."""

    def __init__(self, *lives: dict[str, str]) -> None:
        self.lives = list(lives)
        self.told: list[list[str]] = []
        self.bodies: list[str] = []
        self.chunks: list[bytes] = []
        self.port = 0

    def serve(self, server: socket.socket) -> None:
        for rules in self.lives:
            line, _peer = server.accept()
            # Whoever stops in the middle may be gone before it is answered.
            with line, suppress(ConnectionError):
                self._talk(line, rules)

    def _talk(self, line: socket.socket, rules: dict[str, str]) -> None:
        told: list[str] = []
        self.told.append(told)
        line.sendall(b"220 here\r\n")
        kept = b""
        in_words = False
        while True:
            while True:
                is_empty = in_words and kept.startswith(b".\r\n")
                end = b"\r\n.\r\n" if in_words and not is_empty else b"\r\n"
                if end in kept:
                    break
                more = line.recv(65536)
                if not more:
                    return
                self.chunks.append(more)
                kept += more
            said, _end, kept = kept.partition(end)
            command = "words" if in_words else said.decode()
            told.append(command)
            if in_words:
                self.bodies.append(said.decode())
            answer = next((rules[each] for each in rules if command.startswith(each)), None)
            if answer == "":
                return
            answer = answer or {"ehlo": "250-here\r\n250 PIPELINING", "DATA": "354 go"}.get(
                command[:4], "250 ok"
            )
            in_words = answer.startswith("354")
            line.sendall(answer.encode() + b"\r\n")


@contextmanager
def scripted(*lives: dict[str, str]) -> Iterator[Script]:
    made = Script(*lives)
    with socket.create_server(("127.0.0.1", 0)) as server:
        made.port = server.getsockname()[1]
        worker = threading.Thread(target=made.serve, args=(server,), daemon=True)
        worker.start()
        yield made
        worker.join(timeout=60)
        assert not worker.is_alive()


@pytest.mark.parametrize("pipelines", [True, False])
def test_what_is_taken_arrives_whole_and_the_others_go_on(sink, pipelines):
    sink.pipelines = pipelines
    sink.refuses = {"m2@example.com": "550 no such person", "m4@example.com": "451 later"}

    found = carry(sink.port, *[letter(n, text=f"{n}\n.\n..end\n") for n in range(1, 6)])

    assert found == [
        (1, "sent", ""),
        (2, "bounced", "smtp_550"),
        (3, "sent", ""),
        (4, "retry", "smtp_451"),
        (5, "sent", ""),
    ]
    assert sink.subjects == ["Letter 1", "Letter 3", "Letter 5"]
    assert [mail["to"] for mail in sink.mails] == ["m1@example.com", "m3@example.com", "m5@example.com"]
    assert sink.mails[1].get_body(["plain"]).get_content().split() == ["3", ".", "..end"]


def test_the_words_of_one_and_the_envelope_of_the_next_are_one_turn():
    with scripted({}) as server:
        found = carry(server.port, letter(1), letter(2), letter(3))

    assert [fate for _n, fate, _trouble in found] == ["sent"] * 3
    shared = [chunk for chunk in server.chunks if b"\r\n.\r\nMAIL FROM:<hello@shop.example>" in chunk]
    assert len(shared) == 2
    assert all(chunk.endswith(b"DATA\r\n") for chunk in shared)


def test_where_the_server_takes_one_command_each_waits_for_its_answer():
    with scripted({"ehlo": "250 here"}) as server:
        found = carry(server.port, letter(1), letter(2))

    assert [fate for _n, fate, _trouble in found] == ["sent"] * 2
    assert not [chunk for chunk in server.chunks if chunk.count(b"\r\nMAIL") or chunk.count(b"\r\nDATA")]


def test_what_the_library_must_write_goes_between_the_others(sink):
    found = carry(sink.port, letter(1), letter(2, sender="Büro <hello@shop.example>"), letter(3))

    assert [fate for _n, fate, _trouble in found] == ["sent"] * 3
    assert sink.subjects == ["Letter 1", "Letter 2", "Letter 3"]
    assert sink.mails[1]["from"].addresses[0].display_name == "Büro"


def test_an_address_that_would_be_a_command_is_no_command(sink):
    found = carry(sink.port, letter(1, to="a@example.com>\r\nRCPT TO:<all@example.com"), letter(2))

    assert [(number, fate) for number, fate, _trouble in found] == [(1, "failed"), (2, "sent")]
    assert [mail["to"] for mail in sink.mails] == ["m2@example.com"]


def test_a_line_that_breaks_after_the_words_leaves_one_unknown_and_the_next_goes_by_another_line():
    with scripted({"words": ""}, {}) as server:
        found = carry(server.port, letter(1), letter(2))

    assert found == [(1, "unknown", "cut_off"), (2, "sent", "")]
    assert len(server.bodies) == 2


def test_a_line_that_breaks_before_the_words_is_tried_again_later():
    with scripted({"DATA": ""}, {}) as server:
        found = carry(server.port, letter(1), letter(2))

    assert found == [(1, "retry", "cut_off"), (2, "sent", "")]
    assert len(server.bodies) == 1


def test_a_server_that_ends_the_line_after_some_letters_gets_the_next_by_another():
    """As many do after a hundred: the letter whose envelope came too late did not leave."""
    with scripted({"MAIL FROM:<second": "421 enough"}, {}) as server:
        found = carry(server.port, letter(1), letter(2, sender="second@shop.example"))

    assert found == [(1, "sent", ""), (2, "sent", "")]
    assert [told.count("words") for told in server.told] == [1, 1]


def test_a_server_that_is_closing_is_not_asked_for_ever():
    with scripted({"MAIL": "421 closing"}, {"MAIL": "421 closing"}) as server:
        found = carry(server.port, letter(1), letter(2))

    assert found == [(1, "retry", "smtp_421"), (2, "retry", "smtp_421")]
    assert server.bodies == []


def test_a_server_that_goes_on_without_an_addressee_gets_no_words():
    with scripted({"RCPT TO:<m1": "550 nobody"}) as server:
        found = carry(server.port, letter(1), letter(2))

    assert found == [(1, "bounced", "smtp_550"), (2, "sent", "")]
    assert "Letter 1" not in "".join(server.bodies)
    assert "Letter 2" in server.bodies[-1]


def test_words_that_are_refused_do_not_hold_up_the_next():
    with scripted({"words": "554 unwanted"}) as server:
        found = carry(server.port, letter(1), letter(2))

    assert found == [(1, "failed", "smtp_554"), (2, "failed", "smtp_554")]
    assert len(server.bodies) == 2


def test_a_server_that_is_not_there_is_asked_once(caplog):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # nobody else's, and nobody listens

        found = carry(closed.getsockname()[1], letter(1), letter(2), letter(3))

    assert found == [(number, "retry", "no_connection") for number in (1, 2, 3)]
    assert len([record for record in caplog.records if "no connection" in record.message]) == 1


def test_a_server_that_cuts_off_one_after_the_other_gets_no_more():
    with scripted({"words": ""}, {"words": ""}, {"words": ""}) as server:
        found = carry(server.port, *[letter(n) for n in range(1, 6)])

    assert [(fate, trouble) for _n, fate, trouble in found] == [("unknown", "cut_off")] * 3 + [
        ("retry", "cut_off")
    ] * 2
    assert len(server.bodies) == 3


def test_whoever_stops_in_the_middle_hands_over_nothing_more():
    with scripted({}) as server:
        way = stream.smtp({"host": "localhost", "port": server.port, "security": ""}, "")
        letters = way.send([letter(1), letter(2), letter(3)])
        next(letters)
        letters.close()

    assert len(server.bodies) == 1
    assert "Letter 1" in server.bodies[0]
