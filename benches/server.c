/* Measures a server of this library in a process of its own; the clients are another process, ours too.
 *   server_bench idle [CONNECTIONS]   resident memory for each connection that is logged in and idle, both sides apart
 *   server_bench login [LOGINS]       time from connect to login, without and with a hook of another connection blocked
 * Memory is what the process gained, allocator and all, and excludes the kernel's socket buffers. */
#include "../c-tests/server/server.h"
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#define MAX_CONNECTIONS 20000

static ssh_transport_t *transports[MAX_CONNECTIONS];

static long resident(void)
{
    long pages = 0, total = 0;
    FILE *file = fopen("/proc/self/statm", "r");

    CHECK(file != NULL && fscanf(file, "%ld %ld", &total, &pages) == 2);
    fclose(file);
    return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

static void raise_limit(void)
{
    struct rlimit files;

    CHECK(getrlimit(RLIMIT_NOFILE, &files) == 0);
    files.rlim_cur = files.rlim_max;
    CHECK(setrlimit(RLIMIT_NOFILE, &files) == 0);
}

/* The password "wait" is never answered; others are right or wrong as usual. */
static int32_t password_or_block(void *user_data, ssh_ticket_t *ticket, ssh_transport_t *transport, const char *username, const char *password, size_t password_len)
{
    if (strcmp(password, "wait") != 0)
        return allow_password(user_data, ticket, transport, username, password, password_len);
    for (;;)
        pause();
}

/* Serves `count` connections and reports, when a byte comes, how much the process grew by them. */
static void serve(int listener, int count, int ask, int tell)
{
    ssh_server_hooks_t hooks = usual_hooks();
    ssh_event_t *started;
    long before, grown;
    char byte;
    int i;

    hooks.check_auth_password = password_or_block;
    CHECK_OK(ssh_event_new(&started));
    before = resident();
    for (i = 0; i < count; i++) {
        transports[i] = server_accept(listener, NULL);
        CHECK_OK(ssh_transport_start_server_event(transports[i], &hooks, started));
    }
    CHECK(read(ask, &byte, 1) == 1);
    grown = resident() - before;
    CHECK(write(tell, &grown, sizeof grown) == sizeof grown);
    /* Until the clients have gone. */
    CHECK(read(ask, &byte, 1) == 0);
    _exit(0);
}

static ssh_transport_t *connect_to(uint32_t port)
{
    ssh_transport_t *client;

    CHECK_OK(ssh_transport_new_address("127.0.0.1", port, NULL, WAIT_MS, &client));
    CHECK_OK(ssh_transport_start_client(client, WAIT_MS));
    return client;
}

static void idle(uint32_t port, int count, int ask, int tell)
{
    long before = resident(), ours, theirs;
    int i;

    for (i = 0; i < count; i++) {
        transports[i] = connect_to(port);
        CHECK_OK(log_in(transports[i], "secret"));
    }
    /* Idle buffers go back after a second, threads of the pool after five. */
    sleep_ms(7000);
    ours = resident() - before;
    CHECK(write(ask, "", 1) == 1 && read(tell, &theirs, sizeof theirs) == sizeof theirs);
    printf("idle: %d connections, KiB each: server %.1f, client %.1f\n", count, (double)theirs / count, (double)ours / count);
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

static double now_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void time_logins(const char *what, uint32_t port, int count)
{
    static double took[MAX_CONNECTIONS];
    int i;

    for (i = 0; i < count; i++) {
        double began = now_us();
        ssh_transport_t *client = connect_to(port);

        CHECK_OK(log_in(client, "secret"));
        took[i] = now_us() - began;
        ssh_transport_free(client);
    }
    qsort(took, (size_t)count, sizeof took[0], by_value);
    printf("login, %s: %d, ms each: median %.2f, 99th of 100 %.2f, slowest %.2f\n", what, count, took[count / 2] / 1e3, took[count * 99 / 100] / 1e3, took[count - 1] / 1e3);
}

static void logins(uint32_t port, int count)
{
    ssh_event_t *never;
    ssh_transport_t *blocked;

    time_logins("no hook blocked", port, count);
    CHECK_OK(ssh_event_new(&never));
    blocked = connect_to(port);
    CHECK_OK(ssh_transport_auth_password_event(blocked, "user", "wait", 4, never));
    sleep_ms(200);
    time_logins("a hook blocked", port, count);
    CHECK(!ssh_event_is_set(never));
    ssh_transport_free(blocked);
    ssh_event_free(never);
}

int main(int argc, char **argv)
{
    bool is_idle = argc > 1 && strcmp(argv[1], "idle") == 0;
    int count = argc > 2 ? atoi(argv[2]) : is_idle ? 1000 : 200;
    int ask[2], tell[2], listener, status;
    uint32_t port;
    pid_t child;

    if (argc < 2 || (!is_idle && strcmp(argv[1], "login") != 0) || count < 1 || 2 * count + 1 > MAX_CONNECTIONS) {
        fprintf(stderr, "usage: %s idle|login [COUNT]\n", argv[0]);
        return 2;
    }
    raise_limit();
    listener = listen_local(&port);
    CHECK(pipe(ask) == 0 && pipe(tell) == 0);
    child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        close(ask[1]);
        serve(listener, is_idle ? count : 2 * count + 1, ask[0], tell[1]);
    }
    close(ask[0]);
    if (is_idle) {
        idle(port, count, ask[1], tell[0]);
        close(ask[1]);
    } else {
        logins(port, count);
        kill(child, SIGKILL);
    }
    CHECK(waitpid(child, &status, 0) == child);
    return is_idle && status != 0;
}
