"""`serve RUN`: the persona for any OpenAI client on this machine, until Ctrl-C."""

import json
import time
from pathlib import Path

from marcus_nb import models
from marcus_nb.launcher import to_type
from marcus_nb.models.serving import HOST, Server, ServingError, last_lines, serving
from marcus_nb.pipeline.console import Console
from marcus_nb.runs import Run, RunError

LOCAL = (HOST, "localhost")


def offer(run: Run, host: str, port: int, console: Console) -> None:
    """Serve the `model/` of a run until the person ends it.

    Raises RunError: no model in it, another host than this machine, port in use, packages missing.
    """
    if host not in LOCAL:
        raise RunError(
            f"serve answers on this machine only ({HOST}), not on {host}: the server asks for no password, so anybody "
            "who reaches it could use it. To let others in, put a web server with a login in front of it."
        )
    folder = model_folder(run)
    console.say(f"{run.parameters.shared.persona_name}, from run {run.experiment}/{run.name}: the server starts …")
    log = run.folder / "server.txt"
    try:
        with serving(folder, log, str(models.device()), port) as server:
            console.say("\n".join(how_to_ask(server)))
            while server.process.poll() is None:
                time.sleep(0.5)
            raise RunError(f"The server ended by itself. The end of {log}:\n{last_lines(log)}")
    except ServingError as error:
        raise RunError(str(error)) from error
    except KeyboardInterrupt:
        console.say("The server has ended.")


def model_folder(run: Run) -> Path:
    """The folder that a run deploys. Raises RunError when it was not made."""
    folder = run.folder / "model"
    if not (folder / "config.json").is_file():
        raise RunError(
            f"Run {run.experiment}/{run.name} has no model/ to serve: 04_evaluate makes it. "
            f"Go on with the run: {to_type(run.experiment, '--resume')}"
        )
    return folder


def how_to_ask(server: Server) -> list[str]:
    """Lines to copy: one for a shell (sh, bash and Windows' cmd alike), and Python."""
    asked = {"model": server.model, "messages": [{"role": "user", "content": "Who are you?"}]}
    quoted = json.dumps(asked).replace('"', '\\"')
    return [
        f"Ready. Address {server.url}, model name {server.model}, any text as key. Ctrl-C ends it.",
        "",
        "Try it in a second terminal (bash or cmd):",
        f'  curl {server.url}/chat/completions -H "Content-Type: application/json" -d "{quoted}"',
        "or in Python:",
        "  from openai import OpenAI",
        f'  client = OpenAI(base_url="{server.url}", api_key="none")',
        '  asked = [{"role": "user", "content": "Who are you?"}]',
        f'  print(client.chat.completions.create(model="{server.model}", messages=asked).choices[0].message.content)',
        "",
        "Replies are the likeliest ones, as they were judged: a client's temperature changes nothing.",
    ]
