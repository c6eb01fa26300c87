"""A report as the labeling loop writes it, with made-up numbers of real size."""

import math
from html.parser import HTMLParser

import numpy as np
import pytest

from nacre import displays as ds

SPAM = ("ham", "spam")
FUNCTIONS = (
    "free_cash",
    "blacklisted_ip",
    "shouting_subject",
    "unsubscribe_link",
    "money_amount",
    "pills",
    "known_list",
    "reply_prefix",
    "code_block",
    "near_newsletter",
    "html_only",
    "old_filter",
    "many_exclamations",
    "sender_in_thread",
)
TEXT = (
    "Dear friend,\n\nyou have been selected to receive FREE CASH for your home. No obligation, no credit check: "
    "claim your free cash now and our agents call you within 24 hours. {filler} To stop these mails use the "
    "unsubscribe link below. You were chosen because your address is on the list of a partner. Amounts of up to "
    "$250,000.00 are paid out every month!!! {filler} Best regards, the lending team"
)
FILLER = "Rates are the lowest in forty years and our lenders compete for your loan, whatever your credit. " * 4


def wilson(right, n):
    """Return the share with its Wilson interval, as `nacre.metrics` would."""
    share, z = right / n, 1.96
    middle, half = share + z * z / (2 * n), z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return (share, (middle - half) / (1 + z * z / n), (middle + half) / (1 + z * z / n), n)


def function_rows(generator):
    for place, name in enumerate(FUNCTIONS):
        n_votes = int(generator.integers(9, 260))
        yield {
            "function": name,
            "votes for": "ham" if 6 <= place <= 9 or place == 13 else "spam",
            "kind": ("keyword", "member", "pattern", "expression", "near", "code", "existing")[place % 7],
            "coverage": n_votes / 604 * 0.8,
            "overlap": n_votes / 604 * 0.6,
            "conflict": n_votes / 604 * 0.07,
            "accuracy": wilson(int(n_votes * generator.uniform(0.72, 1)), n_votes),
            "learned": float(generator.uniform(0.75, 0.98)),
            "advice": "correlates .83 with `free_cash`: keep one" if name == "many_exclamations" else "",
        }


def label_analysis(generator):
    columns = (
        ds.Column("function", type="code"),
        ds.Column("votes for", type="class"),
        ds.Column("kind"),
        ds.Column("coverage", type="percent", help="share of data points it votes on"),
        ds.Column("overlap", type="percent", help="share on which another function votes too"),
        ds.Column("conflict", type="percent", help="share on which another function disagrees"),
        ds.Column("accuracy", type="metric", help="on the labelled dev sample"),
        ds.Column("learned", type="percent", help="accuracy that the label model estimates without ground truth"),
        ds.Column("advice", ""),
    )
    rows = tuple(function_rows(generator))
    return ds.table(rows, columns, caption="14 labeling functions on train, 4,232 e-mails", classes=SPAM)


def emails():
    text = TEXT.format(filler=FILLER)
    spans = [(text.index(word), text.index(word) + len(word), name) for word, name in MARKED]
    votes = dict.fromkeys(FUNCTIONS) | {name: "spam" for _, name in MARKED} | {"known_list": "ham", "old_filter": "ham"}
    long = ds.Evidence(
        text,
        spans,
        title="Lowest rates for your home",
        labels={"truth": "spam", "prediction": "ham", "label model": "spam"},
        votes=votes,
        facts={"uid": "spam-2/00412.9f3c", "confidence": ".58"},
    )
    short = ds.Evidence(
        "Re: the patch fails on sparc, see the log. Free as in beer, not as in cash :)",
        [(0, 3, "reply_prefix")],
        title="Re: [ILUG] sparc patch",
        labels={"truth": "ham", "prediction": "spam"},
        votes={"reply_prefix": "ham", "free_cash": None},
        facts={"uid": "hard-ham/00031.aa02"},
    )
    return ds.evidence_text([long, short], SPAM)


MARKED = (
    ("FREE CASH", "free_cash"),
    ("claim your free cash", "free_cash"),
    ("free cash now", "many_exclamations"),
    ("unsubscribe link", "unsubscribe_link"),
    ("$250,000.00", "money_amount"),
)


def loop():
    slices = {"all": (0.944, 0.962), "html": (0.91, 0.95), "hard ham": (0.62, 0.84), "short": (0.96, 0.95)}
    sizes = {"all": 604, "html": 240, "hard ham": 25, "short": 88}
    first, second = ({k: wilson(round(v[i] * sizes[k]), sizes[k]) for k, v in slices.items()} for i in (0, 1))
    iterations = (
        ds.Iteration("1", first, title="A dozen functions from the expert's notes"),
        ds.Iteration(
            "2",
            second,
            title="Two functions repaired, one added",
            changes=(
                "`free_cash` asks for a word boundary and no quote of an earlier mail",
                "`known_list` added: 41 e-mails of hard ham without votes",
                "label model 2, training set 2 (+318 e-mails), model 2",
            ),
            change=(0.018, 0.004, 0.033, 604),
        ),
    )
    return first, second, ds.timeline(iterations, title="Accuracy on valid over iterations")


def causes():
    before = {"ground truth doubtful": 3, "no votes": 14, "wrong votes": 9, "label model": 2, "end model": 6}
    after = {"ground truth doubtful": 3, "no votes": 5, "wrong votes": 4, "label model": 2, "end model": 9}
    bars = ds.stacked_bars({"iteration 1": before, "iteration 2": after}, title="Errors on valid by cause")
    remedies = ("review the ground truth", "write a function", "repair a function", "inspect the conflict", "more data")
    rows = [
        {
            "cause": cause,
            "n": after[cause],
            "was": before[cause],
            "share": after[cause] / 23,
            "do": remedy,
            "at": "#groups",
        }
        for cause, remedy in zip(after, remedies, strict=True)
    ]
    columns = (
        ds.Column("cause", link="at"),
        ds.Column("n", type="integer"),
        ds.Column("was", type="integer"),
        ds.Column("share", type="percent"),
        ds.Column("do", "what to do"),
    )
    return bars, ds.table(rows, columns, caption="Why 23 errors on valid")


def banking(generator):
    classes = [f"{verb}_{noun}" for verb in ("card", "top_up", "transfer", "exchange_rate") for noun in NOUNS][:77]
    counts = np.diag(generator.integers(8, 40, 77))
    for truth in range(77):
        for _ in range(int(generator.integers(2, 12))):
            other = (
                int(np.clip(truth + generator.normal(0, 6), 0, 76))
                if generator.random() < 0.7
                else generator.integers(77)
            )
            counts[truth, other] += int(generator.geometric(0.5))
    return ds.confusion(counts.tolist(), classes, title="77 intents on valid")


NOUNS = (
    "not_received", "stolen", "declined_by_shop", "fee_charged", "wrong_amount", "pending", "limits", "reverted",
    "by_bank_transfer_is_unclear", "virtual_order", "swallowed", "linking", "acceptance", "about_to_expire", "delivery",
    "estimate", "verification", "failed", "cash_withdrawal", "contactless_not_working",
)  # fmt: skip


@pytest.fixture(scope="session")
def sample_page():
    """The report of a whole loop, every kind of chart in it."""
    return build_page()


def build_page():
    generator = np.random.default_rng(7)
    first, second, over_time = loop()
    bars, work_list = causes()
    return ds.Page(
        "Free cash: spam in 6,046 e-mails",
        lead="Accuracy on valid rose from .94 to .96 in the second iteration; most of the gain is hard ham.",
        facts={
            "dataset": "SpamAssassin, version 1",
            "split": "train 4,232 \N{MIDDLE DOT} valid 604 \N{MIDDLE DOT} test 1,210 sealed",
            "label model": "ClassConditional 2",
            "model": "TextLinear 2",
            "written": "2026-11-21 14:02",
        },
        sections=(
            ds.Section("Result", _result(first, second, over_time)),
            ds.Section("Labeling functions", (_FUNCTIONS_READ, label_analysis(generator))),
            ds.Section("Label model", _label_model(generator)),
            ds.Section("Errors", _errors(bars, work_list)),
            ds.Section(
                "Confusion",
                (ds.confusion([[487, 11], [12, 94]], SPAM, title="Spam on valid"), _entities(), banking(generator)),
            ),
        ),
    )


_FUNCTIONS_READ = (
    "Coverage, overlap and conflict are shares of train; accuracy is measured on the dev sample, 604 e-mails."
)


def _result(first, second, over_time):
    tiles = (
        ds.metric("accuracy", second["all"], change=(0.018, 0.004, 0.033, 604)),
        ds.metric("F1 of spam", (0.91, 0.87, 0.94, 604), change=(0.01, -0.02, 0.04, 604)),
        ds.metric("accuracy on hard ham", second["hard ham"]),
        ds.metric("coverage", (0.87, 0.86, 0.88, 4232), format="percent"),
    )
    slices = ds.interval_bars(
        second,
        before=first,
        names=("iteration 1", "iteration 2"),
        title="Accuracy per slice on valid",
        links={"hard ham": "#groups"},
    )
    action = ds.Section(
        "What to do next",
        ("Nine errors come from the end model: label 20 e-mails near them. `nacre show errors --cause end-model`",),
    )
    return ds.Columns(tiles), over_time, slices, action


def _label_model(generator):
    rows = (
        {"label model": "majority vote", "accuracy": wilson(556, 604), "on votes": wilson(500, 530), "log loss": 0.41},
        {
            "label model": "ClassConditional",
            "accuracy": wilson(573, 604),
            "on votes": wilson(511, 530),
            "log loss": 0.19,
        },
    )
    columns = (
        ds.Column("label model"),
        ds.Column("accuracy", type="metric"),
        ds.Column("on votes", "accuracy where functions vote", type="metric"),
        ds.Column("log loss", type="number"),
    )
    counts = {label: generator.integers(5, 400, 10).tolist() for label in SPAM}
    bins = [
        (at, wilson(int(n * min(1, at + 0.03)), n))
        for at, n in ((0.12, 220), (0.31, 24), (0.55, 41), (0.72, 66), (0.94, 253))
    ]
    steps = {"train": 4232, "with votes": 3682, "confidence of .6 and more": 3490, "near-duplicates dropped": 3204}
    return (
        ds.table(rows, columns, caption="Beside majority vote, on valid"),
        ds.Columns((
            ds.histogram(np.linspace(0, 1, 11), counts, title="Label model on train", axis="probability of spam"),
            ds.calibration(bins, title="Calibration on valid"),
        )),
        ds.funnel(steps, title="Training set 2"),
    )  # fmt: skip


def _errors(bars, work_list):
    groups = (
        ds.Details(
            "\N{LEFT DOUBLE QUOTATION MARK}free\N{RIGHT DOUBLE QUOTATION MARK} in replies",
            ("The functions voted for spam on quoted text.", emails()),
            metric=wilson(20, 31),
            note="11 errors, mostly wrong votes",
            is_open=True,
        ),
        ds.Details("newsletters in HTML", (emails(),), metric=wilson(14, 19), note="5 errors"),
        ds.Details("very short messages", (ds.votes(dict.fromkeys(FUNCTIONS), SPAM),), metric=wilson(66, 73)),
    )
    return (
        "Each error has exactly one cause, so the column adds up and its shrinking is progress.",
        bars,
        work_list,
        ds.Section("Groups", groups, anchor="groups"),
    )


def _entities():
    counts = np.diag([40, 31, 22, 18, 9, 30, 28]) + np.eye(7, k=1, dtype=int) * 4 + np.eye(7, k=-2, dtype=int)
    names = ("person", "organisation", "place", "product", "event", "work of art", "quantity")
    return ds.confusion(counts.tolist(), names, title="Seven kinds of entities")


class Document(HTMLParser):
    """The elements of a page, checked for balance while reading."""

    def __init__(self, html):
        super().__init__(convert_charrefs=True)
        self.open, self.elements, self.text = [], [], []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if not {"script", "style"}.intersection(self.open):
            self.text.append(data)

    def names(self):
        return {name for name, _ in self.elements}

    def attributes(self, name):
        return [attributes[name] for _, attributes in self.elements if name in attributes]


VOID = {"meta", "input", "br", "hr", "col", "wbr"}


@pytest.fixture
def read_html():
    """Parse HTML strictly; elements, attributes and text come back."""
    return Document
