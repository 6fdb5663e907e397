"""The components, as template tags; `{% load ui %}` brings them all."""
