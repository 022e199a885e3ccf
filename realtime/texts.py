"""The words of a notification, in the user's language and time zone."""

import msgspec

from realtime.protocol import NotificationData, NotificationKind
from users import texts


def of_notification(
    kind: NotificationKind, data: NotificationData, *, language: str, timezone_name: str
) -> tuple[str, str]:
    """Title and body of a notification."""
    return texts.text(
        f"notifications/{kind}", language=language, timezone_name=timezone_name, **msgspec.structs.asdict(data)
    )
