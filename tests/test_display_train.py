"""What people see of a training: each sentence in each of its branches, and the figure's finding."""

import pytest
from training import train_in_child
from training_told import EVENTS, METRICS, OUTCOME, PREFLIGHT, WARNING

from marcus_nb import display
from marcus_nb.display.amounts import capital, count, duration, gigabytes
from marcus_nb.display.loss import grouped
from marcus_nb.runs import Stage, read_json
from marcus_nb.train import Training

RUN = "20261122-220949-1234567"  # not to be taken for a telephone number


def row_of(block, name):
    """The cells of a plain table's row: `["loading", "12", "s", "24", "s", "2.00"]`."""
    return next(line.split() for line in block.plain.splitlines() if line.split()[: len(name.split())] == name.split())


# --- amounts ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        *((0, "1 s"), (0.4, "1 s"), (40.2, "40 s"), (59.4, "59 s"), (59.6, "1 min"), (91, "1½ min")),
        *((271.3, "4½ min"), (284, "4½ min"), (590, "10 min"), (2100, "35 min"), (5940, "99 min"), (7500, "2 h 5 min")),
        (360_000, "100 h 0 min"),
    ],
)
def test_times_are_told_as_people_tell_them(seconds, said):
    assert duration(seconds) == said


def test_sizes_and_counts():
    assert [gigabytes(size) for size in (2.41, 0.05, 0.049, 0)] == ["2.4 GB", "0.1 GB", "under 0.1 GB", "under 0.1 GB"]
    assert [count(number, "step", "steps") for number in (0, 1, 1.0, 1.5, 4.0, 1_234_567)] == [
        *("0 steps", "1 step", "1 step", "1.5 steps", "4 steps", "1,234,567 steps")
    ]
    assert capital("few LoRA steps") == "Few LoRA steps" and capital("") == ""


# --- before -------------------------------------------------------------------------------------------------------


def before(**different):
    return display.preflight(PREFLIGHT | different)


def test_the_preflight_says_what_it_takes():
    said = before().plain
    assert said.startswith("About 4½ min on this machine\n")
    for sentence in (
        "This training reads 221 conversations: 14,895 tokens an epoch, of which 8,012 are learned, in 28 steps. All "
        "of it, 112 steps (4 epochs), takes about 4½ min on this machine, measured on two steps.",
        "It needs about 2.4 GB of memory; 18.2 GB are free. Its checkpoints take 0.3 GB of the disk; 55.0 GB are free.",
        "It adjusts 4,884,480 numbers, 3.6% of the model's size, computed in bfloat16 (measured 1.9 times as fast as "
        "float32 here) on cpu with 2 threads, at most 8 conversations and 1,184 tokens at once.",
        "112 steps at 310 tokens a second",
        "9 times, on conversations it never learns from",
    ):
        assert sentence in said
    assert said.endswith("\n\npython -m marcus_nb.train quickstart draft")
    assert "What to do" not in said and "processes" not in said and "Activations" not in said
    assert row_of(before(), "training")[:3] == ["training", "3", "min"]
    assert row_of(before(), "all of it")[3:] == ["4½", "min"]


def test_the_preflight_of_one_and_of_texts_and_of_part_of_an_epoch():
    said = before(conversations=1, samples=3, steps=1, steps_per_epoch=1, epochs=1.0, threads=1).plain
    assert "reads 1 conversation, as 3 texts, one for each reply: " in said
    assert "in 1 step. All of it, 1 step (1 epoch), takes" in said and "with 1 thread," in said
    assert "30 steps (1.1 epochs)" in before(steps=30, epochs=1.07).plain


@pytest.mark.parametrize(
    ("different", "said"),
    [
        ({"free_memory_gb": None}, "It needs about 2.4 GB of memory; how much is free is not known here."),
        ({"peak_memory_gb": None}, "What it needs of memory is not known; 18.2 GB are free."),
        ({"free_disk_gb": None}, "Its checkpoints take 0.3 GB of the disk.\n"),
        ({"device": "cuda:0"}, "It needs about 2.4 GB of the GPU's memory; 18.2 GB are free."),
        ({"processes": 2}, "1,184 tokens at once; 2 processes of this kind share each step."),
        ({"activation_checkpointing": True}, "Activations are computed twice to save memory, which is slower."),
    ],
)
def test_the_preflight_says_what_is_different(different, said):
    shown = before(**different).plain
    assert said in shown and said not in before().plain
    assert shown.startswith("About 4½ min on this machine\n"), "nothing is wrong"


def test_the_launch_command_can_be_copied():
    words = ["python", "-m", "torch.distributed.run", "--nproc_per_node", "2", "-m", "marcus_nb.train", "a b", RUN]
    shown = before(command=words, processes=2)
    assert f"torch.distributed.run --nproc_per_node 2 -m marcus_nb.train 'a b' {RUN}" in shown.plain.replace('"', "'")
    assert "user-select:all" in shown.markup


def test_warnings_say_what_why_and_what_to_do():
    shown = before(warnings=[WARNING, WARNING | {"what": "few steps: 9"}])
    assert shown.plain.startswith("About 4½ min on this machine, and something to look at first\n")
    assert (
        "\n\nFew conversations to learn from: 31\nNo persona sat with so few.\nWhat to do: bring more.\n" in shown.plain
    )
    assert "\n\nFew steps: 9\n" in shown.plain
    assert shown.markup.count("#B8860B") == 3 and "#009E73" not in shown.markup


@pytest.mark.parametrize("different", [{"peak_memory_gb": 18.3}, {"disk_gb": 55.1}])
def test_what_does_not_fit_is_said_first(different):
    shown = before(**different, warnings=[WARNING])
    assert shown.plain.startswith("As it is, this training does not fit this machine\n")
    assert shown.markup.index("#D55E00") < shown.markup.index("#B8860B")


def test_what_was_made_smaller_is_said():
    tried = {"tried": "8 conversations, 4096 tokens in a micro-batch", "found": "out of memory"}
    said = (
        "8 conversations, 4096 tokens in a micro-batch did not fit (out of memory); what is measured here is with "
        "smaller micro-batches. The step stays the same, and so does what is learned."
    )
    assert said in before(did_not_fit=[tried]).plain


# --- during -------------------------------------------------------------------------------------------------------


def test_the_status_is_one_line():
    assert display.training_status(METRICS, 1120).plain == (
        "Step 6 of 1,120 · 1,310 tokens a second · about 2½ min left · 2.3 GB of memory"
    )
    assert "left" not in display.training_status(METRICS, 1120, ended=True).plain
    bare = {"step": 3, "epoch": 0.5, "loss": None, "tokens_per_second": 9.0, "skipped_steps": 1}
    assert display.training_status([bare], 9).plain == "Step 3 of 9 · 9 tokens a second · 1 step skipped"


def test_before_anything_is_measured_the_log_speaks():
    assert display.training_status([], 9, "base model tiny in float32").plain == "base model tiny in float32"
    assert display.training_status(METRICS[:1], 9).plain == "The training is starting."


def test_what_happened_is_told_once_and_under_the_figures_numbers():
    assert [steps for _, steps in grouped(EVENTS)] == [[2], [4], [5, 6]]
    assert display.training_events(EVENTS).plain.split("\n\n") == [
        "1. Step 2: out of memory; micro-batches of 4 conversations at most, the step stays the same.",
        "2. Step 4: resumed from the checkpoint at step 4; went on from there.",
        "3. 2 times, steps 5 to 6: loss or gradient was no number; step skipped.",
    ]
    assert display.training_events([]).plain == ""
    assert display.training_events([{"step": 0, "what": "killed"}]).plain == "1. Before the first step: killed."


def drawn(validation, kept=None):
    rows = [{"step": step, "epoch": 0.0, "validation_loss": loss} for step, loss in validation]
    return display.loss_figure(rows, kept).alt


def test_the_loss_figure_says_what_happened():
    assert drawn([(0, 5.5), (5, 4.0), (9, 4.2)]) == "Validation loss fell from 5.50 to 4.00, best at step 5"
    assert drawn([(0, 5.5), (5, 4.0), (9, 4.2)], 9) == (
        "Validation loss 5.50 before, 4.00 at best (step 5), 4.20 as kept"
    )
    assert drawn([(0, 3.0), (5, 3.5), (9, 3.2)]) == (
        "Validation loss never fell below its first 3.00; 3.20 at step 9 came nearest"
    )
    assert drawn([(0, 5.5)]) == "Validation loss is 5.50 at step 0"
    assert drawn([]) == "Waiting for the first measurement"
    assert drawn([(0, 5.5), (5, None), (9, 4.2)]) == "Validation loss fell from 5.50 to 4.20, best at step 9"


def test_the_figure_shows_learning_rate_events_and_the_steps_that_count():
    plain = display.loss_figure(METRICS)
    pictures = [plain.png, display.loss_figure(METRICS, 6).png, display.loss_figure(METRICS, events=EVENTS).png]
    pictures.append(display.loss_figure([METRICS[0], METRICS[1] | {"learning_rate": 0.01}, METRICS[2]]).png)
    pictures.append(display.loss_figure([METRICS[0], METRICS[1] | {"loss": None}, METRICS[2]]).png)
    assert len(set(pictures)) == 5, "each of them is seen"
    assert display.loss_figure(METRICS).png == plain.png


# --- after --------------------------------------------------------------------------------------------------------


def test_every_validation_loss_stands_in_the_table():
    shown = display.metrics_table([*METRICS, {"step": 9, "epoch": 1.5, "validation_loss": None, "best": False}])
    assert [line.split() for line in shown.plain.splitlines()[2:]] == [
        ["0", "0.0", "5.500"],
        ["6", "1.0", "5.200", "4.750", "1.0e-03", "new", "best"],
        ["9", "1.5", "5.200", "no", "number", "1.0e-03"],
    ]
    assert "no number" in display.metrics_table([METRICS[1] | {"loss": None}, METRICS[2]]).plain
    assert display.metrics_table([METRICS[1]]).plain == "The validation loss was not measured."


def after(**different):
    return display.training_summary(OUTCOME | different)


@pytest.mark.parametrize(
    ("different", "said"),
    [
        ({}, "Ended early, after 96 of 112 steps: the validation loss fell no more"),
        ({"ended": "asked to stop"}, "Stopped as asked, after 96 of 112 steps, with what was learned so far"),
        ({"ended": "all steps", "steps": 112}, "All 112 steps are done"),
    ],
)
def test_how_it_ended_is_said_first(different, said):
    assert after(**different).plain.startswith(f"{said}\nNothing else happened on the way: ")


def test_the_estimate_stands_beside_what_happened():
    rows = {
        "steps": ["112", "96", "0.86"],
        "all of it": ["4½", "min", "4½", "min", "1.00"],
        "loading": ["12", "s", "24", "s", "2.00"],
        "training": ["3", "min", "2½", "min", "0.86"],
        "one step": ["1.70", "s", "1.70", "s", "1.00"],
        "validating, answering, saving": ["1", "min", "1½", "min", "1.22"],
        "speed": [*["310", "tokens", "a", "second", "279", "tokens", "a", "second", "0.90"]],
        "memory at most": ["2.4", "GB", "2.3", "GB", "0.95"],
    }
    for name, cells in rows.items():
        assert row_of(after(), name) == [*name.split(), *cells]


def test_without_an_estimate_only_what_was_measured_stands_there():
    alone = after(preflight=None)
    assert "there was no estimate" in alone.plain and "estimated" not in alone.plain.split("there was no estimate")[1]
    assert row_of(alone, "loading") == ["loading", "24", "s"]
    unknown = after(preflight=PREFLIGHT | {"peak_memory_gb": None})
    assert row_of(unknown, "memory at most") == ["memory", "at", "most", "2.3", "GB"]


def test_what_was_resumed_halved_and_skipped_is_said():
    shown = after(events=EVENTS, skipped_steps=2, resumed_from=48)
    lines = shown.plain.split("\n\n")[0].splitlines()
    assert lines[1].startswith("Step 2: out of memory; ") and lines[2].startswith("Step 4: resumed from ")
    assert lines[3] == "2 times, steps 5 to 6: loss or gradient was no number; step skipped."
    assert lines[4] == "The times below are those since step 48, where it went on." and len(lines) == 5
    assert row_of(shown, "one step") == ["one", "step", "1.70", "s", "3.40", "s", "2.00"]
    assert "1 step was skipped, since the loss or its gradient was no number" in after(skipped_steps=1).plain


def test_how_it_was_done():
    shown = after(processes=2, activation_checkpointing=True, kept_step=96, kept_validation_loss=2.7).plain
    for said in (
        *("2.531 at step 84", "step 96, validation loss 2.700", "4,884,480 numbers (lora)", "computed twice"),
        *("cpu, 2 threads in 2 processes", "sha256 aaaaaaaaaaaa"),
    ):
        assert said in shown
    assert "2 threads in 1 process" in after().plain and "computed twice" not in after().plain


# --- with what a training really writes ---------------------------------------------------------------------------


def test_what_a_training_writes_can_be_shown(make_draft):
    run = make_draft({"train.num_train_epochs": 2})
    stage = Stage("train", run)
    assert train_in_child(run, what="preflight") == 0
    found = read_json(stage.folder / "preflight.json")
    assert set(PREFLIGHT) <= set(found) and set(PREFLIGHT["seconds"]) == set(found["seconds"])
    assert "Few conversations to learn from: 12\n" in display.preflight(found).plain
    assert train_in_child(run) == 0
    training = Training(None, stage, ())
    outcome = read_json(stage.folder / "outcome.json") | {"events": training.events}
    assert set(OUTCOME) <= set(outcome)
    assert "The estimate beside what happened" in display.training_summary(outcome).plain
    assert display.loss_figure(training.metrics, outcome["kept_step"], training.events).alt.startswith("Validation")
    assert " tokens a second · " in display.training_status(training.metrics, found["steps"]).plain
    last = display.metrics_table(training.metrics).plain.splitlines()[-1].split()
    assert last[0] == str(outcome["steps"]) and "no" not in last
