"""What each customer will be worth, how great the risk is that nobody hears of them again, and what to do next.

`purchases` reads the past, `foretelling` makes figures of it, `calibration` holds them against what came, `actions` chooses,
`runs` carries it out and `members.scores` keeps it.
"""
