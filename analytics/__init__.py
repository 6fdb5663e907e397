"""How well: KPIs, segments of value, churn, cohorts, goals, budgets, liability, dashboards."""
