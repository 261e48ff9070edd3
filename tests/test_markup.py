"""HTML becomes what its reader sees; what only looks like HTML stays as it is."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marcus_nb.clean.rules.texts import html_to_text as rule
from marcus_nb.conversation import Conversation, Message, Origin
from marcus_nb.parameters.schema import Clean
from marcus_nb.text.markup import html_to_text, is_html

CHANGED = [
    ("<p>Hi&nbsp;Tom,<br>aye.</p><p>Nell</p>", "Hi Tom,\naye.\nNell"),
    ("Hello<br>We open at 8", "Hello\nWe open at 8"),
    ("Hello,<br />\r\nWe open at 8.<br />\r\nNell", "Hello,\nWe open at 8.\nNell"),
    ("Hi<br/><br/>Bye", "Hi\n\nBye"),
    ("<div>Hola,</div><div><br></div><div>¿Abrís mañana?</div>", "Hola,\n\n¿Abrís mañana?"),
    ("<div> hello there </div>", "hello there"),
    # Zendesk, Intercom, Freshdesk
    (
        '<div class="zd-comment" dir="auto"><p>Hi Ann,</p><p dir="auto">It is <strong>fixed</strong>.</p></div>',
        "Hi Ann,\nIt is fixed.",
    ),
    ('<p class="no-margin">Hi 👋</p>\n<p class="no-margin"></p>\n<p class="no-margin">How?</p>', "Hi 👋\nHow?"),
    (
        '<div style="font-size:14px"><div dir="ltr">Dear Ann,<div><br></div>Yes.</div></div>',
        "Dear Ann,\n\nYes.",
    ),
    # Outlook
    (
        '<html xmlns:o="urn:x"><head><meta charset="utf-8"><title>x</title><style>p.MsoNormal {margin:0}</style></head>'
        '<body lang="ES"><!--[if mso]><b>no</b><![endif]--><p class="MsoNormal">Buenos días,<o:p></o:p></p>'
        '<p class="MsoNormal"><o:p>&nbsp;</o:p></p><p class="MsoNormal">Un saludo<o:p></o:p></p></body></html>',
        "Buenos días,\n\nUn saludo",
    ),
    ("<!DOCTYPE html>\n<html><body>\n<p>One\ntwo</p>\n</body></html>", "One two"),
    # Gmail, with its quote
    (
        '<div dir="ltr">Thanks!</div><br><div class="gmail_quote"><div class="gmail_attr">On Mon, Jun 3, 2024 at 10:12 '
        'Ann &lt;<a href="mailto:ann@x.example">ann@x.example</a>&gt; wrote:<br></div><blockquote class="gmail_quote" '
        'style="margin:0"><p>Hi</p>you</blockquote></div>',
        "Thanks!\n\nOn Mon, Jun 3, 2024 at 10:12 Ann <ann@x.example> wrote:\n> Hi\n> you",
    ),
    (
        'Yes.<br><blockquote type="cite">Open?<blockquote type="cite">When?</blockquote></blockquote>',
        "Yes.\n> Open?\n> > When?",
    ),
    ("<p>She said</p><blockquote>Mind the tide</blockquote>", "She said\nMind the tide"),
    # links
    ('See <a href="https://x.example/boats">our boats</a>.', "See our boats (https://x.example/boats)."),
    ('See <a href="https://www.x.example/">x.example</a>', "See x.example"),
    ('<a href="https://x.example" target="_blank" rel="noopener">https://x.example</a> aye', "https://x.example aye"),
    ('Write to <a href="mailto:nell@x.example?subject=Hi">Nell</a>', "Write to Nell (nell@x.example)"),
    ('Ring <a href="tel:+441326555010">01326 555 010</a>', "Ring 01326 555 010"),
    ('<a href="#top">Up</a> and <a href="javascript:go()">go</a>', "Up and go"),
    ('<a href="https://x.example/?a=1&amp;b=2">More</a>', "More (https://x.example/?a=1&b=2)"),
    # lists and tables
    ("<p>Boats:</p><ul><li>Punt</li><li><p>Skiff</p></li></ul>", "Boats:\n- Punt\n- Skiff"),
    ("<ol><li>Row</li><li>Rest</li></ol>", "1. Row\n2. Rest"),
    ("<table><tr><th>Boat</th><th>Price</th></tr><tr><td>Punt</td><td>14 €</td></tr></table>", "Boat Price\nPunt 14 €"),
    # inline
    ("We are <b>closed</b> on\nSunday", "We are closed on\nSunday"),
    ("It is <em>your</em> boat &amp; mine", "It is your boat & mine"),
    ('Aye <img src="https://x.example/e.png" alt="😀" width="16"> skipper', "Aye 😀 skipper"),
    ('<p>Look</p><img src="p.gif">', "Look"),
    ('<font color="red">Hoy</font> no', "Hoy no"),
    ("<p>Use &lt;b&gt; here</p>", "Use <b> here"),
    ("<p>Ring <phone> or <address>, a &lt; b</p>", "Ring <phone> or <address>, a < b"),
    ("<p>Hi</p><script>alert('<p>x</p>')</script><p>Bye</p>", "Hi\nBye"),
    ("<p>Hi <span style='color:red'>you</span><p>Unclosed</p>", "Hi you\nUnclosed"),
    ("<pre>a\n  b</pre>", "a\n  b"),
    # Gmail, Teams, programs
    ("<div>Hola</div><div><br></div><div>Sí.</div><div><br></div><div>Ana</div>", "Hola\n\nSí.\n\nAna"),
    ("Got it.<br>\n<br>\nTa-ra,<br>\nMaggie", "Got it.\n\nTa-ra,\nMaggie"),
    ("<p>Hi duck,</p><p><br></p><p>&nbsp;</p><p>Two.</p>", "Hi duck,\n\nTwo."),
    ("<div>Done<br></div><div>Bye</div><br>", "Done\nBye"),
    ("We are <b>closed</b>.\n\nSorry!", "We are closed.\n\nSorry!"),
    ('<p>Hi <at id="0">Maggie</at>, sync fails</p>', "Hi Maggie, sync fails"),
    (
        "<p>Try:</p><pre><code>for t in tickets:\n    t.close()\n</code></pre><p>Done!</p>",
        "Try:\nfor t in tickets:\n    t.close()\nDone!",
    ),
    ("<P>HI<BR>YOU</P>", "HI\nYOU"),
    ("<p>&amp;lt;3 &#128512; &#99999999999;</p>", "&lt;3 😀 &#99999999999;"),
]
KEPT = [
    "a < b",
    "x<y and y>z",
    "I <3 boats, you <3 me, 5 > 3",
    "I <love> it",
    "use the <b> tag",
    "Use <br> here",
    "The tag is <br>",
    "Put it between <p> and </p>",
    "<p> and </p>",
    "Use <h1>Title</h1> tags for headings",
    "En HTML se escribe <b>así</b>",
    'Write `<div class="x">` around it',
    "```\n<p>Hi</p>\n```",
    "if (a<b && c>d) { return <div>x</div>; }",
    "const f = (x) => <div>{x}</div>",
    "<Media omitted>",
    "<Multimedia omitido>",
    "<attached: 0001-PHOTO.jpg>",
    "Write to <ann@x.example>",
    "Ann <ann@x.example> and <https://x.example>",
    "Call <phone> or visit <address>, <name>!",
    "Dear <first name>, your <order> is here",
    "<s>[INST] Hi [/INST] Aye.</s>",
    "<|im_start|>user\nHi<|im_end|>",
    "<unk> <pad> <mask> <bos>",
    "<grins> Aye <winks>",
    "-> left <- right <-> both",
    "List<String> and Map<K, V>",
    "<<SYS>>x<</SYS>>",
    "<!-- is how a comment begins",
    "Tom & Ann, R&D &co",
    "> quoted < unquoted",
    "Write to <at> or look <at> it",
    "",
]


@pytest.mark.parametrize(("html", "seen"), CHANGED)
def test_html_becomes_what_a_reader_sees(html, seen):
    assert is_html(html)
    assert html_to_text(html) == seen


@pytest.mark.parametrize("text", KEPT)
def test_what_is_not_html_stays(text):
    assert html_to_text(text) == text


@pytest.mark.parametrize("seen", [seen for _, seen in CHANGED])
def test_a_second_pass_changes_nothing(seen):
    assert html_to_text(seen) == seen


def test_a_tracker_s_address_is_left_out():
    html = f'<p>See <a href="https://t.example/{"x" * 300}">this</a></p>'
    assert html_to_text(html) == "See this"


PARTS = [
    "<p>",
    "</p>",
    "<br>",
    "<b>",
    "</b>",
    "<ul>",
    "<li>",
    "</ul>",
    "<blockquote type=cite>",
    "</blockquote>",
    "hi",
    " ",
    "\n",
]
PARTS += [
    '<a href="https://x.example">',
    "</a>",
    "<td>",
    "<pre>",
    "</pre>",
    "<",
    ">",
    "&lt;",
]


@given(st.lists(st.sampled_from(PARTS), max_size=20).map("".join))
def test_no_word_that_is_seen_is_lost(html):
    assert html_to_text(html).count("hi") == html.count("hi")


@given(st.text(max_size=60))
def test_any_text_is_read(value):
    html_to_text(value)
    html_to_text(f"<p>{value}</p>")


def seconds(value):
    best = 9e9
    for _ in range(2):
        started = time.perf_counter()
        html_to_text(value)
        best = min(best, time.perf_counter() - started)
    return best


HOSTILE = [
    "<div>",
    "<",
    "</",
    "<!",
    "<!--",
    "<a href='x ",
    "<a a=b ",
    '<a "',
    "<a aaaa",
    "<p>hi <b>you</b></p>\n",
    "&#",
    "&amp;",
]
HOSTILE += [
    "<script>",
    "<style>",
    "<blockquote type=cite>x<br>",
    '<a href="https://x.e">x',
    "<ul><li>",
    "<pre>\n",
    "<td>x",
    "<br>",
]


@pytest.mark.parametrize(
    "part", [*HOSTILE, "<address></address>", "<![CDATA[", "<?xml", "<b>x", "<o:p>", "<br >", "<p ", "<img alt="]
)
@pytest.mark.parametrize("around", [("", ""), ("<p>", "</p>")])
def test_hostile_html_takes_linear_time(part, around):
    first, last = around
    short, long = (seconds(first + (part * (size // len(part))) + last) for size in (50_000, 200_000))
    assert long < 10 * short + 0.15, f"{short:.3f} s, of four times as much {long:.3f} s"


def test_the_rule_changes_messages_that_are_html_and_no_others():
    said = (Message("user", "Is a < b?", (1,)), Message("assistant", "<p>Aye,<br>it is.</p>", (2,)))
    talks = [Conversation("a", said, Origin("f.csv")), Conversation("b", said[:1], Origin("f.csv"))]
    outcome = rule(talks, Clean())
    assert set(outcome.changed) == {"a"}
    assert outcome.changed["a"][0] is said[0]
    assert outcome.changed["a"][1] == Message("assistant", "Aye,\nit is.")
    assert outcome.changed["a"][1].lines == (2,)
