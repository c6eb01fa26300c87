"""Texts as words and sentences, so that wording can be compared in any script, in linear time."""

from __future__ import annotations

import re
import unicodedata

DECIMAL, MINUS = "\ue000", "\ue001"  # hold the place of a number's own point and sign, which stay
THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
POINT = re.compile(r"(?<=\d)[.,](?=\d)")
SIGN = re.compile(r"(?<![\w)])[-\u2212](?=\d)")
END = re.compile(r"(?<=[.!?])\s+|[\n\u3002\uff01\uff1f\u0964]+")
ARTICLES = frozenset({"a", "an", "the"})
FUNCTION_WORDS = {
    "en": """
        a about all also am an and any are as at be because been being but by can could did do does for from had has
        have he her his how i if in into is it its just may me more most must my no nor not of on only or other our
        out over own same she should so some such than that the their them then there these they this those to too up
        us very was we were what when where which while who whom why will with would you your""",
    "de": """
        aber alle als am an auch auf aus bei bin bis da das dass dem den der des die du durch ein eine einem einen
        einer eines er es f\u00fcr haben hat ich ihr im in ist ja kann man mit nach nicht noch nur oder sein sich sie
        sind so und um uns vom von vor war was wenn wer wie wird wir zu zum zur \u00fcber""",
    "es": """
        a al algo como con cual cuando de del desde donde el ella ellos en entre era es esa ese esta este esto fue ha
        hasta hay la las le les lo los m\u00e1s me mi muy no nos o para pero por porque que qui\u00e9n se ser si sin
        sobre son su sus tambi\u00e9n te tu un una uno y ya yo""",
    "fr": """
        \u00e0 au aux avec ce ces cette dans de des du elle elles en est et il ils je la le les leur lui ma mais me
        m\u00eame mes mon ne nos notre nous on ont ou o\u00f9 par pas plus pour qu que qui sa sans se ses si son sont
        sur ta te tu un une vos votre vous y""",
    "it": """
        a ai al alla anche che chi ci come con da dal dalla dei del della di dove e ed era gli ha hanno i il in io la
        le lei lo loro ma mi nel nella no noi non o per perch\u00e9 pi\u00f9 quando quello questo se si sono su sua
        suo tra tu un una uno vi voi""",
    "pt": """
        a ao aos as at\u00e9 com como da das de do dos e ela ele em entre era essa esse esta este eu foi h\u00e1 isso
        isto j\u00e1 lhe mais mas me meu minha na n\u00e3o nas no nos o os ou para pela pelo por quando que quem se
        sem seu sua s\u00e3o tamb\u00e9m te um uma voc\u00ea""",
}
_FUNCTION_WORDS = tuple(frozenset(text.split()) for text in FUNCTION_WORDS.values())


class _Letters(dict[int, str]):
    """What a character becomes: itself, a word of its own where words are not spaced, or a gap."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        if character in (DECIMAL, MINUS):
            kept = "." if character == DECIMAL else "-"
        elif character in "'\u2019":
            kept = ""
        elif _is_unspaced(code):
            kept = f" {character} "
        else:
            kept = character if character.isalnum() or unicodedata.category(character)[0] == "M" else " "
        self[code] = kept
        return kept


_LETTERS = _Letters()


def words(text: str) -> list[str]:
    """Return the words of a text, folded: compatibility forms, case, punctuation and thousands separators are gone.

    Numbers keep sign and decimals. A character of a script written without spaces is a word.

    Examples:
        >>> words("Don't pay $1,000.50, na\u00efve \uff34om: -5\u00b0!"), words("\u6771\u4eac\u90fd")
        (['dont', 'pay', '1000.50', 'naïve', 'tom', '-5'], ['東', '京', '都'])
    """
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    folded = POINT.sub(DECIMAL, THOUSANDS.sub("", SIGN.sub(MINUS, folded)))
    return folded.translate(_LETTERS).split()


def content_words(text: str) -> list[str]:
    """Return the words that carry content, plural folded into singular where it is a plain s.

    Words that only hold sentences together are left out: those of the one of six languages that the text shares most
    words with.

    Examples:
        >>> content_words("The doses of the two drugs are not the same")
        ['dose', 'two', 'drug']
    """
    found = words(text)
    distinct = set(found)
    held = max(_FUNCTION_WORDS, key=lambda language: len(language & distinct))
    return [singular(word) for word in found if word not in held]


def without_articles(found: list[str]) -> list[str]:
    """Leave English articles out, unless nothing else is there."""
    return [word for word in found if word not in ARTICLES] or found


def sentences(text: str) -> list[str]:
    r"""Return the sentences and lines of a text.

    Examples:
        >>> sentences("Take 2.5 mg. Rest!\n- Drink water")
        ['Take 2.5 mg.', 'Rest!', '- Drink water']
    """
    return [part.strip() for part in END.split(text) if part.strip()]


def singular(word: str) -> str:
    """Return a word without its plural s, where it is a plain one."""
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


def _is_unspaced(code: int) -> bool:
    """Return whether a character is Thai, Lao, Burmese, Khmer, kana or Han."""
    return (
        0x0E00 <= code <= 0x0EFF
        or 0x1000 <= code <= 0x109F
        or 0x1780 <= code <= 0x17FF
        or 0x3041 <= code <= 0x30FF
        or 0x3400 <= code <= 0x9FFF
        or 0xF900 <= code <= 0xFAFF
        or 0x20000 <= code <= 0x3FFFF
    )
