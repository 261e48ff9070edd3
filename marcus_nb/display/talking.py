"""A conversation that is going on at this moment, as chat bubbles."""

from collections.abc import Mapping, Sequence

from marcus_nb.conversation import PERSONA_ROLE
from marcus_nb.display.blocks import Block, safe
from marcus_nb.display.chat import BUBBLE
from marcus_nb.display.hiding import hidden


def talk(messages: Sequence[Mapping[str, str]], persona_name: str, working: bool = False) -> Block:
    """A conversation at work as bubbles; `working` shows that the last reply is still being written."""
    rows, plain = [], []
    for place, message in enumerate(messages):
        persona = message["role"] == PERSONA_ROLE
        who, side = (persona_name, "right") if persona else ("you", "left")
        colors = "background:#0072B2;color:white" if persona else "background:#8883"
        words = message["content"] + (" ▌" if working and place == len(messages) - 1 else "")
        rows.append(
            f'<div style="text-align:{side}"><small style="opacity:.7">{safe(who)}</small><br>'
            f'<span style="{BUBBLE};{colors};text-align:left">{safe(words)}</span></div>'
        )
        plain.append(f"{who}: {hidden(words)}")
    return Block(f'<div style="max-width:46em">{"".join(rows)}</div>', "\n".join(plain))
