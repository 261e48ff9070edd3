"""Checkpoints that are complete or absent.

A checkpoint is written under another name, each file flushed to the disk, then a manifest with the size and SHA-256 of
every file, and only then the folder gets its name; the older ones stay until the new one reads back as written.
"""

import hashlib
import json
import os
import re
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from marcus_nb.renaming import replace
from marcus_nb.runs import sha256, write_json
from marcus_nb.runs.files import saying_disk_full

MANIFEST = "manifest.json"
KEPT = 2  # the newest so many are kept, besides the best
_NAME = re.compile(r"checkpoint-(\d+)")


def write(
    folder: Path, step: int, fill: Callable[[Path], None], made_of: dict[str, Any], keep: Sequence[int]
) -> str | None:
    """Write `folder/checkpoint-STEP`, whose files `fill(temporary_folder)` makes; older ones but `keep` then go.

    `made_of` is noted in the manifest: what a training must be made of to go on from here. Returns what is wrong with
    it where it does not read back as written (a failing disk); the older ones then stay. Raises DiskFull, and leaves
    all earlier checkpoints as they were.
    """
    target = folder / f"checkpoint-{step}"
    temporary = unfinished(folder, step)
    shutil.rmtree(temporary, ignore_errors=True)
    try:
        with saying_disk_full(target):
            temporary.mkdir(parents=True)
            fill(temporary)
            seal(temporary, step, made_of)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)  # the space is what the earlier ones need
        raise
    if target.exists():  # of this very step: damaged, or made before going on from an earlier one
        shutil.rmtree(target)
    replace(temporary, target)
    _flush_folder(folder)
    wrong = problem(target)
    if wrong is None:
        steps = _steps(folder)
        for old in steps:
            if old not in {*steps[-KEPT:], *keep, step}:
                shutil.rmtree(folder / f"checkpoint-{old}", ignore_errors=True)
    return wrong


def unfinished(folder: Path, step: int) -> Path:
    """Where the files of a checkpoint lie until it is whole."""
    return folder / f".checkpoint-{step}.tmp"


def seal(folder: Path, step: int, made_of: dict[str, Any]) -> None:
    """Flush every file of a folder to the disk and write its manifest, last."""
    files = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            with path.open("rb+") as file:
                os.fsync(file.fileno())
            name = path.relative_to(folder).as_posix()
            files[name] = {"bytes": path.stat().st_size, "sha256": sha256(path)}
    written = {"step": step, "made_of": made_of, "files": files}
    write_json(folder / MANIFEST, written | {"sha256": _digest(written)})
    _flush_folder(folder)


def problem(checkpoint: Path) -> str | None:
    """What is wrong with a checkpoint, as words that follow its name; None when it is whole."""
    try:
        manifest = json.loads((checkpoint / MANIFEST).read_text(encoding="utf-8"))
        whole = manifest.pop("sha256") == _digest(manifest)
        whole &= checkpoint.name == f"checkpoint-{manifest['step']}" and isinstance(manifest["made_of"], dict)
        files = {name: (about["bytes"], about["sha256"]) for name, about in manifest["files"].items()}
    except FileNotFoundError:
        return f"has no {MANIFEST}: it was never finished, or a file of it was deleted"
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return f"has a {MANIFEST} that cannot be read"
    if not whole:
        return f"has another {MANIFEST} than was written"
    there = {path.relative_to(checkpoint).as_posix(): path for path in checkpoint.rglob("*") if path.is_file()}
    for name, (size, digest) in files.items():
        if name not in there:
            return f"lacks {name}"
        if there[name].stat().st_size != size:
            return f"has {there[name].stat().st_size} bytes of {name} where {size} were written"
        if sha256(there[name]) != digest:
            return f"has another {name} than was written"
    return None


def newest(folder: Path) -> tuple[Path | None, list[str]]:
    """The newest checkpoint that is whole, and a sentence for each newer one that is not."""
    complaints = []
    for step in reversed(_steps(folder)):
        checkpoint = folder / f"checkpoint-{step}"
        wrong = problem(checkpoint)
        if wrong is None:
            return checkpoint, complaints
        complaints.append(f"{checkpoint.name} {wrong}: passed over")
    return None, complaints


def step_of(checkpoint: Path) -> int:
    """`checkpoint-12` → 12."""
    return int(checkpoint.name.rpartition("-")[2])


def differences(checkpoint: Path, made_of: dict[str, Any]) -> list[str]:
    """What a checkpoint was made of that is another now: `["parameter learning_rate: 0.001 then, 0.0002 now"]`."""
    then = _flat(json.loads((checkpoint / MANIFEST).read_text(encoding="utf-8"))["made_of"])
    now = _flat(json.loads(json.dumps(made_of)))
    nothing = "nothing"
    return [
        f"{name}: {_short(then.get(name, nothing))} then, {_short(now.get(name, nothing))} now"
        for name in dict.fromkeys([*then, *now])
        if then.get(name, nothing) != now.get(name, nothing)
    ]


def _digest(manifest: dict[str, Any]) -> str:
    """Of what a manifest says, so that one flipped bit in it is not taken for a changed parameter."""
    return hashlib.sha256(json.dumps(manifest, sort_keys=True).encode()).hexdigest()


def _flat(values: dict[str, Any], above: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in values.items():
        flat |= _flat(value, f"{above}{name} ") if isinstance(value, dict) else {f"{above}{name}": value}
    return flat


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 60 else f"{text[:12]}…" if " " not in text else f"{text[:59]}…"


def _steps(folder: Path) -> list[int]:
    found = (_NAME.fullmatch(path.name) for path in folder.glob("checkpoint-*"))
    return sorted(int(match[1]) for match in found if match)


def _flush_folder(folder: Path) -> None:
    """A rename is only sure to outlive a power cut when its folder has reached the disk; Windows has no such call."""
    if os.name != "nt":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
