"""django-oauth-toolkit on loopback: every refresh rotates, a replay within a grace is answered the same pair, and `/_server/` counts and steers.

Served by waitress with a thread for each request of a storm, on SQLite in a directory that is thrown away.
"""

import hashlib
import json
import os
import socket
import sys
import tempfile
import threading
import time

import django
import waitress
from django.conf import settings
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
from django.http import JsonResponse
from django.urls import include, path
from jwcrypto import jwk

# As many as a storm has processes, so that nothing is put in a row before it reaches the database.
THREADS = 64
# What the row says too; long enough that a busy machine does not miss it.
GRACE_SECS = 60

LOGIN_PAGE = '<form method="post">{% csrf_token %}{{ form.as_p }}<button type="submit">Log in</button></form>'

steering = {"access_token_lifetime_secs": 3600, "refresh_delay_ms": 0}
counters = {}
refreshes = []
newest = {"refresh_token": ""}
books = threading.Lock()


def main():
    listener = socket.create_server(("127.0.0.1", 0), backlog=256)
    origin = f"http://127.0.0.1:{listener.getsockname()[1]}"
    with tempfile.TemporaryDirectory(prefix="evergrant-grace-server-") as folder:
        configure(folder, origin)
        people_and_clients()
        application = get_wsgi_application()
        threading.Thread(target=lambda: waitress.serve(application, sockets=[listener], threads=THREADS), daemon=True).start()
        print(json.dumps({"event": "listening", "issuer": f"{origin}/o"}), flush=True)
        # Whoever started it holds stdin open; when that ends, so does this.
        sys.stdin.read()


def configure(folder, origin):
    """A whole Django project, in so far as it differs from the defaults."""
    key = jwk.JWK.generate(kty="RSA", size=2048)
    settings.configure(
        SECRET_KEY="loopback",
        ALLOWED_HOSTS=["127.0.0.1"],
        USE_TZ=True,
        LOGIN_URL="/login/",
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        INSTALLED_APPS=[
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "django.contrib.sessions",
            "oauth2_provider",
        ],
        MIDDLEWARE=[
            f"{__name__}.counting",
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.middleware.csrf.CsrfViewMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
        ],
        TEMPLATES=[
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "OPTIONS": {
                    "loaders": [
                        ("django.template.loaders.locmem.Loader", {"registration/login.html": LOGIN_PAGE}),
                        "django.template.loaders.app_directories.Loader",
                    ],
                    "context_processors": ["django.template.context_processors.request"],
                },
            }
        ],
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.sqlite3",
                "NAME": os.path.join(folder, "db.sqlite3"),
                # Writers wait for each other, as on a server that is made for many.
                "OPTIONS": {
                    "transaction_mode": "IMMEDIATE",
                    "timeout": 20,
                    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
                },
            }
        },
        OAUTH2_PROVIDER={
            "OIDC_ENABLED": True,
            "OIDC_ISS_ENDPOINT": f"{origin}/o",
            "OIDC_RSA_PRIVATE_KEY": key.export_to_pem(private_key=True, password=None).decode(),
            "SCOPES": {"openid": "Who you are", "models": "Use of the models"},
            "PKCE_REQUIRED": True,
            "ROTATE_REFRESH_TOKEN": True,
            "REFRESH_TOKEN_GRACE_PERIOD_SECONDS": GRACE_SECS,
            "REFRESH_TOKEN_REUSE_PROTECTION": True,
            "OAUTH_DEVICE_VERIFICATION_URI": f"{origin}/o/device/",
            "OAUTH_DEVICE_VERIFICATION_URI_COMPLETE": lambda code: f"{origin}/o/device/?user_code={code}",
            "DEVICE_FLOW_INTERVAL": 1,
            "EXTRA_SERVER_KWARGS": {"token_expires_in": lambda _: steering["access_token_lifetime_secs"]},
        },
    )
    django.setup()
    settings.ROOT_URLCONF = urls()
    call_command("migrate", verbosity=0)


def people_and_clients():
    """One person, a client for each way to log in (the toolkit knows one grant a client), and one that may ask about tokens."""
    from django.contrib.auth import get_user_model
    from oauth2_provider.models import get_application_model

    person = get_user_model().objects.create_user("user-1", password="user-1")
    clients = get_application_model()
    public = {"user": person, "client_type": clients.CLIENT_PUBLIC, "algorithm": clients.RS256_ALGORITHM}
    clients.objects.create(
        client_id="evergrant",
        name="evergrant",
        authorization_grant_type=clients.GRANT_AUTHORIZATION_CODE,
        # Of a loopback redirect every port is allowed (RFC 8252 7.3).
        redirect_uris="http://127.0.0.1/callback http://[::1]/callback",
        **public,
    )
    clients.objects.create(
        client_id="evergrant-device", name="evergrant", authorization_grant_type=clients.GRANT_DEVICE_CODE, **public
    )
    clients.objects.create(
        client_id="inspector",
        client_secret="inspector",
        user=person,
        client_type=clients.CLIENT_CONFIDENTIAL,
        authorization_grant_type=clients.GRANT_CLIENT_CREDENTIALS,
    )


def counting(get_response):
    """Middleware: what came to the token and revocation endpoints, and what was answered."""

    def middleware(request):
        response = get_response(request)
        if request.method == "POST" and request.path == "/o/token/":
            refreshed = request.POST.get("grant_type") == "refresh_token"
            with books:
                count("token_requests")
                answer = json.loads(response.content or b"{}")
                newest["refresh_token"] = answer.get("refresh_token") or newest["refresh_token"]
                if refreshed:
                    book(request.POST.get("refresh_token"), response.status_code, answer.get("refresh_token"))
            if refreshed:
                # Whoever waits for the answer waits; the rotation is done.
                time.sleep(steering["refresh_delay_ms"] / 1000)
        elif request.method == "POST" and request.path == "/o/revoke_token/":
            with books:
                count("revocations")
        return response

    return middleware


def book(sent, status, answered):
    """One refresh; of the tokens no more than is needed to tell them apart."""
    count("refreshes")
    count("rotations" if status == 200 else "refreshes_refused")
    refreshes.append({"sent": fingerprint(sent), "status": status, "answered": fingerprint(answered)})


def count(name):
    counters[name] = counters.get(name, 0) + 1


def fingerprint(secret):
    return hashlib.sha256(secret.encode()).hexdigest()[:8] if secret else None


def panel(request, gauge):
    """Counts, the log of refreshes, the newest token; steers by query."""
    if gauge == "steer":
        steering.update((name, int(value)) for name, value in request.GET.items())
        return JsonResponse(steering)
    shown = {"counters": counters, "newest": newest, "refreshes": refreshes}
    with books:
        return JsonResponse(shown[gauge], safe=False)


def urls():
    """The toolkit where its manual mounts it, a login page, and the panel; views can be imported only once the settings stand."""
    from django.contrib.auth.views import LoginView

    return (
        path("o/", include("oauth2_provider.urls", namespace="oauth2_provider")),
        path("login/", LoginView.as_view()),
        path("_server/<str:gauge>", panel),
    )


if __name__ == "__main__":
    main()
