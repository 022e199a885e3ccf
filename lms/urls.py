"""Where everything is: the API, the admin, the state of the process, and the web app everywhere else."""

from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, URLResolver, include, path, re_path
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_safe
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularJSONAPIView, SpectacularSwaggerSplitView

from courses.views import certificates
from lms import errors, health, metrics
from users import unsubscribe
from users.views import signin

NOT_BUILT = "<!doctype html><title>Studybeat</title><p>The web app is not built yet: run <code>make run</code>."

NO_PAGE = r"^(?:(?:api|assets|healthz|metrics|readyz|static|ws)(?:/[\s\S]*)?|\.[\s\S]*|[\s\S]*\.[^/]*)$"
"""What is the server's own, and whatever looks like a file: if nothing is there, that is the answer."""


@require_safe
@ensure_csrf_cookie
def app(request: HttpRequest) -> HttpResponse:
    """The web app's page, for every address that may be one of its own; never cached, as it names the hashed files."""
    page = settings.APP_DIR / "index.html"
    response = HttpResponse(page.read_bytes() if page.exists() else NOT_BUILT)
    response["Cache-Control"] = "no-cache"
    return response


api: list[URLPattern | URLResolver] = [
    path("schema/", SpectacularJSONAPIView.as_view(), name="schema"),
    path("docs/", SpectacularSwaggerSplitView.as_view(url_name="schema")),
    path("", include("users.urls")),
    path("", include("courses.urls")),
    path("", include("realtime.urls")),
]
urlpatterns: list[URLPattern | URLResolver] = [
    path("api/v1/", include(api)),
    path("admin", RedirectView.as_view(pattern_name="admin:index")),
    # Django's own page would look at the old password uncounted, and write back all of the account.
    path("admin/password_change/", RedirectView.as_view(url="/profile")),
    path("admin/logout/", signin.leave_admin),
    path("admin/", admin.site.urls),
    path("unsubscribe/<str:signed>/", unsubscribe.view, name="unsubscribe"),
    path("certificates/<slug:code>", certificates.page, name="certificate-page"),
    path("certificates/<slug:code>/", RedirectView.as_view(pattern_name="certificate-page")),  # as the API's has it
    path("healthz", health.healthz),
    path("readyz", health.readyz),
    path("metrics", metrics.page),
    re_path(NO_PAGE, errors.no_such_address),
    re_path("", app),
]
handler400 = "lms.errors.bad_request"
handler404 = "lms.errors.not_found"
handler500 = "lms.errors.server_error"
