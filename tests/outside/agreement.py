"""Holds the sandbox against `oidc-provider`: the same conversation must be answered alike."""

from checks import Checks
from conversation import Conversation
from foreign import StrictServer
from servers import Sandbox


def main():
    checks = Checks("agreement")
    with checks:
        with StrictServer() as strict:
            theirs = Conversation(strict).hold()
        # As strict as they are: nobody is approved unasked, and their device answer names no interval.
        quiet = {"client_ids": ["evergrant", "other"], "automatic_device_approval": False, "device_interval_secs": 0}
        with Sandbox(**quiet) as sandbox:
            ours = Conversation(sandbox).hold()
        checks.equal("both conversations have as many sentences", len(ours), len(theirs))
        for (what, their_answer), (_, our_answer) in zip(theirs, ours):
            alike = our_answer == their_answer
            found = said(our_answer) if alike else f"they: {said(their_answer)}, we: {said(our_answer)}"
            checks.check(what, alike, found)
    checks.finish()


def said(answer):
    """An answer on one line."""
    return " ".join(str(part) for part in answer if part != "") if isinstance(answer, tuple) else answer


if __name__ == "__main__":
    main()
