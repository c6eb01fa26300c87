"""Three plain Python evaluators, the same for Nacre and its peers. Standard library only."""

from __future__ import annotations

POLITE = ("please", "thank", "welcome", "sorry", "regards", "hello")


def polite(outputs: str) -> bool:
    """Whether the response has a friendly word."""
    text = outputs.lower()
    return any(word in text for word in POLITE)


def complete(outputs: str, reference: str) -> float:
    """Return the share of the reference's words that the response has."""
    wanted = set(reference.lower().split())
    return len(wanted.intersection(outputs.lower().split())) / len(wanted)


def brief(inputs: str, outputs: str) -> bool:
    """Whether the response has at most three times as many words as the prompt."""
    return len(outputs.split()) <= 3 * len(inputs.split())


ALL = (polite, complete, brief)
