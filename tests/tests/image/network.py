"""The network of a pod, for names.rs: nameservers on loopback, and what takes connections there.

Says `ready`, then a line `asked ADDRESS` for each connection to port 5000, whatever its address is.
"""

import socket
import struct
import threading

A, AAAA = 1, 28
NO_SUCH_NAME, FAILED, SILENT = 3, 2, "silent"

# What there is; any other name does not exist, and those below broken.local cannot be looked up.
NAMES = {
    "reg.image.svc.cluster.local": {A: ["127.0.0.2"]},
    "api.image.svc.cluster.local": {A: ["127.0.0.3"]},
    "six.image.svc.cluster.local": {AAAA: ["::1"]},
    "outside.example.org": {A: ["127.0.0.4"]},
    "other.second.local": {A: ["127.0.0.5"]},
    # Nameservers that do not know IPv6 answer so.
    "none.example.org": {A: ["127.0.0.6"], AAAA: NO_SUCH_NAME},
    "failing.example.org": {A: ["127.0.0.7"], AAAA: FAILED},
    "dropped.example.org": {A: ["127.0.0.8"], AAAA: SILENT},
    # Not in a datagram: to be asked for again by TCP.
    "long.example.org": {A: ["127.0.0.9"] * 40},
}


def answer(question, by_tcp):
    """The answer to a question, both as bytes; none if the nameserver is to be silent."""
    labels, at = [], 12
    while question[at]:
        labels.append(question[at + 1 : at + 1 + question[at]].decode())
        at += 1 + question[at]
    kind = struct.unpack(">H", question[at + 1 : at + 3])[0]
    name = ".".join(labels).lower()
    status, records = 0, []
    if name.endswith(".broken.local"):
        status = FAILED
    elif name not in NAMES:
        status = NO_SUCH_NAME
    else:
        found = NAMES[name].get(kind, [])
        if found == SILENT:
            return None
        if isinstance(found, int):
            status = found
        else:
            records = found
    truncated = len(records) > 20 and not by_tcp
    if truncated:
        records = []
    family = socket.AF_INET if kind == A else socket.AF_INET6
    packed = [socket.inet_pton(family, record) for record in records]
    flags = 0x8180 | (0x0200 if truncated else 0) | status
    head = question[:2] + struct.pack(">HHHHH", flags, 1, len(packed), 0, 0)
    body = [b"\xc0\x0c" + struct.pack(">HHIH", kind, 1, 5, len(data)) + data for data in packed]
    return head + question[12 : at + 5] + b"".join(body)


def by_udp(listener):
    while True:
        question, peer = listener.recvfrom(4096)
        said = answer(question, False)
        if said:
            listener.sendto(said, peer)


def by_tcp(listener):
    while True:
        peer, _ = listener.accept()
        with peer, peer.makefile("rb") as questions:
            while length := questions.read(2):
                said = answer(questions.read(struct.unpack(">H", length)[0]), True)
                if said:
                    peer.sendall(struct.pack(">H", len(said)) + said)


def connections(listener):
    while True:
        peer, _ = listener.accept()
        address = peer.getsockname()[0].removeprefix("::ffff:")
        print("asked", address, flush=True)
        peer.close()


def bound(family, kind, address, port):
    made = socket.socket(family, kind)
    made.bind((address, port))
    if kind == socket.SOCK_STREAM:
        made.listen()
    return made


# It takes questions and never answers one.
dead = bound(socket.AF_INET, socket.SOCK_DGRAM, "127.0.0.52", 53)
threads = [
    (by_udp, bound(socket.AF_INET, socket.SOCK_DGRAM, "127.0.0.53", 53)),
    (by_tcp, bound(socket.AF_INET, socket.SOCK_STREAM, "127.0.0.53", 53)),
    (by_udp, bound(socket.AF_INET6, socket.SOCK_DGRAM, "::1", 53)),
    (connections, socket.create_server(("::", 5000), family=socket.AF_INET6, dualstack_ipv6=True)),
]
started = [threading.Thread(target=target, args=[listener]) for target, listener in threads]
for thread in started:
    thread.start()
print("ready", flush=True)
for thread in started:
    thread.join()
