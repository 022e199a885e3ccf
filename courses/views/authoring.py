"""Writing a course: its modules, contents and items, their order, publishing and archiving.

For its owner and staff: to everybody else these things are not there. The rules are in courses/authoring.py.
Courses themselves are created, changed and deleted where they are read, in courses/views/catalogue.py.
"""

from typing import Any, cast

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiResponse, PolymorphicProxySerializer, extend_schema
from rest_framework import generics, serializers, status
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from courses import authoring, examples
from courses.authoring_serializers import (
    NEW_ITEM_SERIALIZERS,
    ChangedContentSerializer,
    ContentSerializer,
    ItemFormSerializer,
    ModuleSerializer,
    NewFileSerializer,
    NewImageSerializer,
    NewTextSerializer,
    NewVideoSerializer,
    OrderSerializer,
)
from courses.errors import Invalid
from courses.models import Content, ContentItem, Course, Module
from courses.outline_serializers import ITEM_SERIALIZERS
from courses.serializers import CourseSerializer
from courses.views.catalogue import show_course
from users.models import User
from users.parsers import JSONParser

ITEM = PolymorphicProxySerializer(
    component_name="OutlineItem", serializers={**ITEM_SERIALIZERS}, resource_type_field_name="kind"
)
NEW_ITEM = {
    "application/json": NewTextSerializer,
    "multipart/form-data": PolymorphicProxySerializer(
        component_name="NewFileItem",
        serializers=[NewImageSerializer, NewVideoSerializer, NewFileSerializer],
        resource_type_field_name=None,
    ),
}


def shown(place: ContentItem) -> dict[str, Any]:
    """An item as the outline shows it."""
    return dict(ITEM_SERIALIZERS[place.kind](place).data)


def asked_of(serializer: serializers.Serializer[Any]) -> dict[str, Any]:
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)


class Authoring(APIView):
    """What a caller may write of: everything else is not found."""

    @property
    def user(self) -> User:
        return cast(User, self.request.user)

    def course(self, slug: str) -> Course:
        return get_object_or_404(authoring.authored_courses(self.user), slug=slug)

    def module(self, pk: int) -> Module:
        return get_object_or_404(authoring.authored_modules(self.user), pk=pk)

    def content(self, pk: int) -> Content:
        return get_object_or_404(authoring.authored_contents(self.user), pk=pk)

    def item(self, pk: int) -> ContentItem:
        return get_object_or_404(authoring.authored_items(self.user), pk=pk)

    def order(self) -> list[int]:
        ids: list[int] = asked_of(OrderSerializer(data=self.request.data))["ids"]
        return ids


# Courses ---------------------------------------------------------------------------------------------------------


class StatusView(Authoring):
    status: Course.Status

    def post(self, request: Request, slug: str) -> Response:
        course = authoring.set_status(course=self.course(slug), status=self.status, actor=self.user)
        return Response(CourseSerializer(show_course(course.slug, self.user), context={"request": request}).data)


@extend_schema(request=None, responses={200: CourseSerializer, 409: OpenApiResponse(description="It has no module.")})
class PublishView(StatusView):
    """Open a course to learners: a draft, or one that was archived. It needs a module. Published, it stays so."""

    status = Course.Status.PUBLISHED


@extend_schema(request=None, responses=CourseSerializer)
class ArchiveView(StatusView):
    """Close a course to new learners; those in it go on."""

    status = Course.Status.ARCHIVED


# Modules ---------------------------------------------------------------------------------------------------------


class ModuleListView(Authoring, generics.ListAPIView[Module]):
    """The modules of a course, in order."""

    serializer_class = ModuleSerializer
    queryset = Module.objects.none()
    filter_backends = ()

    def get_queryset(self) -> QuerySet[Module]:
        return self.course(self.kwargs["slug"]).modules.select_related("course").order_by("order")

    @extend_schema(responses={201: ModuleSerializer, 409: OpenApiResponse(description="There are too many.")})
    def post(self, request: Request, slug: str) -> Response:
        """Add a module after the last."""
        course = self.course(slug)
        module = authoring.add_module(course=course, **asked_of(ModuleSerializer(data=request.data)))
        return Response(ModuleSerializer(module).data, status=status.HTTP_201_CREATED)


class ModuleOrderView(Authoring):
    """The order of a course's modules."""

    @extend_schema(
        request=OrderSerializer,
        responses={204: None, 409: OpenApiResponse(description="These are not all modules, each once.")},
    )
    def put(self, request: Request, slug: str) -> Response:
        """Number the modules anew."""
        authoring.order_modules(course=self.course(slug), ids=self.order())
        return Response(status=status.HTTP_204_NO_CONTENT)


class ModuleView(Authoring):
    @extend_schema(responses=ModuleSerializer)
    def get(self, request: Request, pk: int) -> Response:
        """A module."""
        return Response(ModuleSerializer(self.module(pk)).data)

    @extend_schema(request=ModuleSerializer(partial=True), responses=ModuleSerializer)
    def patch(self, request: Request, pk: int) -> Response:
        """Change a module."""
        module = self.module(pk)
        fields = asked_of(ModuleSerializer(module, data=request.data, partial=True))
        return Response(ModuleSerializer(authoring.change_module(module=module, **fields)).data)

    @extend_schema(
        responses={204: None, 409: OpenApiResponse(description="Learners have worked in it, or it is the last one.")}
    )
    def delete(self, request: Request, pk: int) -> Response:
        """Delete a module that nobody has worked in, with its contents."""
        authoring.delete_module(module=self.module(pk))
        return Response(status=status.HTTP_204_NO_CONTENT)


# Contents --------------------------------------------------------------------------------------------------------


class ContentListView(Authoring, generics.ListAPIView[Content]):
    """The contents of a module, in order, the archived ones among them."""

    serializer_class = ContentSerializer
    queryset = Content.objects.none()
    filter_backends = ()

    def get_queryset(self) -> QuerySet[Content]:
        return self.module(self.kwargs["pk"]).contents.order_by("order")

    @extend_schema(responses={201: ContentSerializer, 409: OpenApiResponse(description="There are too many.")})
    def post(self, request: Request, pk: int) -> Response:
        """Add a content after the last."""
        module = self.module(pk)
        content = authoring.add_content(module=module, **asked_of(ContentSerializer(data=request.data)))
        return Response(ContentSerializer(content).data, status=status.HTTP_201_CREATED)


class ContentOrderView(Authoring):
    """The order of a module's contents."""

    @extend_schema(
        request=OrderSerializer,
        responses={204: None, 409: OpenApiResponse(description="These are not all contents, each once.")},
    )
    def put(self, request: Request, pk: int) -> Response:
        """Number the contents anew, the archived ones too."""
        authoring.order_contents(module=self.module(pk), ids=self.order())
        return Response(status=status.HTTP_204_NO_CONTENT)


class ContentView(Authoring):
    @extend_schema(responses=ContentSerializer)
    def get(self, request: Request, pk: int) -> Response:
        """A content."""
        return Response(ContentSerializer(self.content(pk)).data)

    @extend_schema(
        request=ChangedContentSerializer(partial=True),
        responses={200: ContentSerializer, 409: OpenApiResponse(description="There are too many.")},
    )
    def patch(self, request: Request, pk: int) -> Response:
        """Change a content, move it to another module, take it out of the outline or bring it back."""
        content = self.content(pk)
        fields = asked_of(ChangedContentSerializer(content, data=request.data, partial=True))
        return Response(ContentSerializer(authoring.change_content(content=content, **fields)).data)

    @extend_schema(responses={204: None, 409: OpenApiResponse(description="Learners have worked on it.")})
    def delete(self, request: Request, pk: int) -> Response:
        """Delete a content that nobody has worked on, with its items."""
        authoring.delete_content(content=self.content(pk))
        return Response(status=status.HTTP_204_NO_CONTENT)


# Items -----------------------------------------------------------------------------------------------------------


class ItemListView(Authoring, generics.ListAPIView[ContentItem]):
    """The items of a content, in order, as the outline shows them."""

    queryset = ContentItem.objects.none()
    filter_backends = ()
    parser_classes = (JSONParser, MultiPartParser)

    def get_queryset(self) -> QuerySet[ContentItem]:
        places = self.content(self.kwargs["pk"]).items
        return places.select_related("content_type").prefetch_related("item").order_by("order")

    @extend_schema(responses=ITEM, examples=examples.answered(examples.TEXT))
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        page = self.paginate_queryset(self.get_queryset())
        return self.get_paginated_response([shown(place) for place in page or ()])

    @extend_schema(
        request=NEW_ITEM,
        responses={201: ITEM, 409: OpenApiResponse(description="There are too many.")},
        examples=[*examples.sent(examples.NEW_TEXT), *examples.answered(examples.TEXT)],
    )
    def post(self, request: Request, pk: int) -> Response:
        """Add an item after the last: a text as JSON, an image, video or file as a form with the file in it."""
        content = self.content(pk)
        chosen = request.data.get("kind") if hasattr(request.data, "get") else None
        if not isinstance(chosen, str) or chosen not in authoring.KINDS:
            raise Invalid(kind=f"One of {', '.join(authoring.KINDS)}.")
        fields = asked_of(NEW_ITEM_SERIALIZERS[chosen](data=request.data))
        place = authoring.add_item(content=content, kind=authoring.KINDS[fields.pop("kind")], **fields)
        return Response(shown(place), status=status.HTTP_201_CREATED)


class ItemOrderView(Authoring):
    """The order of a content's items."""

    @extend_schema(
        request=OrderSerializer,
        responses={204: None, 409: OpenApiResponse(description="These are not all items, each once.")},
    )
    def put(self, request: Request, pk: int) -> Response:
        """Number the items anew."""
        authoring.order_items(content=self.content(pk), ids=self.order())
        return Response(status=status.HTTP_204_NO_CONTENT)


class ItemView(Authoring):
    parser_classes = (JSONParser, MultiPartParser)

    @extend_schema(responses=ITEM, examples=examples.answered(examples.TEXT))
    def get(self, request: Request, pk: int) -> Response:
        """An item as the outline shows it."""
        return Response(shown(self.item(pk)))

    @extend_schema(
        request={"application/json": NewTextSerializer, "multipart/form-data": ItemFormSerializer},
        responses=ITEM,
        examples=[*examples.sent(examples.NEW_TEXT), *examples.answered(examples.TEXT)],
    )
    def patch(self, request: Request, pk: int) -> Response:
        """Change an item; its kind stays. A new file replaces the old one."""
        place = self.item(pk)
        fields = asked_of(NEW_ITEM_SERIALIZERS[place.kind](data=request.data, partial=True))
        fields.pop("kind", None)
        return Response(shown(authoring.change_item(place=place, **fields)))

    @extend_schema(responses={204: None})
    def delete(self, request: Request, pk: int) -> Response:
        """Delete an item with its file."""
        authoring.delete_item(place=self.item(pk))
        return Response(status=status.HTTP_204_NO_CONTENT)
