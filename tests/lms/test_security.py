"""What protects the site whatever its pages do: headers, cookies, origins, proxies, and settings that must be set."""

import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from django.test import Client

from tests.people import PASSWORD, session_of, token_of
from tests.rest import anonymous
from tests.site import ROOT, Site
from users.models import User

FAR = "203.0.113.77"
"""Where a client says it is."""

PRODUCTION = {
    "SECRET_KEY": "Zq3vX9mW2pL7rT5yB8nK4cJ6hG1fD0sA-of-many-letters-and-50-more",
    "ALLOWED_HOSTS": "study.example",
    "DATABASE_URL": "postgresql:///x",
    "REDIS_URL": "redis:///",
}


def manage(*command: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    env = {"PATH": os.environ["PATH"], **environment}
    return subprocess.run(
        [sys.executable, "manage.py", *command], cwd=ROOT, env=env, capture_output=True, text=True, timeout=120
    )


def test_a_deployment_check_has_nothing_to_say() -> None:
    done = manage("check", "--deploy", "--fail-level", "WARNING", **PRODUCTION)
    assert done.returncode == 0, done.stderr
    assert "no issues" in done.stdout


def test_it_would_say_something_of_a_weak_secret() -> None:
    """(N) exists to ensure that the test above would see it."""
    done = manage("check", "--deploy", "--fail-level", "WARNING", **{**PRODUCTION, "SECRET_KEY": "short"})
    assert done.returncode == 1
    assert "security.W009" in done.stderr


def setting(name: str, **environment: str) -> str:
    """Its value as text, or why there is none."""
    said = f"from lms import settings; print(repr(settings.{name}))"
    env = {"PATH": os.environ["PATH"], **PRODUCTION, **environment}
    done = subprocess.run([sys.executable, "-c", said], cwd=ROOT, env=env, capture_output=True, text=True, timeout=120)
    return (done.stdout or done.stderr).strip().splitlines()[-1]


def test_https_is_insisted_on_unless_told() -> None:
    assert setting("SECURE_HSTS_SECONDS") == str(365 * 24 * 3600)
    assert setting("SECURE_HSTS_SECONDS", HSTS_SECONDS="60") == "60"
    assert setting("SECURE_HSTS_SECONDS", DEBUG="1") == "0"


def test_the_machine_may_always_ask_itself() -> None:
    """A container's health check names no host but loopback."""
    assert setting("ALLOWED_HOSTS") == "['study.example', 'localhost', '127.0.0.1', '[::1]']"


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("TRUSTED_PROXIES", "*", "TRUSTED_PROXIES: * is neither an address nor a network."),
        ("TRUSTED_PROXIES", "10.0.0.1,proxy", "TRUSTED_PROXIES: proxy is neither an address nor a network."),
        ("EMAIL_URL", "https://mail.example", "EMAIL_URL must be smtp://"),
    ],
)
def test_a_setting_that_cannot_be_is_named(name: str, value: str, says: str) -> None:
    assert says in setting("DEBUG", **{name: value})


def test_mail_goes_where_the_url_says() -> None:
    url = "smtp+tls://me:p%40@m.example:587"
    names = ("HOST", "PORT", "HOST_USER", "HOST_PASSWORD", "USE_TLS")
    values = [setting(f"EMAIL_{name}", EMAIL_URL=url) for name in names]
    assert values == ["'m.example'", "587", "'me'", "'p@'", "True"]
    assert "smtp" in setting("EMAIL_BACKEND", EMAIL_URL=url, DEBUG="1")
    assert "console" in setting("EMAIL_BACKEND", DEBUG="1")
    assert "smtp" in setting("EMAIL_BACKEND")


# Cookies and headers, as a started site in production's settings has them


def signed_in(site: Site, **headers: str) -> httpx.Response:
    body = {"username": "ana", "password": PASSWORD}
    return httpx.post(f"{site.http(0)}/api/v1/login/", json=body, headers=headers, trust_env=False, timeout=60)


def test_cookies_go_over_https_only_and_to_no_script(site: Site, ana: User) -> None:
    answer = signed_in(site)
    cookies = {line.partition("=")[0]: line.lower() for line in answer.headers.get_list("set-cookie")}
    assert set(cookies) == {"sessionid", "csrftoken"}
    for cookie in cookies.values():
        assert "; secure" in cookie
        assert "samesite=lax" in cookie
    assert "httponly" in cookies["sessionid"]


@pytest.mark.parametrize("path", ["/", "/api/v1/me/", "/admin/login/", "/healthz", "/api/v1/docs/", "/no/such/page"])
def test_each_answer_says_what_a_page_may(client: Client, db: None, path: str) -> None:
    answer = client.get(path)
    policy = answer["Content-Security-Policy"]
    for part in ("default-src 'self'", "object-src 'none'", "frame-ancestors 'none'", "base-uri 'self'"):
        assert part in policy
    assert "script-src" not in policy, "so the default holds: no inline script, no other origin"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["Referrer-Policy"] == "same-origin"


# Other origins


def asked_from(origin: str, client: Client, path: str = "/api/v1/me/", **headers: str) -> Any:
    return client.options(path, headers={"Origin": origin, "Access-Control-Request-Method": "GET", **headers})


def test_other_origins_may_read_nothing(client: Client, ana: User) -> None:
    for answer in (asked_from("https://evil.example", client), client.get("/api/v1/me/", headers={"Origin": "null"})):
        assert not [name for name in answer.headers if name.lower().startswith("access-control-")]


def test_an_origin_that_is_set_may_use_tokens_and_no_cookie(client: Client, ana: User, settings: Any) -> None:
    settings.CORS_ALLOWED_ORIGINS = ["https://app.example"]
    answer = asked_from("https://app.example", client)
    assert answer["Access-Control-Allow-Origin"] == "https://app.example"
    assert "authorization" in answer["Access-Control-Allow-Headers"]
    assert "Access-Control-Allow-Credentials" not in answer
    headers = {"Origin": "https://app.example", "Authorization": f"Bearer {token_of(ana)}"}
    assert client.get("/api/v1/me/", headers=headers)["Access-Control-Expose-Headers"] == "ETag, Retry-After"
    assert "Access-Control-Allow-Origin" not in asked_from("https://evil.example", client)
    assert "Access-Control-Allow-Origin" not in asked_from("https://app.example", client, "/admin/")


def test_a_cookie_changes_nothing_without_the_csrf_token(ana: User) -> None:
    from rest_framework.test import APIClient

    client = APIClient(enforce_csrf_checks=True)
    client.cookies["sessionid"] = session_of(ana)
    for method, path in (
        ("post", "logout/"),
        ("post", "verify-email/resend/"),
        ("post", "password/change/"),
        ("patch", "me/"),
        ("delete", "me/"),
    ):
        answer = getattr(client, method)(f"/api/v1/{path}", {})
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden"), path


@pytest.mark.parametrize(
    "path", ["login/", "tokens/", "register/", "verify-email/", "password/reset/", "password/reset/confirm/"]
)
def test_where_no_csrf_token_is_asked_a_form_of_another_site_gets_nowhere(db: None, path: str) -> None:
    for content_type in ("application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain"):
        answer = anonymous().post(f"/api/v1/{path}", "{}", content_type=content_type)
        assert answer.status_code == 415


# Proxies


def came_from() -> str | None:
    return User.objects.get(username="ana").last_login_ip


def test_a_client_is_where_it_is_whatever_it_says(site: Site, ana: User) -> None:
    answer = signed_in(site, **{"X-Forwarded-For": FAR, "X-Forwarded-Proto": "https", "Forwarded": f"for={FAR}"})
    assert came_from() == "127.0.0.0"
    assert "Strict-Transport-Security" not in answer.headers


@pytest.mark.parametrize(
    ("said", "network"),
    [
        (FAR, "203.0.0.0"),
        (f"198.51.100.9, {FAR}", "203.0.0.0"),  # what the client added itself comes first, and is not believed
        (f"198.51.100.9, {FAR}, 10.1.2.3", "203.0.0.0"),  # two proxies
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1::"),
        ("::ffff:203.0.113.77", "203.0.0.0"),
        ("nonsense", None),
    ],
)
def test_a_proxy_that_is_trusted_says_where_the_client_is(
    proxied_site: Site, ana: User, said: str, network: str | None
) -> None:
    answer = signed_in(proxied_site, **{"X-Forwarded-For": said, "X-Forwarded-Proto": "https"})
    assert answer.status_code == 200
    assert came_from() == network
    assert answer.headers["Strict-Transport-Security"].startswith("max-age=31536000")


async def test_the_socket_believes_the_same(proxied_site: Site, intro: Any, ana: User) -> None:
    from courses.models import LearningSession
    from tests.learner import Learner
    from tests.site import orm

    token = await orm(token_of, ana)
    async with Learner(proxied_site.ws(0), token=token, headers={"X-Forwarded-For": FAR}) as learner:
        await learner.hello()
        await learner.open(course="intro")
    session = await orm(LearningSession.objects.get)
    assert session.ip_address == "203.0.0.0"


def test_addresses_are_stored_whole_only_when_told(make_site: Callable[..., Site], ana: User) -> None:
    site = make_site(env={"TRUSTED_PROXIES": "127.0.0.1", "STORE_WHOLE_ADDRESSES": "1"})
    signed_in(site, **{"X-Forwarded-For": FAR})
    assert came_from() == FAR


@pytest.fixture
def proxied_site(_proxied_site: Site, transactional_db: None) -> Site:
    _proxied_site.heal()
    return _proxied_site


@pytest.fixture(scope="module")
def _proxied_site(django_db_setup: None) -> Any:
    """Behind proxies: the tests themselves are the nearest one."""
    site = Site(env={"TRUSTED_PROXIES": "127.0.0.0/8,10.0.0.0/8"})
    yield site
    site.stop_all()
