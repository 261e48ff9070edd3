"""Talking with a persona in a terminal."""

import contextlib
import sys

from marcus_nb.panels.chatting import Talk
from marcus_nb.render import RenderError

LONGEST = 200  # tokens of a reply
LEAVE, ANEW = "/quit", "/reset"


def converse(talk: Talk, temperature: float) -> None:
    """Read what the person types, and write the persona's replies as they come, until /quit, Ctrl-C or the end of the
    input; /reset begins anew."""
    with contextlib.suppress(ImportError):  # Windows has none, and its console edits lines by itself
        import readline  # noqa: F401  input() then lets a person edit the line, and bring back an earlier one
    print(_greeting(talk), flush=True)
    try:
        while (words := input("\nyou: ").strip()) != LEAVE:
            if words == ANEW:
                talk.messages = []
                print("A new conversation: what was said before is forgotten.")
            elif words:
                _reply(talk, words, temperature)
    except (KeyboardInterrupt, EOFError):
        print()
    print(f"You have left the conversation with {talk.persona}.")


def _greeting(talk: Talk) -> str:
    shared, verdict = talk.run.parameters.shared, talk.run.state.get("verdict")
    found = f"personality: {verdict}" if verdict else "not judged yet"
    return "\n".join(
        line
        for line in (
            f"{talk.persona}, from run {talk.run.experiment}/{talk.run.name} ({found})",
            shared.persona_description,
            f"Type a message and press Enter. {LEAVE} or Ctrl-C leaves, {ANEW} begins anew.",
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
        print("" if written else "(says nothing)")
    except RenderError as error:
        print(f"(did not get that: {error})")


def harmless(words: str) -> str:
    """Words without what a terminal would take for an order: `"\\x1b[2J"` → `"[2J"`; line ends stay."""
    return "".join(sign for sign in words if sign in "\n\t" or not (sign < " " or "\x7f" <= sign <= "\x9f"))
