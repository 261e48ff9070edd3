"""transformers' Trainer with our batches, loss and checkpoints.

One batch of its data loader is a whole optimizer step of this process, cut into micro-batches here, so that a step can
be done again in smaller pieces when memory ends, with the same tokens.
"""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch.utils.data import DataLoader
from transformers import Trainer
from transformers.trainer import TRAINER_STATE_NAME

from marcus_nb import models
from marcus_nb.models.scoring import token_losses
from marcus_nb.runs import read_json, write_json
from marcus_nb.train import checkpoints
from marcus_nb.train.batches import Row, Steps, collate, micro_batches, weight
from marcus_nb.train.failures import NotFinite, is_out_of_memory
from marcus_nb.train.memory import Memory
from marcus_nb.train.method import computing, load_weights, save_weights, trained_weights
from marcus_nb.train.together import Together

PROGRESS = "progress.json"  # in a checkpoint
SKIPS = 3  # steps without a finite gradient, one after the other, until the training gives up


class PersonaTrainer(Trainer):
    """Loss per learned token over the whole step; the output layer sees only positions that carry loss."""

    def __init__(
        self,
        *args: Any,
        dtype: torch.dtype,
        memory: Memory,
        together: Together,
        per_step: int,
        made_of: dict[str, Any],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.dtype, self.memory, self.together, self.per_step, self.made_of = dtype, memory, together, per_step, made_of
        self.finite, self.skipped, self.skipped_in_a_row = True, 0, 0
        self.ended, self.progress = "all steps", {}
        self.tokens_read, self.saving_seconds, self.validating_seconds = 0, 0.0, 0.0  # in this process
        if memory.activation_checkpointing:
            self._keep_fewer_activations()

    # --- a step ---------------------------------------------------------------------------------------------------

    def get_train_dataloader(self) -> DataLoader:
        lengths = [len(row["input_ids"]) for row in self.train_dataset]
        steps = Steps(lengths, self.per_step, self.args.seed, self.together.rank, self.together.processes)
        # Not prepared by accelerate, which would deal the steps to the processes once more.
        return DataLoader(self.train_dataset, batch_sampler=steps, collate_fn=list)

    def _get_num_items_in_batch(self, batch_samples: list, device: torch.device) -> float:
        return self.together.sum(sum(weight(rows) for rows in batch_samples))

    def training_step(self, model: Any, inputs: list[Row], num_items_in_batch: Any = None) -> torch.Tensor:
        """Forward and backward over all rows of the step; after an out of memory again, in smaller pieces."""
        model.train()
        while True:
            chance = torch.random.get_rng_state()
            try:
                loss = self._forward_backward(model, inputs, num_items_in_batch)
                self.tokens_read += sum(len(row["input_ids"]) for row in inputs)
                return loss
            except (RuntimeError, MemoryError) as error:
                # Of several processes the others would wait for this one's gradients: the parent begins again.
                if not is_out_of_memory(error) or self.together.processes > 1 or not self.memory.shrink(inputs):
                    raise
                why = str(error).splitlines()[0] if str(error) else "out of memory"
            self.memory.note(self.state.global_step, why)
            torch.random.set_rng_state(chance)
            model.zero_grad()
            if self.memory.activation_checkpointing:
                self._keep_fewer_activations()

    def _forward_backward(self, model: Any, rows: list[Row], learned: float) -> torch.Tensor:
        total = torch.zeros((), device=self.args.device)
        # A process that the last step leaves without rows still takes part in the exchange of gradients.
        empty = [{"input_ids": [0, 0], "labels": [-100, -100], "weights": [0.0, 0.0]}]
        groups = micro_batches(rows, self.memory.conversations, self.memory.tokens) or [empty]
        for place, group in enumerate(groups):
            last = place == len(groups) - 1
            with self.together.exchanging(self.accelerator, model, last):
                loss = self._loss(model, collate(group)) / (learned or 1.0)  # of a step whose turns all weigh nothing
                # Gradients are averaged over the processes where the loss is a sum over them.
                self.accelerator.backward(loss * self.together.processes)
            total += loss.detach()
        # The same in all processes, so that they skip the same steps and go on with the same sum.
        total = self.together.total(total)
        self.finite = bool(torch.isfinite(total))
        # Such a step is counted as skipped; the mean of the others stays readable.
        return total if self.finite else torch.zeros_like(total)

    def _loss(self, model: Any, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        ids, labels = batch["input_ids"].to(self.args.device), batch["labels"].to(self.args.device)
        with computing(self.model, self.dtype, ids.shape[1]):
            losses, rows, columns = token_losses(model, ids, labels, self.args.label_smoothing_factor)
        return (losses * batch["weights"].to(losses.device)[rows, columns]).sum()

    def _clip_grad_norm(self, model: Any) -> torch.Tensor:
        """The length of the gradient; one that is no number is thrown away, so that the step changes nothing."""
        norm = super()._clip_grad_norm(model)
        if self.finite and bool(torch.isfinite(norm)):
            self.skipped_in_a_row = 0
            return norm
        self.skipped += 1
        self.skipped_in_a_row += 1
        self.memory.event(self.state.global_step + 1, "loss or gradient was no number", "step skipped")
        if self.skipped_in_a_row >= SKIPS:
            raise NotFinite(
                f"The loss or its gradient was no number in {SKIPS} steps one after the other, the last of them "
                f"step {self.state.global_step + 1}. The adapter was left as it was before them."
            )
        model.zero_grad()
        return norm

    def floating_point_ops(self, inputs: Any) -> int:
        return 0  # estimated by transformers from shapes that a whole step does not have

    def _keep_fewer_activations(self) -> None:
        self.model.activation_checkpointing_enable(activation_checkpointing_kwargs={"use_reentrant": False})
        self.model.enable_input_require_grads()

    # --- validation -----------------------------------------------------------------------------------------------

    def evaluate(self, *_: Any, metric_key_prefix: str = "eval", **__: Any) -> dict[str, float]:
        """Loss per learned token over the whole validation split, not a mean of batch means."""
        metrics = {f"{metric_key_prefix}_loss": self.validation_loss(self.eval_dataset)}
        self.log(metrics)
        self.control = self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
        return metrics

    def validation_loss(self, rows: Sequence[Row]) -> float:
        """Each process measures its share of the rows."""
        started = time.perf_counter()
        mine = rows[self.together.rank :: self.together.processes]
        self.model.eval()
        with computing(self.model, self.dtype):
            scored = models.negative_log_likelihood(
                self.model, [(row["input_ids"], row["labels"]) for row in mine], self.memory.conversations
            )
        nll = self.together.sum(sum(nll for nll, _ in scored))
        loss = nll / max(1.0, self.together.sum(sum(count for _, count in scored)))
        self.validating_seconds += time.perf_counter() - started
        return loss

    def _determine_best_metric(self, metrics: dict[str, float], trial: Any) -> bool:
        best = super()._determine_best_metric(metrics, trial)
        # The best is kept wherever it falls; before the first step there is nothing to keep.
        self.control.should_save |= best and self.state.global_step > 0
        return best

    # --- checkpoints ----------------------------------------------------------------------------------------------

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        folder, step = Path(self.args.output_dir), self.state.global_step
        best = [self.state.best_global_step] if self.state.best_global_step else []

        def fill(temporary: Path) -> None:
            self.args.output_dir = str(temporary)
            try:
                super(PersonaTrainer, self)._save_checkpoint(model, trial)
            finally:
                self.args.output_dir = str(folder)
            self.together.wait()
            if self.together.leads:
                inner = temporary / f"checkpoint-{step}"
                for path in inner.iterdir():
                    path.rename(temporary / path.name)
                inner.rmdir()
                write_json(temporary / PROGRESS, self._progress_so_far())
                self.state.best_model_checkpoint = None  # a folder of this machine, which transformers finds anew
                self.state.save_to_json(str(temporary / TRAINER_STATE_NAME))

        started = time.perf_counter()
        if wrong := self.together.write(folder, step, fill, self.made_of, best):
            what = f"checkpoint-{step} {wrong}, right after it was written: the disk may be failing"
            self.memory.event(step, what, "kept the older ones")
        self.saving_seconds += time.perf_counter() - started

    def _save(self, output_dir: str | None = None, state_dict: Any = None) -> None:
        folder = Path(output_dir or self.args.output_dir)
        folder.mkdir(parents=True, exist_ok=True)
        if not all(bool(torch.isfinite(weights).all()) for weights in trained_weights(self.model).values()):
            raise NotFinite(f"The weights are no numbers any more after step {self.state.global_step}.")
        save_weights(self.model, folder)

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: Any = None) -> None:
        load_weights(self.model, Path(resume_from_checkpoint))
        self.progress = read_json(Path(resume_from_checkpoint) / PROGRESS)

    def _progress_so_far(self) -> dict[str, Any]:
        """What transformers does not keep: losses not yet told, and whether this was to be the last step."""
        return {
            "loss_not_told": float(self._tr_loss),
            "loss_told": self._total_loss_scalar,
            "last_told_step": self._globalstep_last_logged,
            "skipped": self.skipped,
            "skipped_in_a_row": self.skipped_in_a_row,
            "ended": self.ended,
            "over": self.control.should_training_stop,
        }

    def go_on_as_before(self) -> None:
        """Count and tell as if the training had never been interrupted; after `_load_from_checkpoint`."""
        self._tr_loss += self.progress["loss_not_told"]
        self._total_loss_scalar, self._initial_global_step = self.progress["loss_told"], 0
        self._globalstep_last_logged = self.progress["last_told_step"]
        self.skipped, self.skipped_in_a_row = self.progress["skipped"], self.progress["skipped_in_a_row"]
        self.ended = self.progress["ended"]

    def _run_epoch(self, *args: Any, **kwargs: Any) -> None:
        """transformers would make one more step when its checkpoint was of the last one."""
        if self.progress.get("over"):
            self.control.should_training_stop = True
        else:
            super()._run_epoch(*args, **kwargs)

    def load_best(self) -> int:
        """Take the weights of the best checkpoint; returns its step. The last ones stay where it is not whole."""
        step = self.state.best_global_step
        best = Path(self.args.output_dir) / f"checkpoint-{step}"
        if not step:
            return self.state.global_step
        if wrong := checkpoints.problem(best):
            self.memory.event(
                self.state.global_step, f"{best.name}, the best, {wrong}", "kept the last weights instead"
            )
            return self.state.global_step
        load_weights(self.model, best)
        return step
