/* Between a program and the file system: counts its durable calls, and lets the N-th of them end badly.

   Loaded with LD_PRELOAD. Of the environment, or of crash_arm() where the program was forked:
     CRASH_UNDER  paths, ":" between; calls on files below them count
     CRASH_AT     which of them ends badly, from 1; 0 for none
     CRASH_HOW    kill kill-after term int enospc eio eintr torn orphan
     CRASH_STATE  a file that all processes of one program count in
     CRASH_LOG    a file that every call is appended to, as a line of JSON
     CRASH_READS  set: what counts is reading, not writing
   A killed program takes its children with it (the machine is gone), except by orphan, where they live on. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum { GOES_ON, FAILS, TEARS, DIES_AFTER };
enum { SPACE = 1, SLOW = 2, TEARABLE = 4 };     /* needs room; may be interrupted; may be done by half */
static struct shared { long calls; int full; pid_t root; char bad[PATH_MAX]; } *shared;
static char under[PATH_MAX], how[16];
static long at;
static int journal = -1, reads, armed;

static const char *setting(const char *name) { const char *value = getenv(name); return value ? value : ""; }

void crash_arm(void) {
    const char *state = setting("CRASH_STATE");
    if (!*state) return;
    int file = syscall(SYS_openat, AT_FDCWD, state, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0 || syscall(SYS_ftruncate, file, (long)sizeof *shared)) abort();
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (shared == MAP_FAILED) abort();
    syscall(SYS_close, file);
    if (!shared->root) shared->root = getpid();
    snprintf(under, sizeof under, "%s", setting("CRASH_UNDER"));
    snprintf(how, sizeof how, "%s", setting("CRASH_HOW"));
    at = atol(setting("CRASH_AT"));
    reads = *setting("CRASH_READS") != 0;
    if (*setting("CRASH_LOG")) {
        file = syscall(SYS_openat, AT_FDCWD, setting("CRASH_LOG"), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        journal = fcntl(file, F_DUPFD_CLOEXEC, 900);
        syscall(SYS_close, file);
    }
    armed = 1;
}

__attribute__((constructor)) static void begin(void) { crash_arm(); }

static int watched(const char *path) {
    char list[PATH_MAX], *rest = list, *one;
    snprintf(list, sizeof list, "%s", under);
    while ((one = strsep(&rest, ":"))) {
        size_t length = strlen(one);
        if (length && !strncmp(path, one, length) && (!path[length] || path[length] == '/' || one[length - 1] == '*')) return 1;
    }
    return 0;
}

static void of_file(int file, char *path) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = syscall(SYS_readlinkat, AT_FDCWD, link, path, PATH_MAX - 1);
    path[length > 0 ? length : 0] = 0;
}

static void of_name(int folder, const char *name, char *path) {
    char base[PATH_MAX];
    if (name[0] == '/') { snprintf(path, PATH_MAX, "%s", name); return; }
    if (folder == AT_FDCWD) { if (syscall(SYS_getcwd, base, sizeof base) < 0) base[0] = 0; }
    else of_file(folder, base);
    snprintf(path, PATH_MAX, "%.2000s/%.2000s", base, strncmp(name, "./", 2) ? name : name + 2);
}

static void die(void) {
    if (shared->root != getpid()) kill(shared->root, SIGKILL);
    if (getpgrp() == getpid()) kill(0, SIGKILL);
    kill(getpid(), SIGKILL);
}

/* What becomes of this call. Whoever is to die before it is dead when this returns. */
static int strike(const char *path, int kind) {
    if (!armed || !watched(path)) return GOES_ON;
    if (reads && shared->bad[0] && !strcmp(shared->bad, path)) { errno = EIO; return FAILS; }
    if (shared->full && kind & SPACE) { errno = ENOSPC; return FAILS; }
    if (__atomic_add_fetch(&shared->calls, 1, __ATOMIC_SEQ_CST) != at) return GOES_ON;
    if (!strcmp(how, "kill")) die();
    if (!strcmp(how, "kill-after")) return DIES_AFTER;
    if (!strcmp(how, "term")) kill(shared->root, SIGTERM);
    if (!strcmp(how, "int")) kill(shared->root, SIGINT);
    if (!strcmp(how, "orphan")) kill(shared->root, SIGKILL);
    if (!strcmp(how, "enospc") && kind & SPACE) { shared->full = 1; errno = ENOSPC; return FAILS; }
    if (!strcmp(how, "eio") && reads) snprintf(shared->bad, sizeof shared->bad, "%s", path);    /* a bad sector stays bad */
    if (!strcmp(how, "eio")) { errno = EIO; return FAILS; }
    if (!strcmp(how, "eintr") && kind & SLOW) { errno = EINTR; return FAILS; }
    if (!strcmp(how, "torn") && kind & TEARABLE) return TEARS;
    return GOES_ON;
}

static void quoted(FILE *out, const char *text) {
    fputc('"', out);
    for (; *text; text++)
        if (*text == '"' || *text == '\\' || (unsigned char)*text < 32) fprintf(out, "\\u%04x", (unsigned char)*text);
        else fputc(*text, out);
    fputc('"', out);
}

static void note(const char *call, const char *path, const char *other, long offset, const void *data, long size, long result, int flags) {
    if (journal < 0 || !armed || !(watched(path) || (other && watched(other)) || !strcmp(call, "said"))) return;
    int kept = errno;
    char *line; size_t length;
    FILE *out = open_memstream(&line, &length);
    fprintf(out, "{\"call\":\"%s\",\"offset\":%ld,\"size\":%ld,\"result\":%ld,\"flags\":%d,\"path\":", call, offset, size, result, flags);
    quoted(out, path);
    if (other) { fputs(",\"to\":", out); quoted(out, other); }
    if (data && result > 0) {
        fputs(",\"data\":\"", out);
        for (long index = 0; index < result; index++) fprintf(out, "%02x", ((const unsigned char *)data)[index]);
        fputc('"', out);
    }
    fputs("}\n", out);
    fclose(out);
    syscall(SYS_write, journal, line, length);
    free(line);
    errno = kept;
}

#define REAL(name) static __typeof__(&name) real; if (!real) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)
#define AFTER(verdict) do { if ((verdict) == DIES_AFTER) die(); } while (0)

static long wrote(long (*act)(int, const void *, size_t, long), int file, const void *data, size_t size, long offset) {
    char path[PATH_MAX];
    if (!armed || reads) return act(file, data, size, offset);
    of_file(file, path);
    int verdict = strike(path, SPACE | SLOW | TEARABLE), flags = watched(path) ? fcntl(file, F_GETFL) : 0;
    if (verdict == FAILS) return -1;
    struct stat status;
    long where = offset >= 0 ? offset : flags & O_APPEND && !fstat(file, &status) ? status.st_size : lseek(file, 0, SEEK_CUR);
    long result = act(file, data, verdict == TEARS ? (size + 1) / 2 : size, offset);
    if (file == 1 || file == 2) note("said", path, NULL, 0, data, size, result, 0);
    else note("write", path, NULL, where, data, size, result, 0);
    if (verdict == TEARS) die();
    AFTER(verdict);
    return result;
}
static long act_write(int file, const void *data, size_t size, long offset) { (void)offset; REAL(write); return real(file, data, size); }
static long act_pwrite(int file, const void *data, size_t size, long offset) { REAL(pwrite64); return real(file, data, size, offset); }
ssize_t write(int file, const void *data, size_t size) { return wrote(act_write, file, data, size, -1); }
ssize_t pwrite(int file, const void *data, size_t size, off_t offset) { return wrote(act_pwrite, file, data, size, offset); }
ssize_t pwrite64(int file, const void *data, size_t size, off64_t offset) { return wrote(act_pwrite, file, data, size, offset); }
ssize_t writev(int file, const struct iovec *parts, int count) {
    ssize_t all = 0;
    for (int index = 0; index < count; index++) {
        ssize_t done = write(file, parts[index].iov_base, parts[index].iov_len);
        if (done < 0) return all ? all : done;
        all += done;
        if ((size_t)done < parts[index].iov_len) break;
    }
    return all;
}

/* The calls that have one file, or one name: EXPRESSION does what was asked. */
#define ONE(path_of, call, kind, flags, expression) \
    char path[PATH_MAX]; path_of; \
    int verdict = reads ? GOES_ON : strike(path, kind); if (verdict == FAILS) return -1; \
    long result = (expression); note(call, path, NULL, 0, NULL, 0, result, flags); AFTER(verdict); return result
#define SIZED(path_of, call, kind, size, expression) \
    char path[PATH_MAX]; path_of; \
    int verdict = reads ? GOES_ON : strike(path, kind); if (verdict == FAILS) return -1; \
    long result = (expression); note(call, path, NULL, size, NULL, 0, result, 0); AFTER(verdict); return result

int fsync(int file) { REAL(fsync); ONE(of_file(file, path), "sync", SLOW | SPACE, 0, real(file)); }
int fdatasync(int file) { REAL(fdatasync); ONE(of_file(file, path), "sync", SLOW | SPACE, 0, real(file)); }
int ftruncate(int file, off_t size) { REAL(ftruncate); SIZED(of_file(file, path), "truncate", SLOW, size, real(file, size)); }
int ftruncate64(int file, off64_t size) { REAL(ftruncate64); SIZED(of_file(file, path), "truncate", SLOW, size, real(file, size)); }
static int refused(int verdict) { return verdict == FAILS ? errno : 0; }
int posix_fallocate(int file, off_t from, off_t size) {     /* returns its error */
    REAL(posix_fallocate);
    char path[PATH_MAX];
    of_file(file, path);
    int verdict = reads ? GOES_ON : strike(path, SLOW | SPACE), error = refused(verdict);
    if (error) return error;
    error = real(file, from, size);
    note("allocate", path, NULL, from + size, NULL, 0, error, 0);
    AFTER(verdict);
    return error;
}
int posix_fallocate64(int file, off64_t from, off64_t size) { return posix_fallocate(file, from, size); }
int mkdir(const char *name, mode_t mode) { REAL(mkdir); ONE(of_name(AT_FDCWD, name, path), "mkdir", SPACE, mode, real(name, mode)); }
int mkdirat(int folder, const char *name, mode_t mode) { REAL(mkdirat); ONE(of_name(folder, name, path), "mkdir", SPACE, mode, real(folder, name, mode)); }
int rmdir(const char *name) { REAL(rmdir); ONE(of_name(AT_FDCWD, name, path), "rmdir", 0, 0, real(name)); }
int unlink(const char *name) { REAL(unlink); ONE(of_name(AT_FDCWD, name, path), "unlink", 0, 0, real(name)); }
int unlinkat(int folder, const char *name, int flags) { REAL(unlinkat); ONE(of_name(folder, name, path), flags & AT_REMOVEDIR ? "rmdir" : "unlink", 0, 0, real(folder, name, flags)); }

/* Those that have two names: the new one tells whether they count. */
#define TWO(call, from, name, to, other_name, expression) \
    char path[PATH_MAX], other[PATH_MAX]; of_name(from, name, path); of_name(to, other_name, other); \
    int verdict = reads ? GOES_ON : strike(other, SPACE); if (verdict == FAILS) return -1; \
    long result = (expression); note(call, path, other, 0, NULL, 0, result, 0); AFTER(verdict); return result
int rename(const char *name, const char *new) { REAL(rename); TWO("rename", AT_FDCWD, name, AT_FDCWD, new, real(name, new)); }
int renameat(int from, const char *name, int to, const char *new) { REAL(renameat); TWO("rename", from, name, to, new, real(from, name, to, new)); }
int renameat2(int from, const char *name, int to, const char *new, unsigned flags) { REAL(renameat2); TWO(flags & 2 ? "exchange" : "rename", from, name, to, new, real(from, name, to, new, flags)); }
int link(const char *name, const char *new) { REAL(link); TWO("link", AT_FDCWD, name, AT_FDCWD, new, real(name, new)); }
int linkat(int from, const char *name, int to, const char *new, int flags) { REAL(linkat); TWO("link", from, name, to, new, real(from, name, to, new, flags)); }
int symlink(const char *target, const char *new) { REAL(symlink); ONE(of_name(AT_FDCWD, new, path), "symlink", SPACE, 0, real(target, new)); }

static int opened(int folder, const char *name, int flags, mode_t mode) {
    static int (*real)(int, const char *, int, ...);
    if (!real) real = (int (*)(int, const char *, int, ...))dlsym(RTLD_NEXT, "openat64");
    if (!armed || (reads ? (flags & O_ACCMODE) == O_WRONLY : !(flags & (O_CREAT | O_TRUNC)))) return real(folder, name, flags, mode);
    char path[PATH_MAX];
    of_name(folder, name, path);
    int there = !syscall(SYS_faccessat, folder, name, F_OK);
    if (!reads && there && !(flags & O_TRUNC)) return real(folder, name, flags, mode);      /* makes nothing */
    int verdict = strike(path, SLOW | (there ? 0 : SPACE));
    if (verdict == FAILS) return -1;
    int result = real(folder, name, flags, mode);
    if (!reads) note(there ? "empty" : "create", path, NULL, 0, NULL, 0, result, mode);
    AFTER(verdict);
    return result;
}
#define MODE mode_t mode = 0; if (flags & (O_CREAT | O_TMPFILE)) { va_list more; va_start(more, flags); mode = va_arg(more, mode_t); va_end(more); }
int open(const char *name, int flags, ...) { MODE return opened(AT_FDCWD, name, flags, mode); }
int open64(const char *name, int flags, ...) { MODE return opened(AT_FDCWD, name, flags, mode); }
int openat(int folder, const char *name, int flags, ...) { MODE return opened(folder, name, flags, mode); }
int openat64(int folder, const char *name, int flags, ...) { MODE return opened(folder, name, flags, mode); }
int creat(const char *name, mode_t mode) { return opened(AT_FDCWD, name, O_CREAT | O_WRONLY | O_TRUNC, mode); }

#define READING(expression) \
    if (!armed || !reads) return (expression); \
    char path[PATH_MAX]; of_file(file, path); \
    int verdict = strike(path, SLOW); if (verdict == FAILS) return -1; \
    ssize_t result = (expression); AFTER(verdict); return result
ssize_t read(int file, void *data, size_t size) { REAL(read); READING(real(file, data, size)); }
ssize_t pread(int file, void *data, size_t size, off_t offset) { REAL(pread); READING(real(file, data, size, offset)); }
ssize_t pread64(int file, void *data, size_t size, off64_t offset) { REAL(pread64); READING(real(file, data, size, offset)); }
