"""What a look at the figures finds: a kind, what it is about, the figures behind it and the remedy that it proposes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Finding:
    """`facts` and `remedy` are JSON. A remedy is {"kind": "journey", "preset": key} or {"kind": "rule", "name", "key",
    "definition"}, whose key is empty where it would be a new rule."""

    kind: str
    subject: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    remedy: Mapping[str, Any] = field(default_factory=dict)
