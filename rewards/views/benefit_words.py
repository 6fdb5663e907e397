"""Benefits in words, each a short line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from django.utils.safestring import SafeString
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from loyaltysite.kit import formats
from loyaltysite.kit.templatetags.formats import isolate
from members.models import Program
from rewards.benefits import kinds
from rewards.models import Reward, Unit
from rewards.views.portal.words import foreign, money, number, say, units


class Teller:
    """Says the benefits of one program; `rewards` are asked for once, when the first benefit names some."""

    def __init__(self, program: Program, known: Mapping[str, Unit]) -> None:
        self.program, self.known = program, known
        self._rewards: dict[str, str] | None = None

    def tell_all(self, benefits: Iterable[Mapping[str, Any]]) -> list[SafeString | str]:
        return [text for text in map(self.tell, benefits) if text]

    def tell(self, benefit: Mapping[str, Any]) -> SafeString | str:
        """Nothing for one whose unit is not there."""
        kind = kinds.kind_of(benefit)
        if kind == kinds.PROMISE:
            return foreign(_spoken(kinds.texts_of(benefit)))
        if kind in {kinds.RATE, kinds.BIRTHDAY}:
            return self._of_unit(kind, benefit)
        if kind == kinds.PERCENT:
            return self._percent(benefit)
        if kind == kinds.SHIPPING:
            return self._shipping(benefit)
        if kind == kinds.EARLY:
            days = benefit["days"]
            text = ngettext("Rewards %(count)s day early", "Rewards %(count)s days early", days)
            return say(text, count=number(days))
        return say(_("Only for you: %(names)s"), names=foreign(", ".join(self._names(benefit["keys"]))))

    def _of_unit(self, kind: str, benefit: Mapping[str, Any]) -> SafeString | str:
        unit = self.known.get(benefit["unit"])
        if unit is None:
            return ""
        if kind == kinds.BIRTHDAY:
            return say(_("%(amount)s on your birthday"), amount=units(benefit["amount"], unit))
        factor = kinds.factor_of(benefit)
        times = Decimal(factor.numerator) / factor.denominator
        name = formats.unit_name(10 * 10**unit.precision, unit)
        return say(_("%(units)s × %(factor)s"), units=foreign(name), factor=number(times))

    def _percent(self, benefit: Mapping[str, Any]) -> SafeString:
        percent = Decimal(benefit["percent"])
        digits = max(0, -int(percent.normalize().as_tuple().exponent))
        share = isolate(formats.format_percent(percent / 100, decimals=digits))
        categories = benefit.get("categories")
        if not categories:
            return say(_("%(share)s off"), share=share)
        return say(_("%(share)s off: %(what)s"), share=share, what=foreign(", ".join(categories)))

    def _shipping(self, benefit: Mapping[str, Any]) -> SafeString:
        minimum = benefit.get("minimum_minor")
        if not minimum:
            return say(_("Free shipping"))
        return say(_("Free shipping from %(amount)s"), amount=money(minimum, self.program.currency))

    def _names(self, keys: Iterable[str]) -> list[str]:
        if self._rewards is None:
            rows = Reward.objects.filter(program=self.program).values_list("key", "names")
            self._rewards = {key: _spoken(names) or key for key, names in rows}
        return [self._rewards.get(key, key) for key in keys]


def _spoken(texts: Mapping[str, str]) -> str:
    language = (get_language() or "en").split("-")[0]
    return texts.get(language) or next(iter(texts.values()), "")
