"""How far the words of a response are those of a reference, or of the contexts that it was to rest on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from nacre.errors import SpecError
from nacre.evaluation._words import content_words, sentences, singular, without_articles, words

MAX_NAMED = 5
NO_RESPONSE = "there is no response"
Score = tuple[float | None, str | None]


def exact_match() -> Callable[..., Any]:
    """Pass a response that is the reference, white space around it aside."""

    def exact_match(response: str | None, reference: str | None) -> Any:
        return None if reference is None else (response is not None and response.strip() == reference.strip())

    return exact_match


def normalized_match() -> Callable[..., Any]:
    """Pass a response with the words of the reference, whatever their case, punctuation and English articles."""

    def normalized_match(response: str | None, reference: str | None) -> Any:
        if reference is None or not (wanted := without_articles(words(reference))):
            return None
        return response is not None and without_articles(words(response)) == wanted

    return normalized_match


def contains_reference() -> Callable[..., Any]:
    """Pass a response in which the words of the reference follow one another."""

    def contains_reference(response: str | None, reference: str | None) -> Any:
        if reference is None or not (wanted := without_articles(words(reference))):
            return None
        found = words(response or "")
        if wanted[0] not in found:  # most responses that lack it are told by one word
            return False
        return f" {' '.join(wanted)} " in f" {' '.join(without_articles(found))} "

    return contains_reference


def token_f1() -> Callable[..., Any]:
    """Score the harmonic mean of precision and recall of the response's words against those of the reference.

    Source: Rajpurkar et al. 2016 (arXiv 1606.05250), with numbers kept whole.
    """

    def token_f1(response: str | None, reference: str | None) -> Any:
        if reference is None or not (wanted := without_articles(words(reference))):
            return None
        found = without_articles(words(response or ""))
        n_common = (Counter(found) & Counter(wanted)).total()
        f1 = 2 * n_common / (len(found) + len(wanted))
        return f1, f"{n_common} words in common of {len(found)} and {len(wanted)}" if response else NO_RESPONSE

    return token_f1


def completeness() -> Callable[..., Any]:
    """Score the share of the reference's content words that the response has."""

    def completeness(response: str | None, reference: str | None) -> Any:
        if reference is None or not (wanted := dict.fromkeys(content_words(reference))):
            return None
        if not response:
            return 0.0, NO_RESPONSE
        found = _folded(response)
        missing = [word for word in wanted if word not in found]
        return 1 - len(missing) / len(wanted), f"missing: {_named(missing)}" if missing else None

    return completeness


def groundedness(*, support: float = 0.7) -> Callable[..., Any]:
    """Score the share of the response's sentences that the contexts support.

    A sentence is supported if the contexts have all its numbers and this share of its content words. It is a matter of
    words: a sentence that denies what the contexts say in their own words passes.

    Args:
        support: The least share of content words.
    """
    if isinstance(support, bool) or not isinstance(support, int | float) or not 0 < support <= 1:
        raise SpecError(f"`support` is a share above 0, at most 1; found {support!r}.")

    def groundedness(response: str | None, contexts: list[str | None] | None) -> Any:
        known = {word for context in contexts or () if context for word in _folded(context)}
        claims = [(part, found) for part in sentences(response or "") if (found := set(content_words(part)))]
        if not known or not claims:
            return None
        lost = [part for part, found in claims if not _is_supported(found, known, support)]
        return 1 - len(lost) / len(claims), f"not in the contexts: {_short(lost[0])}" if lost else None

    return groundedness


def _folded(text: str) -> set[str]:
    """Return the words of a text, also as `content_words` would write them."""
    found = set(words(text))
    return found | set(map(singular, found))


def _is_supported(found: set[str], known: set[str], support: float) -> bool:
    if any(word[-1].isdigit() and word not in known for word in found):
        return False
    return len(found & known) >= support * len(found)


def _named(missing: list[str]) -> str:
    rest = len(missing) - MAX_NAMED
    return ", ".join(missing[:MAX_NAMED]) + (f" and {rest} more" if rest > 0 else "")


def _short(text: str) -> str:
    return text if len(text) <= 120 else f"{text[:120]}..."
