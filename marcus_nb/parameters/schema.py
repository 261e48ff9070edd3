"""Every parameter of the workbook, declared once: name, type, range, default, unit and meaning."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

STAGES = ("ingest", "clean", "train", "evaluate")


class _Strict(BaseModel):
    model_config = ConfigDict(
        extra="forbid", frozen=True, use_attribute_docstrings=True, allow_inf_nan=False, strict=True
    )


def _unit(unit: str, default: Any = ..., **limits: Any) -> Any:
    return Field(default, json_schema_extra={"unit": unit}, **limits)


class Source(_Strict):
    """What to read, and what its detection is to be overruled with; `chat.csv` alone means `{path: chat.csv}`."""

    path: str
    """A file, a folder, a .zip or .gz, or a pattern such as exports/*.csv; from the project's folder or absolute."""
    container: Literal["", "csv", "excel", "ods", "json", "jsonl", "yaml", "parquet", "transcript"] = ""
    """What kind of file it is; empty: recognised."""
    encoding: str = ""
    """Text encoding, such as cp1252; empty: recognised."""
    delimiter: str = ""
    """What separates the fields of a CSV file; empty: recognised."""
    sheet: str = ""
    """The one sheet of a workbook, or list of a JSON file, to read; empty: all."""
    header_row: int = Field(0, ge=-1)
    """Line of the column names, counted from 1; 0: recognised; -1: there is none, columns are `column 1` and so on."""
    shape: Literal[
        "", "pairs", "instruction", "preference", "messages", "sharegpt", "lines", "transcripts", "row_per_message"
    ] = ""
    """What the records mean; empty: recognised."""
    columns: dict[str, str] = {}
    """Which column plays which part: prompt, response, input, history, customer; or conversation, author, role, order,
    time, content."""
    persona_speaker: str = ""
    """Which author is the persona; empty: by role words, by the persona's name, else whoever answers."""
    gap_minutes: int = Field(0, ge=0)
    """A longer pause starts a new conversation; 0: 360 where the file does not tell conversations apart, else none."""

    @model_validator(mode="before")
    @classmethod
    def _path_alone(cls, data: Any) -> Any:
        return {"path": data} if isinstance(data, str) else data


class Probe(_Strict):
    """One question about a fact, in a wording that the data never uses."""

    question: str = Field(min_length=1)
    """What is asked."""
    must: list[str] = Field(min_length=1)
    """The answer is right when it contains at least one of these (case does not count) …"""
    must_not: list[str] = []
    """… and none of these."""


class Shared(_Strict):
    """What all stages share."""

    persona_name: str = Field(min_length=1, max_length=80)
    """The persona's name, as it signs."""
    persona_description: str = ""
    """Who the persona is and how it sounds, for people: shown in reports and on the model card, never trained on."""
    system_prompt: str
    """The system message of every conversation, in training, evaluation and the exported model; may be empty."""
    base_model: str = Field(min_length=1)
    """A hub id, a local folder or .gguf file, or package:NAME for a .gguf inside an installed Python package."""
    seed: int = _unit("", 42, ge=0, lt=2**32)
    """Where every random choice starts."""
    probes: list[Probe] = []
    """Questions about facts, each with what the answer must and must not contain; never trained on."""


class Ingest(_Strict):
    """01_ingest: which files are read."""

    sources: list[Source] = Field(min_length=1)
    """The files to read, each a path, or a path with what its detection is to be overruled with."""
    leading_persona_turns: Literal["set_aside", "keep"] = "set_aside"
    """What becomes of what the persona says before the customer's first message."""
    max_rejected_share: float = _unit("share", 0.2, ge=0, le=1)
    """With more of the records rejected the stage stops: a file may be taken for something it is not."""


class Clean(_Strict):
    """02_clean: the rules, in the order they run, and the split."""

    unicode_repair: bool = True
    """Repair text that was decoded wrongly (donâ€™t → don’t) and HTML entities; good text stays as it is."""
    whitespace: bool = True
    """One blank between words, none at the ends, at most one empty line; control characters removed."""
    redact: bool = True
    """Replace e-mail addresses and phone numbers by [EMAIL] and [PHONE]."""
    lowercase: bool = False
    """Turn everything to lower case; costs the persona its capitals, names included."""
    min_characters: int = _unit("characters", 2, ge=1)
    """Conversations with a shorter message are dropped."""
    max_characters: int = _unit("characters", 4000, ge=10)
    """Conversations with a longer message are dropped."""
    drop_duplicates: bool = True
    """Drop a conversation that says the same as an earlier one; case and spacing do not count."""
    validation_share: float = _unit("share", 0.12, gt=0, lt=0.5)
    """Share of customers whose conversations choose the best checkpoint."""
    test_share: float = _unit("share", 0.16, gt=0, lt=0.5)
    """Share of customers whose conversations are kept for the verdict."""
    max_similarity: float = _unit("Jaccard", 0.6, gt=0, le=1)
    """Training conversations whose question resembles a held-out question or a probe more than this are dropped."""

    @model_validator(mode="after")
    def _possible(self) -> "Clean":
        if self.min_characters > self.max_characters:
            raise ValueError(
                f"min_characters ({self.min_characters}) is above max_characters ({self.max_characters}): "
                "no message can be both"
            )
        return self


class Train(_Strict):
    """03_train: names as in transformers and PEFT."""

    learning_rate: float = _unit("", 1e-3, gt=0, lt=1)
    """How far one step moves the adapter; small models want more than the usual 2e-4."""
    num_train_epochs: int = _unit("epochs", 5, ge=1, le=1000)
    """How often every training conversation is seen."""
    max_steps: int = _unit("steps", 0, ge=0)
    """Stop after this many steps; 0: after the epochs."""
    per_device_train_batch_size: int = _unit("conversations", 8, ge=1)
    """Conversations in one micro-batch."""
    gradient_accumulation_steps: int = _unit("micro-batches", 1, ge=1)
    """Micro-batches in one step."""
    lr_scheduler_type: Literal["linear", "cosine", "constant", "constant_with_warmup"] = "linear"
    """How the learning rate falls."""
    warmup_steps: int = _unit("steps", 5, ge=0)
    """Steps until the full learning rate."""
    weight_decay: float = _unit("", 0.0, ge=0, lt=1)
    """Pull of the weights towards zero."""
    max_grad_norm: float = _unit("", 1.0, gt=0)
    """Longer gradients are cut to this."""
    lora_r: int = _unit("", 16, ge=1, le=1024)
    """Rank of the adapter: how much it can hold."""
    lora_alpha: int = _unit("", 32, ge=1)
    """Weight of the adapter: it is scaled by lora_alpha / lora_r."""
    lora_dropout: float = _unit("share", 0.0, ge=0, lt=1)
    """Share of the adapter's inputs that is left out at random in training."""
    max_length: int = _unit("tokens", 512, ge=16)
    """Longer conversations lose whole turns from the front; what cannot fit is left out, both are counted."""
    evals_per_epoch: int = _unit("times", 2, ge=1, le=100)
    """How often the validation loss is measured and a checkpoint kept."""
    early_stopping_patience: int = _unit("evaluations", 3, ge=1)
    """Stop after this many evaluations without a better validation loss."""
    load_best_model_at_end: bool = True
    """Keep the checkpoint with the best validation loss; off, the last one, which knows more facts by heart."""
    dtype: Literal["auto", "float32", "bfloat16"] = "auto"
    """Precision of the frozen base model; auto: bfloat16 where a short test shows that it is faster here."""
    fixed_prompts: list[str] = ["Who are you?", "Can you help me?", "Thank you!"]
    """Prompts that are answered before, during and after training, to watch the personality appear."""
    fixed_prompts_max_new_tokens: int = _unit("tokens", 40, ge=1)
    """Longest answer to a fixed prompt."""


class Evaluate(_Strict):
    """04_evaluate: what is asked of the merged model, and what the verdict needs."""

    contrast_sources: list[Source] = []
    """Another persona's files, as in ingest.sources; without them the base model's own replies stand in."""
    contrast_persona_name: str = ""
    """The other persona's name, by which its turns are found in those files."""
    max_new_tokens: int = _unit("tokens", 60, ge=1)
    """Longest reply the models may give."""
    side_by_side: int = _unit("conversations", 12, ge=1)
    """How many held-out conversations are answered by base and tuned model, side by side."""
    bootstrap_samples: int = _unit("samples", 4000, ge=100, le=1000000)
    """Resamples behind each interval."""
    confidence: float = _unit("share", 0.95, ge=0.5, lt=1)
    """Confidence of each interval."""
    min_test_conversations: int = _unit("conversations", 12, ge=2)
    """With fewer held-out conversations the verdict is inconclusive."""
    min_right_probes: float = _unit("share", 0.6, ge=0, le=1)
    """Share of the probes that the tuned model must answer right."""


SECTIONS: dict[str, type[BaseModel]] = {
    "shared": Shared,
    "ingest": Ingest,
    "clean": Clean,
    "train": Train,
    "evaluate": Evaluate,
}

# What a stage takes from `shared`: a shared parameter that a stage does not use must not make it run again.
SHARED_OF: dict[str, tuple[str, ...]] = {
    "ingest": ("persona_name",),
    "clean": ("probes",),
    "train": ("persona_name", "system_prompt", "base_model", "seed"),
    "evaluate": ("persona_name", "persona_description", "system_prompt", "base_model", "seed", "probes"),
}


def fields_of(stage: str) -> list[tuple[str, str]]:
    """The (section, parameter) pairs that a stage depends on: `[("shared", "probes"), ("clean", "redact"), …]`."""
    return [("shared", name) for name in SHARED_OF[stage]] + [(stage, name) for name in SECTIONS[stage].model_fields]
