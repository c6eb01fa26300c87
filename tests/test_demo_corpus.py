"""The script that builds the e-mails of the demo: parsing, masking, and the built file where there is one."""

import importlib.util
import io
import re
import sys
import tarfile
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

SCRIPT = Path(__file__).parents[1] / "scripts" / "build_demo_corpus.py"
CHECKSUM = "0123456789abcdef0123456789abcdef"
RECEIVED = "Received: "


def load_script():
    spec = importlib.util.spec_from_file_location("build_demo_corpus", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


corpus = load_script()


def mail(*headers, body=""):
    return corpus.parse("\n".join([*headers, "", body]).encode())[0]


@pytest.fixture(scope="module")
def built():
    if not corpus.OUTPUT.is_file():
        pytest.skip("the demo corpus is not built; run `python scripts/build_demo_corpus.py`")
    return pl.read_parquet(corpus.OUTPUT)


def test_a_plain_mail_keeps_its_fields():
    parsed = mail(
        "From ann@host.example  Fri Aug  2 12:00:00 2002",
        "From: Ann Lee <ann@shop.example>",
        "Subject: Free cash",
        "Precedence: Bulk",
        "Date: Fri, 2 Aug 2002 14:00:00 +0200",
        "Received: from shop.example (shop.example [64.0.57.142]) by mx.example with SMTP; Fri, 2 Aug 2002",
        body="Claim your free cash.\r\nNow.\n",
    )

    assert parsed == corpus.Mail(
        subject="Free cash",
        sender="Ann Lee <someone@shop.example>",
        date=datetime(2002, 8, 2, 12, tzinfo=UTC),
        has_html=False,
        sender_ip="64.0.57.142",
        precedence="bulk",
        body="Claim your free cash.\nNow.",
    )


def multipart(kind, *parts):
    blocks = "".join(f"--cut\n{part}\n" for part in parts)
    return mail(f"Content-Type: multipart/{kind}; boundary=cut", body=f"{blocks}--cut--\n")


def test_the_first_alternative_with_text_is_the_body():
    parsed = multipart(
        "alternative", "Content-Type: text/plain\n\n ", "Content-Type: text/html\n\n<p>Cash</p><p>back</p>"
    )

    assert parsed.has_html
    assert parsed.body == "Cash\n\nback"


def test_parts_of_a_mixed_mail_follow_each_other_without_attachments():
    parsed = multipart(
        "mixed",
        "Content-Type: text/plain\n\nfirst",
        "Content-Type: text/plain\nContent-Disposition: attachment\n\nattached",
        "Content-Type: application/octet-stream\nContent-Transfer-Encoding: base64\n\nAAAA",
        "Content-Type: text/plain\nContent-Transfer-Encoding: quoted-printable\n\nsecond =3D last",
    )

    assert parsed.body == "first\n\nsecond = last"


def test_a_multipart_mail_without_its_boundary_keeps_its_text():
    assert mail("Content-Type: multipart/mixed; boundary=cut", body="only text").body == "only text"


def test_html_announced_as_plain_text_is_read_as_html():
    parsed = mail("Content-Type: text/plain", body="<html><body>free<br>cash</body></html>")

    assert parsed.body == "free\ncash"
    assert not parsed.has_html


@pytest.mark.parametrize(
    ("html", "text"),
    [
        pytest.param("fr<!-- x -->ee &amp; c&#97;sh", "free & cash", id="comments and entities"),
        pytest.param("<a href='http://shop.example/'>here</a>", "here <http://shop.example/>", id="link"),
        pytest.param("<a href='mailto:ann@shop.example'>mail</a>", "mail", id="link to an address"),
        pytest.param("<style>p {}</style>a<script>b()</script>c", "ac", id="style and script"),
        pytest.param("<head><title>t</title><body>kept", "kept", id="unclosed head"),
        pytest.param("<table><tr><td>a</td><td>b</td></tr></table>", "a b", id="cells"),
        pytest.param("<b>a</a></p></i>", "a", id="broken tags"),
        pytest.param("", "", id="empty"),
    ],
)
def test_html_becomes_what_a_reader_sees(html, text):
    assert corpus.html_to_text(html) == text


@pytest.mark.parametrize(
    ("charset", "data", "text"),
    [
        pytest.param("iso-8859-1", b"caf\xe9", "café", id="latin"),
        pytest.param("utf-8", "café".encode(), "café", id="utf-8"),
        pytest.param("big5", "信用".encode("big5"), "信用", id="big5"),
        pytest.param("us-ascii", b"\x93cash\x94", "“cash”", id="wrong charset"),
        pytest.param("default_charset", b"caf\xe9", "café", id="unknown charset"),
        pytest.param("rot13", b"cash", "cash", id="a codec that is no charset"),
        pytest.param("utf-8", b"a\x00b", "ab", id="zero byte"),
    ],
)
def test_any_charset_is_read(charset, data, text):
    raw = f"Content-Type: text/plain; charset={charset}\n\n".encode() + data

    assert corpus.parse(raw)[0].body == text


@pytest.mark.parametrize(
    ("value", "subject"),
    [
        pytest.param(b"free\n\tcash", "free cash", id="folded"),
        pytest.param(b"=?iso-8859-1?Q?caf=E9?=", "café", id="encoded word"),
        pytest.param(b"=?utf-8?B?Y2Fz?=\n =?utf-8?B?aA==?=", "cash", id="encoded words in two lines"),
        pytest.param(b"=?nonsense?Q?caf=E9?=", "café", id="unknown charset"),
        pytest.param(b"=?utf-8?B?a?=", "=?utf-8?B?a?=", id="broken base64"),
        pytest.param(b"caf\xe9", "café", id="raw bytes"),
        pytest.param(b"", "", id="empty"),
    ],
)
def test_any_subject_is_read(value, subject):
    assert corpus.parse(b"Subject: " + value + b"\n\n")[0].subject == subject


@pytest.mark.parametrize(
    ("headers", "address"),
    [
        pytest.param([], None, id="no header"),
        pytest.param(
            ["from a (a [10.0.0.1]) by b", "from c (c [64.0.57.142]) by a"], "64.0.57.142", id="private first"
        ),
        pytest.param(["from a ([64.0.57.142]) by b", "from c ([8.8.8.8]) by a"], "64.0.57.142", id="topmost"),
        pytest.param(["from a ([127.0.0.1]) by 8.8.8.8 with SMTP"], None, id="the receiver's own address"),
        pytest.param(["from 8.8.8.8 (a [64.0.57.142]) by b"], "64.0.57.142", id="seen before claimed"),
        pytest.param(["from unknown (HELO 8.8.8.8) (64.0.57.142) by b"], "64.0.57.142", id="claimed in HELO"),
        pytest.param(["from [64.0.57.142] (helo=a) by b"], "64.0.57.142", id="address first"),
        pytest.param(["from a (8.11.6/8.11.6) by b", "from c (5.5.2653.19) by b"], None, id="version numbers"),
        pytest.param(["from a ([IPv6:2001:4860::8888]) by b"], "2001:4860::8888", id="IPv6"),
        pytest.param(["from a\n\t([64.0.57.142])\n\tby b"], "64.0.57.142", id="folded"),
        pytest.param(["(qmail 12 invoked by uid 501); 8.8.8.8"], None, id="local hand-over"),
    ],
)
def test_the_sender_is_the_first_public_address_from_the_top(headers, address):
    assert mail(*(RECEIVED + header for header in headers)).sender_ip == address


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param("Fri, 02 Aug 2002 23:37:59 0530", datetime(2002, 8, 2, 18, 7, 59, tzinfo=UTC), id="no sign"),
        pytest.param("Fri, 2 Aug 102 12:00:00 GMT", datetime(2002, 8, 2, 12, tzinfo=UTC), id="years since 1900"),
        pytest.param("yesterday", None, id="not a date"),
    ],
)
def test_dates_are_in_utc(value, expected):
    assert mail(f"Date: {value}").date == expected


def test_a_part_that_cannot_be_parsed_is_named_and_the_others_are_kept():
    parsed, failures = corpus.parse(b"Subject: cash\nDate: Fri, 2 Aug 99999 12:00:00 GMT\n\nbody")

    assert (parsed.subject, parsed.body, parsed.date) == ("cash", "body", None)
    assert len(failures) == 1


@pytest.mark.parametrize("raw", [b"", b"\n", b"\xff\xfe\x00", b"no header at all", b"Content-Type: \n\n", b": x\n\n"])
def test_no_bytes_are_too_broken(raw):
    parsed, failures = corpus.parse(raw)

    assert isinstance(parsed.body, str)
    assert failures == []


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        pytest.param("Write to ann.lee+x@shop.example!", "Write to someone@example.com!", id="plain"),
        pytest.param("<ann@shop.example>", "<someone@example.com>", id="brackets"),
        pytest.param('"ann lee"@shop.example', "someone@example.com", id="quoted"),
        pytest.param("u=ann%40shop.example&x", "someone@example.com&x", id="in a link"),
        pytest.param("list-bob=shop.example@host.example", "someone@example.com", id="bounce address"),
        pytest.param("ann@localhost ann@[64.0.57.142]", "someone@example.com someone@example.com", id="hosts"),
        pytest.param("FREE C@SH @ noon", "FREE C@SH @ noon", id="no address"),
    ],
)
def test_addresses_are_masked(text, masked):
    assert corpus.mask_addresses(text) == masked
    assert corpus.mask_addresses(masked) == masked


def test_masking_long_text_takes_linear_time():
    assert corpus.mask_addresses("a" * 1_000_000) == "a" * 1_000_000


def test_address_in_a_display_name_is_masked_too():
    assert mail('From: "ann@shop.example" <ann@shop.example>').sender == '"someone@shop.example" <someone@shop.example>'


def test_only_regular_members_with_the_expected_names_are_read(tmp_path):
    path = tmp_path / "package.tgz"
    good = f"package/data/spam-1/00001.{CHECKSUM}.txt"
    names = [
        good,
        f"package/data/spam-1/../../{CHECKSUM}.txt",
        "/etc/passwd",
        f"package/data/spam-9x/00001.{CHECKSUM}.txt",
    ]
    with tarfile.open(path, "w:gz") as archive:
        for name in names:
            member = tarfile.TarInfo(name)
            member.size = 4
            archive.addfile(member, io.BytesIO(b"\n\nhi"))
        link = tarfile.TarInfo(good.replace("00001", "00002"))
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)

    assert list(corpus.read_package(path)) == [corpus.Source(f"00001.{CHECKSUM}", "spam-1", b"\n\nhi")]


def test_a_changed_package_is_refused(tmp_path):
    path = tmp_path / "package.tgz"
    path.write_bytes(b"other")

    with pytest.raises(SystemExit, match="its hash is sha512-"):
        corpus.check_integrity(path)


def test_the_same_mails_give_the_same_bytes_in_any_order(tmp_path):
    sources = [corpus.Source(f"0000{i}.{CHECKSUM}", "spam-1", f"Subject: {i}\n\nbody {i}".encode()) for i in range(9)]
    for name, order in (("one", sources), ("two", sources[::-1])):
        corpus.write(corpus.build(iter(order))[0], tmp_path / name / "mail.parquet")

    assert (tmp_path / "one" / "mail.parquet").read_bytes() == (tmp_path / "two" / "mail.parquet").read_bytes()


def test_the_built_corpus_is_complete(built):
    corpus.check_counts(built)

    assert built.schema == pl.Schema(corpus.SCHEMA)
    assert built["id"].n_unique() == len(built) == 6046
    assert built.select(pl.exclude("date", "sender_ip", "precedence")).null_count().sum_horizontal().item() == 0
    assert built["body"].str.len_chars().max() <= corpus.LONGEST_BODY
    html = dict(built.group_by("group").agg(pl.col("has_html").mean().round(3)).iter_rows())
    assert html == {"easy-ham-1": 0.003, "easy-ham-2": 0.011, "hard-ham-1": 0.66, "spam-1": 0.516, "spam-2": 0.547}


def test_the_built_corpus_holds_no_unmasked_address(built):
    address = re.compile(r"([\w.+%'=-]+)(?:@|%40)(?:[\w-]+\.)+[\w-]+")
    found = {name for field in ("subject", "from", "body") for text in built[field] for name in address.findall(text)}

    assert found == {"someone"}
