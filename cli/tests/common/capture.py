"""Writes down what goes over loopback from and to some TCP ports, each direction of each connection in a file of its own.

    capture.py DIRECTORY PORT...

Says `ready` when it listens, and ends when its standard input does; then it says how many packets it saw and how many were lost.
"""

import os
import select
import socket
import struct
import sys

OUTGOING = 4  # loopback shows each packet twice: as it goes, and as it comes
SOL_PACKET, PACKET_STATISTICS = 263, 6
SO_RCVBUFFORCE = 33


def payload(frame, ports):
    """The ports and the bytes of a TCP packet of interest."""
    if len(frame) < 34 or frame[12:14] != b"\x08\x00" or frame[23] != 6:
        return None
    begin = 14 + (frame[14] & 15) * 4
    end = 14 + struct.unpack(">H", frame[16:18])[0]
    source, target = struct.unpack(">HH", frame[begin:begin + 4])
    if source not in ports and target not in ports:
        return None
    return source, target, frame[begin + (frame[begin + 12] >> 4) * 4:end]


def main():
    directory, ports = sys.argv[1], {int(port) for port in sys.argv[2:]}
    files, packets = {}, 0
    wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
    wire.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 64 * 1024 * 1024)
    wire.bind(("lo", 0))
    wire.setblocking(False)
    print("ready", flush=True)
    ended = False
    while True:
        readable, _, _ = select.select([wire] if ended else [wire, sys.stdin], [], [], 0 if ended else None)
        if sys.stdin in readable and not os.read(0, 1):
            ended = True
        if wire not in readable:
            if ended:
                break
            continue
        frame, address = wire.recvfrom(70000)
        found = payload(frame, ports) if address[2] != OUTGOING else None
        if found and found[2]:
            packets += 1
            name = f"{found[0]}-{found[1]}"
            if name not in files:
                files[name] = open(os.path.join(directory, name), "wb")
            files[name].write(found[2])
    for file in files.values():
        file.close()
    _, lost = struct.unpack("II", wire.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8))
    print(packets, lost, flush=True)


main()
