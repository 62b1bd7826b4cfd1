"""A terminal that a program believes in: tmux on a socket of its own, without anybody's configuration."""

import os
import subprocess
import tempfile
import time


class Terminal:
    """A shell in a terminal of this size; what it shows can be read, and it can be typed at."""

    def __init__(self, variables, width=80, height=24):
        self.folder = tempfile.TemporaryDirectory(prefix="evergrant-tmux-")
        self.socket = os.path.join(self.folder.name, "socket")
        self.frames = []
        command = ["env", "-i", *(f"{name}={value}" for name, value in variables.items()), "TERM=tmux-256color", "PS1=$ ", "sh"]
        self.tmux("new-session", "-d", "-x", str(width), "-y", str(height), *command)
        self.tmux("set", "-g", "status", "off")
        self.tmux("set", "-g", "remain-on-exit", "on")
        self.tmux("set", "-g", "escape-time", "0")
        self.tmux("resize-window", "-x", str(width), "-y", str(height))

    def tmux(self, *arguments, input=None):
        """Asks tmux; what it says."""
        command = ["tmux", "-S", self.socket, "-f", "/dev/null", *arguments]
        run = subprocess.run(command, input=input, capture_output=True, text=True, timeout=30)
        if run.returncode != 0:
            raise RuntimeError(f"tmux {' '.join(arguments)}: {run.stderr.strip()}")
        return run.stdout

    def __enter__(self):
        return self

    def __exit__(self, *_):
        subprocess.run(["tmux", "-S", self.socket, "kill-server"], capture_output=True, timeout=30)
        self.folder.cleanup()

    def keys(self, *keys):
        """Presses keys, by tmux's names for them."""
        self.tmux("send-keys", *keys)

    def type(self, text):
        """Types a text as it is, and Enter."""
        self.tmux("send-keys", "-l", text)
        self.keys("Enter")

    def paste(self, text):
        """Pastes, with brackets where the program has asked for them."""
        self.tmux("load-buffer", "-", input=text)
        self.tmux("paste-buffer", "-p", "-r")

    def resize(self, width, height):
        """Another size from now on."""
        self.tmux("resize-window", "-x", str(width), "-y", str(height))

    def shown(self):
        """The frame that is shown now, without the blanks at the ends of its rows."""
        frame = "\n".join(row.rstrip() for row in self.tmux("capture-pane", "-p").splitlines())
        if not self.frames or self.frames[-1] != frame:
            self.frames.append(frame)
        return frame

    def state(self, name):
        """What tmux knows of the terminal: `alternate_on`, `cursor_flag`, `pane_title` ..."""
        return self.tmux("display-message", "-p", f"#{{{name}}}").strip()

    def wait(self, *texts, without=(), seconds=60):
        """Waits until the frame shows all of these and none of those; the frame."""
        end = time.monotonic() + seconds
        while True:
            frame = self.shown()
            if all(text in frame for text in texts) and not any(text in frame for text in without):
                return frame
            if time.monotonic() > end:
                raise TimeoutError(f"{texts} never came, or {without} never went:\n{frame}")
            time.sleep(0.03)
