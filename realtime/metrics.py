"""What a process counts of its connections and its recording; `/metrics` shows it (`lms/metrics.py`).

Kept in memory. Counted once a round of writes where it is about samples, never for each of them. Nothing personal, and
no label with other values than those listed here (docs/decisions/0126).
"""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from realtime.protocol import CloseCode, ErrorCode

REGISTRY = CollectorRegistry()

CONNECTIONS = Gauge("studybeat_connections", "Websockets that are open.", registry=REGISTRY)
SESSIONS = Gauge("studybeat_sessions", "Learning sessions that are held for a connection.", registry=REGISTRY)
IN_HAND = Gauge(
    "studybeat_samples_in_hand",
    "Samples, and the frames that brought them, that are not durable yet. A process refuses more than 200,000.",
    registry=REGISTRY,
)
DURABLE = Counter(
    "studybeat_samples_durable", "Samples that came by websocket and are in PostgreSQL now.", registry=REGISTRY
)
ROWS = Counter(
    "studybeat_rows_written", "Rows of sessions written, with all that came since their last ack.", registry=REGISTRY
)
ACK_SECONDS = Histogram(
    "studybeat_ack_seconds",
    "From a sample's arrival to its ack; of each write, that of the sample that waited longest.",
    buckets=(0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60),
    registry=REGISTRY,
)
WRITE_SECONDS = Histogram(
    "studybeat_write_seconds",
    "From the beginning of a write of samples to its answer, or its failure.",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
    registry=REGISTRY,
)
FAILED_WRITES = Counter(
    "studybeat_writes_failed", "Writes of samples that failed; they are tried again until they work.", registry=REGISTRY
)
CLOSED = Counter(
    "studybeat_connections_closed",
    "Websockets that ended, by the code that the server closed them with (docs/protocol.md); 1006: it dropped them; "
    "client: the client left, or broke the rules of websockets.",
    ["code"],
    registry=REGISTRY,
)
REFUSED = Counter(
    "studybeat_frames_refused",
    "Frames answered with an error, by its code (docs/protocol.md).",
    ["code"],
    registry=REGISTRY,
)
NOTIFICATIONS = Counter(
    "studybeat_notifications_pushed", "Notifications sent, counted for each connection.", registry=REGISTRY
)

DROPPED, CLIENT = "1006", "client"

# What is at zero from the start has a rate from its first time on.
for code in (*(str(code.value) for code in CloseCode if code != CloseCode.FRAME_TOO_LARGE), DROPPED, CLIENT):
    CLOSED.labels(code)
for error in ErrorCode:
    REFUSED.labels(error.value)
