"""evergrant against `django-oauth-toolkit`, with ordinary rows: logins, renewal, a storm at expiry, a replay within the grace, logout."""

from checks import Checks
from foreign import GraceServer
from home import Home
from killed import within_grace
from ordinary import expiries, kept, logins, logout, renewals


def main():
    checks = Checks("grace")
    with checks, GraceServer() as server, Home(server.rows()) as home:
        logins(checks, server, home)
        renewals(checks, server, home)
        expiries(checks, server, home, count=2)
        within_grace(checks, server, home)
        refresh_token = logout(checks, server, home, kept(server))
        checks.equal("the refresh token is refused now", server.spend(refresh_token).error(), "invalid_grant")
    checks.finish()


if __name__ == "__main__":
    main()
