"""What the demo courses say. A text's paragraphs are parted by an empty line."""

SECOND = """\
How long did you learn today? It sounds like a question for a clock, and it is one of the harder questions that a \
learning platform is asked. A page can stay open through lunch. A reader can think for four minutes without touching \
a key. A train can enter a tunnel in the middle of a paragraph.

Many systems answer with a guess. Some take the time between two clicks, so that the last page of the day counts for \
nothing. Some let the device add ten seconds whenever it says it is still there, once for each open tab. In one study \
of 95,626 recorded events, the same students came out at 3.5 or at 41.8 hours each, depending only on where the \
counting cut off.

Here nothing is guessed. While you study, one connection tells the server what this page is doing, and the server \
decides how long that was. Look at the panel on this page: those are your own numbers, and each of them is stored by \
the time you see it."""

STATES = """\
At every moment, a page is in one of three states.

Engaged: the page is visible and has the focus, and in the last minute you used it: a key, a click, a scroll, or a \
video that plays. In focus: it is visible and has the focus, but nothing was touched for a minute. Reading and \
thinking look like that, so this is learning time too; it is only shown apart. Away: you look at another window, \
another tab, or at nothing.

Try it now. Do not touch anything for a minute and watch the panel turn from engaged to in focus. Then switch to \
another tab for a few seconds, come back, and see what was counted as away."""

WATCH = """\
The film shows four minutes of a session, ten times as fast, with the three counters running.

Notice that a change counts from the moment it happens, not from the next full minute, and that the three counters \
together are always the length of the session. That sum is checked to the millisecond in every record that is kept.

While the film plays in front of you, you are engaged, even though you touch nothing."""

ONCE = """\
Open this course in a second tab and put the two windows side by side. Does your time now run twice as fast?

It does not. Each tab keeps a record of its own, and both are true: this page was in front of you, and so was that \
one. But a second of your life passes once. So the course does not add the records up. It takes all the stretches of \
time in which any of your pages was in focus, lays them over each other, and counts what they cover together.

That is called a union. Ten minutes on the laptop and the same ten minutes on the phone are ten minutes of learning. \
Ten minutes on the laptop, and ten others on the phone, are twenty.

Anybody can check it afterwards. The stretches are kept in a ledger, and the totals can be computed from it again at \
any time: they have to come out the same, to the millisecond."""

TUNNEL = """\
A phone in a tunnel goes on measuring. It numbers what it notes, 1, 2, 3, and keeps each note until the server says \
that it is stored. When the line is back it sends the rest. What arrives twice is counted once, because the number \
says so; what is missing is asked for by its number.

Two limits keep this honest. If a page says nothing for longer than 25 seconds, what lies between is called unknown: \
it belongs to the session, but not to your learning time. (A page in the background speaks more rarely, so it has 150 \
seconds.) And no device can report more time than has passed on the server's own clock since the session began, two \
seconds of grace aside. A clock that is set an hour forward earns nothing.

Try that too: switch your network off for a few seconds, and on again. The panel says what it waits for, and then \
catches up."""

TAKE_AWAY = """\
The file below has the rules of this course on one page, to print or to keep.

When you have read it, mark this content as complete. Every content here is completed by hand: you decide when you \
are done with it, and the time you took is measured, not demanded."""

SEMINAR = """\
This seminar has one seat, so that every question gets its answer. When the seat is taken, you can join the waitlist: \
if it becomes free, it is offered to one person at a time and kept for them for a while, on every device they own."""

MENTORED = """\
In a mentored project, somebody reads what you write. A mentor has time for a few people only, so the course asks \
its instructor before it lets you in. You will be told, whatever the answer is.

Bring a question of your own: what would you like to be able to do in four weeks that you cannot do today?"""

CIRCLE = """\
A closed circle learns together, and its members are chosen by the instructor. You read this, so you are one of them.

Agree on a time of day. Groups that study at the same hour, each at their own desk, keep going longer than those \
that only share a deadline."""
