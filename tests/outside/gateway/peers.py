"""Others that pass requests on, as they are installed by name: how each is started before the same provider."""

import base64
import json
import os
import subprocess
import sys
import time
from importlib import metadata

import wire
from bench import HERE, Target, free_address, until
from processes import OUTSIDE, environment

# What is asked of PyPI; the versions that came are told with the figures.
PACKAGES = {"litellm": ["litellm[proxy]"], "hermes": ["hermes-agent", "aiohttp"]}
# Importing everything that LiteLLM can do takes longest.
START_SECS = 120


class Peers:
    """Starts them one after another, and ends them with the `with` block."""

    def __init__(self, stage):
        self.stage = stage
        self.running = []
        self.versions = {}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in self.running:
            process.terminate()
        for process in self.running:
            process.wait()

    def start(self, name, installed):
        """Adds one to what is measured."""
        address = free_address()
        version, command, variables, headers = getattr(self, name)(address, installed)
        process = subprocess.Popen(
            command,
            env=environment(self.stage.folder, **variables),
            cwd=self.stage.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self.running.append(process)
        target = Target(name, f"http://{address}", process.pid, headers)
        until(lambda: answers(target), START_SECS)
        self.versions[name] = version
        self.stage.targets[name] = target

    def haproxy(self, address, _installed):
        text = (HERE / "haproxy.cfg").read_text()
        said = {"LISTEN": address, "UPSTREAM": self.stage.address, "WORKERS": os.cpu_count()}
        for name, value in said.items():
            text = text.replace(f"@{name}@", str(value))
        path = self.stage.folder / "haproxy.cfg"
        path.write_text(text)
        return first_number(["haproxy", "-v"]), ["haproxy", "-db", "-f", str(path)], {}, {}

    def litellm(self, address, installed):
        """Its proxy with an API key to the provider and a key for its clients."""
        path = self.stage.folder / "litellm.json"
        provider = {"model": "openai/bench-model", "api_base": f"http://{self.stage.address}/v1", "api_key": "fixed"}
        path.write_text(json.dumps({"model_list": [{"model_name": "bench-model", "litellm_params": provider}]}))
        host, port = address.split(":")
        command = [installed / "bin" / "litellm", "--config", path, "--host", host, "--port", port, "--num_workers", os.cpu_count()]
        # It would fetch its list of prices and send what it counts.
        variables = {"LITELLM_MASTER_KEY": "sk-bench", "LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_TELEMETRY": "False"}
        return version_in(installed, "litellm"), list(map(str, command)), variables, {"authorization": "Bearer sk-bench"}

    def hermes(self, address, installed):
        """Its proxy with a grant of Nous, whose address a developer may set."""
        home = self.stage.folder / "hermes"
        home.mkdir()
        token = token_until(time.time() + 86_400)
        state = {
            "access_token": token,
            "refresh_token": "never-sent",
            "scope": "inference:invoke",
            "expires_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 86_400)),
        }
        (home / "auth.json").write_text(json.dumps({"version": 1, "active_provider": "nous", "providers": {"nous": state}}))
        host, port = address.split(":")
        command = [installed / "bin" / "hermes", "proxy", "start", "--provider", "nous", "--host", host, "--port", port]
        variables = {"HERMES_HOME": str(home), "NOUS_INFERENCE_BASE_URL": f"http://{self.stage.address}/v1"}
        return version_in(installed, "hermes-agent"), list(map(str, command)), variables, {"authorization": "Bearer any"}


def answers(target):
    """Whether it gives a whole answer; while it starts it may give errors."""
    question = {"model": "bench-model", "messages": [{"role": "user", "content": "hello"}]}
    return wire.post_json(target.url, question, headers=target.headers).status == 200


def install(name):
    """Puts one into a place of its own, once."""
    folder = OUTSIDE / "peers" / name
    mark = folder / "installed"
    if not mark.exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
        pip = [folder / "bin" / "pip", "install", "--quiet", "--disable-pip-version-check", *PACKAGES[name]]
        subprocess.run(pip, check=True)
        mark.touch()
    return folder


def version_in(folder, package):
    """The version of a package that was installed there."""
    paths = [str(path) for path in (folder / "lib").glob("python*/site-packages")]
    found = next(iter(metadata.distributions(name=package, path=paths)), None)
    return found.version if found else "?"


def first_number(command):
    """The version that a program tells on its first line."""
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    words = (done.stdout + done.stderr).replace("/", " ").split()
    return next((word.split("-")[0] for word in words if word[0].isdigit()), "?")


def token_until(expiry):
    """A token as Nous gives them: a JWT that nobody here verifies."""
    parts = ({"alg": "none"}, {"exp": int(expiry), "scope": "inference:invoke"})
    encoded = (base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts)
    return ".".join((*encoded, "none"))
