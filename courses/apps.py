from django.apps import AppConfig


class CoursesConfig(AppConfig):
    name = "courses"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from courses import accounts
        from users.events import AccountClosing, subscribe

        subscribe(AccountClosing, accounts.give_up_places)
        accounts.name_personal_data()
