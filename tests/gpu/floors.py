"""What no step can be faster than: its arithmetic at the rate of the GPU's matrix products, and
its bytes at the rates of PCIe and of the loopback interface.

    rates = Rates(flops=40e12, h2d=50e9, d2h=50e9, loopback=measure_loopback())
    floor = step_floor(mlp_flops(sizes, batch), moved, rates)

The four ways of bytes (up to the GPU, down from it, pushed, pulled) work beside one another and
beside the arithmetic: the longest of all is the floor.
"""

import contextlib
import json
import pathlib
import socket
import threading
import time
import typing

# Of step time: at most this many times the floor; and so much of the communication under compute
# where that is the longer one.
STEP_TARGET = 1.25
HIDDEN_TARGET = 0.90


class Rates(typing.NamedTuple):
    """Of this machine, measured; None: not known."""
    # Floating point operations a second of matrix products.
    flops: typing.Optional[float] = None
    # Bytes a second.
    h2d: typing.Optional[float] = None
    d2h: typing.Optional[float] = None
    # Each way, both at once.
    loopback: typing.Optional[float] = None


def rates_of(path):
    """Of the GPU, from the file of tests/gpu/run.sh --bench --json: the best of each."""
    figures = json.loads(pathlib.Path(path).read_text())["figures"]

    def best(name):
        return max((figure["rate"] for figure in figures if figure["name"] == name), default=None)
    return Rates(best("Gemm float32"), best("host to device"), best("device to host"))


def mlp_flops(sizes, batch):
    """Of a forward and backward pass of a network with layers of these sizes: three products a
    layer, but for the first, whose input needs no gradient."""
    layers = [before * after for before, after in zip(sizes, sizes[1:])]
    return 2 * batch * (3 * sum(layers) - layers[0])


def step_floor(flops, moved, rates):
    """{"compute", "h2d", "d2h", "wire", "bytes", "floor"} in seconds; None where the rate is not known.

    `moved`: bytes of a step by way: H2D, D2H, push, pull.
    """
    def seconds(amount, rate):
        return None if rate is None else amount / rate

    floors = {"compute": seconds(flops, rates.flops) if flops else 0.0,
              "h2d": seconds(moved["H2D"], rates.h2d), "d2h": seconds(moved["D2H"], rates.d2h),
              "wire": seconds(max(moved["push"], moved["pull"]), rates.loopback)}
    known = [floors[way] for way in ("h2d", "d2h", "wire") if floors[way] is not None]
    floors["bytes"] = max(known) if known else None
    known = [floors[way] for way in ("compute", "bytes") if floors[way] is not None]
    floors["floor"] = max(known) if known else None
    return floors


def targets(step_seconds, found, floors):
    """(what, met) of each target that can be judged. `found`: shares of the trace, or None."""
    judged = []
    if floors["floor"] and floors["compute"] is not None:
        ratio = step_seconds / floors["floor"]
        which = "compute" if floors["compute"] == floors["floor"] else "bytes"
        judged.append((f"step {ratio:.2f} x the floor ({which}), at most {STEP_TARGET} wanted",
                       ratio <= STEP_TARGET))
    if found and found["hidden"] is not None:
        if found["compute_seconds"] > found["communication_seconds"]:
            judged.append((f"{found['hidden']:.1%} of communication hidden, at least "
                           f"{HIDDEN_TARGET:.0%} wanted", found["hidden"] >= HIDDEN_TARGET))
    return judged


def _as_daemons_send(connection):
    """With the congestion control that Paceline's daemons choose: others are slow on loopback."""
    for name in (b"cubic", b"reno"):
        with contextlib.suppress(OSError):
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, name)
            return


def measure_loopback(seconds=1.0, chunk=4 << 20):
    """Bytes a second each way, over one connection each, both at once."""
    def receive(connection):
        buffer = bytearray(chunk)
        while connection.recv_into(buffer):
            pass

    def send(connection, totals):
        data, total, begin = bytes(chunk), 0, time.monotonic()
        while time.monotonic() < begin + seconds:
            connection.sendall(data)
            total += chunk
        totals.append(total / (time.monotonic() - begin))
        connection.shutdown(socket.SHUT_WR)

    totals, threads, connections = [], [], []
    with socket.create_server(("127.0.0.1", 0)) as server:
        for _ in range(2):
            sender = socket.create_connection(server.getsockname())
            _as_daemons_send(sender)
            receiver, _ = server.accept()
            connections += [sender, receiver]
            threads += [threading.Thread(target=send, args=(sender, totals)),
                        threading.Thread(target=receive, args=(receiver,))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for connection in connections:
        connection.close()
    return min(totals)
