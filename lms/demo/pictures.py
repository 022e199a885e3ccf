"""The demo's picture, film and handout, drawn when they are needed: no binary files in the repository."""

from collections.abc import Iterator
from io import BytesIO

from PIL import Image, ImageDraw, ImageFont

from lms.demo import webm

PAPER, INK, FAINT = "#f8f9fa", "#212529", "#868e96"
COLOURS = {"engaged": "#0c9d70", "focus": "#6f6de6", "away": "#b9bcc9"}  # those of the app

FILM_SIZE = (640, 360)
FRAMES_A_SECOND = 5
SECONDS_SHOWN_A_SECOND = 10

# Four minutes of one learner, as the film tells them: (until this second, state, what happens).
STORY = [
    (100, "engaged", "Ana reads and scrolls. Her last scroll is at 0:40."),
    (130, "focus", "A minute without input: she thinks, the page in front of her."),
    (165, "away", "A message arrives. She looks at another tab."),
    (225, "engaged", "Back again: she scrolls on and reads."),
    (240, "focus", "A minute later she still reads, without a touch."),
]
STORY_SECONDS = STORY[-1][0]
FILM_SECONDS = STORY_SECONDS // SECONDS_SHOWN_A_SECOND + 1  # the last picture stays for a second


def states_diagram() -> bytes:
    """PNG: the three states of a page, and what moves it from one to another."""
    picture = Image.new("RGB", (960, 420), PAPER)
    draw = ImageDraw.Draw(picture)
    boxes = [
        ("engaged", "Engaged", "in front of you,\ninput or playing media"),
        ("focus", "In focus", "in front of you,\nno recent input"),
        ("away", "Away", "another window or tab,\nor the screen is dark"),
    ]
    for number, (state, title, meaning) in enumerate(boxes):
        left = 40 + number * 310
        draw.rounded_rectangle((left, 110, left + 260, 290), 18, fill=COLOURS[state])
        colour = INK if state == "away" else "white"
        _centred(draw, (left + 130, 160), title, 30, colour)
        _centred(draw, (left + 130, 225), meaning, 19, colour)
    for left, above, below in ((300, "60 s without input", "input"), (610, "blur, hidden", "focus, visible")):
        draw.line((left + 4, 185, left + 38, 185), fill=INK, width=3)
        draw.polygon((left + 36, 178, left + 36, 192, left + 48, 185), fill=INK)
        draw.line((left + 14, 215, left + 46, 215), fill=INK, width=3)
        draw.polygon((left + 14, 208, left + 14, 222, left + 2, 215), fill=INK)
        _centred(draw, (left + 25, 85), above, 17, FAINT)
        _centred(draw, (left + 25, 312), below, 17, FAINT)
    _centred(draw, (480, 40), "Where a page can be, as its learner sees it", 26, INK)
    _centred(draw, (480, 380), "Every moment of a session belongs to exactly one of them, or is unknown.", 20, FAINT)
    return _saved(picture, "PNG")


def session_film() -> bytes:
    """WebM: four minutes of a session in half a minute, with its counters."""
    return webm.film(_session_frames(), frames_a_second=FRAMES_A_SECOND)


def session_captions() -> str:
    """WebVTT: the film's story, in words."""
    lines, start = ["WEBVTT", ""], 0
    for until, state, happens in STORY:
        lines += [f"{_clock(start)} --> {_clock(until)} line:0", f"{happens} ({_title(state)})", ""]
        start = until
    return "\n".join(lines)


def handout() -> bytes:
    """PDF: the rules on one page."""
    picture = Image.new("RGB", (1240, 1754), "white")
    draw = ImageDraw.Draw(picture)
    draw.text((120, 130), "How your learning time is counted", font=_font(52), fill=INK)
    draw.line((120, 215, 1120, 215), fill=COLOURS["engaged"], width=6)
    rules = [
        ("Three states", "A page is engaged, in focus or away. Time goes to the state\nin which it passed."),
        (
            "The server's clock",
            "A device says what state the page was in. How long that was\nis bounded by the server.",
        ),
        ("Holes stay holes", "What nobody reported within 25 seconds is unknown. It is\nnever guessed to be learning."),
        ("Once", "Two tabs or two devices in the same minute of a course are\none minute."),
        ("Kept", "A number on your screen is one that is already stored."),
        ("Yours", "You see every number that your instructor sees about you."),
    ]
    top = 280
    for number, (title, rule) in enumerate(rules, start=1):
        draw.ellipse((120, top, 180, top + 60), fill=COLOURS["engaged"])
        _centred(draw, (150, top + 30), str(number), 32, "white")
        draw.text((215, top + 2), title, font=_font(34), fill=INK)
        draw.multiline_text((215, top + 56), rule, font=_font(30), fill=FAINT, spacing=12)
        top += 215
    return _saved(picture, "PDF", resolution=150)


def _session_frames() -> Iterator[Image.Image]:
    left, right = 40, FILM_SIZE[0] - 40
    for number in range(FILM_SECONDS * FRAMES_A_SECOND):
        now = min(number * SECONDS_SHOWN_A_SECOND / FRAMES_A_SECOND, STORY_SECONDS)
        picture = Image.new("RGB", FILM_SIZE, PAPER)
        draw = ImageDraw.Draw(picture)
        totals = dict.fromkeys(("engaged", "focus", "away"), 0.0)
        start, happens = 0, STORY[0][2]
        draw.rounded_rectangle((left, 150, right, 200), 8, fill="#e9ecef")
        for until, state, text in STORY:
            passed = max(0.0, min(now, until) - start)
            totals[state] += passed
            if passed:
                happens = text
                scale = (right - left) / STORY_SECONDS
                draw.rectangle((left + start * scale, 150, left + (start + passed) * scale, 200), fill=COLOURS[state])
            start = until
        draw.text((left, 40), "A session, as it is counted", font=_font(28), fill=INK)
        draw.text((left, 92), happens, font=_font(19), fill=FAINT)
        draw.text((left, 210), f"{int(now) // 60}:{int(now) % 60:02}", font=_font(18), fill=FAINT)
        for column, (state, seconds) in enumerate(totals.items()):
            x = left + column * 190
            draw.rounded_rectangle((x, 262, x + 18, 280), 4, fill=COLOURS[state])
            draw.text((x + 28, 258), _title(state), font=_font(19), fill=INK)
            draw.text((x + 28, 286), f"{int(seconds)} s", font=_font(30), fill=INK)
        yield picture


def _title(state: str) -> str:
    return {"engaged": "Engaged", "focus": "In focus", "away": "Away"}[state]


def _clock(story_second: int) -> str:
    second = story_second / SECONDS_SHOWN_A_SECOND
    return f"00:00:{second:06.3f}"


def _font(size: int) -> ImageFont.ImageFont | ImageFont.FreeTypeFont:
    return ImageFont.load_default(size)


def _centred(draw: ImageDraw.ImageDraw, at: tuple[int, int], text: str, size: int, colour: str) -> None:
    draw.multiline_text(at, text, font=_font(size), fill=colour, anchor="mm", align="center", spacing=8)


def _saved(picture: Image.Image, kind: str, **options: int) -> bytes:
    file = BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()
