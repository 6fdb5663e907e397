"""The presets that there are, in the order of the gallery."""

from __future__ import annotations

from collections.abc import Mapping

from loyaltysite.kit.errors import NotFound
from loyaltysite.presets import barnes_noble, body_shop, dominos, fruce, marvel, nike, sephora
from loyaltysite.presets.preset import Preset

PRESETS: Mapping[str, Preset] = {
    preset.key: preset
    for preset in (
        dominos.PRESET,
        fruce.PRESET,
        barnes_noble.PRESET,
        sephora.PRESET,
        body_shop.PRESET,
        marvel.PRESET,
        nike.PRESET,
    )
}


def find(key: str) -> Preset:
    """Raises NotFound."""
    if key not in PRESETS:
        raise NotFound
    return PRESETS[key]
