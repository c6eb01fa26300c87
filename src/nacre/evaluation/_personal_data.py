"""Personal data that is told by its form, each kind checked beyond its pattern."""

from __future__ import annotations

import ipaddress
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from typing import Any, NamedTuple

from nacre.errors import SpecError, did_you_mean

# No pattern tries one place in more than boundedly many ways, and none starts anew inside what it has just tried.
EMAIL = re.compile(r"(?<![\w.+%-])[\w.+%-]{1,64}@((?:[\w-]{1,63}\.){1,8}[^\W\d_]{2,24})(?![\w-])")
RESERVED = re.compile(r"(?i)(?:^|\.)(?:example(?:\.(?:com|org|net))?|test|invalid|localhost)$")
IPV4 = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w-]|\.\d)")
VERSION = re.compile(r"(?i)(?:\bv|\bversion|\brelease|\bsection|\bchapter|\bbuild|\u00a7)[ :]*\Z")
IPV6 = re.compile(r"(?<![\w:.])[0-9A-Fa-f]{1,4}(?:::?[0-9A-Fa-f]{1,4}){1,7}(?:::)?(?![\w:])")
CARD = re.compile(r"(?<![\w+])(?<!\d[ .-])\d(?:[ -]?\d){12,18}(?![ .-]?\d)(?!\w)")
ISSUER = re.compile(
    r"4(?:\d{12}|\d{15}|\d{18})|(?:5[1-5]|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d\d)\d{10,14}|3[47]\d{13}"
    r"|(?:6011|65\d\d|64[4-9]\d|352[89]|35[3-8]\d)\d{12}|3(?:0[0-5]|[68]\d)\d{11}|62\d{14,17}"
)
IBAN = re.compile(r"(?ia)(?<![^\W_])[a-z]{2}\d{2}(?:[ -]?[a-z0-9]){11,30}")
SSN = re.compile(r"(?<![\w-])(?!000|666|9)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![\w-])")
PHONE = re.compile(
    r"(?<![\w+])\+[1-9](?:[ ().\-/]{0,2}\d){7,14}(?!\d)"
    r"|(?<![\w.+-])(?:1[ .-])?(?:\([2-9]\d\d\) ?|[2-9]\d\d[ .-])\d{3}[.-]\d{4}(?![\w-])"
    r"|(?<![\w.,/+-])(?<!\d )(?!\d{3}-\d\d-\d{4}(?!\d))0[1-9]\d{0,3}[ /-]\d(?:[ -]?\d){5,9}(?!\w)"
)
NAMED_PHONE = re.compile(
    r"(?i)\b(?:tel|phone|mobile|cell|fax|whatsapp|telefon|handy|tel\u00e9fono|m\u00f3vil|t\u00e9l\u00e9phone|telefone)"
    r"(?: number| no\.?| nr\.?)?(?: is)?[.:]{0,2} {0,3}(\+?\(?\d(?:[ ().\-/]{0,2}\d){6,14})(?!\d)"
)
DAY, YEAR = r"(?:0?[1-9]|[12]\d|3[01])", r"(?:1[89]|20)\d\d"
DATE = re.compile(  # years of two digits only where no further group follows, as in French phone numbers
    rf"{YEAR}[-./ ]{DAY}[-./ ]{DAY}(?!\d)|{DAY}([-./ ]){DAY}\1{YEAR}(?!\d)|{DAY}([-./]){DAY}\2\d\d(?!\2?\d)"
)
DIGITS = re.compile(r"\d\D{0,3}\d|:.{0,4}:", re.DOTALL)  # without, nothing but an e-mail address can be there
FREE = re.compile(r"\+?1?8(?:00|33|44|55|66|77|88)\d{7}|0?800\d{5,8}")  # nobody's own number
_COUNTRIES = {
    15: "NO",
    16: "BE",
    18: "DK FI FO GL NL",
    19: "MK SI",
    20: "AT BA EE KZ LT LU XK",
    21: "CH HR LI LV",
    22: "BG BH CR DE GB GE IE ME RS VA",
    23: "AE GI IL IQ TL",
    24: "AD CZ ES MD PK RO SA SE SK TN VG",
    25: "LY PT ST",
    26: "IS TR",
    27: "FR GR IT MC MR SM",
    28: "AL AZ BY CY DO GT HU LB PL SV",
    29: "BR EG PS QA UA",
    30: "JO KW MU",
    31: "MT SC",
    32: "LC",
}
IBAN_LENGTHS = {country: length for length, countries in _COUNTRIES.items() for country in countries.split()}


class Found(NamedTuple):
    """A place of personal data in a text."""

    kind: str
    start: int
    end: int


def no_personal_data(*, kinds: Collection[str] = (), allowed: Collection[str] = ()) -> Callable[..., Any]:
    """Fail a response with personal data of some kinds: e-mail, phone, IBAN, credit card, US social security, IP.

    What only has the form is let through: a card number or IBAN whose check digits are wrong, a date that looks like a
    phone number, an address in a local network or a domain reserved for documentation, a toll-free number. Names and
    postal addresses have no form and are not found.

    Args:
        kinds: Which kinds; all of them by default.
        allowed: What may be mentioned, such as the address of the help desk; parts of it do too (`@acme.com`).
    """
    wanted, known = _texts("kinds", kinds) or list(FINDERS), _texts("allowed", allowed)
    for kind in wanted:
        if kind not in FINDERS:
            raise SpecError(f"`kinds` are {', '.join(FINDERS)}; found `{kind}`.{did_you_mean(kind, FINDERS)}")
    folded = [text.casefold() for text in known]

    def no_personal_data(response: str | None) -> Any:
        if not response:
            return True
        found = [
            place
            for place in find_personal_data(response, wanted)
            if not any(text in response[place.start : place.end].casefold() for text in folded)
        ]
        counts = Counter(NAMES[place.kind] for place in found)
        shown = ", ".join(name if n == 1 else f"{n} x {name}" for name, n in counts.items())
        return not found, f"{shown}, first at character {found[0].start}" if found else None

    return no_personal_data


def find_personal_data(text: str, kinds: Collection[str] = ()) -> list[Found]:
    """Return where a text has personal data, in order; what is read as one kind is not read as another.

    Examples:
        >>> find_personal_data("Write to ana@acme.io or call (212) 555-0187, from 127.0.0.1")
        [Found(kind='email', start=9, end=20), Found(kind='phone', start=29, end=43)]
    """
    found: list[Found] = []
    taken = bytearray(len(text))
    for kind, finder in FINDERS.items():
        if kind != "email" and not DIGITS.search(text):
            break
        for start, end in finder(text):
            if not any(taken[start:end]):
                taken[start:end] = b"\1" * (end - start)
                found.append(Found(kind, start, end))
    return sorted((place for place in found if not kinds or place.kind in kinds), key=lambda place: place.start)


def _emails(text: str) -> Iterator[tuple[int, int]]:
    if "@" in text:
        yield from (match.span() for match in EMAIL.finditer(text) if not RESERVED.search(match[1]))


def _ibans(text: str) -> Iterator[tuple[int, int]]:
    for match in IBAN.finditer(text):
        length, n_read, end = IBAN_LENGTHS.get(match[0][:2].upper(), 0), 0, match.start()
        while n_read < length and end < match.end():
            n_read += text[end].isalnum()
            end += 1
        compact = re.sub("[ -]", "", text[match.start() : end]).upper()
        is_whole = end == len(text) or not text[end].isalnum()
        if length and n_read == length and is_whole and _has_check_digits(compact):
            yield match.start(), end


def _has_check_digits(iban: str) -> bool:
    """Return whether the number that an IBAN spells is 1 modulo 97 (ISO 7064)."""
    return int("".join(str(int(character, 36)) for character in iban[4:] + iban[:4])) % 97 == 1


def _cards(text: str) -> Iterator[tuple[int, int]]:
    for match in CARD.finditer(text):
        digits = re.sub("[ -]", "", match[0])
        if ISSUER.fullmatch(digits) and len(set(digits)) > 1 and is_luhn(digits):
            yield match.span()


def is_luhn(digits: str) -> bool:
    """Return whether the last digit is the check digit of the others.

    Examples:
        >>> is_luhn("4111111111111111"), is_luhn("4111111111111112")
        (True, False)
    """
    doubled = (sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2])
    return (sum(map(int, digits[::-2])) + sum(doubled)) % 10 == 0


def _ssns(text: str) -> Iterator[tuple[int, int]]:
    yield from (match.span() for match in SSN.finditer(text) if match[0] != "078-05-1120")  # printed in wallets


def _addresses(text: str) -> Iterator[tuple[int, int]]:
    for match in IPV4.finditer(text):
        before = text[max(0, match.start() - 12) : match.start()]
        if _is_public(match[0]) and not VERSION.search(before):
            yield match.span()
    if text.count(":") >= 2:
        for match in IPV6.finditer(text):
            if match[0][0] in "23" and len(match[0].split(":")[0]) == 4 and _is_public(match[0]):
                yield match.span()


def _is_public(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_global
    except ValueError:
        return False


def _phones(text: str) -> Iterator[tuple[int, int]]:
    places = {match.span(1) for match in NAMED_PHONE.finditer(text)}
    for start, end in sorted(places | {match.span() for match in PHONE.finditer(text)}):
        digits = re.sub(r"[^\d+]", "", text[start:end])
        if not DATE.match(text, start, end) and not FREE.fullmatch(digits):
            yield start, end


def _texts(name: str, values: Any) -> list[str]:
    texts: list[Any] = (
        [values] if isinstance(values, str) else list(values) if isinstance(values, Collection) else [None]
    )
    if not all(isinstance(text, str) and text.strip() for text in texts):
        raise SpecError(f"`{name}` is a list of texts; found {values!r}.")
    return texts


FINDERS: dict[str, Callable[[str], Iterator[tuple[int, int]]]] = {
    "email": _emails,
    "iban": _ibans,
    "credit_card": _cards,
    "ssn": _ssns,
    "ip": _addresses,
    "phone": _phones,
}
"""How each kind is found; what an earlier one takes is not read by a later one."""

NAMES = {
    "email": "e-mail address",
    "iban": "IBAN",
    "credit_card": "credit card",
    "ssn": "social security number",
    "ip": "IP address",
    "phone": "phone number",
}
