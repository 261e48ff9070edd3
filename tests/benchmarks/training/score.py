"""`python score.py RUN RESULT ADAPTER…`: the persona's loss on the run's validation split, one measure for all ways.

Nats per learned token of each adapter merged in float32, and of the base model: `{"base": 3.1, "x/adapter": 1.9}`.
"""

import copy
import sys
from pathlib import Path
from typing import Any

from material import EXPERIMENT, Row, rows
from peft import PeftModel

from marcus_nb import models
from marcus_nb.runs import open_run, write_json


def loss(model: Any, items: list[Row]) -> float:
    scored = models.negative_log_likelihood(model.to(models.device()), items)
    return sum(nll for nll, _ in scored) / sum(count for _, count in scored)


def main(run_name: str, result: Path, adapters: list[str]) -> None:
    run = open_run(EXPERIMENT, run_name)
    base = models.find_base(run.parameters.shared.base_model)
    items = rows(run, models.load_tokenizer(base), "validation")
    plain = models.load_base(base)
    found = {"base": loss(plain, items)}
    for adapter in adapters:
        # What models.merge does, without reading the base model each time, which takes ten seconds.
        found[adapter] = loss(PeftModel.from_pretrained(copy.deepcopy(plain), adapter).merge_and_unload(), items)
    write_json(result, found)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3:])
