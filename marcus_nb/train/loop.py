"""The training itself, in the child process: PEFT's LoRA on transformers' Trainer."""

import json
import math
import shutil
import sys
import time
from contextlib import AbstractContextManager, ExitStack, nullcontext
from pathlib import Path
from typing import Any

import psutil
import torch
from peft import LoraConfig, get_peft_model
from peft.helpers import disable_input_dtype_casting
from transformers import EarlyStoppingCallback, PrinterCallback, Trainer, TrainerCallback, TrainingArguments, set_seed

from marcus_nb import generate, models
from marcus_nb.conversation import write_jsonl
from marcus_nb.parameters import Train
from marcus_nb.runs import Run, Stage, write_json
from marcus_nb.train.batches import LengthGrouped, collate
from marcus_nb.train.data import check_context, load_splits, plan, reference_chats

SHARES = (0.0, 0.25, 0.5, 1.0)  # of the planned steps: when the fixed prompts are answered
STOP_FILE = "stop"  # its presence in the stage's folder asks the training to end after the current step


class NotFinite(ArithmeticError):
    """The loss is no number any more: the weights are lost, earlier checkpoints are not."""


def precision(model: Any, dtype: torch.dtype) -> AbstractContextManager:
    """Compute in `dtype` while the adapter's own weights stay float32.

    PEFT would cast every input of every adapter up and down instead, which costs more than bfloat16 gains:
    178 against 309 tokens/s measured on two cores (LOG.md).
    """
    if dtype == torch.float32:
        return nullcontext()
    stack = ExitStack()
    stack.enter_context(torch.autocast(models.device().type, dtype))
    stack.enter_context(disable_input_dtype_casting(model))
    return stack


class PersonaTrainer(Trainer):
    """Loss per learned token; the output layer sees only positions that carry loss."""

    def __init__(self, *args: Any, dtype: torch.dtype, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.dtype = dtype
        self.model_accepts_loss_kwargs = True  # the loss below divides by the whole step's learned tokens

    def _get_train_sampler(self, train_dataset: Any = None) -> LengthGrouped:
        lengths = [len(ids) for ids in self.train_dataset["input_ids"]]
        return LengthGrouped(lengths, self.args.per_device_train_batch_size, self.args.seed)

    def compute_loss(
        self, model: Any, inputs: dict, return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> torch.Tensor:
        with precision(model, self.dtype):
            losses, _ = models.token_losses(model, inputs["input_ids"], inputs["labels"])
        return losses.sum() / (len(losses) if num_items_in_batch is None else num_items_in_batch)

    def evaluate(self, *_: Any, metric_key_prefix: str = "eval", **__: Any) -> dict[str, float]:
        """Loss per learned token over the whole validation split, not a mean of batch means."""
        self.model.eval()
        items = list(zip(self.eval_dataset["input_ids"], self.eval_dataset["labels"], strict=True))
        with precision(self.model, self.dtype):
            scored = models.negative_log_likelihood(self.model, items)
        metrics = {f"{metric_key_prefix}_loss": sum(nll for nll, _ in scored) / sum(count for _, count in scored)}
        self.log(metrics)
        self.control = self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
        return metrics


class Reporter(TrainerCallback):
    """Writes what happens: metrics.jsonl for machines, log.txt for people, the fixed prompts' replies."""

    def __init__(self, stage: Stage, tokenizer: Any, tokens_per_epoch: int, dtype: torch.dtype) -> None:
        self.stage, self.tokenizer, self.tokens_per_epoch, self.dtype = stage, tokenizer, tokens_per_epoch, dtype
        self.metrics = stage.folder / "metrics.jsonl"
        self.metrics.write_text("", encoding="utf-8")
        self.replies: list[dict[str, Any]] = []
        self.validation: dict[int, float] = {}  # loss by step
        self.started = time.perf_counter()
        self.aside = 0.0  # seconds spent on answering and validating, which are not training speed

    def on_train_begin(self, args: Any, state: Any, control: Any, model: Any = None, **_: Any) -> None:
        self._answer(0.0, state, model)
        self.started, self.aside = time.perf_counter(), 0.0

    def on_step_end(self, args: Any, state: Any, control: Any, model: Any = None, **_: Any) -> None:
        for share in SHARES[1:-1]:
            if state.global_step == max(1, round(share * state.max_steps)):
                self._answer(share, state, model)
        asked_to_stop = (self.stage.folder / STOP_FILE).exists()
        if asked_to_stop:
            self.stage.log("asked to stop: ending after this step")
            control.should_training_stop = True
        if asked_to_stop or state.global_step >= state.max_steps:
            # The last step competes for the best checkpoint too, wherever it falls.
            control.should_evaluate = control.should_save = True

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:
        row: dict[str, Any] = {"step": state.global_step, "epoch": round(state.epoch or 0, 3)}
        seconds = time.perf_counter() - self.started - self.aside
        if "eval_loss" in logs:
            if not math.isfinite(logs["eval_loss"]):
                raise NotFinite(f"validation loss {logs['eval_loss']} at step {state.global_step}")
            row["validation_loss"] = self.validation[state.global_step] = logs["eval_loss"]
            when = f"step {state.global_step}/{state.max_steps}" if state.global_step else "before the first step"
            self.stage.log(f"{when}: validation loss {logs['eval_loss']:.3f}")
        elif "loss" in logs:
            speed = state.epoch * self.tokens_per_epoch / seconds
            left = (state.max_steps - state.global_step) * seconds / state.global_step
            row |= {
                "loss": logs["loss"],
                "learning_rate": logs["learning_rate"],
                "grad_norm": logs["grad_norm"],
                "tokens_per_second": round(speed, 1),
                "seconds": round(seconds, 1),
            }
            self.stage.log(
                f"step {state.global_step}/{state.max_steps}: loss {logs['loss']:.3f}, "
                f"{speed:.0f} tokens/s, about {left / 60:.1f} min left"
            )
            if not (math.isfinite(logs["loss"]) and math.isfinite(logs["grad_norm"])):
                raise NotFinite(f"loss {logs['loss']}, gradient {logs['grad_norm']} at step {state.global_step}")
        else:
            return
        with self.metrics.open("a", encoding="utf-8", newline="\n") as file:
            file.write(json.dumps(row) + "\n")

    def final(self, state: Any, model: Any) -> None:
        self._answer(1.0, state, model)

    def _answer(self, share: float, state: Any, model: Any) -> None:
        start = time.perf_counter()
        parameters, shared = self.stage.parameters.train, self.stage.parameters.shared
        model.eval()
        chats = reference_chats(parameters.fixed_prompts, shared.system_prompt)
        with precision(model, self.dtype):
            answers = generate.replies(model, self.tokenizer, chats, parameters.fixed_prompts_max_new_tokens)
        model.train()
        self.replies += [
            {"share": share, "step": state.global_step, "prompt": prompt, "reply": reply}
            for prompt, reply in zip(parameters.fixed_prompts, answers, strict=True)
        ]
        write_jsonl(self.stage.folder / "replies.jsonl", self.replies)
        self.aside += time.perf_counter() - start


def run_training(run: Run) -> None:
    """Train the adapter of a run whose 03_train is at work; everything it has to say goes into `train/`."""
    stage = Stage("train", run)
    shared, parameters = run.parameters.shared, run.parameters.train
    started = time.perf_counter()
    set_seed(shared.seed)
    torch.use_deterministic_algorithms(True, warn_only=True)
    base = models.find_base(shared.base_model)
    tokenizer = models.load_tokenizer(base)
    splits = load_splits(run.folder / "clean", tokenizer, shared.system_prompt, shared.max_length)
    amount = plan(splits["train"], parameters)
    dtype, why = models.pick_dtype(parameters.dtype)
    precision = str(dtype).removeprefix("torch.")
    stage.log(f"base model {base.name} in {precision} ({why}), {torch.get_num_threads()} threads")
    config = LoraConfig(
        task_type="CAUSAL_LM",
        r=parameters.lora_r,
        lora_alpha=parameters.lora_alpha,
        lora_dropout=parameters.lora_dropout,
        target_modules="all-linear",
    )
    model = get_peft_model(models.load_base(base, dtype).to(models.device()), config)
    check_context(splits, getattr(model.config, "max_position_embeddings", None))
    reporter = Reporter(stage, tokenizer, splits["train"].tokens, dtype)
    checkpoints = stage.folder / "checkpoints"
    shutil.rmtree(checkpoints, ignore_errors=True)
    trainer = PersonaTrainer(
        model=model,
        args=_arguments(parameters, shared.seed, checkpoints, amount),
        train_dataset=splits["train"].dataset,
        eval_dataset=splits["validation"].dataset,
        data_collator=collate,
        dtype=dtype,
        callbacks=[reporter, EarlyStoppingCallback(parameters.early_stopping_patience)],
    )
    trainer.remove_callback(PrinterCallback)
    stage.log("{steps} steps over {conversations} conversations, {tokens:,} tokens a pass".format(**amount))
    trainer.evaluate()  # before the first step, so that the curve begins at the base model
    result = trainer.train()
    reporter.final(trainer.state, model)
    _save_adapter(model, base.name, stage.folder / "adapter")
    seconds = time.perf_counter() - reporter.started - reporter.aside
    kept_step = _best_step(trainer) if parameters.load_best_model_at_end else trainer.state.global_step
    write_json(
        stage.folder / "outcome.json",
        {
            "steps": trainer.state.global_step,
            "planned_steps": amount["steps"],
            "best_step": _best_step(trainer),
            "validation_loss": trainer.state.best_metric,
            "kept_step": kept_step,
            "kept_validation_loss": reporter.validation[kept_step],
            "train_loss": result.training_loss,
            "tokens_per_second": round(trainer.state.epoch * splits["train"].tokens / seconds, 1),
            "seconds": round(time.perf_counter() - started, 1),
            "peak_memory_gb": round(peak_memory() / 2**30, 2),
            "trainable_parameters": sum(p.numel() for p in model.parameters() if p.requires_grad),
            "dtype": precision,
            "dtype_reason": why,
            "device": str(models.device()),
            "threads": torch.get_num_threads(),
            "base_model": base.record,
            "plan": amount,
            "turns_cut": {name: split.turns_cut for name, split in splits.items()},
            "left_out": {name: split.left_out for name, split in splits.items()},
        },
    )
    stage.log("adapter written")


def _arguments(parameters: Train, seed: int, checkpoints: Path, amount: dict[str, int]) -> TrainingArguments:
    cadence = max(1, amount["steps_per_epoch"] // parameters.evals_per_epoch)
    return TrainingArguments(
        output_dir=str(checkpoints),
        learning_rate=parameters.learning_rate,
        num_train_epochs=parameters.num_train_epochs,
        # transformers would go on past the epochs to reach its max_steps; here whichever comes first ends it.
        max_steps=amount["steps"] if parameters.max_steps else -1,
        per_device_train_batch_size=parameters.per_device_train_batch_size,
        gradient_accumulation_steps=parameters.gradient_accumulation_steps,
        lr_scheduler_type=parameters.lr_scheduler_type,
        warmup_steps=parameters.warmup_steps,
        weight_decay=parameters.weight_decay,
        max_grad_norm=parameters.max_grad_norm,
        seed=seed,
        eval_strategy="steps",
        eval_steps=cadence,
        save_strategy="steps",
        save_steps=cadence,
        save_total_limit=2,
        load_best_model_at_end=parameters.load_best_model_at_end,
        metric_for_best_model="eval_loss",
        greater_is_better=False,
        logging_steps=max(1, min(5, amount["steps"] // 10)),
        logging_nan_inf_filter=False,  # it would hide a diverged loss behind the running mean
        remove_unused_columns=False,
        dataloader_num_workers=0,
        dataloader_pin_memory=torch.cuda.is_available(),
        disable_tqdm=True,
        report_to="none",
        use_cpu=models.device().type == "cpu",
    )


def _best_step(trainer: Trainer) -> int:
    best = trainer.state.best_model_checkpoint
    return int(best.rpartition("-")[2]) if best else trainer.state.global_step


def _save_adapter(model: Any, base_name: str, folder: Path) -> None:
    temporary = folder.with_name("adapter.tmp")
    shutil.rmtree(temporary, ignore_errors=True)
    model.peft_config["default"].base_model_name_or_path = base_name
    model.save_pretrained(temporary, save_embedding_layers=False)
    (temporary / "README.md").unlink(missing_ok=True)  # PEFT's empty model card; ours is written by 04_evaluate
    shutil.rmtree(folder, ignore_errors=True)
    temporary.rename(folder)


def peak_memory() -> int:
    """The most memory this process has held so far, in bytes."""
    if sys.platform == "win32":
        return psutil.Process().memory_info().peak_wset
    import resource  # not there on Windows

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
