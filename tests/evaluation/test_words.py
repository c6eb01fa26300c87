import pytest
from hypothesis import given
from hypothesis import strategies as st

from nacre.evaluation._words import content_words, sentences, words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("It's a TEST.", ["its", "a", "test"], id="case and punctuation"),
        pytest.param("don\u2019t", ["dont"], id="typographic apostrophe"),
        pytest.param("1,000,000.5 and 3,14", ["1000000.5", "and", "3.14"], id="numbers stay whole"),
        pytest.param("-5 to -3, 10-20, COVID-19", ["-5", "to", "-3", "10", "20", "covid", "19"], id="signs"),
        pytest.param("Stra\u00dfe \ufb01ne \u2460", ["strasse", "fine", "1"], id="folded forms"),
        pytest.param("cafe\u0301", ["caf\u00e9"], id="composed"),
        pytest.param("\u0939\u093f\u0928\u094d\u0926\u0940 \u092d\u093e\u0937\u093e", None, id="Hindi keeps its marks"),
        pytest.param("\u6771\u4eac\u306f", ["\u6771", "\u4eac", "\u306f"], id="Japanese by character"),
        pytest.param("\U0001f600 ... !!", [], id="no words"),
    ],
)
def test_words(text, expected):
    assert words(text) == (text.split() if expected is None else expected)


@given(st.text())
def test_words_are_the_same_when_taken_again(text):
    assert words(" ".join(words(text))) == words(text)


@given(st.text())
def test_case_changes_no_word_of_plain_letters(text):
    plain = "".join(character for character in text if character.isascii())

    assert words(plain.upper()) == words(plain.lower())


@given(st.text())
def test_sentences_lose_nothing_but_space_and_marks(text):
    kept = "".join("".join(sentences(text)).split())
    marks = "\u3002\uff01\uff1f\u0964"

    assert kept == "".join(character for character in "".join(text.split()) if character not in marks)


def test_function_words_are_those_of_the_language_of_the_text():
    assert content_words("They die of the disease") == ["die", "disease"]
    assert content_words("Die Krankheit ist nicht heilbar") == ["krankheit", "heilbar"]
    assert content_words("La enfermedad no es contagiosa para los ni\u00f1os") == [
        "enfermedad",
        "contagiosa",
        "ni\u00f1o",
    ]
