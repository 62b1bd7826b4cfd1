"""f: one body, two stories: an authentication marker beside entitlement words, wherever and however it stands."""

import json

from checks import Checks
from home import Home

GENERAL = "The caller does not have permission to execute the specified operation"
ENTITLEMENT = (
    "You have either run out of available resources or do not have an active Grok subscription. "
    "Manage at https://grok.com"
)
BODIES = {
    "marker at the end of error": {"code": GENERAL, "error": f"{ENTITLEMENT} [WKE=unauthenticated:bad-credentials]"},
    "marker at the start of error": {"code": GENERAL, "error": f"[WKE=unauthenticated:bad-credentials] {ENTITLEMENT}"},
    "marker in code": {"code": "unauthenticated:bad-credentials", "error": ENTITLEMENT},
    "marker in upper case": {"code": GENERAL, "error": f"{ENTITLEMENT} [WKE=UNAUTHENTICATED:BAD-CREDENTIALS]"},
    "marker in mixed case": {"code": "Unauthenticated:Expired-Token", "error": ENTITLEMENT},
    "unknown reason in error": {"code": GENERAL, "error": f"{ENTITLEMENT} [WKE=unauthenticated:some-future-reason]"},
    "unknown reason in code": {"code": "unauthenticated:some-future-reason", "error": ENTITLEMENT},
    "marker in message": {"reason": GENERAL, "message": f"{ENTITLEMENT} [WKE=unauthenticated:revoked]"},
    "the sentence without a marker": {"error": f"The OAuth2 access token could not be validated. {ENTITLEMENT}"},
    "nested under error": {"error": {"code": "unauthenticated:bad-credentials", "message": ENTITLEMENT}},
}


def main():
    checks, figure = Checks("markers"), ""
    with checks, Home({}) as home:
        lines = [
            json.dumps(
                {
                    "id": name,
                    "provider": "xai-oauth",
                    "channel": "inference",
                    "credential": "oauth",
                    "status": 403,
                    "headers": {"content-type": "application/json"},
                    "body": json.dumps(body),
                }
            )
            for name, body in BODIES.items()
        ]
        run = home.run("explain", "--jsonl", input="\n".join(lines) + "\n")
        checks.done("explain", run)
        verdicts = {line["id"]: line["verdict"] for line in run.events}
        for name in BODIES:
            checks.equal(name, verdicts.get(name), "unauthenticated")
        good = sum(verdict == "unauthenticated" for verdict in verdicts.values())
        figure = f"{good} of {len(BODIES)} bodies read as unauthenticated"
    checks.finish(figure)


if __name__ == "__main__":
    main()
