"""The customer's way in: a code by e-mail, the session that it opens, the colours of the shop."""
