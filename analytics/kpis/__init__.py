"""Key performance indicators: what each is (registry), what it is made of (quantities), and what it is now (measuring)."""

from analytics.kpis.measuring import Figure, measure, measure_all
from analytics.kpis.registry import REGISTRY, Kpi

__all__ = ["REGISTRY", "Figure", "Kpi", "measure", "measure_all"]
