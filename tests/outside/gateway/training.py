"""Runs what a gateway is there for through a binary that counts how often it runs what, and writes that down when it ends (scripts/profile)."""

from bench import Stage, question

CONNECTIONS = (1, 16, 64)
LOAD_SECS = 3
# A conversation that has become long.
LONG = 100_000


def main():
    served = 0
    for keyed in (True, False):
        with Stage(keyed=keyed).with_gateway() as stage:
            gateway = stage.targets["gateway"]
            for body in (question(), question(stream=True), question(filler=LONG)):
                asked = stage.folder / "asked.json"
                asked.write_bytes(body)
                for connections in CONNECTIONS:
                    took = gateway.load(connections, asked, LOAD_SECS)
                    if took["errors"] or not took["requests"]:
                        raise SystemExit(f"the gateway did not serve what it is measured by: {took}")
                    served += took["requests"]
    print(f"{served} requests served")


if __name__ == "__main__":
    main()
