"""The verdict, the report and the panels in Spanish; what is recorded stays English to the last byte."""

import json
from dataclasses import asdict

import pandas as pd
import pytest
from judged_cases import claims, measures, profile
from reported import Page, finished, results

from marcus_nb import display
from marcus_nb.evaluate import Report, judge, judge_health
from marcus_nb.evaluate.claims import OPEN, REFUTED, not_measurable
from marcus_nb.panels import chatting, controls, fields, talking
from marcus_nb.parameters import Evaluate
from marcus_nb.pipeline.report import write, write_index
from marcus_nb.runs import open_stage, read_json
from marcus_nb.words import restored, shown, templates

TRAINED = {"conversations": 221, "steps": 112, "epochs": 4.0, "best": 2.53, "kept": 2.80}


@pytest.fixture
def spanish(monkeypatch):
    monkeypatch.setenv("MARCUS_LANG", "es")


@pytest.fixture(autouse=True)
def _outputs(tmp_path, monkeypatch):
    monkeypatch.setenv("MARCUS_OUTPUTS", str(tmp_path / "outputs"))


def broken():
    rows = [(f"c{place}", "Q?", who, "Aye.", "") for place in range(12) for who in ("base", "tuned", "sampled", "real")]
    rows += [("c1", "Q?", "tuned", "", "empty"), ("c2", "Q?", "tuned", "a a a", "goes in circles")]
    return pd.DataFrame(rows, columns=["conversation", "question", "who", "reply", "fault"])


def verdict_of(found):
    return judge(found, 43, TRAINED, [], ["When do you open?"], Evaluate(), "acme")


def test_what_is_recorded_is_the_same_in_both_languages(make_draft, monkeypatch):
    written = {}
    for language in ("en", "es"):
        monkeypatch.setenv("MARCUS_LANG", language)
        draft = make_draft()
        monkeypatch.setenv("MARCUS_OUTPUTS", str(draft.folder.parents[1]))
        stage = open_stage(
            "evaluate", {"experiment": str(draft.folder.parents[1].parent / "small.yaml"), "run": "draft"}
        )
        report = Report(stage)
        report.claim(*judge_health(broken(), stage.parameters.evaluate, 1))
        written[language] = [(stage.folder / name).read_bytes() for name in ("results.json", "measures.csv")]
    assert written["en"] == written["es"]
    found = json.loads(written["es"][0])
    assert "replies are broken (1 empty, 1 goes in circles)" in found["claims"][0]["sentence"]
    said = shown(restored(found, found["templates"])["claims"][0]["sentence"])
    assert "Respuestas rotas: 2 de 26 (1 vacías, 1 que dan vueltas)" in said


def test_the_verdict_is_the_same_and_its_words_are_spanish(spanish):
    found = [not_measurable("style", "Sounds like the persona itself", "Not measurable."), *claims()[:3]]
    verdict = verdict_of(found)
    assert verdict.verdict == "acquired" and verdict.summary.startswith("All 3 claims that could be measured hold")
    block = display.verdict(verdict, "Nell")
    for words in (
        *("La personalidad de Nell: ADQUIRIDA", "Desplegar: CON CAUTELA.", "Qué hacer ahora", "Las afirmaciones"),
        *("Las 3 afirmaciones que se pudieron medir", "lee tú las respuestas: estilo.", "? abierta (por decidir)"),
        *("No tiene respuesta a 1 pregunta de control: When do you open?", "pérdida", "MODEL_CARD.md"),
    ):
        assert words in block.plain + block.markup, words


def test_card_and_tables_are_spanish(spanish):
    found, figures = claims(style=REFUTED, knowledge=OPEN), measures()
    card = display.card_figure(figures, found)
    assert card.alt.startswith("Se cumplen 10 de 12 afirmaciones; no se cumple: estilo; por decidir: conocimiento")
    shown_card = display.report_card(found, figures).plain
    for words in (
        "El boletín: se cumplen 10 de las 12",
        "modelo base + descripción",
        "exigido",
        "✗\N{NO-BREAK SPACE}no confirmada",
    ):
        assert words in shown_card, words
    table = display.measures_table(figures, "style").plain
    assert "Todas las cifras de: estilo" in table and "distinguible de las reales [AUC]" in table
    assert "más baja" in table and "told from" not in table
    assert display.profile_figure(profile()).alt.endswith("en 3 de 4 hábitos")


def test_the_report_is_spanish_but_for_prose(spanish):
    run = finished()
    page = Page(write(run).read_text(encoding="utf-8"))
    assert page.all("html")[0]["lang"] == "es"
    assert {attributes["lang"] for attributes in page.all("div") if attributes.get("class") == "prose"} == {"en"}
    for words in (
        *("La personalidad de Nell: ADQUIRIDA", "TERMINADA", "Qué hacer ahora", "Las etapas", "Cifras principales"),
        *("Qué se pidió", "Los cuadernos", "De dónde viene", "hecha en esta ejecución", "Ir al contenido", "Contenido"),
        *("se preguntó", "Se cumplen 2 de las 2 afirmaciones que se pudieron medir", "Código"),
        "All 2 claims hold",  # a record without templates, such as an older one: better in English than not at all
    ):
        assert words in page.text, words
    assert read_json(run.folder / "run.json")["status"] == "PASSED"
    listed = Page(write_index().read_text(encoding="utf-8"))
    assert "Todas las ejecuciones" in listed.text and "adquirida" in listed.text and "con cautela" in listed.text


def test_the_report_says_the_verdicts_sentences_in_spanish(spanish):
    verdict = asdict(verdict_of(claims(style=REFUTED)))
    run = finished(found=results(**verdict) | {"templates": templates(verdict)})
    text = Page(write(run).read_text(encoding="utf-8")).text
    assert "No se cumplió 1 afirmación de 12: estilo." in text and "did not hold" not in text
    assert "La personalidad de Nell: NO ADQUIRIDA" in text and "Desplegar: NO." in text


def test_the_panels_are_spanish(spanish, make_draft):
    talk = chatting.Talk(make_draft(), None, None)
    panel = talking.Panel(talk, lambda: talk, 0.7, 20)
    assert (panel.send.description, panel.words.placeholder) == ("Enviar", "Tu mensaje")
    assert "Aún no se ha dicho nada." in panel.said.children[0].value and "pulsa Intro" in panel.status.value
    assert "Su personalidad aún no se ha juzgado." in chatting.introduction(talk).plain
    assert controls.meaning("clean", "min_characters").startswith("Las conversaciones con un mensaje más corto se")
    field = fields.Field("train.lora_r", 8, lambda changed: None)
    assert field.control.description == "lora_r" and "Rango del adaptador" in field.about.value
    assert display.training_status([{"step": 3, "tokens_per_second": 900.0, "minutes_left": 2}], 12).plain == (
        "Paso 3 de 12 · 900 tokens por segundo · quedan unos 2 min"
    )
    rows = [{"step": 0, "validation_loss": 4.0}, {"step": 9, "validation_loss": 3.0}]
    assert display.loss_figure(rows).alt == "La pérdida de validación bajó de 4.00 a 3.00, la mejor en el paso 9"
