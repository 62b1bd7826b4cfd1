"""Runs a program under callgrind: watched.py FILE PROGRAM [ARGUMENT]... writes what it called into FILE."""

import ctypes
import os
import struct
import sys

PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS, SECCOMP_MODE_FILTER = 22, 38, 2
# Of x86-64, where alone callgrind is asked here.
SYS_PRCTL, PR_GET_AUXV, EINVAL = 157, 0x41555856, 22
LOAD, JUMP_IF_EQUAL, RETURN = 0x20, 0x15, 0x06
NUMBER, FIRST_ARGUMENT = 0, 16
REFUSED, ALLOWED = 0x00050000 | EINVAL, 0x7FFF0000

# Each step: what it does, how many it jumps over if it is so and if not, and on what.
ANSWERS_ALL_BUT_AUXV = (
    (LOAD, 0, 0, NUMBER),
    (JUMP_IF_EQUAL, 0, 3, SYS_PRCTL),
    (LOAD, 0, 0, FIRST_ARGUMENT),
    (JUMP_IF_EQUAL, 0, 1, PR_GET_AUXV),
    (RETURN, 0, 0, REFUSED),
    (RETURN, 0, 0, ALLOWED),
)


class Filter(ctypes.Structure):
    """A `sock_fprog`."""

    _fields_ = [("length", ctypes.c_ushort), ("steps", ctypes.c_void_p)]


def hide_the_clock_page():
    """Whoever asks the kernel where its page of clocks lies is told of one that callgrind has taken away; a file tells it true."""
    steps = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in ANSWERS_ALL_BUT_AUXV))
    hides = Filter(len(ANSWERS_ALL_BUT_AUXV), ctypes.addressof(steps))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(hides), 0, 0):
        raise OSError(ctypes.get_errno(), "the kernel takes no filter of calls")


if __name__ == "__main__":
    hide_the_clock_page()
    callgrind = ("valgrind", "-q", "--tool=callgrind", "--demangle=no", f"--callgrind-out-file={sys.argv[1]}")
    os.execvp(callgrind[0], [*callgrind, *sys.argv[2:]])
