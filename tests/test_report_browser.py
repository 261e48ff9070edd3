"""The page as a browser shows it: what a screen reader is told, contrast, width, paper, sorting."""

import shutil

import pytest
import workbench
from reported import finished

from marcus_nb import runs
from marcus_nb.parameters import ROOT
from marcus_nb.pipeline import report

pytestmark = pytest.mark.slow
NAMED = {"image", "heading", "link", "button", "region", "columnheader", "rowheader", "navigation"}
FAINT = """() => {
  const light = (rgb) => {
    const [r, g, b] = rgb.map((v) => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const parse = (text) => { const [r, g, b, a = 1] = text.match(/[\\d.]+/g).map(Number); return [r, g, b, a]; };
  const over = (top, below) => [0, 1, 2].map((i) => top[i] * top[3] + below[i] * (1 - top[3]));
  const found = [], texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node; (node = texts.nextNode());) {
    const element = node.parentElement;
    if (!node.textContent.trim() || !element.getClientRects().length) continue;
    const chain = []; for (let e = element; e; e = e.parentElement) chain.unshift(e);
    let ground = parse(getComputedStyle(document.body).backgroundColor).slice(0, 3), opacity = 1;
    for (const e of chain) {
      const style = getComputedStyle(e), color = parse(style.backgroundColor);
      if (color[3] > 0) ground = over(color, ground);
      opacity *= Number(style.opacity);
    }
    const ink = parse(getComputedStyle(element).color); ink[3] *= opacity;
    const [a, b] = [light(over(ink, ground)), light(ground)];
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (contrast < 4.5) found.push([contrast, element.className, node.textContent.trim().slice(0, 60)]);
  }
  return found;
}"""
WIDER = """() => [...document.querySelectorAll("main *")]
  .filter((e) => e.getBoundingClientRect().right > innerWidth + 1 && !e.closest(".wide, .output, pre"))
  .map((e) => e.outerHTML.slice(0, 80))"""


@pytest.fixture(scope="module")
def browser():
    with workbench.browser() as opened:
        yield opened


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """The page of a run whose notebooks are the shipped example's, and the list of all runs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MARCUS_OUTPUTS", str(tmp_path_factory.mktemp("outputs")))
        finished(name="20200101-000000-aaaaaaa", found={"verdict": "not acquired", "claims": []})
        run = finished()
        for path in (ROOT / "outputs" / "example").glob("*.ipynb"):
            shutil.copy(path, run.folder / path.name)
        shutil.copy(ROOT / "outputs/example/evaluate/results.json", run.folder / "evaluate/results.json")
        assert runs.outputs_root() == run.folder.parents[1]
        return report.write(run), report.write_index()


def visit(browser, path, width=1280, scheme="light"):
    page = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme).new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on(
        "request", lambda request: said.append(request.url) if not request.url.startswith(("file:", "data:")) else 0
    )
    page.goto(path.as_uri())
    assert said == [], "the policy blocks nothing that the page needs, and nothing else is asked for"
    return page


@pytest.mark.parametrize("which", [0, 1], ids=["report", "index"])
def test_everything_has_a_name_for_a_screen_reader(browser, pages, which):
    page = visit(browser, pages[which])
    nodes = page.context.new_cdp_session(page).send("Accessibility.getFullAXTree")["nodes"]
    told = [(node["role"]["value"], node.get("name", {}).get("value", "")) for node in nodes if not node["ignored"]]
    assert {"main", "heading", "table", "columnheader"} <= {role for role, _ in told}
    assert [pair for pair in told if pair[0] in NAMED and not pair[1].strip()] == []


@pytest.mark.parametrize("which", [0, 1], ids=["report", "index"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 400])
def test_all_of_it_is_readable_and_nothing_sticks_out(browser, pages, which, scheme, width):
    page = visit(browser, pages[which], width, scheme)
    assert page.evaluate(FAINT) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate(WIDER) == []


def test_the_verdict_is_on_the_first_sheet_and_no_code_is_printed(browser, pages):
    page = visit(browser, pages[0], 794)
    page.emulate_media(media="print")
    bottom = "document.getElementById('verdict').getBoundingClientRect().bottom"
    assert page.evaluate(bottom) < 1123  # an A4 sheet's height at this width
    assert not page.locator("details.code").first.is_visible() and not page.locator("nav").is_visible()
    assert len(page.pdf(format="A4")) > 10_000


def test_on_paper_nothing_is_cut_off_and_long_lists_stay_folded(browser, pages):
    page = visit(browser, pages[0], 760)
    page.emulate_media(media="print")
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    wide = "[...document.querySelectorAll('main *')].filter((e) => e.getBoundingClientRect().right > innerWidth + 1)"
    assert page.evaluate(f"{wide}.map((e) => e.outerHTML.slice(0, 80))") == []
    assert page.locator("details.list[open]").count() == 0 < page.locator("details[open]").count()


def test_code_opens_at_once_and_the_keyboard_reaches_it(browser, pages):
    page = visit(browser, pages[0])
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.locator("#code").press("Enter")
    opened = page.locator("details.code[open]").count()
    assert opened == page.locator("details.code").count() > 30
    page.locator("#code").press("Enter")
    assert page.locator("details.code[open]").count() == 0


def test_the_list_is_sorted_by_the_head_that_is_pressed(browser, pages):
    page = visit(browser, pages[1])
    verdicts = "[...document.querySelectorAll('tbody tr')].map(row => row.cells[4].textContent)"
    head = page.locator("th", has_text="verdict")
    for order, expected in (("ascending", ["acquired", "not acquired"]), ("descending", ["not acquired", "acquired"])):
        head.locator("button").press("Enter")
        assert head.get_attribute("aria-sort") == order and page.evaluate(verdicts) == expected
