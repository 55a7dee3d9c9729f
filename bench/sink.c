/* A crowd of plain listeners, as cheap as can be: the same client for every server that is measured.
 *
 * Two kinds of listener:
 *
 * - push (default): one GET, then whatever comes is read and thrown away. What is known of each is when bytes came: a
 *   *gap* is the time between two reads, and one longer than --late-ms is late sound.
 * - --hls: a player on one kept-alive connection. It asks for the media playlist, begins three segments behind the
 *   newest, gets each new segment, and asks for the playlist again a target duration after the last new one, or half of
 *   that if there was none (RFC 8216 §6.3.4). Its playhead moves in real time from the first whole segment on: a
 *   segment that is whole only after the playhead got there is an *underrun*, and the playhead waits for it.
 *
 * Sockets are looked at every few milliseconds, all that have something at once. A reader that slept until each packet
 * would make the server pay for waking it, which on a real network nobody does.
 *
 * Connections are opened at --rate a second, at most --connecting of them unanswered at a time. When all have their
 * first byte, "ready" goes to standard output, counting begins anew, and after --for seconds one JSON object follows.
 * Workers are forked so that none holds more than --per-process descriptors, and each binds a loopback source address of
 * its own (127.0.7.x), for one address has no more than 64 k ports.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { EVENTS = 1024, MAX_WORKERS = 256, LONGEST_MS = 60000, TEXT = 2048, SLOTS = 4096, SLOT_MS = 10, LOOK_US = 4000 };

enum state { CLOSED, CONNECTING, JOINING, LISTENING, IDLE, HEAD, BODY };

struct listener {
    int fd;
    enum state state;
    double since_s;           /* connect began, then last byte (push) */
    /* HLS only */
    double next_s, ends_s;    /* when to ask again; when the sound that is here will have been played */
    int64_t wanted, newest;   /* number of the segment to get next; highest in the last playlist */
    int64_t body_left;
    int asks_playlist, length, next_in_slot;
    char *text;               /* head, then playlist, while it comes */
};

/* What a worker tells, in memory that is shared with the parent. */
struct tally {
    volatile int joined, failed, closed, done;
    uint32_t join_ms[LONGEST_MS], gap_ms[LONGEST_MS];
    uint64_t bytes, reads, late, underruns, segments, playlists;
    double waited_s, cpu_s;
};

static struct {
    const char *path;
    int port, listeners, connecting, late_ms, per_process, hls, target_ms;
    double rate, for_s, patience_s;
} options = {"/", 0, 1000, 256, 2000, 18000, 0, 2000, 2000, 20, 120};

static struct tally *tallies;
static volatile int *phase; /* shared: 0 joining, 1 counting, 2 over */
static int workers;

/* State of this worker. */
static struct listener *crowd;
static struct tally *mine;
static int epoll, crowd_size, unanswered, timers[SLOTS];
static int64_t slot_now;
static char scratch[1 << 20], request[512], prefix[256];
static struct sockaddr_in target = {.sin_family = AF_INET}, source = {.sin_family = AF_INET};

static void die(const char *what) {
    perror(what);
    exit(1);
}

static double now_s(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void count_ms(uint32_t *histogram, double seconds) {
    int ms = (int)(seconds * 1e3);
    histogram[ms < 0 ? 0 : ms < LONGEST_MS ? ms : LONGEST_MS - 1]++;
}

static void leave(struct listener *l, int failed) {
    if (l->state == CONNECTING || l->state == JOINING) unanswered--;
    close(l->fd);
    l->state = CLOSED;
    if (*phase < 2) failed ? mine->failed++ : mine->closed++;
}

static void joined(struct listener *l, double now) {
    unanswered--;
    mine->joined++;
    count_ms(mine->join_ms, now - l->since_s);
}

static void ask(struct listener *l, const char *path) {
    int size = snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUser-Agent: sink\r\n\r\n",
                        path, options.port);
    if (write(l->fd, request, (size_t)size) != size) leave(l, 1);
}

/* HLS -------------------------------------------------------------------------------------------------------------- */

static void at(struct listener *l, double when_s) {
    int64_t slot = (int64_t)(when_s * 1e3 / SLOT_MS);
    if (slot <= slot_now) slot = slot_now + 1;
    if (slot - slot_now >= SLOTS) slot = slot_now + SLOTS - 1;
    l->next_s = when_s;
    l->next_in_slot = timers[slot % SLOTS];
    timers[slot % SLOTS] = (int)(l - crowd);
}

static void ask_playlist(struct listener *l) {
    l->asks_playlist = 1, l->length = 0, l->body_left = -1;
    if (l->state != JOINING) l->state = HEAD;
    ask(l, options.path);
}

static void ask_segment(struct listener *l) {
    char path[400];
    snprintf(path, sizeof path, "%ssegment%lld.m4s", prefix, (long long)l->wanted);
    l->asks_playlist = 0, l->length = 0, l->body_left = -1;
    l->state = HEAD;
    ask(l, path);
}

static void next_step(struct listener *l) {
    if (l->wanted <= l->newest) {
        ask_segment(l);
    } else {
        l->state = IDLE;
        at(l, l->next_s);
    }
}

static void playlist_is_whole(struct listener *l, double now) {
    const char *line = NULL, *found = l->text;
    while ((found = strstr(found, "\nsegment"))) line = found++;
    mine->playlists++;
    if (!line) {
        leave(l, 1);
        return;
    }
    int64_t newest = atoll(line + strlen("\nsegment"));
    if (l->newest < 0) l->wanted = newest > 2 ? newest - 2 : 0;
    l->next_s = now + options.target_ms / 1e3 / (newest > l->newest ? 1 : 2);
    l->newest = newest;
    next_step(l);
}

static void segment_is_whole(struct listener *l, double now) {
    if (l->ends_s == 0) {
        l->ends_s = now;
    } else if (now > l->ends_s) {
        if (*phase == 1) mine->underruns++, mine->waited_s += now - l->ends_s;
        l->ends_s = now;
    }
    l->ends_s += options.target_ms / 1e3;
    mine->segments++;
    l->wanted++;
    next_step(l);
}

static void take_hls(struct listener *l, char *data, ssize_t size, double now) {
    while (size > 0 && l->state >= HEAD) {
        if (l->state == HEAD) {
            int room = TEXT - 1 - l->length, part = size < room ? (int)size : room;
            memcpy(l->text + l->length, data, (size_t)part);
            l->text[l->length + part] = 0;
            char *end = strstr(l->text, "\r\n\r\n"), *length = strcasestr(l->text, "\r\ncontent-length:");
            if (!end && part == size) {
                l->length += part;
                return;
            }
            if (!end || !length || strncmp(l->text, "HTTP/1.1 200", 12)) {
                leave(l, 1);
                return;
            }
            int used = (int)(end + 4 - l->text) - l->length;
            data += used, size -= used;
            l->body_left = atoll(length + strlen("\r\ncontent-length:"));
            l->length = 0;
            l->state = BODY;
        }
        ssize_t part = size < l->body_left ? size : (ssize_t)l->body_left;
        if (l->asks_playlist) {
            if (l->length + part >= TEXT) {
                leave(l, 1);
                return;
            }
            memcpy(l->text + l->length, data, (size_t)part);
            l->length += (int)part;
            l->text[l->length] = 0;
        }
        data += part, size -= part, l->body_left -= part;
        if (l->body_left) continue;
        if (l->asks_playlist)
            playlist_is_whole(l, now);
        else
            segment_is_whole(l, now);
    }
}

static void fire_timers(double now) {
    for (int64_t slot = (int64_t)(now * 1e3 / SLOT_MS); slot_now < slot;) {
        slot_now++;
        int i = timers[slot_now % SLOTS];
        timers[slot_now % SLOTS] = -1;
        while (i >= 0) {
            struct listener *l = &crowd[i];
            i = l->next_in_slot;
            if (l->state == IDLE) ask_playlist(l);
        }
    }
}

/* Connections ------------------------------------------------------------------------------------------------------ */

static void begin(struct listener *l) {
    int on = 1;
    l->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (l->fd < 0) die("socket");
    setsockopt(l->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    if (bind(l->fd, (struct sockaddr *)&source, sizeof source)) die("bind");
    l->state = CONNECTING;
    l->since_s = now_s();
    l->newest = l->wanted = -1;
    if (options.hls && !(l->text = malloc(TEXT))) die("malloc");
    unanswered++;
    if (connect(l->fd, (struct sockaddr *)&target, sizeof target) && errno != EINPROGRESS) {
        leave(l, 1);
        return;
    }
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.ptr = l};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, l->fd, &event)) die("epoll_ctl");
}

static void take(struct listener *l, uint32_t mask) {
    if (l->state == CLOSED) return;
    if (l->state == CONNECTING && mask & EPOLLOUT && !(mask & (EPOLLERR | EPOLLHUP))) {
        l->state = JOINING;
        if (options.hls)
            ask_playlist(l);
        else
            ask(l, options.path);
    }
    ssize_t got = 0;
    while (mask & EPOLLIN && l->state != CLOSED && (got = recv(l->fd, scratch, sizeof scratch, 0)) > 0) {
        double now = now_s();
        mine->bytes += (uint64_t)got;
        mine->reads++;
        if (l->state == JOINING) {
            if (got < 12 || strncmp(scratch + 9, "200", 3)) {
                leave(l, 1);
                return;
            }
            joined(l, now);
            l->state = options.hls ? HEAD : LISTENING;
        } else if (!options.hls && *phase == 1) {
            count_ms(mine->gap_ms, now - l->since_s);
            if (now - l->since_s > options.late_ms / 1e3) mine->late++, mine->waited_s += now - l->since_s;
        }
        if (options.hls)
            take_hls(l, scratch, got, now);
        else
            l->since_s = now;
        if (got < (ssize_t)sizeof scratch) break;
    }
    if (l->state != CLOSED && (mask & (EPOLLERR | EPOLLHUP | EPOLLRDHUP) || (mask & EPOLLIN && got == 0)))
        leave(l, l->state < LISTENING);
}

static void work(int number) {
    struct epoll_event ready[EVENTS];
    struct rusage before, after;
    int opened = 0, counting = 0;
    mine = &tallies[number];
    crowd_size = options.listeners / workers + (number < options.listeners % workers);
    crowd = calloc((size_t)crowd_size, sizeof *crowd);
    epoll = epoll_create1(0);
    if (!crowd || epoll < 0) die("worker");
    for (int i = 0; i < SLOTS; i++) timers[i] = -1;
    source.sin_addr.s_addr = htonl(0x7f000700u + (uint32_t)(number % 250) + 1);
    double rate = options.rate / workers, began_s = now_s();
    slot_now = (int64_t)(began_s * 1e3 / SLOT_MS);
    getrusage(RUSAGE_SELF, &before);
    while (*phase < 2) {
        double now = now_s();
        while (opened < crowd_size && opened < (now - began_s) * rate && unanswered < options.connecting / workers + 1)
            begin(&crowd[opened++]);
        if (!counting && *phase == 1) {
            /* From here on the joins are over: what is told is of listeners who only listen. */
            counting = 1;
            mine->bytes = mine->reads = 0;
            getrusage(RUSAGE_SELF, &before);
        }
        if (options.hls) fire_timers(now);
        for (int count = EVENTS; count == EVENTS;) {
            count = epoll_wait(epoll, ready, EVENTS, 0);
            for (int i = 0; i < count; i++) take(ready[i].data.ptr, ready[i].events);
        }
        usleep(LOOK_US);
    }
    getrusage(RUSAGE_SELF, &after);
    mine->cpu_s = (double)(after.ru_utime.tv_sec - before.ru_utime.tv_sec + after.ru_stime.tv_sec -
                           before.ru_stime.tv_sec) +
                  (double)(after.ru_utime.tv_usec - before.ru_utime.tv_usec + after.ru_stime.tv_usec -
                           before.ru_stime.tv_usec) / 1e6;
    if (!options.hls) /* a listener that has heard nothing to the end is late, too */
        for (int i = 0; i < crowd_size; i++)
            if (crowd[i].state == LISTENING && now_s() - crowd[i].since_s > options.late_ms / 1e3) mine->late++;
    mine->done = 1;
}

/* The parent ------------------------------------------------------------------------------------------------------- */

static int percentile(const uint32_t *histogram, double share) {
    uint64_t total = 0, seen = 0;
    for (int ms = 0; ms < LONGEST_MS; ms++) total += histogram[ms];
    for (int ms = 0; ms < LONGEST_MS; ms++)
        if ((seen += histogram[ms]) && (double)seen >= share * (double)total) return ms;
    return 0;
}

static void sum(struct tally *all) {
    for (int w = 0; w < workers; w++) {
        struct tally *t = &tallies[w];
        all->joined += t->joined, all->failed += t->failed, all->closed += t->closed;
        all->bytes += t->bytes, all->reads += t->reads, all->late += t->late, all->underruns += t->underruns;
        all->segments += t->segments, all->playlists += t->playlists;
        all->waited_s += t->waited_s, all->cpu_s += t->cpu_s;
        for (int ms = 0; ms < LONGEST_MS; ms++)
            all->join_ms[ms] += t->join_ms[ms], all->gap_ms[ms] += t->gap_ms[ms];
    }
}

static void wait_until_joined(void) {
    double began_s = now_s();
    for (int answered = 0; answered < options.listeners && now_s() - began_s < options.patience_s; usleep(10000)) {
        answered = 0;
        for (int w = 0; w < workers; w++) answered += tallies[w].joined + tallies[w].failed;
    }
}

static void read_options(int argc, char **argv) {
    static const struct option known[] = {
        {"port", 1, 0, 'p'},       {"path", 1, 0, 'u'},   {"listeners", 1, 0, 'n'},   {"rate", 1, 0, 'r'},
        {"connecting", 1, 0, 'c'}, {"for", 1, 0, 'f'},    {"late-ms", 1, 0, 'l'},     {"per-process", 1, 0, 'm'},
        {"hls", 0, 0, 'h'},        {"target-ms", 1, 0, 't'}, {"patience", 1, 0, 'w'}, {0, 0, 0, 0}};
    for (int c; (c = getopt_long(argc, argv, "", known, NULL)) != -1;) switch (c) {
        case 'p': options.port = atoi(optarg); break;
        case 'u': options.path = optarg; break;
        case 'n': options.listeners = atoi(optarg); break;
        case 'r': options.rate = atof(optarg); break;
        case 'c': options.connecting = atoi(optarg); break;
        case 'f': options.for_s = atof(optarg); break;
        case 'l': options.late_ms = atoi(optarg); break;
        case 'm': options.per_process = atoi(optarg); break;
        case 'h': options.hls = 1; break;
        case 't': options.target_ms = atoi(optarg); break;
        case 'w': options.patience_s = atof(optarg); break;
        default: exit(2);
        }
    workers = options.per_process > 0 ? (options.listeners + options.per_process - 1) / options.per_process : 0;
    if (options.port < 1 || options.port > 65535 || options.listeners < 1 || options.rate <= 0 || workers < 1 ||
        workers > MAX_WORKERS || options.connecting < 1 || options.for_s <= 0 || options.target_ms < 1) {
        fprintf(stderr, "sink --port P [--path /] [--listeners 1000] [--rate 2000] [--connecting 256] [--for 20]\n"
                        "     [--late-ms 2000] [--hls] [--target-ms 2000] [--per-process 18000] [--patience 120]\n");
        exit(2);
    }
    const char *slash = strrchr(options.path, '/');
    snprintf(prefix, sizeof prefix, "%.*s", slash ? (int)(slash - options.path + 1) : 0, options.path);
}

int main(int argc, char **argv) {
    read_options(argc, argv);
    signal(SIGPIPE, SIG_IGN);
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    target.sin_port = htons((uint16_t)options.port);
    target.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    size_t size = sizeof *tallies * (size_t)workers + sizeof *phase;
    char *shared = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED) die("mmap");
    tallies = (struct tally *)shared;
    phase = (volatile int *)(shared + sizeof *tallies * (size_t)workers);
    pid_t parent = getpid();
    for (int w = 0; w < workers; w++) {
        pid_t child = fork();
        if (child < 0) die("fork");
        if (child == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            if (getppid() == parent) work(w);
            _exit(0);
        }
    }
    double began_s = now_s();
    wait_until_joined();
    double joined_s = now_s() - began_s;
    printf("ready\n");
    fflush(stdout);
    *phase = 1;
    usleep((useconds_t)(options.for_s * 1e6));
    *phase = 2;
    while (wait(NULL) > 0) continue;
    struct tally *all = calloc(1, sizeof *all);
    if (!all) die("calloc");
    sum(all);
    printf("{\"joined\": %d, \"failed\": %d, \"closed\": %d, \"joining_s\": %.2f, \"bytes\": %lu, \"reads\": %lu, "
           "\"late\": %lu, \"underruns\": %lu, \"waited_s\": %.2f, \"segments\": %lu, \"playlists\": %lu, "
           "\"cpu_s\": %.3f, \"join_ms\": {\"p50\": %d, \"p99\": %d, \"max\": %d}, "
           "\"gap_ms\": {\"p50\": %d, \"p99\": %d, \"max\": %d}}\n",
           all->joined, all->failed, all->closed, joined_s, (unsigned long)all->bytes, (unsigned long)all->reads,
           (unsigned long)all->late, (unsigned long)all->underruns, all->waited_s, (unsigned long)all->segments,
           (unsigned long)all->playlists, all->cpu_s, percentile(all->join_ms, 0.5), percentile(all->join_ms, 0.99),
           percentile(all->join_ms, 1.0), percentile(all->gap_ms, 0.5), percentile(all->gap_ms, 0.99),
           percentile(all->gap_ms, 1.0));
    return 0;
}
