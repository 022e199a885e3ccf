"""Certificates: as JSON and as a page, for whoever has the code; to be revoked by who teaches.

The rules are in courses/certificates.py.
"""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template.loader import select_template
from django.utils.cache import patch_vary_headers
from django.utils.translation.trans_real import parse_accept_lang_header
from django.views.decorators.http import require_safe
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from courses import certificates
from courses.errors import NotFound
from courses.serializers import CertificateSerializer, ReasonSerializer
from courses.views.seats import NOT_THERE, OWNERS, user_of
from users.models import zone


class CertificateView(APIView):
    """A certificate, for whoever has its code: who holds it, of which course, and whether it was revoked."""

    permission_classes = (AllowAny,)

    @extend_schema(responses={200: CertificateSerializer, **NOT_THERE})
    def get(self, request: Request, code: str) -> Response:
        return Response(CertificateSerializer(certificates.find(code)).data)


class RevokeView(APIView):
    """Owner and staff: take a certificate back. It is still found, and says so; again changes nothing."""

    @extend_schema(request=ReasonSerializer, responses={200: CertificateSerializer, **OWNERS})
    def post(self, request: Request, code: str) -> Response:
        asked = ReasonSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        revoked = certificates.revoke(code=code, actor=user_of(request), **asked.validated_data)
        return Response(CertificateSerializer(revoked).data)


@require_safe
def page(request: HttpRequest, code: str) -> HttpResponse:
    """The same as a page to print, in the language that the reader's browser asks for."""
    content: dict[str, Any] = {"code": code, "address": request.build_absolute_uri()}
    try:
        found = certificates.find(code)
    except NotFound:
        pass
    else:
        there = zone(found.enrollment.student.timezone)
        content |= {
            "holder": certificates.holder(found),
            "course": found.enrollment.course,
            "issued_on": found.issued_at.astimezone(there).date(),
            "revoked_on": found.revoked_at and found.revoked_at.astimezone(there).date(),
        }
    asked = parse_accept_lang_header(request.headers.get("Accept-Language", ""))
    template = select_template([f"{language[:2]}/certificate.html" for language, _ in (*asked, ("en", 0))])
    response = HttpResponse(template.render(content, request), status=200 if "holder" in content else 404)
    patch_vary_headers(response, ("Accept-Language",))
    response["Cache-Control"] = "no-cache"  # it may be revoked meanwhile
    response["X-Robots-Tag"] = "noindex"
    return response
