"""HTML that escapes by type: every string that is not `Html` is text of a user."""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape

_VOID = frozenset({"br", "col", "hr", "input", "meta", "wbr"})
# Control characters and lone surrogates may not stand in HTML; they are shown, not dropped.
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


class Html(str):
    """Markup that is safe to show as it stands."""

    __slots__ = ()

    def __html__(self) -> str:
        return self


def text(content: str) -> Html:
    """Escape text for an element or an attribute; markup stays as it is.

    Examples:
        >>> text("<b> & 'c'")
        '&lt;b&gt; &amp; &#x27;c&#x27;'
        >>> text(Html("<b>"))
        '<b>'
    """
    if isinstance(content, Html):
        return content
    return Html(escape(_FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", content)))


def join(parts: Iterable[str], separator: str = "") -> Html:
    """Join text and markup, escaping the text."""
    return Html(separator.join(map(text, parts)))


def tag(name: str, /, *children: str | None, **attributes: str | float | bool | None) -> Html:
    """Build an element; `class_` means `class`, `_` in a name means `-`, and None leaves an attribute out.

    Examples:
        >>> tag("td", "1 < 2", class_="n", data_sort=1, colspan=None)
        '<td class="n" data-sort="1">1 &lt; 2</td>'
    """
    opening = "".join([name, *(_attribute(key, value) for key, value in attributes.items())])
    if name in _VOID:
        return Html(f"<{opening}>")
    return Html(f"<{opening}>{join(child for child in children if child is not None)}</{name}>")


def _attribute(key: str, value: str | float | bool | None) -> str:
    name = key.rstrip("_").replace("_", "-")
    if value is None or value is False:
        return ""
    if value is True:
        return f" {name}"
    shown = f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else text(str(value))
    return f' {name}="{shown}"'


def prose(content: str) -> Html:
    """Escape a sentence and set the names in backticks as code.

    Examples:
        >>> prose("`free_cash` votes <spam>")
        '<code>free_cash</code> votes &lt;spam&gt;'
    """
    parts = content.split("`")
    if len(parts) % 2 == 0:
        return text(content)
    return join(tag("code", part) if place % 2 else part for place, part in enumerate(parts))
