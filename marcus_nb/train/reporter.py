"""What a training says while it is at work: numbers for machines, lines for people, the fixed prompts' replies."""

import math
import sys
import time
from typing import Any

import psutil
import torch
from transformers import TrainerCallback

from marcus_nb import generate
from marcus_nb.conversation import write_jsonl
from marcus_nb.runs import Stage
from marcus_nb.train import journal, leaving
from marcus_nb.train.data import reference_chats
from marcus_nb.train.failures import NotFinite, Paused
from marcus_nb.train.method import computing

SHARES = (0.0, 0.25, 0.5, 1.0)  # of the planned steps: when the fixed prompts are answered
STOP_FILE, PAUSE_FILE = "stop", "pause"  # in the stage's folder: finish with what is learned so far; checkpoint, leave
LINE_SECONDS = 10  # between two lines of the log about nothing but the next step


class Reporter(TrainerCallback):
    """Writes metrics.jsonl, log.txt and replies.jsonl, and heeds what is asked of the training by files."""

    trainer: Any  # set once it is made: it and its callbacks know each other

    def __init__(self, stage: Stage, tokenizer: Any, resumed_from: int) -> None:
        self.stage, self.tokenizer = stage, tokenizer
        self.metrics, self.replies_file = stage.folder / "metrics.jsonl", stage.folder / "replies.jsonl"
        self.began_at = resumed_from  # step
        self.earlier, self.replies = (
            [row for row in journal.read(path) if row["step"] <= resumed_from] if resumed_from else []
            for path in (self.metrics, self.replies_file)
        )
        self.validation: dict[int, float] = {}  # loss by step
        self.started = self.last_line = self.last_saved = self.last_validated = time.perf_counter()
        self.answering_seconds = 0.0
        self.pausing = False

    @property
    def leads(self) -> bool:
        return self.trainer.together.leads

    # --- what happens -----------------------------------------------------------------------------------------------

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        if self.leads:
            write_jsonl(self.metrics, self.earlier)
        if self.began_at:
            self.trainer.go_on_as_before()
            self.validation = {row["step"]: row["eval_loss"] for row in state.log_history if "eval_loss" in row}
        else:
            self.answer(0.0, state)
            self.validate(state)
        self.started = self.last_line = self.last_saved = self.last_validated = time.perf_counter()
        self.trainer.validating_seconds = self.answering_seconds = 0.0
        leaving.keep()

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        for share in SHARES[1:-1]:
            if state.global_step == max(1, round(share * state.max_steps)):
                self.answer(share, state)
        chosen, now = self.stage.parameters.train, time.perf_counter()
        stop, pause, validate, save = self.trainer.together.any(
            [
                (self.stage.folder / STOP_FILE).exists(),
                leaving.asked() or (self.stage.folder / PAUSE_FILE).exists(),
                0 < chosen.eval_minutes * 60 <= now - self.last_validated,
                0 < chosen.save_minutes * 60 <= now - self.last_saved,
            ]
        )
        # The last step competes for the best checkpoint too, wherever it falls.
        last = state.global_step >= state.max_steps
        control.should_evaluate |= validate or last or stop
        control.should_save |= save or last or stop or pause
        if stop and not last:
            self.trainer.ended = "asked to stop"
            self._log("asked to stop: ending after this step")
            self.trainer.memory.event(state.global_step, "asked to stop", "ended with what was learned so far")
            control.should_training_stop = True
        self.pausing = pause and not last

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self.last_saved = time.perf_counter()
        if self.pausing:
            raise Paused(f"Paused after step {state.global_step} of {state.max_steps}; its checkpoint is kept.")

    def on_train_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        if self.trainer.ended == "all steps" and state.global_step < state.max_steps:
            self.trainer.ended = "early stopping"
            patience = self.stage.parameters.train.early_stopping_patience
            self._log(f"stopped early: {patience} evaluations without a better validation loss")
            self.trainer.memory.event(
                state.global_step, "early stopping", f"{patience} evaluations without a better validation loss"
            )

    def on_evaluate(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self.last_validated = time.perf_counter()

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:
        row: dict[str, Any] = {"step": state.global_step, "epoch": round(state.epoch or 0, 3)}
        if "eval_loss" in logs:
            loss = logs["eval_loss"]
            if not math.isfinite(loss):
                raise NotFinite(f"The validation loss is {loss} at step {state.global_step}.")
            best = loss < min(self.validation.values(), default=math.inf)
            self.validation[state.global_step] = loss
            row |= {"validation_loss": loss, "best": best}
            when = f"step {state.global_step}/{state.max_steps}" if state.global_step else "before the first step"
            self._log(f"{when}: validation loss {loss:.3f}{', the best so far' if best and state.global_step else ''}")
        elif "loss" in logs:
            passed = time.perf_counter() - self.started
            done = state.global_step - self.began_at
            speed = self.tokens_per_second(state)
            row |= {
                "loss": _finite(logs["loss"]),
                "learning_rate": logs["learning_rate"],
                "grad_norm": _finite(logs["grad_norm"]),
                "tokens_per_second": round(speed, 1),
                "seconds": round(passed, 2),
                "training_seconds": round(passed - self.aside_seconds, 3),  # without validating, saving, answering
                "minutes_left": round((state.max_steps - state.global_step) * passed / done / 60, 2),
                "memory_gb": round(self.trainer.together.held(memory_now()) / 2**30, 2),
            }
            if self.trainer.skipped:
                row["skipped_steps"] = self.trainer.skipped
            if time.perf_counter() - self.last_line >= LINE_SECONDS:
                self._log(
                    f"step {state.global_step}/{state.max_steps}: loss {logs['loss']:.3f}, {speed:.0f} tokens/s, "
                    f"{row['memory_gb']:.1f} GB, about {row['minutes_left']:.1f} min left"
                )
        else:
            return
        if self.leads:
            journal.append(self.metrics, row)

    def tokens_per_second(self, state: Any) -> float:
        """Of training alone: without answering, validating and saving. Of several processes all have to ask."""
        tokens = self.trainer.together.sum(self.trainer.tokens_read)
        return tokens / max(1e-9, time.perf_counter() - self.started - self.aside_seconds)

    @property
    def aside_seconds(self) -> float:
        """Time that went into answering, validating and saving since the first step."""
        return self.answering_seconds + self.trainer.validating_seconds + self.trainer.saving_seconds

    def validate(self, state: Any) -> None:
        """Measure before the first step, so that the curve begins at the base model."""
        self.trainer.log({"eval_loss": self.trainer.validation_loss(self.trainer.eval_dataset)})

    # --- the fixed prompts ------------------------------------------------------------------------------------------

    def answer(self, share: float, state: Any) -> None:
        """Answer the fixed prompts as the model is now; `share` is how much of the training it has behind it."""
        if not self.leads:
            return
        parameters, shared = self.stage.parameters.train, self.stage.parameters.shared
        model = self.trainer.model
        model.eval()
        chats = reference_chats(parameters.fixed_prompts, shared.system_prompt)

        started = time.perf_counter()
        with computing(model, self.trainer.dtype):
            answers = generate.replies(model, self.tokenizer, chats, parameters.fixed_prompts_max_new_tokens)
        # The last ones may be there already, when it ended between them and its outcome.
        self.replies = [row for row in self.replies if row["share"] != share] + [
            {"share": share, "step": state.global_step, "prompt": prompt, "reply": reply}
            for prompt, reply in zip(parameters.fixed_prompts, answers, strict=True)
        ]
        model.train()
        write_jsonl(self.replies_file, self.replies)
        self.answering_seconds += time.perf_counter() - started

    def _log(self, text: str) -> None:
        self.last_line = time.perf_counter()
        if self.leads:
            self.stage.log(text)


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def memory_now() -> int:
    """Bytes that this process holds: on a GPU there, else in main memory."""
    return torch.cuda.memory_allocated() if torch.cuda.is_available() else psutil.Process().memory_info().rss


def peak_memory() -> int:
    """The most memory this process has held so far, in bytes: on a GPU there, else in main memory."""
    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated()
    if sys.platform == "win32":
        return psutil.Process().memory_info().peak_wset
    import resource  # not there on Windows

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
