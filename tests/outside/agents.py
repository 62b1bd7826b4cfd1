"""Whole agents that no one here wrote: codex, opencode and hermes, each a process a question, in homes of their own."""

import json
import subprocess
import tempfile
from pathlib import Path

from processes import OUTSIDE, environment

MODEL = "grok-4.3"
# An agent that starts on a busy machine takes seconds; one that waits for an answer that does not come is ended.
QUESTION_SECS = 120


def all_of(gateway):
    """Each agent's name, and a way to ask it; their homes last as long as the process."""
    for name, agent in (("codex exec", codex), ("opencode run", opencode), ("hermes -z", hermes)):
        folder = tempfile.TemporaryDirectory(prefix="evergrant-agent-", ignore_cleanup_errors=True)
        yield name, keeping(folder, agent(f"{gateway.base_url}/v1", Path(folder.name)))


def keeping(folder, run):
    """Asks through a run; the folder goes with the last one who can ask."""

    def ask(prompt, _stream):
        command, variables = run(prompt)
        done = subprocess.run(
            command,
            env=environment(folder.name, **variables),
            cwd=folder.name,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=QUESTION_SECS,
            check=False,
        )
        if done.returncode != 0:
            raise RuntimeError(f"exit {done.returncode}: {done.stdout[-300:]} {done.stderr[-300:]}")
        # They repeat the question elsewhere, and some put it in quotes; only the answer says this.
        said = f"You said: {prompt}"
        return prompt if said in done.stdout.replace('"', "") else f"{done.stdout[-300:]} {done.stderr[-300:]}"

    return ask


def codex(base_url, folder):
    """`codex exec`, by the Responses surface."""
    home = folder / "codex"
    home.mkdir()
    (home / "config.toml").write_text(
        f'model = "{MODEL}"\nmodel_provider = "evergrant"\n[model_providers.evergrant]\nname = "evergrant"\n'
        f'base_url = "{base_url}"\nwire_api = "responses"\nenv_key = "EVERGRANT_CLIENT_KEY"\n'
        "request_max_retries = 0\nstream_max_retries = 0\n"
    )
    program = OUTSIDE / "agents" / "node_modules" / ".bin" / "codex"
    variables = {"CODEX_HOME": str(home), "EVERGRANT_CLIENT_KEY": "none-is-needed-on-loopback"}
    return lambda prompt: ([str(program), "exec", "--skip-git-repo-check", "--sandbox", "read-only", prompt], variables)


def opencode(base_url, folder):
    """`opencode run`, by chat completions."""
    options = {"baseURL": base_url, "apiKey": "none-is-needed-on-loopback"}
    provider = {"npm": "@ai-sdk/openai-compatible", "name": "evergrant", "options": options, "models": {MODEL: {"name": MODEL}}}
    model = f"evergrant/{MODEL}"
    written = {"provider": {"evergrant": provider}, "model": model, "small_model": model, "autoupdate": False, "share": "disabled"}
    (folder / "opencode.json").write_text(json.dumps(written))
    programs = sorted((OUTSIDE / "agents" / "node_modules").glob("opencode-linux-x64*/bin/opencode"))
    program = next(path for path in programs if "musl" not in str(path) and "baseline" not in str(path))
    variables = {"OPENCODE_DISABLE_MODELS_FETCH": "1", "OPENCODE_DISABLE_AUTOUPDATE": "1", "OPENCODE_CONFIG": str(folder / "opencode.json")}
    return lambda prompt: ([str(program), "run", "--model", model, prompt], variables)


def hermes(base_url, folder):
    """`hermes -z`, by chat completions of a provider of one's own."""
    home = folder / "hermes"
    home.mkdir()
    said = {"default": MODEL, "provider": "custom", "base_url": base_url, "api_key": "none-is-needed-on-loopback"}
    # JSON is YAML.
    (home / "config.yaml").write_text(json.dumps({"model": said}))
    program = OUTSIDE / "hermes" / "bin" / "hermes"
    return lambda prompt: ([str(program), "-z", prompt], {"HERMES_HOME": str(home)})
