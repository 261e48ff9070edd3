"""A run's conversations through TRL's `SFTTrainer`; `trl_default.py` and `trl_tuned.py` say with what settings."""

from pathlib import Path
from typing import Any

from datasets import Dataset
from material import EXPERIMENT, chats, fingerprint, lora
from timing import train_timed
from transformers import set_seed
from trl import SFTConfig, SFTTrainer

from marcus_nb import models
from marcus_nb.runs import open_run, write_json


def train(run_name: str, folder: Path, warm_up: int, template: str | None = None, **settings: Any) -> None:
    """Train the run's adapter; `result.json` and `adapter/` go into `folder`.

    What is given besides `settings` is the run's own (learning rate, schedule, seed, epochs) or keeps files, reports
    and evaluations out of the timed part; all else is TRL's default, its batch size of 8 among them.
    """
    run = open_run(EXPERIMENT, run_name)
    chosen, seed = run.parameters.train, run.parameters.shared.seed
    base = models.find_base(run.parameters.shared.base_model)
    tokenizer = models.load_tokenizer(base)
    if template is not None:
        tokenizer.chat_template = template
    set_seed(seed)  # the trainer makes the adapter before it sets the seed
    trainer = SFTTrainer(
        model=models.load_base(base),  # in float32, as TRL loads a model named by its path
        args=SFTConfig(
            output_dir=str(folder / "trainer"),
            learning_rate=chosen.learning_rate,
            lr_scheduler_type=chosen.lr_scheduler_type,
            warmup_steps=chosen.warmup_steps,
            weight_decay=chosen.weight_decay,
            max_grad_norm=chosen.max_grad_norm,
            num_train_epochs=chosen.num_train_epochs,
            seed=seed,
            use_cpu=models.device().type == "cpu",
            eval_strategy="no",
            save_strategy="no",
            report_to="none",
            disable_tqdm=True,
            **settings,
        ),
        train_dataset=Dataset.from_list([{"messages": chat} for chat in chats(run, "train")]),
        processing_class=tokenizer,
        peft_config=lora(run),
    )
    prepared = trainer.train_dataset
    result = train_timed(trainer, warm_up)
    result["fingerprint"] = fingerprint(zip(prepared["input_ids"], prepared["labels"], strict=True))
    result["settings"] = {
        name: getattr(trainer.args, name)
        for name in ("bf16", "gradient_checkpointing", "per_device_train_batch_size", "train_sampling_strategy")
    }
    trainer.model.save_pretrained(folder / "adapter", save_embedding_layers=False)
    write_json(folder / "result.json", result)
