import string
import time

import polars as pl
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from nacre.errors import SpecError
from nacre.evaluation import Evaluator, catalogue_evaluator, evaluate, find_personal_data
from nacre.evaluation._personal_data import IBAN_LENGTHS, is_luhn

PERSONAL = {
    "ana@acme.io": "email",
    "Ana.Maria+news@mail.acme-corp.co.uk": "email",
    "josé@correo.es": "email",
    "+49 30 901820": "phone",
    "+1 (212) 555-0187": "phone",
    "+442079460958": "phone",
    "(212) 555-0187": "phone",
    "212-555-0187": "phone",
    "212.555.0187": "phone",
    "030 90182034": "phone",
    "0171/1234567": "phone",
    "01 23 45 67 89": "phone",
    "01-23-45-67-89": "phone",
    "phone number is 5550187": "phone",
    "Tel.: 91 411 25 18": "phone",
    "DE89 3704 0044 0532 0130 00": "iban",
    "DE89370400440532013000": "iban",
    "GB82 WEST 1234 5698 7654 32": "iban",
    "es91 2100 0418 4502 0005 1332": "iban",
    "NO93-8601-1117-947": "iban",
    "4111 1111 1111 1111": "credit_card",
    "5500-0000-0000-0004": "credit_card",
    "378282246310005": "credit_card",
    "6011111111111117": "credit_card",
    "536-22-1234": "ssn",
    "8.8.8.8": "ip",
    "2001:4860:4860::8888": "ip",
    "2606:4700:4700:0:0:0:0:1111": "ip",
}
HARMLESS = [
    "127.0.0.1",
    "192.168.0.1",
    "10.0.0.255",
    "203.0.113.7",  # reserved for documentation
    "256.1.2.3",
    "version 1.2.3.4",
    "v10.20.30.40",
    "1.2.3.4.5",
    "fe80::1",
    "2001:db8::1",
    "std::vector<int>",
    "12:30:45",
    "00:1A:2B:3C:4D:5E",
    "2024-01-15",
    "2024-01-15 10:30:00",
    "15.01.2024",
    "01-02-2024",
    "01.02.2024 10:30",
    "01-02-24 10:30",
    "01/02/2024 1030",
    "phone 2024-01-15",
    "1-800-273-8255",
    "(800) 273-8255",
    "0800 1234567",
    "user@example.com",
    "root@localhost",
    "@handle",
    "a @ b.com",
    "4111 1111 1111 1112",  # wrong check digit
    "0000 0000 0000 0000",
    "1234567812345670",  # right check digit, no issuer
    "41111111111111110000000",  # too long
    "DE89 3704 0044 0532 0130 01",  # wrong check digits
    "ZZ89 3704 0044 0532 0130 00",
    "978-3-16-148410-0",
    "000-12-3456",
    "666-12-3456",
    "536-00-1234",
    "078-05-1120",
    "1,234,567.89",
    "3.141592653589793",
    "10 to 20 mg, 2-3 times",
    "1914-1918",
    "call 911",
    "0.05-0.10",
    "a 100-200-3000 mix",
    "",
    "@" * 50,
]


@pytest.mark.parametrize(("text", "kind"), PERSONAL.items(), ids=PERSONAL)
@pytest.mark.parametrize(
    "around", ["{}", "It is {}, they said.", "[{}]", "see:\n{}\n"], ids=["bare", "prose", "brackets", "lines"]
)
def test_personal_data_is_found_with_its_kind(text, kind, around):
    written = around.format(text)

    found = find_personal_data(written)

    assert [place.kind for place in found] == [kind]
    assert written[found[0].start : found[0].end] in text


@pytest.mark.parametrize("text", HARMLESS, ids=lambda text: text[:25] or "empty")
@pytest.mark.parametrize("around", ["{}", "It is {}, they said.", "({})"], ids=["bare", "prose", "brackets"])
def test_what_only_looks_like_personal_data_is_not_found(text, around):
    assert find_personal_data(around.format(text)) == []


def test_several_kinds_are_told_apart_in_one_text():
    text = (
        "Ana (ana@acme.io, 212-555-0187) paid with 4111 1111 1111 1111 from 8.8.8.8 to DE89 3704 0044 0532 0130 00 now"
    )

    found = find_personal_data(text)

    assert [place.kind for place in found] == ["email", "phone", "credit_card", "ip", "iban"]
    assert text[found[-1].start : found[-1].end] == "DE89 3704 0044 0532 0130 00"


@given(st.text())
def test_places_lie_in_the_text_in_order_and_apart(text):
    found = find_personal_data(text)

    ends = [0, *(place.end for place in found)]
    assert all(end <= place.start < place.end <= len(text) for end, place in zip(ends[:-1], found, strict=True))


@given(st.integers(0, 10**14 - 1))
def test_every_visa_number_is_found_and_none_with_another_check_digit(number):
    body = f"4{number:014d}"
    assume(len(set(body)) > 2)
    right = next(digit for digit in string.digits if is_luhn(body + digit))

    for digit in string.digits:
        assert bool(find_personal_data(body + digit, ["credit_card"])) == (digit == right)


@given(st.sampled_from(sorted(IBAN_LENGTHS)), st.data())
def test_every_iban_is_found_and_none_with_a_changed_digit(country, data):
    n = IBAN_LENGTHS[country] - 4
    account = data.draw(st.text(alphabet=string.digits + string.ascii_uppercase, min_size=n, max_size=n))
    spelled = "".join(str(int(character, 36)) for character in f"{account}{country}00")
    check = 98 - int(spelled) % 97
    iban = f"{country}{check:02d}{account}"
    wrong = f"{country}{(check + 1) % 100:02d}{account}"

    assert [place[1:] for place in find_personal_data(iban, ["iban"])] == [(0, len(iban))]
    assert find_personal_data(" ".join([iban[:4], iban[4:], "thanks"]), ["iban"])
    assert not find_personal_data(wrong, ["iban"])


@pytest.mark.parametrize(
    "piece", ["a", "1", "a.", "1 ", "a@", "0 1-", "1.", "a:", "+1", "(212) ", "ab1", "DE89", "tel 1", "1:"]
)
def test_a_long_text_that_nearly_matches_everywhere_is_read_in_linear_time(piece):
    """Quadratic time would take minutes here; none is asserted."""
    text = (piece * 200_000)[:200_000]
    start = time.process_time()

    found = find_personal_data(text)

    print(f"{piece!r}: {len(found)} found in {time.process_time() - start:.2f} s")


def test_the_evaluator_says_what_was_found_and_not_what_it_says():
    evaluator = catalogue_evaluator("no_personal_data", allowed=["@acme.io"])
    answers = {"prompt": ["?"] * 4, "response": ["Ask help@acme.io", "Ask ana@home.net or bo@home.net", "Hello", None]}

    frame = evaluate([evaluator], pl.DataFrame(answers)).frame

    assert frame["value"].to_list() == [1, 0, 1, 1]
    assert frame["rationale"][1] == "2 x e-mail address, first at character 4"
    assert isinstance(evaluator, Evaluator)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        pytest.param({"kinds": ["fone"]}, "Did you mean `phone`", id="unknown kind"),
        pytest.param({"allowed": [3]}, "`allowed` is a list of texts", id="no text"),
        pytest.param({"allowed": 3}, "`allowed` is a list of texts", id="no list"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings, message):
    with pytest.raises(SpecError, match=message):
        catalogue_evaluator("no_personal_data", **settings)
