"""What went wrong with an embedded server, as one sentence for the person who started it."""


class EmbeddedError(Exception):
    """Shown without a traceback by everything that starts servers."""
