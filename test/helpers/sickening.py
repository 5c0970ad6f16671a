# A healthy process that falls ill when a line comes on its standard input: sickening.py MODE COMMAND, as which it
# is then known. It says "ready", and "ill" when it is.
import select
import socket
import sys

mode, command = sys.argv[1:]
open("/proc/self/comm", "w").write(command)
server = socket.create_server(("127.0.0.1", 0), backlog=100)
print("ready", flush=True)
kept = []
sys.stdin.readline()
if mode == "memory":
    kept.append(bytearray(b"x") * (120 << 20))
elif mode == "files":
    kept.extend(open("/dev/null") for _ in range(300))
elif mode == "sockets":
    for _ in range(40):
        client = socket.create_connection(server.getsockname())
        kept.append(server.accept()[0])
        client.close()
print("ill", flush=True)
while mode == "cpu" and not select.select([sys.stdin], [], [], 0)[0]:
    pass
sys.stdin.readline()
