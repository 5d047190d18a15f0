"""The text part of a mail, made from its HTML in one pass."""

from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from delivery.channels.email.plain_text import text_of_html


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("", ""),
        ("Hello", "Hello\n"),
        ("<h1>New lead</h1><p>Call   her\n now.</p><p>Bye</p>", "New lead\n\nCall her now.\n\nBye\n"),
        ("a<br>b<BR/>c<br><br><br>d", "a\nb\nc\n\nd\n"),
        ("<div>a</div><div>b</div>", "a\nb\n"),
        ("<ul><li>one</li><li>two</li></ul>", "- one\n- two\n"),
        ("<table><tr><th>Name</th><td>Jane</td></tr><tr><th>ZIP</th><td>90210</td></tr></table>", "Name  Jane\nZIP  90210\n"),
        ('See <a href="https://a.test/?x=1&amp;y=2">the lead</a>.', "See the lead [https://a.test/?x=1&y=2].\n"),
        ("<a href='mailto:a@b.test'>mail</a> <a class=x href=tel:+49123>call</a>", "mail [mailto:a@b.test] call [tel:+49123]\n"),
        ('<a href="javascript:alert(1)">x</a><a name=top>y</a><a>z</a></a>', "xyz\n"),
        ('<img src="x.png" alt="Our logo"><img src=y>', "Our logo\n"),
        ("&lt;b&gt; &amp;amp; &eacute; &#x263a; &nope;", "<b> &amp; é ☺ &nope;\n"),
        ("a<!-- b <p> -->c<style>p{}</style>d<SCRIPT>x</SCRIPT >e<title>t</title>f", "acdef\n"),
        ("a<!-- never closed", "a\n"),
        ("a<style>never closed", "a\n"),
        ("1 < 2 and 3 > 2", "1 < 2 and 3 > 2\n"),
        ("<!doctype html><html><body>x</body></html>", "x\n"),
    ],
)
def test_html_as_text(source: str, text: str) -> None:
    assert text_of_html(source) == text


@pytest.mark.parametrize(
    "piece",
    [
        *("<table><tr><td>a", "<!--", "<style>", "<", "<a href='", "<a href=x>", "</a>", "<ul style='padding-left:99999999em'><li>", "&#"),
        *("&", "<p", " ", "\n", "<br>", "<!", "<![CDATA[", "</", "<td>", "<img alt='", "<style></style", "<!-- --", "\0", "<b><p>"),
    ],
)
def test_a_hostile_body_takes_linear_time_and_room(piece: str) -> None:
    source = piece * (1_000_000 // len(piece))
    started = process_time()
    text = text_of_html(source)
    assert process_time() - started < 5
    assert len(text) <= 3 * len(source)


@given(st.text())
def test_nothing_upsets_it(source: str) -> None:
    text = text_of_html(source)
    assert text == "" or text.endswith("\n")


@given(st.lists(st.text(alphabet="abcäöü☺", min_size=1), min_size=1))
def test_no_word_is_lost(words: list[str]) -> None:
    assert text_of_html("".join(f"<p>{word}</p>" for word in words)).split() == words
