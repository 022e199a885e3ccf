"""One click, and there is no more mail of a kind: the signed way out that every mail carries (RFC 8058).

The link alone is the permission, for this user and this preference only; it never expires, and can switch nothing on.
"""

from typing import Final, Literal, cast, get_args

from django.core import signing
from django.http import Http404, HttpRequest, HttpResponse
from django.template.loader import select_template
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from users.models import User

Preference = Literal["email_notifications", "weekly_digest"]

SIGNER: Final = signing.Signer(salt="users.unsubscribe")


def path(*, user: User, preference: Preference) -> str:
    """The path of the link that switches this preference of this user off."""
    return reverse("unsubscribe", args=[SIGNER.sign(f"{user.pk}:{preference}")])


@csrf_exempt  # a mail program posts, which has no cookie
@require_http_methods(["GET", "HEAD", "POST"])
def view(request: HttpRequest, signed: str) -> HttpResponse:
    """GET asks whether that is meant (programs follow links too); POST does it, as often as one likes."""
    try:
        pk, _, preference = SIGNER.unsign(signed).partition(":")
    except signing.BadSignature:
        raise Http404 from None
    user = User.objects.filter(pk=int(pk)).first()
    if user is None or preference not in get_args(Preference):
        raise Http404
    if request.method == "POST":
        User.objects.filter(pk=user.pk).update(**{preference: False})
    page = select_template([f"{one}/unsubscribe.html" for one in (user.language, user.language[:2], "en")])
    content = {"preference": cast(Preference, preference), "is_done": request.method == "POST"}
    response = HttpResponse(page.render(content, request))
    response["Cache-Control"] = "no-store"
    return response
