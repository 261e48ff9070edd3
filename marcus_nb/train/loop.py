"""The training from beginning to end, in the child process: PEFT on transformers' Trainer."""

import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import torch
from transformers import EarlyStoppingCallback, PrinterCallback, TrainingArguments, set_seed

from marcus_nb import models
from marcus_nb.launcher import to_type
from marcus_nb.parameters import Train
from marcus_nb.renaming import replace
from marcus_nb.runs import DRAFT, Run, Stage, read_json, sha256, write_json
from marcus_nb.train import at_work, checkpoints, trackers
from marcus_nb.train.batches import Row
from marcus_nb.train.data import Split, TrainError, check_context, load_splits, pace, plan
from marcus_nb.train.launch import command
from marcus_nb.train.memory import Memory
from marcus_nb.train.method import compile_layers, computing, prepare, save_weights
from marcus_nb.train.precision import precision
from marcus_nb.train.reporter import Reporter, peak_memory
from marcus_nb.train.together import Together
from marcus_nb.train.trainer import PersonaTrainer

__all__ = ["Ready", "computing", "get_ready", "make_trainer", "run_training"]


@dataclass
class Ready:
    """Everything a training needs, loaded: what the preflight and the training share."""

    stage: Stage
    base: models.Base
    tokenizer: Any
    splits: dict[str, Split]
    amount: dict[str, int]
    model: Any
    dtype: torch.dtype
    dtype_reason: str
    memory: Memory
    together: Together
    loading_seconds: float

    @property
    def parameters(self) -> Train:
        return self.stage.parameters.train


def get_ready(run: Run) -> Ready:
    """Load data, tokenizer and base model of a run whose 03_train is at work. Raises TrainError, ModelError."""
    shared, parameters = run.parameters.shared, run.parameters.train
    stage, together = Stage("train", run), Together(parameters.processes)
    if parameters.threads:  # else as many as torch takes by itself, or as OMP_NUM_THREADS says
        torch.set_num_threads(parameters.threads)
    trackers.set_up(parameters.report_to, stage.folder / "tracking")
    set_seed(shared.seed)
    torch.use_deterministic_algorithms(True, warn_only=True)
    base = models.find_base(shared.base_model)
    tokenizer = models.load_tokenizer(base)
    splits = load_splits(run.folder / "clean", tokenizer, shared.system_prompt, shared.max_length)
    amount = plan(splits["train"], parameters)
    dtype, why = together.led(lambda: precision(stage))
    model = prepare(base, parameters, dtype)
    if parameters.torch_compile:
        compile_layers(model)
    check_context(splits, getattr(model.config, "max_position_embeddings", None))
    memory = Memory(stage.folder, parameters, together.leads)
    seconds = time.time() - psutil.Process().create_time()  # Python's own start and all imports are waited for, too
    return Ready(stage, base, tokenizer, splits, amount, model, dtype, why, memory, together, seconds)


def run_training(run: Run) -> None:
    """Train a run whose 03_train is at work, going on from its newest whole checkpoint when there is one.

    Everything it has to say goes into `train/`. Raises TrainError when a checkpoint was made of something else, Paused
    when asked to leave, NotFinite.
    """
    started = time.perf_counter()
    ready = get_ready(run)
    stage, together = ready.stage, ready.together
    made_of = what_it_is_made_of(ready)
    checkpoint = together.led(lambda: _checkpoint_to_go_on_from(ready, made_of))
    resumed_from = checkpoints.step_of(checkpoint) if checkpoint else 0
    reporter = Reporter(stage, ready.tokenizer, resumed_from)
    trainer = make_trainer(ready, made_of, [reporter])
    reporter.trainer = trainer
    if together.rank:  # or dropout would leave out the same places in every process
        torch.manual_seed(trainer.args.seed + together.rank)
    if together.leads:
        at_work.settle(stage)
        _say_what_begins(ready, resumed_from)
    result = trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    training_seconds = time.perf_counter() - reporter.started - reporter.aside_seconds
    kept_step = trainer.load_best() if ready.parameters.load_best_model_at_end else trainer.state.global_step
    reporter.answer(1.0, trainer.state)
    speed, peak = reporter.tokens_per_second(trainer.state), together.held(peak_memory())
    if not together.leads:
        return
    _save_what_was_trained(ready)
    preflight = stage.folder / "preflight.json"
    write_json(
        stage.folder / "outcome.json",
        {
            "steps": trainer.state.global_step,
            "planned_steps": ready.amount["steps"],
            "ended": trainer.ended,
            "best_step": trainer.state.best_global_step,
            "validation_loss": trainer.state.best_metric,
            "kept_step": kept_step,
            "kept_validation_loss": reporter.validation[kept_step],
            "train_loss": result.training_loss,
            "tokens_per_second": round(speed, 1),
            "seconds": round(time.perf_counter() - started, 1),
            "loading_seconds": round(ready.loading_seconds, 1),
            "training_seconds": round(training_seconds, 1),
            "aside_seconds": round(reporter.aside_seconds, 1),
            "peak_memory_gb": round(peak / 2**30, 2),
            "skipped_steps": trainer.skipped,
            "resumed_from": resumed_from,
            **facts(ready),
            "base_model": ready.base.record,
            "asked": made_of["parameter"],
            "plan": ready.amount,
            "turns_cut": {name: split.turns_cut for name, split in ready.splits.items()},
            "left_out": {name: split.left_out for name, split in ready.splits.items()},
            "preflight": read_json(preflight) if preflight.is_file() else None,
        },
    )
    stage.log("adapter written" if ready.parameters.method != "full" else "model written")


def facts(ready: Ready) -> dict[str, Any]:
    """How a training is done here: what preflight.json and outcome.json both tell."""
    memory, run = ready.memory, ready.stage.run
    trained = sum(weights.numel() for weights in ready.model.parameters() if weights.requires_grad)
    return {
        "method": ready.parameters.method,
        "trainable_parameters": trained,
        "parameters": sum(weights.numel() for weights in ready.model.parameters()),
        "micro_batch": {"conversations": memory.conversations, "tokens": memory.tokens},
        "activation_checkpointing": memory.activation_checkpointing,
        "dtype": str(ready.dtype).removeprefix("torch."),
        "dtype_reason": ready.dtype_reason,
        "device": str(models.device()),
        "threads": torch.get_num_threads(),
        "processes": ready.together.processes,
        "command": ["python", *command(run.experiment, run.name, ready.parameters.processes)[1:]],
    }


def what_it_is_made_of(ready: Ready) -> dict[str, Any]:
    """What decides how a training comes out: a checkpoint is of use only to one that is made of the same."""
    run = ready.stage.run
    parameters = run.parameters.stage("train")
    del parameters["base_model"]  # may be a folder of this machine; what lies there counts, and is below
    return {
        "parameter": parameters,
        "data": {f"{name}.jsonl": sha256(run.folder / "clean" / f"{name}.jsonl") for name in ("train", "validation")},
        "base model": ready.base.record,
    }


def make_trainer(ready: Ready, made_of: dict[str, Any], callbacks: list[Any]) -> PersonaTrainer:
    parameters, amount = ready.parameters, ready.amount
    eval_steps, save_steps = pace(parameters, amount["steps_per_epoch"])
    arguments = TrainingArguments(
        output_dir=str(ready.stage.folder / "checkpoints"),
        learning_rate=parameters.learning_rate,
        num_train_epochs=parameters.num_train_epochs,
        # transformers would go on past the epochs to reach its max_steps; here whichever comes first ends it.
        max_steps=amount["steps"] if parameters.max_steps else -1,
        per_device_train_batch_size=parameters.per_device_train_batch_size,
        gradient_accumulation_steps=1,  # a batch of our data loader is a whole step
        optim=parameters.optim,
        lr_scheduler_type=parameters.lr_scheduler_type,
        warmup_steps=parameters.warmup_steps,
        weight_decay=parameters.weight_decay,
        max_grad_norm=parameters.max_grad_norm,
        label_smoothing_factor=parameters.label_smoothing_factor,
        neftune_noise_alpha=parameters.neftune_noise_alpha or None,
        seed=ready.stage.parameters.shared.seed,
        eval_strategy="steps",
        eval_steps=eval_steps,
        save_strategy="steps",
        save_steps=save_steps,
        save_total_limit=None,  # ours: only what is whole replaces what was
        restore_callback_states_from_checkpoint=True,  # how often early stopping has waited already
        metric_for_best_model="eval_loss",
        greater_is_better=False,
        logging_steps=max(1, min(5, amount["steps"] // 10)),
        logging_nan_inf_filter=False,  # it would hide a diverged loss behind the running mean
        remove_unused_columns=False,
        dataloader_num_workers=0,
        dataloader_pin_memory=False,
        disable_tqdm=True,
        report_to=parameters.report_to or "none",
        ddp_backend="gloo" if models.device().type == "cpu" and ready.together.processes > 1 else None,
        ddp_find_unused_parameters=False,
        use_cpu=models.device().type == "cpu",
    )
    if arguments.n_gpu > 1:  # one process takes one GPU; transformers would deal our steps out to all
        arguments._n_gpu = 1
    trainer = PersonaTrainer(
        model=ready.model,
        args=arguments,
        train_dataset=rows(ready.splits["train"]),
        eval_dataset=rows(ready.splits["validation"]),
        dtype=ready.dtype,
        memory=ready.memory,
        together=ready.together,
        per_step=parameters.per_device_train_batch_size
        * parameters.gradient_accumulation_steps
        * ready.together.processes,
        made_of=made_of,
        callbacks=[*callbacks, EarlyStoppingCallback(parameters.early_stopping_patience)],
    )
    trainer.remove_callback(PrinterCallback)
    return trainer


def rows(split: Split) -> list[Row]:
    """A split as the trainer takes it: arrays in memory, which a step picks from by number."""
    return list(split.dataset.with_format("numpy", columns=["input_ids", "labels", "weights"]))


def _checkpoint_to_go_on_from(ready: Ready, made_of: dict[str, Any]) -> Path | None:
    folder, memory = ready.stage.folder / "checkpoints", ready.memory
    for left in folder.glob(".checkpoint-*.tmp"):  # of a process that was killed while it saved
        shutil.rmtree(left, ignore_errors=True)
    checkpoint, complaints = checkpoints.newest(folder)
    step = checkpoints.step_of(checkpoint) if checkpoint else 0
    different = checkpoints.differences(checkpoint, made_of) if checkpoint else []
    if different and ready.stage.run.name != DRAFT:
        raise TrainError(
            f"{checkpoint.name} was made of something else, so the training cannot go on from it:\n"
            + "".join(f"  {line}\n" for line in different)
            + f"Start a new run ({to_type(ready.stage.run.experiment, '--from', 'train')}), or undo the change."
        )
    if different:
        what = f"the checkpoint at step {step} was made of something else ({'; '.join(different)})"
        shutil.rmtree(folder)
        for name in ("metrics.jsonl", "replies.jsonl", "events.jsonl"):
            (ready.stage.folder / name).unlink(missing_ok=True)
        ready.stage.log(f"{what}: beginning anew")
        memory.event(0, what, "began anew")
        return None
    for complaint in complaints:
        did = f"going on from {checkpoint.name}" if checkpoint else "beginning anew: no other checkpoint is whole"
        memory.event(step, complaint, did)
        ready.stage.log(f"{complaint}; {did}")
    return checkpoint


def _say_what_begins(ready: Ready, resumed_from: int) -> None:
    log, amount = ready.stage.log, ready.amount
    log(
        f"base model {ready.base.name} in {str(ready.dtype).removeprefix('torch.')} ({ready.dtype_reason}), "
        f"{torch.get_num_threads()} threads"
    )
    log("{steps} steps over {conversations} conversations, {tokens:,} tokens a pass".format(**amount))
    if resumed_from:
        log(f"going on from the checkpoint at step {resumed_from}")
        ready.memory.event(resumed_from, f"resumed from the checkpoint at step {resumed_from}", "went on from there")


def _save_what_was_trained(ready: Ready) -> None:
    model, full = ready.model, ready.parameters.method == "full"
    folder = ready.stage.folder / ("model" if full else "adapter")
    temporary = folder.with_name(f"{folder.name}.tmp")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir()
    if full:
        save_weights(model, temporary)
    else:
        config = model.peft_config["default"]
        config.base_model_name_or_path = ready.base.name
        config.target_modules = sorted(config.target_modules)  # a set, in another order in every process
        model.save_pretrained(temporary, save_embedding_layers=False)
        (temporary / "README.md").unlink(missing_ok=True)  # PEFT's empty model card; ours is written by 04_evaluate
    shutil.rmtree(folder, ignore_errors=True)
    replace(temporary, folder)
