"""What a response says, as conditions: it mentions, refuses, insults."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from nacre.errors import SpecError
from nacre.functions import AllOf, Condition, Keyword, Pattern

RUDE = """
    stupid, idiot, idiotic, moron, moronic, imbecile, dumb, dumbass, shut up, screw you, pathetic,
    you are an idiot, you're an idiot, you are wrong, you're wrong, your own fault, you should have known,
    not my problem, not our problem, none of my business, stop wasting my time, waste of my time, as i already told you,
    like i already said, what is wrong with you, what's wrong with you, are you serious, are you kidding,
    you obviously don't, you clearly don't, you people, asshole, bastard, bullshit, crap, damn you, fuck, fucking,
    fucked, go to hell, shit, bitch, dickhead, loser
"""
INSULTS = tuple(dict.fromkeys(" ".join(RUDE.split()).split(", ")))

_HELP = """help assist answer comply fulfil fulfill support discuss engage respond accommodate continue provide give
offer share create write generate produce process complete participate advise"""
REFUSAL = (
    r"\b(?:i|we)(?:['\u2019]m| am|['\u2019]re| are)?(?: \w+ly)? "
    r"(?:can(?:no|['\u2019]?)t|can not|won['\u2019]?t|will not|decline to|unable to"
    r"|not (?:able|allowed|permitted|going|programmed) to|not comfortable(?: with)?)"
    rf" (?:{'|'.join(_HELP.split())})(?:ing)?\b"
    r"|\bas an? (?:ai|artificial intelligence|language model)\b.{0,80}"
    r"\b(?:can(?:no|['\u2019]?)t|can not|unable|not able|don['\u2019]?t|do not)\b"
    r"|\b(?:i|we) (?:must|have to|need to) (?:respectfully )?(?:decline|refuse)\b"
    r"|\b(?:against|violates?) (?:my|our|the) (?:programming|guidelines|policy|policies|content policy)\b"
)
"""Ways of not answering, in English and lower case."""


def polite(*, also: Collection[str] = ()) -> Condition:
    """Pass a response that insults and blames nobody, as far as English words and phrases tell.

    Args:
        also: Further words and phrases that are impolite.
    """
    return ~Keyword("response", (*INSULTS, *_named("also", also, may_be_empty=True)))


def refuses() -> Condition:
    """Pass a response that declines to answer, in English, wherever it says so."""
    return Pattern("response", REFUSAL, lower=True)


def no_refusal() -> Condition:
    """Pass a response that is there and does not decline to answer, in English."""
    return answers() & ~refuses()


def answers() -> Condition:
    """Pass a response with at least one letter or digit."""
    return Pattern("response", r"[\p{L}\p{N}]")


def mentions(*, words: Collection[str], every: bool = False) -> Condition:
    """Pass a response that mentions one of some words or phrases, whatever their case.

    Args:
        words: Words or phrases.
        every: Whether all of them must occur.
    """
    named = _named("words", words)
    if every:
        return AllOf(tuple(Keyword("response", (word,)) for word in named))
    return Keyword("response", named)


def no_mention(*, words: Collection[str]) -> Condition:
    """Pass a response that mentions none of some words or phrases, whatever their case.

    Args:
        words: Words or phrases.
    """
    return ~Keyword("response", _named("words", words))


def no_competitor(*, names: Collection[str]) -> Condition:
    """Pass a response that mentions no competitor.

    Args:
        names: The names of the competitors and their products.
    """
    return ~Keyword("response", _named("names", names))


def _named(setting: str, texts: Any, *, may_be_empty: bool = False) -> tuple[str, ...]:
    found = (texts,) if isinstance(texts, str) else tuple(texts) if isinstance(texts, Collection) else (None,)
    if not all(isinstance(text, str) and text.strip() for text in found) or not (found or may_be_empty):
        raise SpecError(f"`{setting}` is a list of words and phrases; found {texts!r}.")
    return found
