"""Ten plain Python functions of one text, as users write them; both sides call the same ones."""

from __future__ import annotations

import re

URL = re.compile(r"https?://\S+")
MONEY = re.compile(r"[$]\s?\d+")
NUMBER = re.compile(r"\d{4,}")
GREETINGS = ("hi", "hello", "dear")


def free(text: str) -> str | None:
    return "spam" if "free" in text.lower() else None


def link(text: str) -> str | None:
    return "spam" if URL.search(text) else None


def money(text: str) -> str | None:
    return "spam" if MONEY.search(text) else None


def short(text: str) -> str | None:
    return "ham" if len(text.split()) < 6 else None


def urgent(text: str) -> str | None:
    return "spam" if text.startswith("URGENT") else None


def greeting(text: str) -> str | None:
    return "ham" if any(text.startswith(word) for word in GREETINGS) else None


def number(text: str) -> str | None:
    return "spam" if NUMBER.search(text) else None


def question(text: str) -> str | None:
    return "ham" if text.rstrip().endswith("?") else None


def thanks(text: str) -> str | None:
    return "ham" if "thanks" in text or "regards" in text else None


def long(text: str) -> str | None:
    return "ham" if len(text) > 120 else None


ALL = (free, link, money, short, urgent, greeting, number, question, thanks, long)
