"""A forward proxy on loopback that tunnels CONNECT, or refuses to, and counts."""

import socket
import socketserver
import threading


class ConnectProxy(socketserver.ThreadingTCPServer):
    """Runs until its `with` block ends; `refuses` decides about each new CONNECT."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Tunnel)
        self.refuses = False
        self.targets = []
        self.refused = 0
        self.others = []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self):
        """The value for `HTTPS_PROXY`."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()


class Tunnel(socketserver.StreamRequestHandler):
    """One connection of a client."""

    rbufsize = 0

    def handle(self):
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            byte = self.rfile.read(1)
            if not byte:
                return
            head += byte
        method, target, _ = head.split(b"\r\n")[0].decode("latin-1").split(" ", 2)
        if method != "CONNECT":
            self.server.others.append(f"{method} {target}")
            self.wfile.write(b"HTTP/1.1 405 Method Not Allowed\r\ncontent-length: 0\r\n\r\n")
        elif self.server.refuses:
            self.server.refused += 1
            self.wfile.write(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n")
        else:
            self.server.targets.append(target)
            host, port = target.rsplit(":", 1)
            with socket.create_connection((host, int(port))) as upstream:
                self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
                back = threading.Thread(target=pump, args=(upstream, self.connection), daemon=True)
                back.start()
                pump(self.connection, upstream)
                back.join()


def pump(source, sink):
    """Copies until the source ends."""
    try:
        while piece := source.recv(65536):
            sink.sendall(piece)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass
