/* The bare floor of a push server: accept, then one write(2) a listener and burst. Nothing else.
 *
 * What Parvis's edge does beyond this (HTTP, a ring, counting, laggards that skip whole parts) is its cost; what this
 * does is the kernel's. Rules:
 *
 * - The request is read until its blank line and otherwise ignored; the answer is a chunked response whose first
 *   chunk holds three parts, as an edge's does.
 * - Program time is cut into slots of one part. In slot s the listeners of phase s modulo `stretch` get one chunk of
 *   `stretch` parts: at stretch 1 all listeners in every slot, at stretch 12 a twelfth of them.
 * - A write that is not taken whole is finished when the socket has room; a burst that comes meanwhile is skipped and
 *   counted.
 * - SIGTERM ends it, and each process prints one JSON object to standard output.
 *
 * With --processes, that many processes share the port (SO_REUSEPORT), each with its own listeners.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MAX_STRETCH = 32, JOIN_PARTS = 3, EVENTS = 512, LATENESS_MS = 60000, MAX_PROCESSES = 256 };

static const char HEAD[] = "HTTP/1.1 200 OK\r\nContent-Type: audio/mp4\r\nTransfer-Encoding: chunked\r\n\r\n";

struct bytes {
    char *data;
    size_t size;
};

struct phase {
    int *fds;
    int count, room;
};

static struct {
    int port, stretch, part_ms, part_bytes, processes;
} options = {0, 1, 320, 1536, 1};

static struct phase phases[MAX_STRETCH];
static int *place_of, *phase_of;  /* by descriptor; phase -1: not a listener yet */
static uint32_t *owed;            /* by descriptor: bytes of the last burst that it has not taken */
static int max_fds, listeners;
static uint32_t lateness[LATENESS_MS]; /* slots by ms from due until the last write was done */
static uint64_t bursts, skipped, partial, joins;
static double listener_seconds;
static volatile sig_atomic_t stopping;

static void stop(int signal_number) { (void)signal_number, stopping = 1; }

static void die(const char *what) {
    perror(what);
    exit(1);
}

static double now_s(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static struct bytes chunk_of(const char *head, int parts) {
    size_t body = (size_t)parts * (size_t)options.part_bytes;
    struct bytes chunk = {malloc(strlen(head) + body + 32), 0};
    if (!chunk.data) die("malloc");
    chunk.size = (size_t)sprintf(chunk.data, "%s%zx\r\n", head, body);
    memset(chunk.data + chunk.size, 'p', body);
    memcpy(chunk.data + chunk.size + body, "\r\n", 2);
    chunk.size += body + 2;
    return chunk;
}

static int listen_on(int port) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address)) die("bind");
    if (listen(fd, 65535)) die("listen"); /* the kernel takes somaxconn instead if that is less */
    return fd;
}

static void forget(int fd) {
    int p = phase_of[fd];
    if (p >= 0) {
        struct phase *phase = &phases[p];
        int last = phase->fds[--phase->count];
        phase->fds[place_of[fd]] = last;
        place_of[last] = place_of[fd];
        listeners--;
    }
    phase_of[fd] = -1;
    owed[fd] = 0;
    close(fd);
}

static void join(int epoll, int fd, struct bytes first) {
    int p = 0;
    for (int i = 1; i < options.stretch; i++)
        if (phases[i].count < phases[p].count) p = i;
    struct phase *phase = &phases[p];
    if (write(fd, first.data, first.size) != (ssize_t)first.size) {
        forget(fd);
        return;
    }
    if (phase->count == phase->room) {
        phase->room = phase->room ? 2 * phase->room : 1024;
        phase->fds = realloc(phase->fds, (size_t)phase->room * sizeof(int));
        if (!phase->fds) die("realloc");
    }
    place_of[fd] = phase->count;
    phase->fds[phase->count++] = fd;
    phase_of[fd] = p;
    listeners++;
    joins++;
    /* Edge-triggered: a listener says nothing more, and a full socket tells when it has room again. */
    struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP | EPOLLOUT | EPOLLET, .data.fd = fd};
    epoll_ctl(epoll, EPOLL_CTL_MOD, fd, &event);
}

static void write_slot(int64_t slot, struct bytes burst) {
    struct phase *phase = &phases[slot % options.stretch];
    for (int i = 0; i < phase->count; i++) {
        int fd = phase->fds[i];
        if (owed[fd]) {
            skipped++;
            continue;
        }
        ssize_t written = write(fd, burst.data, burst.size);
        bursts++;
        if (written == (ssize_t)burst.size) continue;
        partial++;
        owed[fd] = (uint32_t)(burst.size - (written > 0 ? (size_t)written : 0));
    }
}

static void serve(int epoll, int fd, uint32_t mask, struct bytes first, struct bytes burst) {
    char request[4096];
    if (mask & (EPOLLHUP | EPOLLERR | EPOLLRDHUP)) {
        forget(fd);
        return;
    }
    if (owed[fd] && mask & EPOLLOUT) {
        ssize_t written = write(fd, burst.data + burst.size - owed[fd], owed[fd]);
        if (written > 0) owed[fd] -= (uint32_t)written;
    }
    if (!(mask & EPOLLIN)) return;
    ssize_t got = read(fd, request, sizeof request);
    if (got == 0 || (got < 0 && errno != EAGAIN))
        forget(fd);
    else if (got > 3 && phase_of[fd] < 0 && memcmp(request + got - 4, "\r\n\r\n", 4) == 0)
        join(epoll, fd, first);
}

static void accept_all(int epoll, int door) {
    for (int n = 0; n < 1024; n++) {
        int fd = accept4(door, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) return;
        if (fd >= max_fds) {
            close(fd);
            return;
        }
        struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP, .data.fd = fd};
        epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
    }
}

static int percentile_ms(double share) {
    uint64_t total = 0, seen = 0;
    for (int ms = 0; ms < LATENESS_MS; ms++) total += lateness[ms];
    for (int ms = 0; ms < LATENESS_MS; ms++)
        if ((seen += lateness[ms]) && (double)seen >= share * (double)total) return ms;
    return 0;
}

static void report(void) {
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    double cpu_s = (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
                   (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
    printf("{\"joins\": %lu, \"bursts\": %lu, \"skipped\": %lu, \"partial\": %lu, \"cpu_s\": %.3f, "
           "\"listener_seconds\": %.1f, \"cpu_us_per_listener_second\": %.3f, "
           "\"lateness_ms\": {\"p50\": %d, \"p99\": %d, \"max\": %d}}\n",
           (unsigned long)joins, (unsigned long)bursts, (unsigned long)skipped, (unsigned long)partial, cpu_s,
           listener_seconds, listener_seconds > 0 ? cpu_s * 1e6 / listener_seconds : 0.0, percentile_ms(0.5),
           percentile_ms(0.99), percentile_ms(1.0));
    fflush(stdout);
}

static void run(void) {
    int door = listen_on(options.port), epoll = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event ready[EVENTS], event = {.events = EPOLLIN, .data.fd = door};
    struct bytes first = chunk_of(HEAD, JOIN_PARTS), burst = chunk_of("", options.stretch);
    epoll_ctl(epoll, EPOLL_CTL_ADD, door, &event);
    double part_s = options.part_ms / 1e3, began_s = now_s(), last_s = began_s;
    int64_t slot = 1;
    while (!stopping) {
        double due_s = began_s + (double)slot * part_s, wait_s = due_s - now_s();
        if (wait_s <= 0) {
            write_slot(slot++, burst);
            double done_s = now_s();
            int late_ms = (int)((done_s - due_s) * 1e3);
            lateness[late_ms < LATENESS_MS ? late_ms : LATENESS_MS - 1]++;
            listener_seconds += listeners * (done_s - last_s);
            last_s = done_s;
            wait_s = 0;
        }
        int count = epoll_wait(epoll, ready, EVENTS, (int)(wait_s * 1e3 + 0.999));
        for (int i = 0; i < count; i++)
            if (ready[i].data.fd == door)
                accept_all(epoll, door);
            else
                serve(epoll, ready[i].data.fd, ready[i].events, first, burst);
    }
    report();
}

static void read_options(int argc, char **argv) {
    static const struct option known[] = {
        {"port", required_argument, 0, 'p'},       {"stretch", required_argument, 0, 's'},
        {"part-ms", required_argument, 0, 'm'},    {"part-bytes", required_argument, 0, 'b'},
        {"processes", required_argument, 0, 'n'},  {0, 0, 0, 0}};
    for (int c; (c = getopt_long(argc, argv, "", known, NULL)) != -1;) {
        int value = optarg ? atoi(optarg) : 0;
        switch (c) {
        case 'p': options.port = value; break;
        case 's': options.stretch = value; break;
        case 'm': options.part_ms = value; break;
        case 'b': options.part_bytes = value; break;
        case 'n': options.processes = value; break;
        default: exit(2);
        }
    }
    if (options.port < 1 || options.port > 65535 || options.stretch < 1 || options.stretch > MAX_STRETCH ||
        options.part_ms < 1 || options.part_bytes < 1 || options.processes < 1 ||
        options.processes > MAX_PROCESSES) {
        fprintf(stderr, "floor --port P [--stretch 1-%d] [--part-ms 320] [--part-bytes 1536] [--processes 1]\n",
                MAX_STRETCH);
        exit(2);
    }
}

int main(int argc, char **argv) {
    read_options(argc, argv);
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    max_fds = (int)(files.rlim_max < 4000000 ? files.rlim_max : 4000000);
    place_of = calloc((size_t)max_fds, sizeof(int));
    phase_of = malloc((size_t)max_fds * sizeof(int));
    owed = calloc((size_t)max_fds, sizeof(uint32_t));
    if (!place_of || !phase_of || !owed) die("malloc");
    for (int fd = 0; fd < max_fds; fd++) phase_of[fd] = -1;
    signal(SIGPIPE, SIG_IGN);
    signal(SIGTERM, stop);
    signal(SIGINT, stop);
    pid_t parent = getpid(), children[MAX_PROCESSES];
    for (int i = 1; i < options.processes; i++) {
        children[i] = fork();
        if (children[i] < 0) die("fork");
        if (children[i] == 0) {
            prctl(PR_SET_PDEATHSIG, SIGTERM);
            if (getppid() == parent) run();
            return 0;
        }
    }
    run();
    for (int i = 1; i < options.processes; i++) kill(children[i], SIGTERM);
    while (wait(NULL) > 0) continue;
    return 0;
}
