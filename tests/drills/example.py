"""Makes `outputs/example/` of a finished run: python tests/drills/example.py outputs/quickstart/RUN

Its notebooks, page and figures, no conversations and no weights; and `verdict.png`, a picture of the verdict's card in
`04_evaluate.ipynb` as nbconvert shows it. Wants a Chromium.
"""

import io
import shutil
import sys
import tempfile
from pathlib import Path

import nbformat
from nbconvert import HTMLExporter
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
from workbench import browser  # noqa: E402

EXAMPLE = ROOT / "outputs" / "example"
FILES = (
    *(f"{name}.ipynb" for name in ("01_ingest", "02_clean", "03_train", "04_evaluate")),
    *("report.html", "run.json", "parameters.yaml", "evaluate/results.json", "model/MODEL_CARD.md", "model/Modelfile"),
)
EDGE = 24  # pixels around the card
COLOURS = 16


def picture(notebook: Path) -> bytes:
    """The verdict's card as PNG."""
    book = nbformat.read(notebook, as_version=4)
    book.cells = [cell for cell in book.cells if "The personality of" in str(cell.get("outputs"))]
    with tempfile.TemporaryDirectory() as folder, browser() as opened:
        page = Path(folder) / "page.html"
        page.write_text(HTMLExporter(exclude_input=True).from_notebook_node(book)[0], encoding="utf-8")
        shown = opened.new_page(viewport={"width": 1000, "height": 1200})
        shown.goto(page.as_uri())
        box = shown.locator("div[style*=border-left]", has_text="The personality of").first.bounding_box()
        clip = {
            **{"x": box["x"] - EDGE, "y": box["y"] - EDGE},
            **{"width": box["width"] + 2 * EDGE, "height": box["height"] + 2 * EDGE},
        }
        drawn, small = io.BytesIO(shown.screenshot(clip=clip)), io.BytesIO()
    Image.open(drawn).convert("RGB").quantize(COLOURS).save(small, format="png", optimize=True)
    return small.getvalue()


def make(run: Path) -> int:
    """Write the example; returns its bytes."""
    shutil.rmtree(EXAMPLE, ignore_errors=True)
    for name in FILES:
        (EXAMPLE / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(run / name, EXAMPLE / name)
    (EXAMPLE / "verdict.png").write_bytes(picture(run / "04_evaluate.ipynb"))
    return sum(path.stat().st_size for path in EXAMPLE.rglob("*") if path.is_file())


if __name__ == "__main__":
    print(f"{make(Path(sys.argv[1])):,} bytes in {EXAMPLE}")
