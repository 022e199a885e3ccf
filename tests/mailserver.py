"""A mail server for tests: real SMTP on a port of its own, which keeps what it took and can refuse or fall silent."""

import email
import email.policy
import socketserver
import threading
from email.message import EmailMessage
from types import TracebackType
from typing import Self


class MailServer:
    """`taken` holds every mail that it took. Use it as a context manager.

    `refusals`  so many mails are answered 451 after their last byte, and not kept
    `silences`  so many mails are kept, and the connection is dropped where the answer would be
    """

    def __init__(self) -> None:
        self.taken: list[EmailMessage] = []
        self.refusals = 0
        self.silences = 0
        server = self

        class Conversation(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                self.say("220 tests")
                for line in self.rfile:
                    command = line[:4].upper()
                    if command == b"DATA":
                        self.say("354 go on")
                        if not self.take():
                            return
                    elif command == b"QUIT":
                        self.say("221 bye")
                        return
                    else:
                        self.say("250 fine")

            def say(self, text: str) -> None:
                self.wfile.write(f"{text}\r\n".encode())

            def take(self) -> bool:
                """Whether the conversation goes on."""
                lines = []
                while (line := self.rfile.readline()) != b".\r\n":
                    lines.append(line.removeprefix(b"."))
                if server.refusals:
                    server.refusals -= 1
                    self.say("451 not now")
                    return True
                mail = email.message_from_bytes(b"".join(lines), _class=EmailMessage, policy=email.policy.default)
                server.taken.append(mail)
                if server.silences:
                    server.silences -= 1
                    return False
                self.say("250 taken")
                return True

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Conversation)
        self._server.daemon_threads = True
        self.port: int = self._server.server_address[1]

    @property
    def url(self) -> str:
        """For EMAIL_URL."""
        return f"smtp://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
