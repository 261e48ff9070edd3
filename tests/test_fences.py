"""What stands between two fences is shown, and no rule for mails, media or entities touches it."""

import time

import pytest

from marcus_nb.clean.rules import texts
from marcus_nb.conversation import Conversation, Message, Origin
from marcus_nb.parameters.schema import Clean
from marcus_nb.text.fences import outside_fences

SHOWN = [
    "On Mon, 2 Jun 2025 at 10:00, Ann wrote:\n> hello",
    "Dear {{name}},\n\nKind regards,\n{{agent}}\n\nSent from my iPhone",
    "Regards,\nAnn\nTel. 020 7946 0018\nwww.x.example",
    "<Media omitted>",
    "<p>Hi &amp; bye</p>",
    "def f():\n    return  1\n\n\n\n# end",
    "This e-mail is confidential and for the recipient only; delete it if you received it in error, and notify us.",
]
RULES = [
    *(texts.unicode_repair, texts.html_to_text, texts.whitespace, texts.email_quotes, texts.email_signatures),
    *(texts.disclaimers, texts.media_placeholders),
]


@pytest.mark.parametrize("shown", SHOWN)
@pytest.mark.parametrize("fence", ["```", "~~~"])
def test_what_is_shown_stays(shown, fence):
    for text in (f"Use this:\n\n{fence}\n{shown}\n{fence}\n\nDone!", f"{fence}\n{shown}\n{fence}"):
        talk = Conversation("a", (Message("user", "How?"), Message("assistant", text)), Origin("f.csv"))
        assert not any(rule([talk], Clean()).changed for rule in RULES)


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("a\n```x\nb\n```\nc", "A\n```x\nb\n```\nC"),
        ("a ```b``` c", "A ```B``` C"),
        ("```\na", "```\nA"),
        ("```\na\n~~~\nb\n```\nc", "```\na\n~~~\nb\n```\nC"),
        ("> a\n  ~~~\n  b\n  ~~~", "> A\n  ~~~\n  b\n  ~~~"),
        ("\ue000shown0\ue000\n```\na\n```", "\ue000SHOWN0\ue000\n```\nA\n```"),
        ("a `b` c", "A `B` C"),
    ],
)
def test_only_what_a_pair_of_fences_encloses(text, after):
    assert outside_fences(str.upper)(text) == after


def test_single_backticks_count_where_they_are_asked_for():
    inline = outside_fences(str.upper, inline=True)
    assert inline("a `b` c ``d ` e`` f `g") == "A `b` C ``D ` E`` F `G"
    assert inline("`b`\n```\na\n```") == "`b`\n```\na\n```"


def test_a_fence_goes_with_the_quote_around_it():
    mail = "Aye.\n\nOn Mon, 3 Jun 2024 at 10:12, Tom <t@x.example> wrote:\n```\nls\n```"
    talk = Conversation("a", (Message("user", "How?"), Message("assistant", mail)), Origin("f.csv"))
    assert texts.email_quotes([talk], Clean()).changed["a"][1].content == "Aye."


@pytest.mark.parametrize("part", ["```\n", "```a\n", "`", "`a", "```a\n```\n", "~~~\n```\n", "``` "])
def test_hostile_fences_take_linear_time(part):
    def seconds(size):
        started = time.perf_counter()
        outside_fences(str.upper, inline=True)(part * (size // len(part)))
        return time.perf_counter() - started

    short, long = min(seconds(100_000) for _ in range(2)), min(seconds(400_000) for _ in range(2))
    assert long < 10 * short + 0.15, f"{short:.3f} s, of four times as much {long:.3f} s"
