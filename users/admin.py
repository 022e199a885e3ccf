"""Accounts in the admin. Nobody is deleted whom anything hangs on, and no token is ever shown."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import AdminPasswordChangeForm, UserChangeForm
from django.core.files.uploadedfile import UploadedFile
from django.db import models, transaction
from django.db.models import QuerySet
from django.http import HttpRequest

from users import avatars, tokens
from users.events import CredentialsChanged, announce
from users.models import APIToken, InstructorProfile, RateCount, StudentProfile, User

if TYPE_CHECKING:
    AccountAdmin = DjangoUserAdmin[User]
    TokenAdmin = admin.ModelAdmin[APIToken]
    CountAdmin = admin.ModelAdmin[RateCount]
    AnyAdmin = admin.ModelAdmin[Any]
    ProfileInline = admin.StackedInline[Any, User]
    ChangeForm = UserChangeForm[User]
    PasswordForm = AdminPasswordChangeForm[User]
else:
    AccountAdmin, TokenAdmin, ProfileInline = DjangoUserAdmin, admin.ModelAdmin, admin.StackedInline
    CountAdmin, ChangeForm, PasswordForm = admin.ModelAdmin, UserChangeForm, AdminPasswordChangeForm
    AnyAdmin = admin.ModelAdmin


class StudentProfileInline(ProfileInline):
    model = StudentProfile


class InstructorProfileInline(ProfileInline):
    model = InstructorProfile


class AccountForm(ChangeForm):
    def clean_avatar(self) -> Any:
        """A picture is read as one that comes over REST."""
        avatar = self.cleaned_data["avatar"]
        if not isinstance(avatar, UploadedFile):
            return avatar
        try:
            return avatars.read(avatar, avatar.size or 0)
        except avatars.NoPicture as error:
            raise forms.ValidationError(str(error)) from error


class NewPasswordForm(PasswordForm):
    def save(self, commit: bool = True) -> User:
        user = super().save(commit=False)
        user.save(update_fields=["password"])
        return user


COLUMNS = {field.name for field in User._meta.concrete_fields}


@admin.register(User)
class UserAdmin(AccountAdmin):
    form = AccountForm
    change_password_form = NewPasswordForm
    list_display = ("username", "email", "email_verified", "role", "is_staff", "is_active", "account_locked_until")
    list_filter = ("role", "is_active", "is_staff", "is_superuser", "email_verified")
    search_fields = ("username", "email", "first_name", "last_name")
    ordering = ("username",)
    inlines = (StudentProfileInline, InstructorProfileInline)
    formfield_overrides = {models.ImageField: {"widget": forms.FileInput}}  # media has no address to link to
    readonly_fields = ("last_login", "date_joined", "last_login_ip", "failed_login_attempts", "account_locked_until")
    fieldsets = (
        (None, {"fields": ("username", "password", "role")}),
        ("About", {"fields": ("first_name", "last_name", "avatar", "bio", "date_of_birth")}),
        ("To be reached", {"fields": ("email", "email_verified", "phone_number", "timezone", "language")}),
        ("Wants to be told", {"fields": ("email_notifications", "push_notifications", "weekly_digest")}),
        ("May", {"fields": ("is_active", "is_staff", "is_superuser", "groups", "user_permissions")}),
        ("Sign-in", {"fields": readonly_fields}),
    )
    add_fieldsets = ((None, {"fields": ("username", "email", "role", "usable_password", "password1", "password2")}),)
    actions = ("unlock", "disable", "make_instructor")

    @admin.action(description="Unlock selected accounts", permissions=["change"])
    def unlock(self, request: HttpRequest, users: QuerySet[User]) -> None:
        unlocked = users.update(failed_login_attempts=0, account_locked_until=None)
        self.message_user(request, f"{unlocked} unlocked.", messages.SUCCESS)

    @admin.action(description="Disable selected accounts", permissions=["change"])
    def disable(self, request: HttpRequest, users: QuerySet[User]) -> None:
        """Sign them out everywhere and let them in no more."""
        own_id = request.user.pk or 0
        if users.filter(pk=own_id).exists():
            self.message_user(request, "You cannot disable your own account.", messages.WARNING)
        others = list(users.exclude(pk=own_id))
        for user in others:  # each by itself: it locks courses, and two of these at once would do so in any order
            user.is_active = False
            user.save(update_fields=["is_active"])
        self.message_user(request, f"{len(others)} disabled.", messages.SUCCESS)

    @admin.action(description="Make selected accounts instructors", permissions=["change"])
    def make_instructor(self, request: HttpRequest, users: QuerySet[User]) -> None:
        made = users.update(role=User.Role.INSTRUCTOR)
        self.message_user(request, f"{made} may now teach.", messages.SUCCESS)

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        """Write what was changed on the page, and nothing that somebody else, or a sign-in, changed meanwhile."""
        obj.save(**({"update_fields": COLUMNS.intersection(form.changed_data)} if change else {}))

    def get_deleted_objects(
        self, objs: Any, request: HttpRequest
    ) -> tuple[list[Any], dict[Any, int], set[Any], list[Any]]:
        """Refuse when more than the account itself would go: what people did here outlives their account."""
        deleted, counts, missing, protected = super().get_deleted_objects(objs, request)
        if not protected and set(counts) <= GOES_WITH_ACCOUNT:
            return deleted, counts, missing, protected
        names = ", ".join(str(user) for user in objs)
        reason = f"{names}: there are courses, enrollments or records of these accounts. Disable them instead."
        return deleted, counts, set(), [reason]

    def delete_model(self, request: HttpRequest, user: User) -> None:
        self._delete([user])

    def delete_queryset(self, request: HttpRequest, users: QuerySet[User]) -> None:
        self._delete(users)

    def _delete(self, users: Iterable[User]) -> None:
        with transaction.atomic():
            for user in users:
                announce(CredentialsChanged(user.pk))
                user.delete()


GOES_WITH_ACCOUNT = {
    model._meta.verbose_name_plural
    for model in (User, StudentProfile, InstructorProfile, APIToken, User.groups.through, User.user_permissions.through)
}


@admin.register(StudentProfile, InstructorProfile)
class ProfileAdmin(AnyAdmin):
    """To find one; it is edited on the page of its account."""

    list_display = ("user",)
    list_select_related = ("user",)
    search_fields = ("user__username", "user__first_name", "user__last_name")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(APIToken)
class APITokenAdmin(TokenAdmin):
    """To see which devices are signed in, and to sign them out."""

    list_display = ("name", "user", "created_at", "last_used", "expires_at", "is_active")
    list_filter = ("is_active",)
    list_select_related = ("user",)
    search_fields = ("name", "user__username")
    fields = list_display

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, token: APIToken | None = None) -> bool:
        return False

    def delete_model(self, request: HttpRequest, token: APIToken) -> None:
        tokens.revoke(token)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[APIToken]) -> None:
        with transaction.atomic():
            for token in queryset:
                tokens.revoke(token)


@admin.register(RateCount)
class RateCountAdmin(CountAdmin):
    """To delete one is to let somebody in again before the minute is over."""

    list_display = ("key", "count", "since")
    search_fields = ("key",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: RateCount | None = None) -> bool:
        return False
