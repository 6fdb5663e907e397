"""Webhooks: a shop's own address is told what happened, signed as Standard Webhooks has it, at least once.

`endpoints` keeps the addresses, `topics` what they may choose, `fanout` turns events into messages, `payloads` writes
and signs them, `addresses` refuses to be sent into the own network, `sending` delivers and tries again.
"""
