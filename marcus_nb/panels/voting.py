"""A blind vote: a question, two replies in random order, four buttons. Nothing tells whose reply it is."""

import html
import random
import time
from collections.abc import Sequence
from typing import Any

import pandas as pd

from marcus_nb.conversation import Conversation, Message, Origin, read_conversations
from marcus_nb.display import Block, sentence
from marcus_nb.display import votes as shown
from marcus_nb.evaluate.replies import said_before
from marcus_nb.evaluate.votes import SAME, SKIPPED, A, B, Pair, pairs, tally
from marcus_nb.panels import headless
from marcus_nb.panels.callbacks import guarded
from marcus_nb.panels.live import show
from marcus_nb.runs import Run, RunError, feedback
from marcus_nb.words import _

# Nobody has read two replies within this time: it is the second half of a double click.
SOONEST_SECONDS = 0.4


def held_out(run: Run) -> list[Conversation]:
    """The conversations of a finished run that nothing was learned from; fewer where their files were deleted."""
    files = [run.folder / "clean" / f"{split}.jsonl" for split in ("test", "validation")]
    return [item for path in files if path.is_file() for item in read_conversations(path)]


def vote(
    run: Run, unseen: pd.DataFrame, conversations: Sequence[Conversation], session: int | None = None
) -> Block | None:
    """A panel to vote on `unseen` replies (`evaluate.unseen_replies`); headless what votes there are come to.

    `conversations` are shown as far as they had come; `session` decides what is A, what B and what comes first, a new
    one each time where it is not given. Votes are kept at once in `outputs/<experiment>/feedback/votes.jsonl`.
    """
    asked = pairs(unseen)
    try:
        counted = tally(asked, feedback.votes(run.experiment, run.name), run.parameters.evaluate.confidence)
    except RunError as error:  # a damaged file of votes must not stop an evaluation
        return sentence(str(error))
    if headless():
        return shown.tally(counted) if counted.left < len(asked) else None
    session = random.SystemRandom().randrange(2**32) if session is None else session
    show(_Booth(run, asked, {item.id: item for item in conversations}, session).box, shown.tally(counted))
    return None


class _Booth:
    """The ballot, the four buttons, and the result for who asks: to see it grow would sway the next vote."""

    def __init__(self, run: Run, asked: list[Pair], conversations: dict[str, Conversation], session: int) -> None:
        import ipywidgets  # headless nothing of it may exist

        self.run, self.asked, self.conversations, self.session = run, asked, conversations, session
        self.waiting: list[Pair] = []
        self.shown = 0.0  # when the question that waits was
        wide = ipywidgets.Layout(width="auto")
        self.ballot, self.status, self.result = ipywidgets.HTML(), ipywidgets.HTML(), ipywidgets.HTML()
        self.choices = {}
        careful = guarded(self._say)
        for choice, label, tooltip in (
            (A, _("A is better"), _("Reply A is what you would rather send to a customer")),
            (B, _("B is better"), _("Reply B is what you would rather send to a customer")),
            (SAME, _("No difference"), _("Neither is better than the other")),
            (SKIPPED, _("Skip"), _("You cannot judge this one")),
        ):
            self.choices[choice] = ipywidgets.Button(description=label, tooltip=tooltip, layout=wide)
            self.choices[choice].on_click(careful(lambda _button, choice=choice: self._voted(choice)))
        self.reveal = ipywidgets.ToggleButton(
            description=_("Show the result so far"),
            tooltip=_("Better only when you have voted: it would sway you"),
            layout=wide,
        )
        self.reveal.observe(careful(lambda _change: self._tell()), "value")
        self.again = ipywidgets.Button(
            description=_("Vote on all again"),
            tooltip=_("Those you have voted on come again; the newer vote counts"),
            layout=wide,
        )
        self.again.on_click(careful(self._again))
        row = ipywidgets.Layout(flex_flow="row wrap")
        self.box = ipywidgets.VBox(
            [
                self.ballot,
                ipywidgets.HBox([*self.choices.values()], layout=row),
                ipywidgets.HBox([self.reveal, self.again, self.status], layout=row),
                self.result,
            ],
            layout=ipywidgets.Layout(max_width="60em"),
        )
        careful(self._open)()

    def _say(self, markup: str) -> None:
        self.status.value = markup

    def _open(self) -> None:
        cast = feedback.votes(self.run.experiment, self.run.name)
        self._begin([pair for pair in self.asked if not any(map(pair.was_voted_on, cast))])

    def _again(self, _button: Any) -> None:
        self.session += 1  # another order, so that what is remembered of the first time tells nothing
        self._begin(self.asked)

    def _begin(self, waiting: Sequence[Pair]) -> None:
        self.waiting = list(waiting)
        random.Random(self.session).shuffle(self.waiting)
        self._show()

    def _voted(self, choice: str) -> None:
        if not self.waiting or time.monotonic() - self.shown < SOONEST_SECONDS:
            return
        pair = self.waiting[0]
        feedback.keep_vote(
            self.run.experiment,
            {
                "run": self.run.name,
                "conversation": pair.conversation,
                "turn": pair.turn,
                "replies": pair.replies,
                "order": pair.order(self.session),
                "choice": choice,
                "session": self.session,
            },
        )
        self.waiting.pop(0)
        self._show()

    def _show(self) -> None:
        for button in self.choices.values():
            button.disabled = not self.waiting
        done = len(self.asked) - len(self.waiting)
        told = _("{done} of {all} questions done; each vote is kept at once in feedback/votes.jsonl.")
        if not self.asked:
            told = _("There is nothing to vote on: the two models said the same everywhere, or were not asked.")
        self._say(html.escape(told.format(done=done, all=len(self.asked))))
        self.ballot.value = self._ballot(self.waiting[0]).markup if self.waiting else ""
        self._tell()
        self.shown = time.monotonic()

    def _ballot(self, pair: Pair) -> Block:
        item = self.conversations.get(pair.conversation)
        if item:
            before = item.with_messages(said_before(item, pair.turn))
        else:  # its file was deleted: the question alone is known
            before = Conversation(pair.conversation, (Message("user", pair.question),), Origin(pair.conversation))
        persona = self.run.parameters.shared.persona_name
        return shown.ballot(before, persona, [pair.said[who] for who in pair.order(self.session)])

    def _tell(self) -> None:
        if self.waiting and not self.reveal.value:
            self.result.value = ""
            return
        cast = feedback.votes(self.run.experiment, self.run.name)
        counted: Any = tally(self.asked, cast, self.run.parameters.evaluate.confidence)
        self.result.value = f'<div style="line-height:1.4">{shown.tally(counted).markup}</div>'
