from django.apps import AppConfig


class UsersConfig(AppConfig):
    name = "users"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Name what this room holds on people."""
        from django.contrib.admin.models import LogEntry

        from users.models import APIToken, InstructorProfile, StudentProfile, User
        from users.personal_data import LoggedData, PersonalData, register

        register(
            PersonalData(
                name="account",
                model=User,
                owner="pk",
                hidden=("password", "email_verification_token"),
                traces={"last_login_ip": None},
                since="last_login",
            ),
            PersonalData(name="student_profile", model=StudentProfile, owner="user", at_close="gone"),
            PersonalData(name="instructor_profile", model=InstructorProfile, owner="user", at_close="gone"),
            PersonalData(name="api_tokens", model=APIToken, owner="user", hidden=("token",), at_close="gone"),
            PersonalData(
                name="groups", model=User.groups.through, owner="user", besides=("group__name",), at_close="gone"
            ),
            PersonalData(
                name="permissions",
                model=User.user_permissions.through,
                owner="user",
                besides=("permission__codename",),
                at_close="gone",
            ),
            PersonalData(
                name="admin_actions",
                model=LogEntry,
                owner="user",
                hidden=("object_id", "object_repr", "change_message"),
                besides=("content_type__model",),
            ),
            LoggedData(
                name="admin_log",
                model=LogEntry,
                owner="object_id",
                hidden=("user",),
                besides=("content_type__model",),
            ),
        )
