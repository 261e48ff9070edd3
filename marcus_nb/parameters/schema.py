"""Every parameter of the workbook, declared once: name, type, range, default, unit and meaning."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

PersonalKind = Literal[
    "email",
    "phone",
    "card",
    "iban",
    "national_id",
    "ip_address",
    "mac_address",
    "url",
    "secret",
    "postal_address",
    "name",
]
# Below these, trials with the example's data and base model had not yet learned most of it (LOG.md, "Train").
FEW_CONVERSATIONS, FEW_STEPS = 50, 30
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
    max_length: int = _unit("tokens", 512, ge=16)
    """Longer conversations lose whole turns from the front; what cannot fit even so is dropped; both are counted."""
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

    by_hand: str = ""
    """A file of single conversations dropped, kept or corrected by hand, beside the YAML; empty: none."""
    unicode_repair: bool = True
    """Repair text that was decoded wrongly (donâ€™t → don’t) and HTML entities (&amp;); good text stays as it is."""
    html_to_text: bool = True
    """Turn HTML into text: tags go, lines, lists and the addresses of links stay."""
    invisible_characters: bool = True
    """Remove control and zero-width characters and those that turn the direction of writing."""
    unicode_nfc: bool = True
    """Write letters and their accents as one character (NFC), so that equal words are equal."""
    whitespace: bool = True
    """One blank between words, none at the ends, at most one empty line; indentation and code stay."""
    email_quotes: bool = True
    """Remove what an e-mail quotes of earlier ones, with its headers."""
    disclaimers: bool = True
    """Remove the legal notes at the end of e-mails."""
    email_signatures: bool = True
    """Remove the contact block below an e-mail's closing words, and "sent from my phone"; the closing words stay."""
    system_lines: bool = True
    """Remove messages of the software itself, such as "Conversation closed" and "Assigned to Ana"."""
    extra_system_lines: list[str] = []
    """Further messages of the software or of bots to remove, whole; * stands for anything: Ticket * was merged."""
    media_placeholders: bool = True
    """Remove placeholders of pictures and files ("<Media omitted>"), with replies to nothing else."""
    max_canned_share: float = _unit("share", 1.0, gt=0, le=1)
    """A whole opening or closing sentence of the persona in more than this share of its conversations is removed; 1:
    none is, only named, since a catchphrase is what the persona is made of."""
    special_tokens: bool = True
    """Break up what a chat template takes for the edge of a turn (<|im_end|> → < |im_end|>), which forges turns."""
    redact: bool = True
    """Replace personal data by placeholders, numbered in each conversation: [EMAIL_1], [PHONE_1]."""
    redact_policy: dict[PersonalKind, Literal["replace", "drop", "keep"]] = {}
    """What becomes of a kind: replace (kinds not named here), drop the conversation, or keep. Kinds: email, phone,
    card, iban, national_id, ip_address, mac_address, url, secret, postal_address, name."""
    redact_allow: list[str] = []
    """The business's own public contacts, which the persona must know: addresses, numbers, names, @domains."""
    redact_regions: list[Annotated[str, StringConstraints(pattern="^[A-Z]{2}$")]] = ["ES", "GB", "US"]
    """Countries whose phone numbers and national ids are looked for, two letters each."""
    placeholder_language: Literal["en", "es"] = "en"
    """Language of the placeholders: [EMAIL_1] or [CORREO_1]."""
    lowercase: bool = False
    """Turn everything to lower case; costs the persona its capitals, names included."""
    join_turns: bool = True
    """Make messages of the same side in a row one turn: many chat templates accept nothing else."""
    drop_one_sided: bool = True
    """Drop conversations in which the customer or the persona says nothing."""
    min_characters: int = _unit("characters", 1, ge=1)
    """Conversations with a shorter message are dropped."""
    max_characters: int = _unit("characters", 4000, ge=10)
    """Conversations with a longer message are dropped."""
    drop_wrong_language: bool = True
    """Drop conversations whose replies are in a language that is not the persona's; short ones are left alone."""
    languages: list[str] = []
    """The persona's languages, such as es and en; empty: those of at least min_language_share of the conversations."""
    min_language_share: float = _unit("share", 0.02, gt=0, le=0.5)
    """A language of fewer of the conversations is not the persona's, unless `languages` names it."""
    drop_duplicates: bool = True
    """Of conversations that say the same, keep the best; case, spacing and punctuation do not count."""
    near_duplicate_similarity: float = _unit("Jaccard", 0.5, gt=0, le=1)
    """Of conversations more alike than this, which differ in no number, name or word that matters, keep the best; 1:
    only those that say the same."""
    max_same_reply: int = _unit("conversations", 20, ge=1)
    """At most so many conversations may have the same reply; a canned one seen 500 times becomes the personality."""
    split_by: Literal["customer", "time"] = "customer"
    """Who is held out: customers by a hash of their name, which new data does not move, or the newest conversations."""
    validation_share: float = _unit("share", 0.12, gt=0, lt=0.5)
    """Share of customers whose conversations choose the best checkpoint."""
    test_share: float = _unit("share", 0.16, gt=0, lt=0.5)
    """Share of customers whose conversations are kept for the verdict."""
    max_similarity: float = _unit("Jaccard", 0.6, gt=0, le=1)
    """Training conversations whose question resembles a held-out question or a probe more than this are dropped; where
    three customers ask the same, such as "How are you?", the reply is compared."""

    @model_validator(mode="after")
    def _possible(self) -> "Clean":
        for line in self.extra_system_lines:
            if not any(character.isalnum() for character in line):
                raise ValueError(f"extra_system_lines: {line!r} would match everything: write some of the words")
        if self.min_characters > self.max_characters:
            raise ValueError(
                f"min_characters ({self.min_characters}) is above max_characters ({self.max_characters}): "
                "no message can be both"
            )
        return self


class Train(_Strict):
    """03_train: names as in transformers and PEFT."""

    method: Literal["lora", "qlora", "full"] = "lora"
    """What is trained: lora, a small adapter; qlora, the same on a base model in 4 bits (CUDA); full, every weight."""
    learning_rate: float = _unit("", 1e-3, gt=0, lt=1)
    """How far one step moves the adapter; small models want more than the usual 2e-4, full training a tenth of it."""
    num_train_epochs: int = _unit("epochs", 5, ge=1, le=1000)
    """How often every training conversation is seen."""
    max_steps: int = _unit("steps", 0, ge=0)
    """Stop after this many steps; 0: after the epochs."""
    per_device_train_batch_size: int = _unit("conversations", 8, ge=1)
    """Conversations in one micro-batch, at most."""
    gradient_accumulation_steps: int = _unit("micro-batches", 1, ge=1)
    """Micro-batches in one step: it is this many times per_device_train_batch_size conversations, of each process."""
    max_tokens_per_micro_batch: int = _unit("tokens", 1024, ge=16)
    """A micro-batch of long conversations is split into more, for memory's sake; the step stays the same."""
    optim: Literal["adamw_torch", "adamw_torch_fused", "adafactor", "adagrad", "rmsprop", "sgd"] = "adamw_torch_fused"
    """The optimizer."""
    lr_scheduler_type: Literal["linear", "cosine", "inverse_sqrt", "constant", "constant_with_warmup"] = "linear"
    """How the learning rate falls."""
    warmup_steps: float = _unit("steps", 0.05, ge=0)
    """Steps until the full learning rate; below 1: a share of all steps."""
    weight_decay: float = _unit("", 0.0, ge=0, lt=1)
    """Pull of the weights towards zero."""
    max_grad_norm: float = _unit("", 1.0, gt=0)
    """Longer gradients are cut to this."""
    label_smoothing_factor: float = _unit("share", 0.0, ge=0, lt=1)
    """Share of the certainty that is spread over all other tokens; a persona's exact words want none."""
    neftune_noise_alpha: float = _unit("", 0.0, ge=0)
    """Noise on the embeddings in training (arXiv 2310.05914), 5 is usual; 0: none."""
    lora_r: int = _unit("", 16, ge=1, le=1024)
    """Rank of the adapter: how much it can hold."""
    lora_alpha: int = _unit("", 32, ge=1)
    """Weight of the adapter: it is scaled by lora_alpha / lora_r."""
    lora_dropout: float = _unit("share", 0.0, ge=0, lt=1)
    """Share of the adapter's inputs that is left out at random in training."""
    target_modules: list[str] = Field(["all-linear"], min_length=1)
    """Layers that get an adapter: [all-linear], or the ends of their names, such as [q_proj, v_proj]."""
    use_rslora: bool = False
    """Scale the adapter by lora_alpha / the root of lora_r, which high ranks want (arXiv 2312.03732)."""
    evals_per_epoch: int = _unit("times", 2, ge=1, le=100)
    """How often the validation loss is measured, where neither eval_steps nor eval_minutes says."""
    eval_steps: int = _unit("steps", 0, ge=0)
    """Measure the validation loss every so many steps; 0: evals_per_epoch times an epoch."""
    eval_minutes: float = _unit("minutes", 0.0, ge=0)
    """Measure the validation loss when so many minutes have passed, besides; 0: by steps alone."""
    save_steps: int = _unit("steps", 0, ge=0)
    """Keep a checkpoint every so many steps; 0: at each evaluation. Each new best is kept anyway."""
    save_minutes: float = _unit("minutes", 10.0, ge=0)
    """Keep a checkpoint when so many minutes have passed since the last one, besides; 0: by steps alone."""
    early_stopping_patience: int = _unit("evaluations", 3, ge=1)
    """Stop after this many evaluations without a better validation loss."""
    load_best_model_at_end: bool = True
    """Keep the checkpoint with the best validation loss; off, the last one, which knows more facts by heart."""
    dtype: Literal["auto", "float32", "bfloat16"] = "auto"
    """Precision of the computation; auto: bfloat16 where a short test shows that it is faster here."""
    activation_checkpointing: bool = False
    """Compute activations twice instead of keeping them: less memory, a third slower; switched on when memory ends."""
    torch_compile: bool = False
    """Compile the model first, which takes minutes: pays on a GPU and in trainings of hours."""
    threads: int = _unit("threads", 0, ge=0, le=1024)
    """Threads of each process; 0: as many as the machine has cores, shared among the processes."""
    processes: int = _unit("processes", 1, ge=1, le=64)
    """Processes that train together, such as one for each GPU; each takes its share of every step."""
    report_to: list[str] = []
    """Trackers that are told everything measured, by transformers' names, such as [tensorboard]; none by itself."""
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
    replies_per_claim: int = _unit("replies", 100, ge=1, le=100000)
    """Most replies that a single claim asks of a model, so that the whole fits its time."""
    temperature: float = _unit("", 0.7, gt=0, le=2)
    """Of the sampled replies, in which a model shows what it might also say; all others are its likeliest ones."""
    judge_base_url: str = ""
    """An OpenAI-compatible endpoint that gives its opinion too, such as http://127.0.0.1:11434/v1; empty: none."""
    judge_model: str = ""
    """The model to ask there; its key, where it wants one, in the environment variable MARCUS_JUDGE_API_KEY."""
    min_test_conversations: int = _unit("conversations", 12, ge=2)
    """With fewer held-out conversations the verdict is inconclusive."""
    min_loss_gain: float = _unit("nats per token", 0.2, ge=0)
    """Loss: by how much the persona's real replies must have become likelier than to the base model."""
    min_relevance: float = _unit("nats per token", 0.1, ge=0)
    """Relevance: by how much more than the base model it must tie replies to their own questions."""
    min_contrast: float = _unit("AUC", 0.7, ge=0.5, le=1)
    """Contrast: how often it must gain more on this persona's reply than on another's; 0.5 is chance."""
    min_style_replies: int = _unit("replies", 90, ge=10)
    """Style: with fewer unseen replies of the persona the style is not measurable."""
    max_style_auc: float = _unit("AUC", 0.95, ge=0.5, le=1)
    """Style: how well a classifier may tell its replies from the persona's real ones; 0.5 is not at all."""
    min_right_probes: float = _unit("share", 0.6, ge=0, le=1)
    """Knowledge: share of the probes that the tuned model must answer right."""
    min_identity: float = _unit("share", 0.5, ge=0, le=1)
    """Identity: share of the ways to ask who it is that it must answer with the persona's name."""
    min_steadiness: float = _unit("share", 0.6, ge=0, le=1)
    """Steadiness: share of its replies in the persona's voice late in a conversation and under pressure."""
    max_broken_replies: float = _unit("share", 0.1, ge=0, le=1)
    """Health: share of replies that may be empty, never end, or go round in circles."""
    max_memorised: float = _unit("share", 0.5, ge=0, le=1)
    """Memory: by how much more of its training replies than of unseen ones it may continue word by word."""
    max_forgetting: float = _unit("ratio", 3.0, ge=1)
    """Forgetting: how many times the base model's perplexity on general text the tuned model's may be."""


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
    "clean": ("persona_name", "system_prompt", "base_model", "max_length", "probes"),
    "train": ("persona_name", "system_prompt", "base_model", "max_length", "seed"),
    "evaluate": ("persona_name", "persona_description", "system_prompt", "base_model", "seed", "probes"),
}


def fields_of(stage: str) -> list[tuple[str, str]]:
    """The (section, parameter) pairs that a stage depends on: `[("shared", "probes"), ("clean", "redact"), …]`."""
    return [("shared", name) for name in SHARED_OF[stage]] + [(stage, name) for name in SECTIONS[stage].model_fields]
