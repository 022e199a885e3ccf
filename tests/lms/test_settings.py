import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from django.core.exceptions import ImproperlyConfigured

from lms.settings import database, mail
from tests.site import ROOT


def started(*command: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    env = {"PATH": os.environ["PATH"], **environment}
    return subprocess.run([sys.executable, *command], cwd=ROOT, env=env, capture_output=True, text=True, timeout=120)


@pytest.mark.parametrize(
    "command",
    [("-m", "lms.server", "--port", "1"), ("manage.py", "check"), ("manage.py", "run")],
    ids=lambda command: " ".join(command[:2]),
)
def test_no_start_without_a_secret_key(command: tuple[str, ...]) -> None:
    done = started(*command, DEBUG="0", DATABASE_URL="postgresql:///x", REDIS_URL="redis:///")
    assert done.returncode != 0
    assert "Set SECRET_KEY" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_secret_key_means_no_debug() -> None:
    said = "from django.conf import settings; print(settings.DEBUG)"
    done = started(
        "manage.py", "shell", "-v0", "-c", said, SECRET_KEY="x", DATABASE_URL="postgresql:///x", REDIS_URL="x"
    )
    assert done.stdout.split() == ["False"], done.stderr


@pytest.mark.parametrize(("hours", "is_taken"), [("0.5", True), ("8760", True), ("0", False), ("nan", False)])
def test_offers_are_kept_for_a_second_to_a_year(hours: str, is_taken: bool) -> None:
    said = "import lms.settings; print(lms.settings.WAITLIST_OFFER_HOURS)"
    done = started("-c", said, DEBUG="1", WAITLIST_OFFER_HOURS=hours)
    assert (done.stdout.strip() == str(float(hours))) == is_taken, done.stderr
    assert ("from a second" in done.stderr) != is_taken


def test_importing_them_starts_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    done = started("-c", "import lms.settings, lms.devservices", DEBUG="1", DATA_DIR=str(folder))
    assert done.returncode == 0, done.stderr
    assert not folder.exists()


def test_database_urls() -> None:
    tcp = database("postgresql://me:p%40ss@db.example:6432/study?sslmode=require")
    assert (tcp["USER"], tcp["PASSWORD"], tcp["HOST"], tcp["PORT"], tcp["NAME"]) == (
        "me",
        "p@ss",
        "db.example",
        "6432",
        "study",
    )
    assert tcp["OPTIONS"]["sslmode"] == "require"
    by_socket = database("postgresql://studybeat@/studybeat?host=/run/a%20folder")
    assert by_socket["HOST"] == "/run/a folder"
    assert "host" not in by_socket["OPTIONS"]
    with pytest.raises(ImproperlyConfigured, match="must begin with postgresql://"):
        database("sqlite:///x")


@pytest.mark.parametrize(
    ("url", "port", "starttls", "tls"),
    [
        ("smtp://mail.example", 25, False, False),
        ("smtp+tls://mail.example", 587, True, False),
        ("smtps://mail.example", 465, False, True),
        ("smtp://mail.example:2525", 2525, False, False),
    ],
)
def test_mail_urls(url: str, port: int, starttls: bool, tls: bool) -> None:
    settings = mail(url)
    assert settings["EMAIL_HOST"] == "mail.example"
    assert (settings["EMAIL_PORT"], settings["EMAIL_USE_TLS"], settings["EMAIL_USE_SSL"]) == (port, starttls, tls)
    assert settings["EMAIL_TIMEOUT"], "no job waits for ever"


def test_a_mail_url_has_who_signs_in() -> None:
    settings = mail("smtp+tls://me%40example:p%2Fss@mail.example")
    assert (settings["EMAIL_HOST_USER"], settings["EMAIL_HOST_PASSWORD"]) == ("me@example", "p/ss")


@pytest.mark.parametrize("url", ["mail.example", "http://mail.example", "smtp://", "smtp:mail.example"])
def test_what_is_no_mail_url_is_refused(url: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="EMAIL_URL must be"):
        mail(url)


FAILS = """
import django, logging, smtplib
django.setup()
logger = logging.getLogger("procrastinate.worker")
try:
    raise smtplib.SMTPRecipientsRefused({"Ana.O'Neil+x@mail.example.org": (550, b"<ana@example.org>: no such user")})
except smtplib.SMTPException as error:
    logger.error("Job mail[7](user_id=1, old_email='old@example.org') failed at @once", exc_info=error)
"""


def test_no_address_is_in_the_log() -> None:
    """A job that fails for good is logged with what it was given, and with what the mail server said."""
    said = started("-c", FAILS, DEBUG="1", DJANGO_SETTINGS_MODULE="lms.settings").stderr
    assert "Job mail[7](user_id=1, old_email='…@…') failed at @once" in said
    assert "550" in said
    assert "no such user" in said
    assert not re.search("example|ana|neil", said, re.IGNORECASE)


def test_containers_have_the_time_to_end_in_good_order() -> None:
    """Docker kills after ten seconds. A drain may take longer, and so may a mail on its way, which would be lost."""
    from realtime.hub import END_WITHIN_SECONDS

    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    for name in ("web", "worker"):
        grace = services[name].get("stop_grace_period", "10s")
        assert int(grace.removesuffix("s")) > max(END_WITHIN_SECONDS, mail("smtp://localhost")["EMAIL_TIMEOUT"])
