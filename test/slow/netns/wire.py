"""The wire between network namespaces: delay, loss, rate and partitions, as netem and a switch would do them.

Kernels often come without netem (sch_netem), and containers cannot load it. This needs only TUN devices: each
namespace has one, all of them end here, and packets go from one to the other by their destination address. A TUN
device hands over whole IP packets of at most its MTU with checksums filled in, so nothing of TCP is emulated here.

First line on stdin: {"links": [{"name", "netns", "address", "delayMs", "loss", "bitsPerSecond"}]}; then one command
a line, each answered by one line with the same id. The process, and with it every device, ends with stdin.

  {"id", "groups": {name: group}}   packets between different groups are dropped; a link not named reaches all
  {"id", "shape": {"name", "delayMs", "loss", "bitsPerSecond"}}
  {"id", "stats": true}
"""

import ctypes
import fcntl
import heapq
import json
import os
import random
import select
import socket
import struct
import sys
import time

CLONE_NEWNET = 0x40000000
TUNSETIFF = 0x400454CA
IFF_TUN = 0x0001
IFF_NO_PI = 0x1000
# What a link may have waiting, in seconds of its rate: beyond it packets are dropped, as in a router's queue.
QUEUE_SECONDS = 0.5

libc = ctypes.CDLL(None, use_errno=True)


def enter(fd):
    if libc.setns(fd, CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")


def open_tun(netns):
    """A TUN device named tun0 in that namespace. It stays usable from here."""
    home = os.open("/proc/self/ns/net", os.O_RDONLY)
    there = os.open("/var/run/netns/" + netns, os.O_RDONLY)
    try:
        enter(there)
        tun = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
        fcntl.ioctl(tun, TUNSETIFF, struct.pack("16sH", b"tun0", IFF_TUN | IFF_NO_PI))
    finally:
        enter(home)
        os.close(home)
        os.close(there)
    return tun


class Link:
    def __init__(self, spec):
        self.name = spec["name"]
        self.address = socket.inet_aton(spec["address"])
        self.tun = open_tun(spec["netns"])
        self.shape(spec)
        self.out_free = 0.0
        self.in_free = 0.0
        self.sent = self.lost = self.queue_full = self.cut = self.received = 0

    def shape(self, spec):
        self.delay = spec.get("delayMs", 0) / 1000
        self.loss = spec.get("loss", 0)
        self.rate = spec.get("bitsPerSecond") or float("inf")


class Wire:
    def __init__(self, links):
        self.links = {link.name: link for link in links}
        self.by_address = {link.address: link for link in links}
        self.by_tun = {link.tun: link for link in links}
        self.groups = {}
        self.due = []
        self.count = 0

    def take(self, link, now):
        """Packets that the namespace sends."""
        for _ in range(64):
            try:
                packet = os.read(link.tun, 65535)
            except BlockingIOError:
                return
            target = self.by_address.get(packet[16:20]) if packet[0] >> 4 == 4 else None
            if target is None or target is link:
                continue
            link.sent += 1
            here, there = self.groups.get(link.name), self.groups.get(target.name)
            if here is not None and there is not None and here != there:
                link.cut += 1
            elif random.random() < link.loss:
                link.lost += 1
            else:
                self.forward(link, target, packet, now)

    def forward(self, link, target, packet, now):
        bits = 8 * len(packet)
        leaves = max(now, link.out_free) + bits / link.rate
        arrives = max(leaves + link.delay, target.in_free) + bits / target.rate
        if leaves - now > QUEUE_SECONDS or arrives - leaves - link.delay > QUEUE_SECONDS:
            link.queue_full += 1
            return
        link.out_free = leaves
        target.in_free = arrives
        self.count += 1
        heapq.heappush(self.due, (arrives, self.count, target, packet))

    def deliver(self, now):
        while self.due and self.due[0][0] <= now:
            _, _, target, packet = heapq.heappop(self.due)
            try:
                os.write(target.tun, packet)
                target.received += 1
            except OSError:
                pass  # the namespace is going

    def command(self, command):
        if "groups" in command:
            self.groups = command["groups"]
        if "shape" in command:
            self.links[command["shape"]["name"]].shape(command["shape"])
        if "stats" in command:
            names = ("sent", "lost", "queue_full", "cut", "received")
            return {link.name: {n: getattr(link, n) for n in names} for link in self.links.values()}
        return None


def main():
    config = json.loads(sys.stdin.readline())
    wire = Wire([Link(spec) for spec in config["links"]])
    print(json.dumps({"id": 0}), flush=True)
    poll = select.epoll()
    control = sys.stdin.fileno()
    os.set_blocking(control, False)
    poll.register(control, select.EPOLLIN)
    for tun in wire.by_tun:
        poll.register(tun, select.EPOLLIN)
    text = b""
    while True:
        wait = max(0.0, wire.due[0][0] - time.monotonic()) if wire.due else 1.0
        for fd, _ in poll.poll(wait):
            if fd != control:
                wire.take(wire.by_tun[fd], time.monotonic())
                continue
            part = os.read(control, 65536)
            if not part:
                return
            *lines, text = (text + part).split(b"\n")
            for line in lines:
                command = json.loads(line)
                print(json.dumps({"id": command["id"], "stats": wire.command(command)}), flush=True)
        wire.deliver(time.monotonic())


main()
