"""`manage.py simulated 300`: the accounts of `make simulate`, and a token for each.

Only on a development machine (docs/decisions/0090): nobody can sign in to these accounts, the tokens last for a day.
"""

import json
from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from courses import bulk
from courses.models import Course, CourseEnrollment
from lms.management.commands.demo import COURSES
from users import tokens
from users.models import User

TOKENS_LAST = timedelta(days=1)

MOST = 1_000
FIRST_NAMES = """
Ada Aiko Amara Ananya Anton Aylin Beatriz Björn Camille Carlos Chiara Daniel Dilara Eero Elif Emma Farah Felix Giulia
Hannah Hugo Ibrahim Irene Ivan Jonas Julia Kofi Lea Leila Liam Lucía Maja Marek Mateo Mei Milan Nadia Nina Noah Nora
Olga Omar Priya Rafael Ravi Sara Sofia Tariq Yara Zoe
"""
LAST_NAMES = """
Abebe Adeyemi Ahmed Alvarez Andersen Bauer Bianchi Castro Chen Costa Demir Diallo Dubois Eriksson Fernández Fischer
García Haddad Hansen Hoffmann Horvat Ito Jansen Johansson Kaya Keller Khan Kim Kowalski Laurent Lindberg López Mensah
Moreau Nakamura Nguyen Novak Okafor Oliveira Patel Petrov Rossi Santos Schmidt Silva Singh Tanaka Virtanen Walker Yilmaz
"""


class Command(BaseCommand):
    help = "Have so many simulated learners in the demo's first course; print it and a token for each, as JSON."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("count", type=int)

    def handle(self, *args: Any, count: int, **options: Any) -> None:
        if not settings.DEBUG:
            raise CommandError("Learners whom nobody is are made only when DEBUG is on.")
        if not 0 < count <= MOST:
            raise CommandError(f"There may be 1 to {MOST} of them, and not {count}.")
        course = Course.objects.select_related("owner").filter(slug=COURSES[0][0]["slug"]).first()
        if course is None:
            raise CommandError("The demo's course is not in this database: `manage.py demo` makes it.")
        with transaction.atomic():
            people = self.people(count)
            self.enroll(course, people)
        expires_at = timezone.now() + TOKENS_LAST
        issued = [tokens.issue(user=user, name="Simulation", expires_at=expires_at)[1] for user in people]
        self.stdout.write(json.dumps({"course": course.slug, "tokens": issued}))

    def people(self, count: int) -> list[User]:
        """In order of their numbers. No two of them have the same name."""
        first, last = FIRST_NAMES.split(), LAST_NAMES.split()
        wanted = {
            f"simulated-{number}": User(
                username=f"simulated-{number}",
                first_name=first[number % len(first)],
                last_name=last[(7 * number + number // len(first)) % len(last)],
                password=make_password(None),
            )
            for number in range(count)
        }
        User.objects.bulk_create(wanted.values(), ignore_conflicts=True)
        found = User.objects.in_bulk(wanted, field_name="username")
        return [found[name] for name in wanted]

    def enroll(self, course: Course, people: list[User]) -> None:
        """Give a seat to whoever has none."""
        seated = CourseEnrollment.objects.filter(course=course, status__in=CourseEnrollment.SEATED)
        ids = set(seated.values_list("student", flat=True))
        if newcomers := [user.username for user in people if user.pk not in ids]:
            bulk.enroll_all(course=course, lines=bulk.lines_of_list(newcomers), actor=course.owner)
