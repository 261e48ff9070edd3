"""`python article.py RUN FOLDER WARM_UP`: every weight in float32, padded to 512, all of it learned."""

import sys
from pathlib import Path

from datasets import Dataset
from material import EXPERIMENT, chats
from timing import train_timed
from transformers import Trainer, TrainingArguments

from marcus_nb import models
from marcus_nb.runs import open_run, write_json

STEPS = 2  # that are timed: each takes most of a minute on two cores


def main(run_name: str, folder: Path, warm_up: int) -> None:
    run = open_run(EXPERIMENT, run_name)
    base = models.find_base(run.parameters.shared.base_model)
    tokenizer = models.load_tokenizer(base)

    def tokenize(row: dict[str, str]) -> dict[str, list[int]]:
        # Padding and customer are labels like all else: `labels = input_ids.copy()` is what such recipes write.
        read = tokenizer(row["text"], padding="max_length", truncation=True, max_length=512)
        return {**read, "labels": list(read["input_ids"])}

    texts = [{"text": tokenizer.apply_chat_template(chat, tokenize=False)} for chat in chats(run, "train")]
    trainer = Trainer(
        model=models.load_base(base),
        args=TrainingArguments(
            output_dir=str(folder / "trainer"),
            max_steps=warm_up + STEPS,
            seed=run.parameters.shared.seed,
            use_cpu=models.device().type == "cpu",
            logging_steps=1,
            save_strategy="no",
            report_to="none",
            disable_tqdm=True,
        ),
        train_dataset=Dataset.from_list(texts).map(tokenize, remove_columns="text"),
    )
    write_json(folder / "result.json", train_timed(trainer, warm_up))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
