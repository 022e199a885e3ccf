"""Modules, contents, items: their order, and what goes with what."""

import pytest

from courses.models import Content, ContentItem, Course, Image, ItemBase, Module, Text
from users.models import User

pytestmark = pytest.mark.django_db


def test_what_is_added_comes_last(intro: Course, content: Content, ines: User) -> None:
    module = Module.objects.create(course=intro, title="New")
    first = Content.objects.create(module=module, title="First")
    second = Content.objects.create(module=module, title="Second")
    text = Text.objects.create(owner=ines, title="More", body="…")
    place = ContentItem.objects.create(content=content, item=text)

    assert (module.order, first.order, second.order, place.order) == (3, 1, 2, 2)
    assert place.kind == "text"


def test_an_order_that_is_given_stays(intro: Course) -> None:
    assert Module.objects.create(course=intro, title="Zero", order=0).order == 0


def test_an_item_takes_its_place_along(content: Content) -> None:
    place = content.items.get()
    place.item.delete()  # type: ignore[union-attr]
    assert not content.items.exists()


def test_a_place_takes_its_item_along_by_whatever_way_it_goes(intro: Course) -> None:
    assert Text.objects.count() == 4
    ContentItem.objects.first().delete()  # type: ignore[union-attr]
    assert Text.objects.count() == 3
    ContentItem.objects.filter(content__title="Content 1.2").delete()
    assert Text.objects.count() == 2
    intro.modules.all().delete()
    assert Text.objects.count() == 0


def test_the_items_of_an_owner_are_found_by_kind(intro: Course, ines: User) -> None:
    assert ines.owned_text_items.count() == 4
    assert {model._meta.get_field("owner").remote_field.related_name for model in ItemBase.__subclasses__()} == {
        "owned_text_items",
        "owned_image_items",
        "owned_video_items",
        "owned_file_items",
    }
    assert not Image.objects.exists()


def test_archived_contents_are_not_in_the_outline(content: Content) -> None:
    before = Content.objects.in_outline().count()
    content.archived_at = content.module.course.created
    content.save()
    assert Content.objects.in_outline().count() == before - 1
