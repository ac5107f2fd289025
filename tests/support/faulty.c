/* Fails one operation that changes a file below a folder, counted over all processes that are started with it.
 *
 * LD_PRELOAD names it. FAULTY_BELOW is the folder, FAULTY_COUNT a file of eight bytes that counts, FAULTY_AT the
 * number of the operation that fails, FAULTY_ERRNO how; with FAULTY_LASTING all later ones fail too.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static long *count;
static const char *below;
static long failing;
static int code, lasting;

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("FAULTY_COUNT"), *number = getenv("FAULTY_AT"), *how = getenv("FAULTY_ERRNO");
    below = getenv("FAULTY_BELOW");
    if (!path || !number || !how || !below) return;
    int file = open(path, O_RDWR | O_CLOEXEC);
    if (file < 0) return;
    void *shared = mmap(NULL, sizeof(long), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    failing = atol(number);
    code = atoi(how);
    lasting = getenv("FAULTY_LASTING") != NULL;
    if (shared != MAP_FAILED) count = shared;
}

static int fails(void) {
    long number = __sync_fetch_and_add(count, 1);
    if (failing < 0 || (lasting ? number < failing : number != failing)) return 0;
    errno = code;
    return 1;
}

static int starts_below(const char *path) {
    size_t length = strlen(below);
    return strncmp(path, below, length) == 0 && path[length] == '/';
}

static int descriptor_fails(int file) {
    char link[64], path[PATH_MAX];
    if (!count || file < 0) return 0;
    int flags = fcntl(file, F_GETFL);
    if (flags < 0 || (flags & O_ACCMODE) == O_RDONLY) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length <= 0) return 0;
    path[length] = 0;
    return starts_below(path) && fails();
}

static int path_fails(int folder, const char *path) {
    char link[64], start[PATH_MAX];
    if (!count || !path) return 0;
    if (path[0] == '/') return starts_below(path) && fails();
    snprintf(link, sizeof link, folder == AT_FDCWD ? "/proc/self/cwd" : "/proc/self/fd/%d", folder);
    ssize_t length = readlink(link, start, sizeof start - 2);
    if (length <= 0) return 0;
    start[length] = '/';
    start[length + 1] = 0;
    return starts_below(start) && fails();
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define WRITES(flags) ((flags) & (O_WRONLY | O_RDWR | O_CREAT))
#define MODE(flags) \
    mode_t mode = 0; \
    if ((flags) & (O_CREAT | O_TMPFILE)) { va_list rest; va_start(rest, flags); mode = va_arg(rest, mode_t); va_end(rest); }

#define OPEN(name) int name(const char *path, int flags, ...) { MODE(flags) \
    return WRITES(flags) && path_fails(AT_FDCWD, path) ? -1 : REAL(name)(path, flags, mode); }
#define OPENAT(name) int name(int folder, const char *path, int flags, ...) { MODE(flags) \
    return WRITES(flags) && path_fails(folder, path) ? -1 : REAL(name)(folder, path, flags, mode); }
OPEN(open)
OPEN(open64)
OPENAT(openat)
OPENAT(openat64)

ssize_t write(int file, const void *data, size_t size) { return descriptor_fails(file) ? -1 : REAL(write)(file, data, size); }
int fsync(int file) { return descriptor_fails(file) ? -1 : REAL(fsync)(file); }
int close(int file) {
    int saved = descriptor_fails(file) ? errno : 0, done = REAL(close)(file);
    if (saved) { errno = saved; return -1; }
    return done;
}
ssize_t copy_file_range(int from, off_t *at, int to, off_t *into, size_t size, unsigned flags) {
    return descriptor_fails(to) ? -1 : REAL(copy_file_range)(from, at, to, into, size, flags);
}
int rename(const char *old, const char *new) { return path_fails(AT_FDCWD, new) ? -1 : REAL(rename)(old, new); }
int renameat(int one, const char *old, int two, const char *new) {
    return path_fails(two, new) ? -1 : REAL(renameat)(one, old, two, new);
}
int link(const char *old, const char *new) { return path_fails(AT_FDCWD, new) ? -1 : REAL(link)(old, new); }
int linkat(int one, const char *old, int two, const char *new, int flags) {
    return path_fails(two, new) ? -1 : REAL(linkat)(one, old, two, new, flags);
}
int mkdir(const char *path, mode_t mode) { return path_fails(AT_FDCWD, path) ? -1 : REAL(mkdir)(path, mode); }
int symlink(const char *to, const char *path) { return path_fails(AT_FDCWD, path) ? -1 : REAL(symlink)(to, path); }
