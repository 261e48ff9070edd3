"""Talking with a persona in a terminal."""

import contextlib
import sys

from marcus_nb.panels.chatting import Talk
from marcus_nb.render import RenderError
from marcus_nb.words import _, shown

LONGEST = 200  # tokens of a reply
LEAVE, ANEW = "/quit", "/reset"


def converse(talk: Talk, temperature: float) -> None:
    """Read what the person types, and write the persona's replies as they come, until /quit, Ctrl-C or the end of the
    input; /reset begins anew."""
    with contextlib.suppress(ImportError):  # Windows has none, and its console edits lines by itself
        import readline  # noqa: F401  input() then lets a person edit the line, and bring back an earlier one
    print(_greeting(talk), flush=True)
    try:
        while (words := input(f"\n{_('you')}: ").strip()) != LEAVE:
            if words == ANEW:
                talk.messages = []
                print(_("A new conversation: what was said before is forgotten."))
            elif words:
                _reply(talk, words, temperature)
    except (KeyboardInterrupt, EOFError):
        print()
    print(_("You have left the conversation with {name}.").format(name=talk.persona))


def _greeting(talk: Talk) -> str:
    shared, verdict = talk.run.parameters.shared, talk.run.state.get("verdict")
    told = (
        _("{name}, from run {run} (personality: {verdict})")
        if verdict
        else _("{name}, from run {run} (not judged yet)")
    )
    run = f"{talk.run.experiment}/{talk.run.name}"
    hint = _("Type a message and press Enter. {leave} or Ctrl-C leaves, {anew} begins anew.")
    return "\n".join(
        line
        for line in (
            told.format(name=talk.persona, run=run, verdict=shown(verdict or "")),
            shared.persona_description,
            hint.format(leave=LEAVE, anew=ANEW),
        )
        if line
    )


def _reply(talk: Talk, words: str, temperature: float) -> None:
    print(f"{talk.persona}: ", end="", flush=True)
    written = 0
    try:
        for said in talk.say(words, temperature, LONGEST):
            sys.stdout.write(harmless(said[written:]))
            sys.stdout.flush()
            written = len(said)
        print("" if written else _("(says nothing)"))
    except RenderError as error:
        print(_("(did not get that: {error})").format(error=error))


def harmless(words: str) -> str:
    """Words without what a terminal would take for an order: `"\\x1b[2J"` → `"[2J"`; line ends stay."""
    return "".join(sign for sign in words if sign in "\n\t" or not (sign < " " or "\x7f" <= sign <= "\x9f"))
