"""A TCP proxy whose target can be changed: what a moved address or a cut looks like to a node."""

import select
import socket
import threading


class TcpProxy:
    """Forwards loopback connections to a target. Use as a context manager."""

    def __init__(self, target):
        self._lock = threading.Lock()
        self._target = target
        self._pairs = set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._closed = False
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._closed = True
        self._listener.close()
        self._cut()

    def address(self):
        return f"127.0.0.1:{self._listener.getsockname()[1]}"

    def point_to(self, target):
        """Cuts all connections; new ones go to `target`, "host:port"."""
        with self._lock:
            self._target = target
        self._cut()

    def _cut(self):
        with self._lock:
            pairs, self._pairs = self._pairs, set()
        for pair in pairs:
            for end in pair:
                try:
                    end.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

    def _accept(self):
        while not self._closed:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._forward, args=(client,), daemon=True).start()

    def _forward(self, client):
        with self._lock:
            host, port = self._target.rsplit(":", 1)
        try:
            server = socket.create_connection((host, int(port)), timeout=5)
        except OSError:
            client.close()
            return
        pair = (client, server)
        with self._lock:
            self._pairs.add(pair)
        try:
            while True:
                for ready in select.select(pair, [], [])[0]:
                    data = ready.recv(1 << 16)
                    if not data:
                        return
                    (server if ready is client else client).sendall(data)
        except OSError:
            pass
        finally:
            with self._lock:
                self._pairs.discard(pair)
            client.close()
            server.close()
