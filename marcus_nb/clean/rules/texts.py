"""Rules that look at one text at a time: characters, HTML, and what mail and chat programs add to what is said."""

from collections.abc import Callable, Sequence

from marcus_nb.clean.records import Outcome
from marcus_nb.conversation import PERSONA_ROLE, Conversation, Message
from marcus_nb.parameters.schema import Clean
from marcus_nb.text.characters import nfc, repair, strip_invisible, tidy_whitespace
from marcus_nb.text.chatter import is_system_line
from marcus_nb.text.fences import outside_fences
from marcus_nb.text.mail_disclaimers import without_disclaimer
from marcus_nb.text.mail_quotes import without_quotes
from marcus_nb.text.mail_signatures import without_signature
from marcus_nb.text.markup import html_to_text as read_html
from marcus_nb.text.markup import is_html
from marcus_nb.text.media import without_media

_REMEMBERED = 2_000  # characters; longer texts seldom repeat, and would cost memory


def each_text(conversations: Sequence[Conversation], function: Callable[[str], str]) -> Outcome:
    """Apply a function to every message's text; a message in which it leaves nothing is removed.

    A message that it does not change stays the same object, and a conversation without a change is not mentioned. A
    text that is blank before stays: it is for another rule to object to.
    """
    seen: dict[str, str] = {}  # a million identical rows are cleaned once
    changed: dict[str, Sequence[Message | None]] = {}
    for conversation in conversations:
        messages: list[Message | None] | None = None
        for place, message in enumerate(conversation.messages):
            before = message.content
            after = seen.get(before)
            if after is None:
                after = function(before)
                if len(before) < _REMEMBERED:
                    seen[before] = after
            if after == before:
                continue
            if messages is None:
                messages = list(conversation.messages)
            gone = not after.strip() and before.strip()
            messages[place] = None if gone else Message(message.role, after, message.lines, message.weight)
        if messages is not None:
            changed[conversation.id] = messages
    return Outcome(changed)


def unicode_repair(conversations: Sequence[Conversation], parameters: Clean) -> Outcome:
    """`"donâ€™t"` becomes `"don’t"`."""
    return each_text(conversations, repair)


def html_to_text(conversations: Sequence[Conversation], parameters: Clean) -> Outcome:
    """`"<p>Hi,<br>aye.</p>"` becomes `"Hi,\\naye."`."""
    read = outside_fences(read_html)
    return each_text(conversations, lambda text: read(text) if is_html(text) else text)


def invisible_characters(conversations: Sequence[Conversation], parameters: Clean) -> Outcome:
    """`"Two\\u200b boats"` becomes `"Two boats"`."""
    return each_text(conversations, strip_invisible)


def unicode_nfc(conversations: Sequence[Conversation], parameters: Clean) -> Outcome:
    """`"cafe\\u0301"` becomes `"café"`."""
    return each_text(conversations, nfc)


def whitespace(conversations: Sequence[Conversation], parameters: Clean) -> Outcome:
    """`" Two  boats "` becomes `"Two boats"`."""
    return each_text(conversations, tidy_whitespace)


def email_quotes(conversations: Sequence[Conversation], parameters: Clean) -> Outcome:
    """`"At eight.\\n\\nOn 3 Jun 2024, at 10:12, Tom wrote:\\n> When?"` becomes `"At eight."`."""
    return each_text(conversations, outside_fences(without_quotes))


def email_signatures(conversations: Sequence[Conversation], parameters: Clean) -> Outcome:
    """`"At eight.\\n\\nBest regards,\\nNell\\nTel. 01326 555 010"` becomes `"At eight.\\n\\nBest regards,\\nNell"`."""
    return each_text(conversations, outside_fences(without_signature))


def disclaimers(conversations: Sequence[Conversation], parameters: Clean) -> Outcome:
    """`"At eight.\\n\\nPlease consider the environment before printing."` becomes `"At eight."`."""
    return each_text(conversations, outside_fences(without_disclaimer))


def system_lines(conversations: Sequence[Conversation], parameters: Clean) -> Outcome:
    """The message `"Conversation closed"` is removed, and those that `extra_system_lines` describes."""
    extra = tuple(parameters.extra_system_lines)
    return each_text(conversations, lambda text: "" if is_system_line(text, extra) else text)


def media_placeholders(conversations: Sequence[Conversation], parameters: Clean) -> Outcome:
    """The message `"<Media omitted>"` is removed, and a reply when a picture is all that it answers.

    `"Here it is <Media omitted>"` becomes `"Here it is"`.
    """
    texts = each_text(conversations, outside_fences(without_media)).changed
    changed: dict[str, Sequence[Message | None]] = {}
    answers = 0
    for conversation in conversations:
        if conversation.id not in texts:
            continue
        kept = _without_answers(conversation.messages, texts[conversation.id])
        answers += kept.count(None) - list(texts[conversation.id]).count(None)
        changed[conversation.id] = kept
    note = f"{answers} replies that answered nothing but a picture or file were removed with it." if answers else ""
    return Outcome(changed, note=note)


def _without_answers(before: Sequence[Message], after: Sequence[Message | None]) -> list[Message | None]:
    """What stays, less the replies before which the customer has said nothing but what was removed."""
    kept: list[Message | None] = []
    shown = said = answered = False
    for message, left in zip(before, after, strict=True):
        if message.role == "user":
            if answered:
                shown = said = answered = False
            shown = shown or left is None
            said = said or left is not None
        elif message.role == PERSONA_ROLE:
            answered = True
            left = None if shown and not said else left
        kept.append(left)
    return kept
