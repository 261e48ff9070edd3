"""How much of a step is computed at once, and what is done when memory ends."""

from pathlib import Path
from typing import Any

from marcus_nb.parameters import Train
from marcus_nb.runs import RunError, read_json, write_json
from marcus_nb.train import journal


class Memory:
    """Limits of a micro-batch: as asked at first, halved each time memory ends; the step stays the same.

    They are kept in `train/memory.json`, so that a process that was killed for want of memory is followed by one
    that wants less. With one conversation at a time, activations are computed twice instead of kept; then it is over.
    """

    def __init__(self, folder: Path, parameters: Train, writes: bool = True) -> None:
        self.folder, self.writes = folder, writes
        self.asked = {
            "conversations": parameters.per_device_train_batch_size,
            "tokens": parameters.max_tokens_per_micro_batch,
            "activation_checkpointing": parameters.activation_checkpointing,
        }
        now = self._kept() or self.asked
        self.conversations: int = now["conversations"]
        self.tokens: int = now["tokens"]
        self.activation_checkpointing: bool = now["activation_checkpointing"]

    @property
    def _path(self) -> Path:
        return self.folder / "memory.json"

    @property
    def now(self) -> dict[str, Any]:
        return {
            "conversations": self.conversations,
            "tokens": self.tokens,
            "activation_checkpointing": self.activation_checkpointing,
        }

    def _kept(self) -> dict[str, Any] | None:
        """What an earlier process asked for in the end; a file that says nothing of use is as good as none."""
        try:
            kept = read_json(self._path)
        except RunError:
            return None
        same = isinstance(kept, dict) and kept.get("asked") == self.asked
        return kept["now"] if same and set(kept.get("now", ())) == set(self.asked) else None

    def in_words(self) -> str:
        """`"micro-batches of 4 conversations and 1024 tokens at most; the step stays the same"`."""
        size = f"{self.conversations} conversation{'s' * (self.conversations != 1)} and {self.tokens} tokens at most"
        twice = ", activations computed twice" if self.activation_checkpointing else ""
        return f"micro-batches of {size}{twice}; the step stays the same"

    def shrink(self, rows: list[Any] | None = None) -> bool:
        """Ask for less from now on; False when there is nothing less to ask for.

        `rows` are those that did not fit: halving a limit that they do not reach would change nothing.
        """
        if rows:
            self.conversations = min(self.conversations, len(rows))
            longest = max(len(row["input_ids"]) for row in rows)
            self.tokens = min(self.tokens, self.conversations * longest)
        if self.conversations > 1:
            self.conversations = -(-self.conversations // 2)
            self.tokens = max(16, self.tokens // 2)
        elif not self.activation_checkpointing:
            self.activation_checkpointing = True
        else:
            return False
        if self.writes:
            write_json(self._path, {"asked": self.asked, "now": self.now})
        return True

    def note(self, step: int, what: str) -> None:
        """Record that memory ended in a step and what is asked for since."""
        self.event(step + 1, f"out of memory: {what}", self.in_words())

    def event(self, step: int, what: str, did: str) -> None:
        """One line of `train/events.jsonl`: `{"step": 12, "what": "killed", "did": "…"}`."""
        if self.writes:
            journal.append(self.folder / "events.jsonl", {"step": step, "what": what, "did": did})
