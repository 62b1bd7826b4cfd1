"""Many processes that find one access token expired at the same moment, and what the server saw of it."""

import time
from dataclasses import dataclass

# Expired as soon as it is kept: the renewal before a storm makes one, so that no storm waits for the end of a longer life.
SHORT_SECS = 1
LONG_SECS = 600
# The rotation is done and the answer on its way when the last process comes.
ANSWER_AFTER_MS = 500


@dataclass
class Storm:
    """What came of it."""

    runs: list
    refreshes: list
    took_secs: float

    @property
    def failed(self):
        """The runs without a token."""
        return [run for run in self.runs if run.exit != 0 or "access_token" not in run.json]

    @property
    def tokens(self):
        """The different access tokens that were given out."""
        return {run.json.get("access_token") for run in self.runs} - {None}


def storm(server, home, name, processes):
    """Lets the token of the grant expire, then starts `evergrant token` so many times at once."""
    server.steer(access_token_lifetime_secs=SHORT_SECS)
    home.run("refresh", name)
    home.wait_past_expiry(server.name)
    server.steer(access_token_lifetime_secs=LONG_SECS, refresh_delay_ms=ANSWER_AFTER_MS)
    seen = len(server.refreshes())
    began = time.monotonic()
    runs = home.at_once(processes, "token", name, "--json")
    took_secs = time.monotonic() - began
    server.steer(refresh_delay_ms=0)
    return Storm(runs, server.refreshes()[seen:], took_secs)


def chained(refreshes):
    """Whether each refresh spent what the one before it was answered, so that none was spent twice."""
    return all(late["sent"] == early["answered"] for early, late in zip(refreshes, refreshes[1:]))
