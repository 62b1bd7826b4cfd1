"""What a gateway tells at `/metrics`, read by the PyPI `prometheus-client` in either form, and the alert rules by `promtool` where there is one."""

import shutil
import subprocess
from pathlib import Path

import wire
from checks import Checks
from home import Home
from servers import Sandbox

OPEN = "application/openmetrics-text; version=1.0.0; charset=utf-8"
RULES = Path(__file__).parents[2] / "deploy/prometheus/evergrant.rules.yml"


def main():
    checks, figure = Checks("metrics"), ""
    with checks, Sandbox() as sandbox, Home({"acme": sandbox.row("acme")}) as home:
        checks.done("login", home.login("acme", sandbox))
        with home.serve() as gateway:
            figure = read(checks, sandbox, gateway)
        promtool(checks, "check", "rules", str(RULES))
    checks.finish(figure)


def read(checks, sandbox, gateway):
    """A known play, and both forms of what is told of it. The figure."""
    from prometheus_client.openmetrics import parser as openmetrics
    from prometheus_client import parser as classic

    for _ in range(3):
        checks.equal("an answer", gateway.ask().status, 200)
    sandbox.order("expire", wording="stale-wke")
    checks.equal("an answer after a repair", gateway.ask().status, 200)
    texts = {}
    for form, accept, parse in (
        ("OpenMetrics", OPEN, openmetrics.text_string_to_metric_families),
        ("the older form", "text/plain", classic.text_string_to_metric_families),
    ):
        page = wire.get(f"{gateway.base_url}/metrics", {"accept": accept})
        texts[form] = page.text
        samples = {}
        for family in parse(page.text):
            for sample in family.samples:
                samples[sample.name, tuple(sorted(sample.labels.items()))] = sample.value
        checks.check(f"{form} is read", len(samples) > 50, len(samples))
        of = ("provider", "acme")
        told = {
            "requests": samples.get(("evergrant_requests_total", (of, ("status", "2xx"), ("surface", "chat-completions")))),
            "renewals": samples.get(("evergrant_renewals_total", (("outcome", "renewed"), of))),
            "repairs": samples.get(("evergrant_repairs_total", (("action", "refresh"), of))),
            "usable": samples.get(("evergrant_credentials_usable", (of,))),
        }
        checks.equal(f"what {form} tells", told, {"requests": 4, "renewals": 1, "repairs": 1, "usable": 1})
    promtool(checks, "check", "metrics", input=texts["the older form"])
    return f"{len(samples)} samples read in two forms"


def promtool(checks, *arguments, input=""):
    """One run of it, if it is installed (Debian has it in `prometheus`)."""
    found = shutil.which("promtool")
    if found is None:
        return
    run = subprocess.run([found, *arguments], input=input, capture_output=True, text=True, timeout=60)
    checks.check(f"promtool {' '.join(arguments[:2])}", run.returncode == 0, run.stdout + run.stderr)


if __name__ == "__main__":
    main()
