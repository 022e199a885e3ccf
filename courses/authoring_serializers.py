"""What authors send and get back: courses, modules, contents, items and their order."""

from datetime import timedelta
from typing import Any

from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers

from courses import examples, films, uploads
from courses.models import Content, Course, ItemBase, Module, Subject
from courses.outline_serializers import kind_field
from users.serializers import ONE_LINE, one_line

DAY_SECONDS = 24 * 3600
MOST_IN_AN_ORDER = 1000


class SubjectField(serializers.SlugRelatedField[Subject]):
    """A subject by its slug. What can't be one is not asked for: the database refuses a text with a NUL in it."""

    def __init__(self, **options: Any) -> None:
        super().__init__(slug_field="slug", queryset=Subject.objects.all(), **options)

    def to_internal_value(self, data: Any) -> Subject:
        if "\0" in str(data):
            self.fail("invalid")
        return super().to_internal_value(data)


@extend_schema_serializer(examples=examples.sent(examples.NEW_COURSE))
class CourseAuthoringSerializer(serializers.ModelSerializer[Course]):
    """A course as its owner writes it. `subject` is a subject's slug; the course's own stays once it was published."""

    subject = SubjectField()
    overview = serializers.CharField(max_length=20_000)

    class Meta:
        model = Course
        fields = [
            "title",
            "slug",
            "subject",
            "overview",
            "enrollment_type",
            "max_capacity",
            "waitlist_enabled",
            "waitlist_offer_hours",
            "difficulty_level",
            "estimated_hours",
            "certificate_enabled",
            "is_anonymous",
        ]
        extra_kwargs = {
            "title": ONE_LINE,
            "slug": {"validators": []},  # judged when it is written: two may ask for the same one at once
            "max_capacity": {"min_value": 1},
            "waitlist_offer_hours": {"min_value": 1, "max_value": 24 * 365},
        }


@extend_schema_serializer(examples=[*examples.sent(examples.NEW_MODULE), *examples.answered(examples.MODULE)])
class ModuleSerializer(serializers.ModelSerializer[Module]):
    """A module of a course; a new one comes after the last."""

    course = serializers.CharField(source="course.slug", read_only=True)
    overview = serializers.CharField(max_length=20_000, allow_blank=True, required=False)

    class Meta:
        model = Module
        fields = ["id", "course", "title", "overview", "order"]
        read_only_fields = ["id", "order"]
        extra_kwargs = {"title": ONE_LINE}


@extend_schema_serializer(examples=[*examples.sent(examples.NEW_CONTENT), *examples.answered(examples.CONTENT)])
class ContentSerializer(serializers.ModelSerializer[Content]):
    """A content of a module; a new one comes after the last. `archived` takes it out of the outline, or back in."""

    archived = serializers.BooleanField(required=False, write_only=True)

    class Meta:
        model = Content
        fields = [
            "id",
            "module",
            "title",
            "order",
            "completion_method",
            "required_seconds",
            "archived",
            "archived_at",
        ]
        read_only_fields = ["id", "module", "order", "archived_at"]
        extra_kwargs = {"title": ONE_LINE, "required_seconds": {"min_value": 1}}


class ChangedContentSerializer(ContentSerializer):
    """What changes of a content. `module` moves it to another one of the same course, behind the last content there."""

    module = serializers.IntegerField(source="module_id", min_value=1, max_value=2**53 - 1)


@extend_schema_serializer(examples=examples.sent(examples.ORDER))
class OrderSerializer(serializers.Serializer[None]):
    """All the children there are, each once, in the order they are to have: 1, 2, 3, …"""

    ids = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=2**53 - 1), max_length=MOST_IN_AN_ORDER
    )


class JudgedFileField(serializers.FileField):
    """An uploaded file for this kind of item, as `uploads.JUDGES` wants to keep it."""

    def __init__(self, kind: str, field: str = "file", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._judge = uploads.JUDGES[kind][field]

    def to_internal_value(self, data: Any) -> uploads.Upload:
        upload: uploads.Upload = super().to_internal_value(data)
        try:
            return self._judge(upload)
        except uploads.BadUpload as error:
            raise serializers.ValidationError(str(error)) from None


class NewItemSerializer(serializers.Serializer[ItemBase]):
    """What the kinds have in common."""

    title = serializers.CharField(max_length=200, validators=[one_line])


@extend_schema_serializer(examples=examples.sent(examples.NEW_TEXT))
class NewTextSerializer(NewItemSerializer):
    """A text in Markdown."""

    kind = kind_field("text")
    body = serializers.CharField(max_length=200_000)


class NewImageSerializer(NewItemSerializer):
    """A picture: PNG, JPEG, GIF or WebP. It is written anew: nothing but the picture is kept."""

    kind = kind_field("image")
    file = JudgedFileField("image")
    alt = serializers.CharField(max_length=300, allow_blank=True, required=False)


class NewVideoSerializer(NewItemSerializer):
    """A film: MP4 or WebM; its captions are WebVTT. Without `duration_seconds` it is as long as its file says."""

    kind = kind_field("video")
    file = JudgedFileField("video")
    captions = JudgedFileField("video", "captions", required=False)
    duration_seconds = serializers.FloatField(
        source="duration", min_value=0.001, max_value=DAY_SECONDS, required=False, allow_null=True
    )

    def validate_duration_seconds(self, value: float | None) -> timedelta | None:
        return None if value is None else timedelta(seconds=value)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "file" in attrs and attrs.get("duration") is None:
            attrs["duration"] = films.length(attrs["file"])
        return attrs


class NewFileSerializer(NewItemSerializer):
    """Any file. Learners download it; a picture, video or PDF their browser shows."""

    kind = kind_field("file")
    file = JudgedFileField("file")


class ItemFormSerializer(serializers.Serializer[ItemBase]):
    """What a form may change of an image, video or file: of these fields, those that its kind has."""

    title = serializers.CharField(max_length=200, validators=[one_line])
    file = serializers.FileField()
    alt = serializers.CharField(max_length=300, allow_blank=True)
    captions = serializers.FileField()
    duration_seconds = serializers.FloatField(min_value=0.001, max_value=DAY_SECONDS, allow_null=True)


NEW_ITEM_SERIALIZERS: dict[str, type[NewItemSerializer]] = {
    "text": NewTextSerializer,
    "image": NewImageSerializer,
    "video": NewVideoSerializer,
    "file": NewFileSerializer,
}
