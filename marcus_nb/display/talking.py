"""A conversation that is going on at this moment, as chat bubbles."""

from collections.abc import Mapping, Sequence

from marcus_nb.conversation import PERSONA_ROLE
from marcus_nb.display.blocks import Block, safe
from marcus_nb.display.chat import BUBBLE
from marcus_nb.display.hiding import hidden
from marcus_nb.words import _

_PERSONA, _OTHERS = "background:#0072B2;color:white", "background:#8883"


def talk(messages: Sequence[Mapping[str, str]], persona_name: str, working: bool = False) -> Block:
    """A conversation at work as bubbles; `working` shows that the last reply is still being written."""
    rows, plain = [], []
    for place, message in enumerate(messages):
        persona = message["role"] == PERSONA_ROLE
        who = persona_name if persona else _("you")
        words = message["content"] + (" ▌" if working and place == len(messages) - 1 else "")
        rows.append(_bubble(who, words, "right" if persona else "left", _PERSONA if persona else _OTHERS))
        plain.append(f"{who}: {hidden(words)}")
    return Block(f'<div style="max-width:46em">{"".join(rows)}</div>', "\n".join(plain))


def exchange(question: str, replies: Sequence[tuple[str, str]], writing: str = "") -> Block:
    """A question and, beside each other, the replies `[("Nell", "Aye."), ("base model", "I am …")]`, the persona's
    first; `writing` names who is still at it."""
    columns, plain = [], [f"{_('you')}: {hidden(question)}"]
    for place, (who, reply) in enumerate(replies):
        words = reply + (" ▌" if who == writing else "")
        side, colors = ("right", _PERSONA) if place == 0 else ("left", _OTHERS)
        columns.insert(0, f'<div style="flex:1 1 16em;min-width:0">{_bubble(who, words, side, colors)}</div>')
        plain.append(f"{hidden(who)}: {hidden(words)}")
    asked = _bubble(_("you"), question, "left", _OTHERS)
    markup = f'{asked}<div style="display:flex;flex-wrap:wrap;gap:4px 12px">{"".join(columns)}</div>'
    return Block(f'<div style="max-width:56em;line-height:1.4">{markup}</div>', "\n".join(plain))


def _bubble(who: str, words: str, side: str, colors: str) -> str:
    return (
        f'<div style="text-align:{side}"><small style="opacity:.7">{safe(who)}</small><br>'
        f'<span style="{BUBBLE};{colors};text-align:left">{safe(words)}</span></div>'
    )
