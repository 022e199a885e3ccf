"""Mail: which notifications are worth one, who gets it, and that it goes out at most once.

A mail is taken before it is sent: its row gets `mailed_at` in a transaction of its own, after the mail server has
answered the connection. If the server then says no, the row is given back and the job tries again; if it says nothing
at all, the mail may have arrived, and is not sent again (docs/decisions/0047).
"""

import logging
import smtplib
from typing import Final
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.db.models import Model, QuerySet
from django.db.models.functions import Now
from msgspec import convert

from realtime.models import Notification
from realtime.protocol import NotificationData, NotificationKind
from realtime.texts import of_notification
from users import texts, unsubscribe
from users.models import User

WORTH_A_MAIL: Final = frozenset(
    {
        NotificationKind.ENROLLMENT_APPROVED,
        NotificationKind.ENROLLMENT_REJECTED,
        NotificationKind.ENROLLMENT_ENDED,
        NotificationKind.WAITLIST_OFFER,
        NotificationKind.WAITLIST_OFFER_EXPIRED,
        NotificationKind.CERTIFICATE_ISSUED,
    }
)
"""What somebody else decided, or what does not wait; so is `enrollment.confirmed` where the seat was given. Of the rest
the weekly summary says how much is unread."""

REFUSALS: Final = (smtplib.SMTPResponseException, smtplib.SMTPRecipientsRefused)
"""The server said no: the mail is not on its way."""

log = logging.getLogger(__name__)


def mail_notification(notification_id: int) -> None:
    """Mail this notification, unless that was done, or its user wants or can have no mail."""
    row = Notification.objects.select_related("user").filter(pk=notification_id).first()
    if row is None or not has_address(row.user) or not row.user.email_notifications:
        return
    user, kind = row.user, NotificationKind(row.kind)
    data = convert(row.data, NotificationData)
    title, body = of_notification(kind, data, language=user.language, timezone_name=user.timezone)
    mail = compose(
        "mail/notification",
        user=user,
        preference="email_notifications",
        message_id=f"notification-{row.pk}",
        title=title,
        body=body,
        link=settings.SITE_URL + _path(data),
    )
    send_once(Notification.objects.filter(pk=row.pk), mail)


def _path(data: NotificationData) -> str:
    """The page that the mail of a notification leads to."""
    if data.code:
        return f"/certificates/{data.code}"
    return f"/courses/{data.course}" if data.course else ""


def has_address(user: User) -> bool:
    """Whether mail reaches this user: only an address that was verified, of an account in use."""
    return user.is_active and user.email_verified and bool(user.email)


def compose(
    template: str, *, user: User, preference: unsubscribe.Preference, message_id: str, **context: object
) -> EmailMessage:
    """A mail to this user in their language, with the way to have no more of its kind (RFC 8058)."""
    way_out = f"{settings.SITE_URL}{unsubscribe.path(user=user, preference=preference)}"
    subject, body = texts.text(
        template,
        language=user.language,
        timezone_name=user.timezone,
        name=user.get_full_name() or user.username,
        unsubscribe=way_out,
        **context,
    )
    return EmailMessage(
        subject=subject,
        body=f"{body}\n",
        to=[user.email],
        headers={
            "Message-ID": f"<{message_id}@{urlsplit(settings.SITE_URL).hostname}>",
            "List-Unsubscribe": f"<{way_out}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        },
    )


def send_once(row: "QuerySet[Model]", mail: EmailMessage) -> None:
    """Send the mail of this one row, if nobody has taken it. Raises when the server can't be reached, or refuses it."""
    with get_connection() as server:
        if not row.filter(mailed_at=None).update(mailed_at=Now()):
            return
        try:
            server.send_messages([mail])
        except REFUSALS:
            row.update(mailed_at=None)
            raise
        except (OSError, smtplib.SMTPException) as error:
            log.error("No answer to the mail %s: %r. It may have arrived, and is not sent again.", mail.subject, error)
