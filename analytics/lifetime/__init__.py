"""How long customers stay and what they will be worth: published models on plain arrays, without database or clock.

`histories` is what they read, `bgnbd` and `paretonbd` tell how often somebody will buy and whether they still do,
`gammagamma` what a purchase will be worth, `value` makes money of the three.
"""
