"""What a browser would post: the successful controls of rendered HTML, in their order."""

from __future__ import annotations

from html.parser import HTMLParser

from django.http import QueryDict


class _Controls(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.pairs: list[tuple[str, str]] = []
        self.select: str | None = None
        self.options: list[tuple[str, bool]] = []
        self.many = False
        self.area: str | None = None
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        name, value = found.get("name"), found.get("value") or ""
        if tag == "input" and name and "disabled" not in found:
            kind = found.get("type", "text")
            if kind in ("checkbox", "radio"):
                if "checked" in found:
                    self.pairs.append((name, found.get("value", "on")))
            elif kind not in ("submit", "button", "file"):
                self.pairs.append((name, value))
        elif tag == "select" and name:
            self.select, self.options, self.many = name, [], "multiple" in found
        elif tag == "option" and self.select:
            self.options.append((value, "selected" in found))
        elif tag == "textarea" and name:
            self.area, self.text = name, ""

    def handle_data(self, data: str) -> None:
        if self.area:
            self.text += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "select" and self.select:
            chosen = [value for value, is_chosen in self.options if is_chosen]
            if not chosen and not self.many and self.options:
                chosen = [self.options[0][0]]
            self.pairs += [(self.select, value) for value in chosen]
            self.select = None
        elif tag == "textarea" and self.area:
            # A browser drops the first line break of a text area.
            self.pairs.append((self.area, self.text.removeprefix("\n")))
            self.area = None


def controls_of(html: str) -> QueryDict:
    """The values that the form in this HTML holds, as they would arrive."""
    parser = _Controls()
    parser.feed(html)
    parser.close()
    data = QueryDict(mutable=True)
    for name, value in parser.pairs:
        data.appendlist(name, value)
    return data
