"""What the admin pages of courses have in common: records are not written, and never deleted with anything else."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Final

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AutocompleteSelect
from django.db.models import ForeignKey
from django.http import HttpRequest

if TYPE_CHECKING:
    PlainModelAdmin = admin.ModelAdmin[Any]
    TabularInline = admin.TabularInline[Any, Any]
    StackedInline = admin.StackedInline[Any, Any]
    ModelForm = forms.ModelForm[Any]
else:
    PlainModelAdmin, TabularInline, StackedInline = admin.ModelAdmin, admin.TabularInline, admin.StackedInline
    ModelForm = forms.ModelForm

MOST: Final = 2**31 - 1
"""The largest number that a column of integers holds."""

Deletion = tuple[list[Any], dict[Any, int], set[Any], list[Any]]
"""What Django would delete, counts of it, what the user may not delete, and what protects itself."""


class OrderForm(ModelForm):
    """Takes any number for a place, also that of another one: saving numbers all of them anew."""

    def _get_validation_exclusions(self) -> set[str]:
        return {*super()._get_validation_exclusions(), "order"}  # type: ignore[misc]

    def clean_order(self) -> int | None:
        order: int | None = self.cleaned_data["order"]
        return None if order is None else min(order, MOST)


class Search(AutocompleteSelect):
    """Django's field to search for a row; shown empty when what was sent in it is no id, of which Django's raises."""

    def optgroups(self, name: str, value: Sequence[str], attr: Any = None) -> Any:
        return super().optgroups(name, [one for one in value if str(one).isdecimal()], attr)


class ModelAdmin(PlainModelAdmin):
    def formfield_for_foreignkey(self, db_field: ForeignKey[Any, Any], request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name in self.get_autocomplete_fields(request):
            kwargs["widget"] = Search(db_field, self.admin_site)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


class ReadOnly(ModelAdmin):
    """Nothing is written here."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class Record(ReadOnly):
    """What happened: nothing of it is written here or deleted, nor what it hangs on."""

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class KeepsRecords(ModelAdmin):
    """Refuses to delete what records hang on, by the page and by the action, and says what to do instead."""

    instead: ClassVar[str]

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Deletion:
        deleted, counts, missing, protected = super().get_deleted_objects(objs, request)
        # Django counts records among the things that the user has no permission to delete.
        pages = self.admin_site._registry.items()
        records = {str(model._meta.verbose_name) for model, page in pages if isinstance(page, Record)}
        kept = sorted(records & {str(name) for name in missing})
        if protected or kept:
            which = f" ({', '.join(kept)})" if kept else ""
            return deleted, counts, set(), [*protected, f"Records of learning are kept{which}. {self.instead}"]
        return deleted, counts, missing, protected
