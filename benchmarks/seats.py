"""`python -m benchmarks.seats`: enrolments a second over HTTP, into one hot course and into many, at two processes.

Each learner enrols once, over a connection that is kept; every course has seats for all, so that every answer is a
seat taken. Everything shares the machine's cores: a figure of a whole small machine, not of one core.
"""

import argparse
import asyncio
import statistics
import sys
import time
from pathlib import Path

import httpx

from benchmarks import stage

CLIENTS = 32  # connections that enrol one learner after another
PORT = 18_100


def prepare(round_number: int, learners: int, courses: int) -> tuple[list[str], list[str]]:
    """New learners with a token each, and new courses with seats for all of them: the tokens, the slugs."""
    import hashlib

    from django.db import connections

    from courses.models import Course, Subject
    from users.models import APIToken, User

    names = [f"seats-{round_number}-{courses}-{number}" for number in range(learners)]
    users = User.objects.bulk_create([User(username=name, email=f"{name}@example.org") for name in names])
    tokens = [f"sb_{name}" for name in names]
    APIToken.objects.bulk_create(
        APIToken(user=user, name="bench", token=hashlib.sha256(token.encode()).hexdigest())
        for user, token in zip(users, tokens, strict=True)
    )
    owner, _ = User.objects.get_or_create(username="owner", defaults={"role": User.Role.INSTRUCTOR})
    subject, _ = Subject.objects.get_or_create(slug="learning", defaults={"title": "Learning"})
    made = Course.objects.bulk_create(
        Course(
            owner=owner,
            subject=subject,
            slug=f"seats-{round_number}-{courses}-{number}",
            title="Bench",
            overview="A course.",
            status=Course.Status.PUBLISHED,
            max_capacity=learners,
        )
        for number in range(courses)
    )
    connections.close_all()
    return tokens, [course.slug for course in made]


async def enroll_all(tokens: list[str], slugs: list[str], ports: list[int]) -> tuple[float, list[float]]:
    """Enrol every learner once; how many a second, and the latencies in milliseconds. Ends the run on a refusal."""
    waiting = list(enumerate(tokens))
    latencies: list[float] = []

    async def enroll_some(client: httpx.AsyncClient, port: int) -> None:
        while waiting:
            number, token = waiting.pop()
            url = f"http://127.0.0.1:{port}/api/v1/courses/{slugs[number % len(slugs)]}/enroll/"
            began = time.perf_counter()
            answer = await client.post(url, headers={"Authorization": f"Bearer {token}"})
            latencies.append((time.perf_counter() - began) * 1000)
            if answer.status_code != 201:
                sys.exit(f"{answer.status_code}: {answer.text[:500]}")

    async with httpx.AsyncClient(timeout=60, trust_env=False) as client:
        began = time.perf_counter()
        await asyncio.gather(*(enroll_some(client, ports[number % len(ports)]) for number in range(CLIENTS)))
        return len(tokens) / (time.perf_counter() - began), latencies


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.seats", description=__doc__)
    parser.add_argument("--learners", type=int, default=1_000)
    parser.add_argument("--courses", type=int, default=100, help="how many are many")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--report", type=Path, default=stage.ROOT / "benchmarks" / "SEATS.md")
    arguments = parser.parse_args()
    data_dir = Path(stage.ROOT / ".data" / "bench")
    stage.fresh_database(data_dir)
    first_core, second_core = stage.cores()
    ports = [PORT, PORT + 1]
    servers = [
        stage.Server("studybeat", core=core, port=port, log_dir=data_dir)
        for core, port in zip((first_core, second_core), ports, strict=True)
    ]
    rates: dict[int, list[float]] = {1: [], arguments.courses: []}
    latencies: dict[int, list[float]] = {1: [], arguments.courses: []}
    for number in range(arguments.rounds + 1):  # the first one warms up
        for courses in rates:
            tokens, slugs = prepare(number, arguments.learners, courses)
            rate, took = asyncio.run(enroll_all(tokens, slugs, ports))
            stage.say(f"round {number}/{arguments.rounds}  {courses:3} courses  {rate:.0f}/s")
            if number:
                rates[courses].append(rate)
                latencies[courses] += took
    for server in servers:
        server.stop()
    rows = []
    for courses, found in rates.items():
        into = "one hot course" if courses == 1 else f"{courses} courses"
        p50, *_, p99 = statistics.quantiles(latencies[courses], n=100)[49:]
        rows.append(f"| {into} | {statistics.median(found):.0f} | {p50:.0f} ms | {p99:.0f} ms |")
    text = f"""# Enrolments over HTTP

Written by `{" ".join(["python -m benchmarks.seats", *sys.argv[1:]])}`. Two server processes, the load and PostgreSQL on
the machine's two cores; {CLIENTS} clients at a time, {arguments.learners:,} learners a round, medians of
{arguments.rounds} rounds. Every answer is a seat taken, with its audit row and its notification.

| into | a second | median | p99 |
|---|--:|--:|--:|
{chr(10).join(rows)}

A course's seats are given under the lock of its row, one at a time: what an enrolment takes within its transaction
bounds what one course can do.
"""
    arguments.report.write_text(text)
    sys.stdout.write(text)


if __name__ == "__main__":
    main()
