"""Orders from a file become facts: read row by row, recorded in batches through the one intake, told about at the end.

    sources → tables → groups → canonical or online_retail → recording → tallies

Nothing keeps more than a window of the file in memory. What was recorded is known to the intake for ever, so an
import may be killed at any moment and started again.
"""
