/* The modes of the C clients, over the few functions that each library's program defines.
 *   CLIENT HOST PORT USER KEYFILE CIPHER MODE [N] [M]
 * One line of JSON says how long the timed part took, how much CPU time it cost, and what it moved or did. Connecting is
 * timed in "handshakes" and "idle" only; transfers are timed from the opening of their channel to the end of their data. */
#ifndef BENCH_CLIENT_H
#define BENCH_CLIENT_H

#include "../bench.h"
#include <stdatomic.h>

/* The library's program says what it reads and writes at a time, at least 32 KiB. */
#ifndef READ_SIZE
#define READ_SIZE ((size_t)32768)
#endif
#ifndef WRITE_SIZE
#define WRITE_SIZE ((size_t)32768)
#endif
#define CHANNEL_ROUNDS 2000

static struct {
    const char *host, *user, *key_file, *cipher, *mode;
    uint16_t port;
    uint64_t n, m;
} args;

/* What the library's program defines. A failure ends the program. */
typedef struct connection connection_t;
typedef struct channel channel_t;
/* Reads the key, once. NULL, or why the library cannot do what args ask for. */
static const char *library_start(void);
/* Connects, negotiates and logs in. */
static connection_t *connection_open(void);
static void connection_close(connection_t *connection);
static channel_t *channel_open(connection_t *connection, const char *command);
/* Gives the bytes read, 0 at their end. */
static size_t channel_read(channel_t *channel, void *buf, size_t len);
static void channel_write(channel_t *channel, const void *buf, size_t len);
static void channel_eof(channel_t *channel);
/* Takes the exit status and closes. */
static int channel_close(channel_t *channel);
/* Writes that many zeros and EOF, and reads to the end at the same time. Gives the bytes read. */
static uint64_t channel_duplex(channel_t *channel, uint64_t bytes);

static const char zeros[WRITE_SIZE];
static double began_wall, began_cpu;

static double wall_seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double cpu_seconds(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) + (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static void timed_begin(void)
{
    began_cpu = cpu_seconds();
    began_wall = wall_seconds();
}

static void timed_end(uint64_t count)
{
    double wall = wall_seconds() - began_wall;
    double cpu = cpu_seconds() - began_cpu;

    printf("{\"seconds\": %.6f, \"cpu\": %.6f, \"count\": %llu}\n", wall, cpu, (unsigned long long)count);
    fflush(stdout);
}

static void channel_finish(channel_t *channel)
{
    int status = channel_close(channel);

    if (status != 0)
        die("exit status %d", status);
}

static void write_zeros(channel_t *channel, uint64_t bytes)
{
    while (bytes > 0) {
        size_t part = bytes < sizeof zeros ? (size_t)bytes : sizeof zeros;

        channel_write(channel, zeros, part);
        bytes -= part;
    }
}

static void expect(uint64_t seen, uint64_t wanted)
{
    if (seen != wanted)
        die("%llu bytes of %llu", (unsigned long long)seen, (unsigned long long)wanted);
}

static void download(connection_t *connection, uint64_t bytes)
{
    char *buf = malloc(READ_SIZE), command[64];
    uint64_t seen = 0;
    channel_t *channel;
    size_t got;

    snprintf(command, sizeof command, "head -c %llu /dev/zero", (unsigned long long)bytes);
    channel = channel_open(connection, command);
    while ((got = channel_read(channel, buf, READ_SIZE)) > 0)
        seen += got;
    expect(seen, bytes);
    channel_finish(channel);
    free(buf);
}

static void upload(connection_t *connection, uint64_t bytes)
{
    channel_t *channel = channel_open(connection, "wc -c");
    char answer[64];
    size_t len = 0, got;

    write_zeros(channel, bytes);
    channel_eof(channel);
    while (len < sizeof answer - 1 && (got = channel_read(channel, answer + len, sizeof answer - 1 - len)) > 0)
        len += got;
    answer[len] = 0;
    expect(strtoull(answer, NULL, 10), bytes);
    channel_finish(channel);
}

static void round_trip(channel_t *channel)
{
    char byte;

    channel_write(channel, "x", 1);
    if (channel_read(channel, &byte, 1) != 1 || byte != 'x')
        die("a byte did not come back");
}

static void end_cat(channel_t *channel)
{
    char byte;

    channel_eof(channel);
    if (channel_read(channel, &byte, 1) != 0)
        die("bytes that nobody sent");
    channel_finish(channel);
}

static void run_bulk(void)
{
    uint64_t bytes = args.n * MIB;
    connection_t *connection = connection_open();

    timed_begin();
    if (args.mode[0] == 'u') {
        upload(connection, bytes);
    } else if (args.mode[1] == 'o') {
        download(connection, bytes);
    } else {
        channel_t *channel = channel_open(connection, "cat");

        expect(channel_duplex(channel, bytes), bytes);
        channel_finish(channel);
    }
    timed_end(bytes);
    connection_close(connection);
}

static void run_pingpong(void)
{
    connection_t *connection = connection_open();
    channel_t *channel = channel_open(connection, "cat");
    uint64_t i;

    round_trip(channel);
    timed_begin();
    for (i = 0; i < args.n; i++)
        round_trip(channel);
    timed_end(args.n);
    end_cat(channel);
    connection_close(connection);
}

static void run_exec(void)
{
    connection_t *connection = connection_open();
    uint64_t i;

    timed_begin();
    for (i = 0; i < args.n; i++) {
        channel_t *channel = channel_open(connection, "true");
        char byte;

        if (channel_read(channel, &byte, 1) != 0)
            die("true said something");
        channel_finish(channel);
    }
    timed_end(args.n);
    connection_close(connection);
}

static void *log_in_often(void *left)
{
    while (atomic_fetch_sub((atomic_llong *)left, 1) > 0)
        connection_close(connection_open());
    return NULL;
}

static void run_handshakes(void)
{
    atomic_llong left = (long long)args.n;
    uint64_t threads = args.m > 0 ? args.m : 1, i;
    pthread_t *all = calloc(threads, sizeof *all);

    timed_begin();
    for (i = 0; i < threads; i++)
        all[i] = thread_start(log_in_often, &left);
    for (i = 0; i < threads; i++)
        pthread_join(all[i], NULL);
    timed_end(args.n);
    free(all);
}

static void run_idle(void)
{
    connection_t **all = calloc(args.n, sizeof *all);
    uint64_t i;

    timed_begin();
    for (i = 0; i < args.n; i++)
        all[i] = connection_open();
    puts("ready");
    timed_end(args.n);
    while ((i = (uint64_t)getchar()) != '\n' && i != (uint64_t)EOF)
        ;
    /* The end of the process closes them: nobody times that. */
    _exit(0);
}

static void run_channels(void)
{
    connection_t *connection = connection_open();
    channel_t **all = calloc(args.n, sizeof *all);
    uint64_t i;

    for (i = 0; i < args.n; i++) {
        all[i] = channel_open(connection, "cat");
        round_trip(all[i]);
    }
    timed_begin();
    for (i = 0; i < CHANNEL_ROUNDS; i++)
        round_trip(all[i % args.n]);
    timed_end(CHANNEL_ROUNDS);
    for (i = 0; i < args.n; i++)
        end_cat(all[i]);
    connection_close(connection);
    free(all);
}

/* Each connection's part of the bytes; the first takes what is left over. */
static uint64_t spread_part(uint64_t i)
{
    uint64_t bytes = args.m * MIB;

    return bytes / args.n + (i == 0 ? bytes % args.n : 0);
}

#ifndef LIBRARY_SPREADS
struct spread_one {
    connection_t *connection;
    uint64_t bytes;
};

static void *spread_one(void *argument)
{
    struct spread_one *one = argument;

    download(one->connection, one->bytes);
    return NULL;
}

static void spread_download(connection_t **connections)
{
    struct spread_one *all = calloc(args.n, sizeof *all);
    pthread_t *threads = calloc(args.n, sizeof *threads);
    uint64_t i;

    for (i = 0; i < args.n; i++) {
        all[i] = (struct spread_one){connections[i], spread_part(i)};
        threads[i] = thread_start(spread_one, &all[i]);
    }
    for (i = 0; i < args.n; i++)
        pthread_join(threads[i], NULL);
    free(all);
    free(threads);
}
#else
/* Downloads spread_part(i) over each connection, all at once. */
static void spread_download(connection_t **connections);
#endif

static void run_spread(void)
{
    connection_t **all = calloc(args.n, sizeof *all);
    uint64_t i;

    for (i = 0; i < args.n; i++)
        all[i] = connection_open();
    timed_begin();
    spread_download(all);
    timed_end(args.m * MIB);
    for (i = 0; i < args.n; i++)
        connection_close(all[i]);
    free(all);
}

static const struct {
    const char *name;
    void (*run)(void);
    int numbers;
} modes[] = {
    {"down", run_bulk, 1}, {"up", run_bulk, 1}, {"duplex", run_bulk, 1}, {"pingpong", run_pingpong, 1}, {"exec", run_exec, 1},
    {"handshakes", run_handshakes, 2}, {"idle", run_idle, 1}, {"channels", run_channels, 1}, {"spread", run_spread, 2},
};

int main(int argc, char **argv)
{
    const char *why;
    size_t i;

    if (argc < 8 || argc > 9)
        die("usage: %s HOST PORT USER KEYFILE CIPHER MODE N [M]", argv[0]);
    args.host = argv[1];
    args.port = (uint16_t)number(argv[2]);
    args.user = argv[3];
    args.key_file = argv[4];
    args.cipher = argv[5];
    args.mode = argv[6];
    args.n = number(argv[7]);
    args.m = argc > 8 ? number(argv[8]) : 0;
    for (i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        if (strcmp(modes[i].name, args.mode) != 0)
            continue;
        if (args.n == 0 || argc != 7 + modes[i].numbers)
            die("%s takes %d number(s) above 0", args.mode, modes[i].numbers);
        raise_limit();
        if ((why = library_start()) != NULL) {
            printf("{\"unsupported\": \"%s\"}\n", why);
            return 3;
        }
        modes[i].run();
        return 0;
    }
    die("no mode is called %s", args.mode);
}

#endif
