"""The users' jobs, run by the Procrastinate worker: mails with links, and what is not kept for ever."""

from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore
from django.core.mail import send_mail
from django.db.models.functions import Now
from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from users import links, personal_data, texts, tokens
from users.models import RateCount, User
from users.throttling import HOUR

PATIENTLY = RetryStrategy(max_attempts=8, exponential_wait=3)
"""About an hour and a half: longer than most mail servers are away."""


@app.task(retry=PATIENTLY)
def mail_verification(user_id: int) -> None:
    """Mail the link that verifies the user's address. The mail before it is void."""
    user = User.objects.filter(pk=user_id).first()
    if user is None or not (secret := links.verification_secret(user)):
        return
    _send(user, "verification", f"verify-email#{secret}")


@app.task(retry=PATIENTLY)
def mail_password_reset(user_id: int) -> None:
    """Mail a link to set a new password. 0, for nobody: do nothing."""
    user = User.objects.filter(pk=user_id, is_active=True, email_verified=True).first()
    if user is None:
        return
    _send(user, "password_reset", f"reset-password#{links.reset_secret(user)}")


@app.task(retry=PATIENTLY)
def mail_address_changed(user_id: int, old_email: str) -> None:
    """Tell whoever reads the address that the account had until now: it may not be they who changed it."""
    user = User.objects.filter(pk=user_id, is_active=True).first()
    if user is not None:
        _send(user, "address_changed", "profile", to=old_email)


def _send(user: User, template: str, path: str, *, to: str = "") -> None:
    subject, body = texts.text(
        f"mail/{template}",
        language=user.language,
        timezone_name=user.timezone,
        name=user.username,
        link=f"{settings.SITE_URL}/{path}",
    )
    send_mail(subject, f"{body}\n", None, [to or user.email])


@app.periodic(cron="17 3 * * *")
@app.task(queueing_lock="forget_traces", pass_context=False)
def forget_traces(timestamp: int) -> None:
    """Blank addresses and browser names that are older than KEEP_ADDRESSES_DAYS; drop the sign-ins and tokens that
    have expired."""
    personal_data.forget_traces()
    SessionStore.clear_expired()
    tokens.delete_expired()


@app.periodic(cron="7 * * * *")
@app.task(queueing_lock="forget_rate_counts", pass_context=False)
def forget_rate_counts(timestamp: int) -> None:
    """Delete the counts that are over."""
    RateCount.objects.filter(since__lt=Now() - HOUR).delete()
