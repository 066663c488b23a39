"""gRPC over a socket by hand: as many connections as a test wants, each of them a file
descriptor and a few bytes.

    with Http2(port) as connection:
        connection.call("/grpc.health.v1.Health/Check")     # the answer's bytes
"""

import socket
import struct

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY = 0, 1, 3, 4, 6, 7
ACK = END_STREAM = 1
END_HEADERS = 4
SERVING = b"\x08\x01"
HEALTH = "/grpc.health.v1.Health/Check"


def frame(kind, flags=0, stream=0, payload=b""):
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def literal(name, value):
    """A header that no table holds (RFC 7541, 6.2.2)."""
    name, value = name.encode(), value.encode()
    return bytes([0, len(name)]) + name + bytes([len(value)]) + value


class Http2:
    def __init__(self, port, host="127.0.0.1", timeout=10):
        self.socket = socket.create_connection((host, port), timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.sendall(PREFACE + frame(SETTINGS))
        self._received = b""
        self._stream = -1

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def fileno(self):
        return self.socket.fileno()

    def _frames(self):
        """What has come in whole; says what the protocol wants said."""
        while len(self._received) >= 9:
            size = int.from_bytes(self._received[:3], "big")
            if len(self._received) < 9 + size:
                return
            kind, flags, stream = struct.unpack(">BBI", self._received[3:9])
            payload = self._received[9:9 + size]
            self._received = self._received[9 + size:]
            if kind in (SETTINGS, PING) and not flags & ACK:
                self.socket.sendall(frame(kind, ACK, 0, payload if kind == PING else b""))
            yield kind, flags, stream & 0x7fffffff, payload

    def receive(self):
        """Waits for something to come in, and returns the frames."""
        data = self.socket.recv(65536)
        if not data:
            raise ConnectionError("closed by the server")
        self._received += data
        return list(self._frames())

    def call(self, path, message=b""):
        """One unary call; returns the answer's message."""
        self._stream += 2
        headers = b"".join(literal(*header) for header in (
            (":method", "POST"), (":scheme", "http"), (":path", path), (":authority", "test"),
            ("content-type", "application/grpc"), ("te", "trailers")))
        self.socket.sendall(
            frame(HEADERS, END_HEADERS, self._stream, headers)
            + frame(DATA, END_STREAM, self._stream, struct.pack(">BI", 0, len(message)) + message))
        answer = b""
        while True:
            for kind, flags, stream, payload in self.receive():
                if kind == GOAWAY or (kind == RST_STREAM and stream == self._stream):
                    raise ConnectionError(f"frame {kind}: {payload!r}")
                if stream != self._stream:
                    continue
                if kind == DATA:
                    answer += payload
                if flags & END_STREAM:
                    if len(answer) < 5:
                        raise ConnectionError(f"{path}: no answer, {payload!r}")
                    return answer[5:]
