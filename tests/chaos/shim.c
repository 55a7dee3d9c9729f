/* A slow disk and a wall clock that is set, for the process that this is loaded into (LD_PRELOAD).
 *
 * What to do is read at each call from a file that both sides map, so a test changes it while the process
 * runs: see shim.py, which has the same layout. The monotonic clock is left alone, as settimeofday(2) does.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

struct orders {
    int64_t step_ns;         /* the wall clock is ahead of the kernel's by this */
    int64_t write_delay_ns;  /* before each write to a file below `folder` */
    int64_t sync_delay_ns;   /* before each fsync or fdatasync of one */
    char folder[512];
};

static const struct orders nothing;
static const volatile struct orders *orders = &nothing;

static const int64_t SECOND_NS = 1000000000;

/* Monotonic times are seconds since the machine started, wall clock times since 1970. */
static const time_t SURELY_WALL_S = 1000000000;

__attribute__((constructor)) static void map_orders(void) {
    const char *path = getenv("PARVIS_SHIM");
    int descriptor = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (descriptor < 0)
        return;
    void *mapped = mmap(NULL, sizeof(struct orders), PROT_READ, MAP_SHARED, descriptor, 0);
    close(descriptor);
    if (mapped != MAP_FAILED)
        orders = mapped;
}

#define REAL(name) \
    static typeof(name) *real; \
    if (!real) \
        real = (typeof(name) *)dlsym(RTLD_NEXT, #name)

static void add_ns(struct timespec *at, int64_t ns) {
    int64_t sum = at->tv_nsec + ns % SECOND_NS;
    at->tv_sec += ns / SECOND_NS + (sum >= SECOND_NS) - (sum < 0);
    at->tv_nsec = sum + (sum < 0) * SECOND_NS - (sum >= SECOND_NS) * SECOND_NS;
}

/* ------------------------------------------------------------------ the wall clock */

int clock_gettime(clockid_t clock, struct timespec *at) {
    REAL(clock_gettime);
    int result = real(clock, at);
    if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
        add_ns(at, orders->step_ns);
    return result;
}

int gettimeofday(struct timeval *restrict at, void *restrict zone) {
    (void)zone;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    at->tv_sec = now.tv_sec;
    at->tv_usec = now.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *at) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (at)
        *at = now.tv_sec;
    return now.tv_sec;
}

/* Who waits until a wall clock time waits in the kernel, whose clock was not set. */
static const struct timespec *as_the_kernel_counts(const struct timespec *until, struct timespec *copy) {
    if (!until || until->tv_sec < SURELY_WALL_S)
        return until;
    *copy = *until;
    add_ns(copy, -orders->step_ns);
    return copy;
}

int pthread_cond_timedwait(pthread_cond_t *restrict condition, pthread_mutex_t *restrict mutex,
                           const struct timespec *restrict until) {
    REAL(pthread_cond_timedwait);
    struct timespec copy;
    return real(condition, mutex, as_the_kernel_counts(until, &copy));
}

int pthread_mutex_timedlock(pthread_mutex_t *restrict mutex, const struct timespec *restrict until) {
    REAL(pthread_mutex_timedlock);
    struct timespec copy;
    return real(mutex, as_the_kernel_counts(until, &copy));
}

int sem_timedwait(sem_t *restrict semaphore, const struct timespec *restrict until) {
    REAL(sem_timedwait);
    struct timespec copy;
    return real(semaphore, as_the_kernel_counts(until, &copy));
}

int clock_nanosleep(clockid_t clock, int flags, const struct timespec *until, struct timespec *left) {
    REAL(clock_nanosleep);
    struct timespec copy;
    if (clock == CLOCK_REALTIME && (flags & TIMER_ABSTIME))
        until = as_the_kernel_counts(until, &copy);
    return real(clock, flags, until, left);
}

/* ------------------------------------------------------------------ the disk */

static void wait_for_the_disk(int descriptor, int64_t delay_ns) {
    if (delay_ns <= 0)
        return;
    int before = errno;
    char link[64], path[1024];
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t length = readlink(link, path, sizeof path - 1);
    const char *folder = (const char *)orders->folder;
    size_t wanted = strlen(folder);
    if (wanted > 0 && length > (ssize_t)wanted && strncmp(path, folder, wanted) == 0 && path[wanted] == '/') {
        struct timespec delay = {delay_ns / SECOND_NS, delay_ns % SECOND_NS};
        while (nanosleep(&delay, &delay) != 0 && errno == EINTR)
            ;
    }
    errno = before;
}

ssize_t write(int descriptor, const void *data, size_t length) {
    REAL(write);
    wait_for_the_disk(descriptor, orders->write_delay_ns);
    return real(descriptor, data, length);
}

ssize_t writev(int descriptor, const struct iovec *data, int count) {
    REAL(writev);
    wait_for_the_disk(descriptor, orders->write_delay_ns);
    return real(descriptor, data, count);
}

ssize_t pwrite(int descriptor, const void *data, size_t length, off_t at) {
    REAL(pwrite);
    wait_for_the_disk(descriptor, orders->write_delay_ns);
    return real(descriptor, data, length, at);
}

ssize_t pwrite64(int descriptor, const void *data, size_t length, off64_t at) {
    REAL(pwrite64);
    wait_for_the_disk(descriptor, orders->write_delay_ns);
    return real(descriptor, data, length, at);
}

int fsync(int descriptor) {
    REAL(fsync);
    wait_for_the_disk(descriptor, orders->sync_delay_ns);
    return real(descriptor);
}

int fdatasync(int descriptor) {
    REAL(fdatasync);
    wait_for_the_disk(descriptor, orders->sync_delay_ns);
    return real(descriptor);
}
