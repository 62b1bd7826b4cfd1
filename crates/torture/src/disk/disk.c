/* A disk that fails: put before a process by LD_PRELOAD, it counts the calls that change files below one directory, over
   all threads, and answers those that it is told to with an error.

   DISK_HOME   the directory
   DISK_ERRNO  the error's number
   DISK_NTH    which call fails; the first is 1
   DISK_LASTS  set: all later ones fail as well, and of the first, if it writes, half is written
   DISK_BAD    if set: calls are counted, and fail, only while this file exists
   DISK_NOTE   a file that is told the path of the first call that failed */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static atomic_int count;

static void note(const char *path) {
  const char *file = getenv("DISK_NOTE");
  if (!file) return;
  int fd = (int)syscall(SYS_openat, AT_FDCWD, file, O_WRONLY | O_CREAT | O_EXCL, 0600);
  if (fd < 0) return;
  syscall(SYS_write, fd, path, strlen(path));
  syscall(SYS_close, fd);
}

/* 0: it works, 1: it fails, 2: it is the first of many that fail. */
static int fails(const char *path) {
  const char *home = getenv("DISK_HOME"), *nth = getenv("DISK_NTH"), *bad = getenv("DISK_BAD");
  if (!home || !nth || strncmp(path, home, strlen(home)) != 0) return 0;
  int before = errno;
  int well = bad && faccessat(AT_FDCWD, bad, F_OK, 0) != 0;
  errno = before;
  if (well) return 0;
  int here = atomic_fetch_add(&count, 1) + 1, first = atoi(nth), lasts = getenv("DISK_LASTS") != NULL;
  if (here != first && !(lasts && here > first)) return 0;
  if (here == first) note(path);
  errno = atoi(getenv("DISK_ERRNO"));
  return lasts && here == first ? 2 : 1;
}

static int fails_at(int fd) {
  char link[40], path[PATH_MAX];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  int before = errno;
  ssize_t length = readlink(link, path, sizeof path - 1);
  errno = before;
  if (length <= 0) return 0;
  path[length] = 0;
  return fails(path);
}

#define REAL(type, name, ...) type (*real)(__VA_ARGS__) = (type (*)(__VA_ARGS__))dlsym(RTLD_NEXT, #name)

#define PWRITE(name, offset_type)                                                    \
  ssize_t name(int fd, const void *bytes, size_t length, offset_type at) {           \
    REAL(ssize_t, name, int, const void *, size_t, offset_type);                     \
    int failed = fails_at(fd);                                                       \
    if (failed == 2 && length > 1) return real(fd, bytes, length / 2, at);           \
    return failed ? -1 : real(fd, bytes, length, at);                                \
  }
PWRITE(pwrite, off_t)
PWRITE(pwrite64, off64_t)

ssize_t write(int fd, const void *bytes, size_t length) {
  REAL(ssize_t, write, int, const void *, size_t);
  int failed = fd > 2 ? fails_at(fd) : 0;
  if (failed == 2 && length > 1) return real(fd, bytes, length / 2);
  return failed ? -1 : real(fd, bytes, length);
}

#define ON_DESCRIPTOR(name)                    \
  int name(int fd) {                           \
    REAL(int, name, int);                      \
    return fails_at(fd) ? -1 : real(fd);       \
  }
ON_DESCRIPTOR(fsync)
ON_DESCRIPTOR(fdatasync)

#define TRUNCATE(name, size_type)                        \
  int name(int fd, size_type size) {                     \
    REAL(int, name, int, size_type);                     \
    return fails_at(fd) ? -1 : real(fd, size);           \
  }
TRUNCATE(ftruncate, off_t)
TRUNCATE(ftruncate64, off64_t)

int rename(const char *from, const char *to) {
  REAL(int, rename, const char *, const char *);
  return fails(to) ? -1 : real(from, to);
}

int unlink(const char *path) {
  REAL(int, unlink, const char *);
  return fails(path) ? -1 : real(path);
}

int mkdir(const char *path, mode_t mode) {
  REAL(int, mkdir, const char *, mode_t);
  return fails(path) ? -1 : real(path, mode);
}

/* Only the making of a file is a change; one that is there can be opened on a full disk. */
#define OPEN(name)                                                                     \
  int name(const char *path, int flags, ...) {                                         \
    REAL(int, name, const char *, int, ...);                                           \
    va_list rest;                                                                      \
    va_start(rest, flags);                                                             \
    mode_t mode = flags & O_CREAT ? va_arg(rest, mode_t) : 0;                          \
    va_end(rest);                                                                      \
    int before = errno;                                                                \
    int makes = (flags & O_CREAT) && faccessat(AT_FDCWD, path, F_OK, 0) != 0;          \
    errno = before;                                                                    \
    return makes && fails(path) ? -1 : real(path, flags, mode);                        \
  }
OPEN(open)
OPEN(open64)
