/* Threads that use one transport and one channel in every way at once, until the transport is closed under them. Nothing
 * hangs, nothing reports a bug of the library's, no descriptor is left. Also run under ThreadSanitizer (scripts/tsan.sh). */
#include "support.h"
#include <dirent.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>

#define THREADS 8
#define ROUNDS 6
#define KINDS 12

static ssh_transport_t *transport;
static ssh_channel_t *common;
static atomic_bool stop;
static atomic_ulong used[KINDS];

static uint32_t next_random(uint32_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

static int64_t some_time(uint32_t *state)
{
    static const int64_t times[] = {0, 1, 5, 50, 200, WAIT_MS};

    return times[next_random(state) % (sizeof times / sizeof *times)];
}

/* Whatever the peer, the clock and the other threads do, the library has no bug to report. */
static ssh_status_t check(ssh_status_t status)
{
    CHECK(status != SSH_ERR_INTERNAL);
    return status;
}

static void own_channel(uint32_t *random)
{
    static const char data[30000];
    char buf[5000];
    ssh_channel_t *channel;
    size_t n;

    if (check(ssh_transport_open_session(transport, NULL, some_time(random), &channel)) != SSH_OK) {
        CHECK(channel == NULL);
        return;
    }
    check(ssh_channel_exec_command(channel, "cat", some_time(random)));
    check(ssh_channel_send(channel, data, sizeof data, some_time(random), &n));
    if (next_random(random) % 2)
        check(ssh_channel_shutdown_write(channel));
    check(ssh_channel_recv(channel, buf, sizeof buf, 50, &n));
    if (next_random(random) % 2)
        check(ssh_channel_close(channel));
    ssh_channel_free(channel);
}

static void collect(uint32_t *random)
{
    static const char data[20000];
    ssh_exec_result_t *result = NULL;
    ssh_channel_t *channel;

    if (check(ssh_transport_open_session(transport, NULL, some_time(random), &channel)) == SSH_OK)
        check(ssh_channel_exec_collect(channel, "cat; echo end >&2", data, sizeof data, 1 << 20, some_time(random), &result));
    ssh_exec_result_free(result);
    ssh_channel_free(channel);
}

static void look(uint32_t *random)
{
    ssh_exception_t *e = ssh_get_exception(transport);
    ssh_transport_t *other;
    char *text = NULL;

    (void)ssh_exception_text(e);
    ssh_exception_free(e);
    check(ssh_transport_describe(transport, &text));
    ssh_string_free(text);
    check(ssh_channel_get_transport(common, &other));
    (void)ssh_transport_is_active(other);
    check(ssh_transport_set_log_channel(other, next_random(random) % 2 ? "storm" : "calm"));
    check(ssh_transport_set_hexdump(other, next_random(random) % 8 == 0));
    check(ssh_transport_set_keepalive(other, next_random(random) % 50, 0));
    ssh_transport_free(other);
}

static void wait_readable(void)
{
    struct pollfd set = {-1, POLLIN, 0};

    if (check(ssh_channel_fileno(common, &set.fd)) == SSH_OK)
        poll(&set, 1, 5);
}

static void accept_one(uint32_t *random)
{
    ssh_channel_t *channel;

    check(ssh_transport_accept(transport, some_time(random) % 100, &channel));
    ssh_channel_free(channel);
}

static void act(uint32_t kind, uint32_t *random)
{
    static const char data[40000];
    char buf[5000];
    uint32_t status;
    size_t n;

    used[kind]++;
    switch (kind) {
    case 0:
        own_channel(random);
        break;
    case 1:
        collect(random);
        break;
    case 2:
        check(ssh_transport_renegotiate_keys(transport, some_time(random)));
        break;
    case 3:
        check(ssh_transport_send_ignore(transport, next_random(random) % 1000));
        break;
    case 4:
        check(ssh_transport_global_request(transport, "storm@example.com", NULL, 0, true, some_time(random), NULL, NULL));
        break;
    case 5:
        check(ssh_channel_send(common, data, next_random(random) % sizeof data, some_time(random) % 1000, &n));
        break;
    case 6:
        check(ssh_channel_recv(common, buf, sizeof buf, some_time(random) % 1000, &n));
        break;
    case 7:
        check(ssh_channel_recv_stderr(common, buf, sizeof buf, some_time(random) % 100, &n));
        break;
    case 8:
        check(ssh_channel_recv_exit_status(common, some_time(random) % 100, &status));
        break;
    case 9:
        look(random);
        break;
    case 10:
        wait_readable();
        break;
    default:
        accept_one(random);
        break;
    }
}

static void *worker(void *seed)
{
    uint32_t random = *(uint32_t *)seed;

    while (!stop)
        act(next_random(&random) % KINDS, &random);
    return NULL;
}

static void log_line(void *count, uint32_t level, const char *channel, const char *text)
{
    (void)level;
    CHECK(channel != NULL && text != NULL);
    (*(atomic_ulong *)count)++;
}

static int descriptors(void)
{
    DIR *dir = opendir("/proc/self/fd");
    int n = 0;

    CHECK(dir != NULL);
    while (readdir(dir) != NULL)
        n++;
    closedir(dir);
    return n;
}

static void run(uint32_t number)
{
    uint32_t seeds[THREADS], random = number * 7919 + 1;
    pthread_t threads[THREADS];
    int i;

    transport = test_connect();
    common = test_exec(transport, number % 2 ? "cat" : "cat /dev/zero");
    stop = false;
    for (i = 0; i < THREADS; i++) {
        seeds[i] = next_random(&random) | 1;
        CHECK(pthread_create(&threads[i], NULL, worker, &seeds[i]) == 0);
    }
    sleep_ms(200 + (long)(next_random(&random) % 500));
    if (number % 3 == 1)
        CHECK_OK(ssh_channel_close(common));
    if (number % 3 == 2)
        stop = true;
    CHECK_OK(ssh_transport_close(transport));
    stop = true;
    for (i = 0; i < THREADS; i++)
        CHECK(pthread_join(threads[i], NULL) == 0);
    ssh_channel_free(common);
    ssh_transport_free(transport);
}

int main(void)
{
    static atomic_ulong lines;
    int before = 0, kind, tries;
    uint32_t i;

    CHECK_OK(ssh_set_log_callback(4, log_line, &lines, NULL));
    for (i = 0; i < ROUNDS; i++) {
        run(i);
        /* By now both pollers are there. */
        if (i == 2) {
            sleep_ms(1500);
            before = descriptors();
        }
    }
    CHECK_OK(ssh_set_log_callback(0, NULL, NULL, NULL));
    /* A socket lingers for as long as closing may take. */
    for (tries = 0; descriptors() > before && tries < 100; tries++)
        sleep_ms(100);
    CHECK(descriptors() <= before);
    for (kind = 0; kind < KINDS; kind++)
        CHECK(used[kind] > 0);
    CHECK(lines > 0);
    return 0;
}
