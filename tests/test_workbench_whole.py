"""All of the workbench as a person uses it: the four notebooks of `smoke` in a browser, then the headless run."""

import gettext
import json

import pytest
import workbench
from workbench import comes

from marcus_nb.conversation import read_conversations, read_jsonl
from marcus_nb.panels import voting
from marcus_nb.parameters import ROOT, STAGES
from marcus_nb.runs import read_json


@pytest.fixture(scope="module")
def browser():
    with workbench.browser() as opened:
        yield opened


@pytest.fixture(scope="module")
def clicked(browser, tmp_path_factory):
    """What comes of it, in English and in Spanish, in the light theme and the dark."""
    made = {}
    for language, theme in (("en", "JupyterLab Light"), ("es", "JupyterLab Dark")):
        lab = workbench.Lab(workbench.project(tmp_path_factory.mktemp(language)), theme, language)
        try:
            made[language] = Way(lab, browser, language).gone()
        finally:
            lab.end()
    return made


class Way:
    """From the first notebook to the headless run that was started from the last."""

    def __init__(self, lab, browser, language):
        self.lab, self.browser, self.language = lab, browser, language
        self.words = gettext.translation("marcus", ROOT / "marcus_nb/locale", [language], fallback=True).gettext
        self.draft = lab.root / "outputs/acme/draft"

    def gone(self):
        self.ingest()
        self.clean()
        self.train()
        self.evaluate()
        return self.lab.root

    def press(self, control):
        """By mouse in English; in Spanish by keyboard alone."""
        if self.language == "en":
            control.click()
        else:
            comes(control.is_enabled)
            control.focus()
            control.press("Space" if control.get_attribute("type") == "checkbox" else "Enter")

    def open(self, notebook):
        book = self.lab.open(self.browser, notebook)
        book.run_all(240)
        return book

    def chosen(self):
        path = self.draft / "choices.json"
        return read_json(path) if path.is_file() else {}

    def done(self, book, name):
        book.picture(f"{name}-{self.language}")
        book.save()
        book.page.close()

    def ingest(self):
        book, _ = self.open("01_ingest"), self.words
        self.press(book.button(_("Which column plays which part")))
        if self.language == "en":
            book.field("customer").select_option("customer")
        else:
            book.field("customer").wait_for()
            book.field("customer").focus()
            book.page.keyboard.press("ArrowDown")
        chosen = [{"customer": "customer"}]
        comes(lambda: [source["columns"] for source in self.chosen().get("ingest.sources", [])] == chosen)
        book.run_all()
        self.done(book, "01")

    def clean(self):
        book, _ = self.open("02_clean"), self.words
        self.press(book.field("drop_duplicates"))
        comes(lambda: self.chosen().get("clean.drop_duplicates") is False)
        book.field(_("Why")).fill("Not how she talks")
        self.press(book.button(_("Drop it")))
        comes(lambda: self.chosen().get("clean.by_hand") == "parameters/acme.by_hand.json")
        book.run_all()
        book.says("+  drop_duplicates: false")
        self.press(book.button(_("Save")))
        comes(lambda: self.chosen() == {})
        self.done(book, "02")

    def train(self):
        book, _ = self.open("03_train"), self.words
        for name, value in (("num_train_epochs", "30"), ("lora_r", "4")):
            book.field(name).fill(value)
            book.field(name).press("Enter")
            comes(lambda key=f"train.{name}", value=value: self.chosen().get(key) == int(value))
        book.menu("Run", "Run All Cells")
        self.press(book.button(_("Pause")))
        book.says(_("Paused at step {step} of {steps}.").split("{")[0])
        self.press(book.button(_("Continue")))
        book.ran(240)
        self.press(book.button(_("Save")))
        comes(lambda: self.chosen() == {})
        self.done(book, "03")

    def evaluate(self):
        book, _ = self.open("04_evaluate"), self.words
        votes = self.lab.root / "outputs/acme/feedback/votes.jsonl"
        for count in (1, 2):
            self.press(book.button(_("A is better")))
            comes(lambda count=count: votes.is_file() and len(list(read_jsonl(votes))) == count)
            book.page.wait_for_timeout(1000 * voting.SOONEST_SECONDS + 100)  # one that follows at once is no vote
        message = book.page.get_by_placeholder(_("Your message"))
        message.fill("Who are you?")
        message.press("Enter")
        self.press(book.button(_("Add to data, corrected")))
        book.field(_("It should say")).fill("Nell, skipper. Mind the tide.")
        self.press(book.button(_("Add to the data")))
        comes(lambda: "ingest.sources" in self.chosen())
        book.run_from("keeping.next_step")
        book.says("acme.added.jsonl")
        self.press(book.button(_("Save")))
        comes(lambda: self.chosen() == {})
        self.press(book.button(_("Run headless")))
        book.says(_("All of it on one page: {page}").split("{")[0], 400)
        self.done(book, "04")


def run_of(root):
    [folder] = [path.parent for path in root.glob("outputs/acme/*/run.json") if path.parent.name != "draft"]
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("language", ["en", "es"])
def test_what_was_done_in_the_browser_stands_in_the_files(clicked, language):
    root, run = clicked[language], run_of(clicked[language])
    saved = (root / "parameters/acme.yaml").read_text(encoding="utf-8")
    assert "# For tests" in saved and "drop_duplicates: false" in saved and "lora_r: 4" in saved
    [(dropped, choice)] = read_json(root / "parameters/acme.by_hand.json").items()
    assert choice["choice"] == "drop" and choice["why"] == "Not how she talks"
    sides = [read_conversations(run / f"clean/{name}.jsonl") for name in ("train", "validation", "test")]
    assert dropped not in {item.id for side in sides for item in side}
    learned = [item.replies for item in read_conversations(run / "ingest/conversations.jsonl")]
    assert learned[-1] == ["Nell, skipper. Mind the tide."]
    assert all((run / stage / "record.json").is_file() for stage in STAGES) and (run / "report.html").is_file()
    draft = [vote["run"] for vote in read_jsonl(root / "outputs/acme/feedback/votes.jsonl")]
    assert draft == ["draft", "draft"]


@pytest.mark.slow
@pytest.mark.parametrize("language", ["en", "es"])
def test_the_drafts_are_read_without_a_kernel(clicked, language):
    """What GitHub, VS Code and nbconvert show of them has no live thing in it."""
    for path in (clicked[language] / "outputs/acme/draft").glob("0*.ipynb"):
        book = json.loads(path.read_text(encoding="utf-8"))
        assert "widgets" not in book["metadata"], path.name
        for cell in book["cells"]:
            for output in cell.get("outputs", []):
                data = output.get("data", {})
                assert "application/vnd.jupyter.widget-view+json" not in data or "text/html" in data, path.name
