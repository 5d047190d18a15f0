"""HTML as text, for the text part of a mail. Pure.

One pass over the tags, in time and memory that grow with the length and nothing else: users write these bodies. Converters that lay out
tables as text need the product of the longest cell and the number of rows, and CSS paddings in characters; a page of HTML fills any memory so.
"""

import html
import re
from collections.abc import Iterable, Iterator
from enum import Enum
from itertools import chain

_HIDDEN = re.compile(r"<(?:(!--)|(style|script|title|template)\b)", re.IGNORECASE)
_END = {
    "!--": re.compile(r"-->"),
    "style": re.compile(r"</style\b[^<>]*>", re.IGNORECASE),
    "script": re.compile(r"</script\b[^<>]*>", re.IGNORECASE),
    "title": re.compile(r"</title\b[^<>]*>", re.IGNORECASE),
    "template": re.compile(r"</template\b[^<>]*>", re.IGNORECASE),
}
_TAG = re.compile(r"<(/?)([a-z][a-z0-9]*)([^<>]*)>|<[!?/][^<>]*>", re.IGNORECASE)
_HREF = re.compile(r"""\shref\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""", re.IGNORECASE)
_ALT = re.compile(r"""\salt\s*=\s*(?:"([^"]*)"|'([^']*)')""", re.IGNORECASE)
_NEW_LINE = "\n"
_SPACE = re.compile(r"\s+")

_LINES = frozenset(
    {"address", "article", "aside", "center", "dd", "div", "dl", "dt", "footer", "form", "header", "li", "main", "nav", "section", "tr"}
)
_PARAGRAPHS = frozenset({"blockquote", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "ol", "p", "pre", "table", "ul"})
_MAX_HREF = 2_000


class _Mark(Enum):
    LINE = "ends the line, if anything stands on it"
    BREAK = "ends the line"
    GAP = "ends the line and leaves one free"


def text_of_html(source: str) -> str:
    """The words of a body, a line for each block and row of a table; a link keeps its address in brackets. Never raises."""
    return "".join(_laid_out(_pieces("".join(_shown(source)))))


def _pieces(source: str) -> Iterator[str | _Mark]:
    links: list[str] = []
    place = 0
    for tag in _TAG.finditer(source):
        yield _words(source[place : tag.start()])
        place = tag.end()
        if tag[2]:
            yield from _of_tag(tag[2].lower(), tag[3], links, is_end=bool(tag[1]))
    yield _words(source[place:])


def _laid_out(pieces: Iterable[str | _Mark]) -> Iterator[str]:
    """Lines, trimmed, with at most one empty line between two and none at the ends."""
    line: list[str] = []
    is_first, is_gap = True, False
    for piece in chain(pieces, (_Mark.LINE,)):
        if isinstance(piece, str):
            line.append(piece)
            continue
        text = "".join(line).strip()
        line.clear()
        if text:
            yield f"{'' if is_first or not is_gap else _NEW_LINE}{text}{_NEW_LINE}"
            is_first = is_gap = False
        is_gap = is_gap or piece is _Mark.GAP or (piece is _Mark.BREAK and not text)


def _shown(source: str) -> Iterator[str]:
    """All but comments, styles, scripts and the page's title. What is never closed hides the rest, as in a browser."""
    place = 0
    while (hidden := _HIDDEN.search(source, place)) is not None:
        yield source[place : hidden.start()]
        end = _END[(hidden[1] or hidden[2]).lower()].search(source, hidden.end())
        if end is None:
            return
        place = end.end()
    yield source[place:]


def _words(text: str) -> str:
    return html.unescape(_SPACE.sub(" ", text))


def _of_tag(name: str, attributes: str, links: list[str], *, is_end: bool) -> Iterator[str | _Mark]:
    if name == "a":
        yield _link(attributes, links, is_end=is_end)
    elif name == "br":
        yield _Mark.BREAK
    elif name == "img":
        alt = _ALT.search(attributes)
        yield _words(alt[1] or alt[2] or "") if alt else ""
    elif name in {"td", "th"}:
        yield "  " if is_end else ""
    elif name in _PARAGRAPHS:
        yield _Mark.GAP
    elif name in _LINES:
        yield _Mark.LINE
        if name == "li" and not is_end:
            yield "- "


def _link(attributes: str, links: list[str], *, is_end: bool) -> str:
    if is_end:
        address = links.pop() if links else ""
        return f" [{address}]" if address else ""
    href = _HREF.search(attributes)
    address = _words(href[1] or href[2] or href[3] or "").strip() if href else ""
    links.append(address if address.lower().startswith(("http:", "https:", "mailto:", "tel:")) and len(address) <= _MAX_HREF else "")
    return ""
