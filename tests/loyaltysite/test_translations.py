"""The check of the catalogues finds what is missing, old or wrong."""

from tests import translations


def test_texts_of_code_and_templates_are_found():
    said = translations.said()

    assert (None, "Sign in") in said
    assert (None, "Give a reason.") in said
    assert ("of a member", "History") in said


def test_a_text_without_a_translation_is_a_fault(monkeypatch):
    monkeypatch.setattr(translations, "said", lambda: {(None, "Nobody says this"): "members/nowhere.py"})

    found = list(translations.faults())

    assert "ar: members/nowhere.py: 'Nobody says this' is not translated" in found
    assert any("'Sign in' is said nowhere any more" in fault for fault in found)


def test_a_translation_with_other_places_is_a_fault():
    entry = translations.polib.POEntry(msgid="%(count)s of %(most)s", msgstr="%(count)s / %(mots)s")

    assert len(list(translations._places(entry))) == 1
