"""Rules and policies in plain words, in the reader's language. Whole clauses are translated, never glued words."""

from rewards.wording.comparisons import Difference, compare
from rewards.wording.rules import Detail, details, say
from rewards.wording.vocabularies import Vocabulary, vocabulary_of

__all__ = ["Detail", "Difference", "Vocabulary", "compare", "details", "say", "vocabulary_of"]
