/* A link that dies without a word, with keepalives of both ends: each is declared dead, and whoever waits for anything is
 * told so. The link is a relay in this program that drops everything from a moment on. */
#include "server.h"
#include <poll.h>

#define INTERVAL_MS 200
#define UNANSWERED 3

static atomic_bool cut;

typedef struct relay {
    int from, to;
    pthread_t thread;
} relay_t;

static void *relay(void *argument)
{
    relay_t *r = argument;
    char buf[16384];
    ssize_t n, done, put;

    while ((n = read(r->from, buf, sizeof buf)) > 0)
        for (done = 0; done < n && !atomic_load(&cut); done += put)
            if ((put = write(r->to, buf + done, (size_t)(n - done))) <= 0)
                return NULL;
    return NULL;
}

/* Ten kinds of waiting. */
typedef struct waiter {
    const char *what;
    ssh_status_t (*wait)(struct waiter *);
    ssh_transport_t *transport;
    ssh_channel_t *channel;
    ssh_status_t status;
    pthread_t thread;
} waiter_t;

static ssh_status_t wait_recv(waiter_t *w)
{
    char buf[16];
    size_t n;

    return ssh_channel_recv(w->channel, buf, sizeof buf, WAIT_MS, &n);
}

/* More than the window, which nobody reads. */
static ssh_status_t wait_send(waiter_t *w)
{
    size_t size = 16 << 20, sent;
    char *data = calloc(1, size);
    ssh_status_t rc;

    CHECK(data != NULL);
    rc = ssh_channel_sendall(w->channel, data, size, WAIT_MS, &sent);
    CHECK(sent < size);
    free(data);
    return rc;
}

static ssh_status_t wait_exit_status(waiter_t *w)
{
    uint32_t exit_status;

    return ssh_channel_recv_exit_status(w->channel, WAIT_MS, &exit_status);
}

/* The descriptor is readable, and reading tells why. */
static ssh_status_t wait_poll(waiter_t *w)
{
    struct pollfd p = {-1, POLLIN, 0};

    CHECK_OK(ssh_channel_fileno(w->channel, &p.fd));
    CHECK(poll(&p, 1, WAIT_MS) == 1);
    return wait_recv(w);
}

static ssh_status_t wait_collect(waiter_t *w)
{
    ssh_exec_result_t *result = NULL;
    ssh_status_t rc = ssh_channel_exec_collect(w->channel, "never ends", NULL, 0, 0, WAIT_MS, &result);

    ssh_exec_result_free(result);
    return rc;
}

static ssh_status_t wait_accept(waiter_t *w)
{
    ssh_channel_t *channel;

    return ssh_transport_accept(w->transport, WAIT_MS, &channel);
}

static ssh_status_t wait_open(waiter_t *w)
{
    ssh_channel_t *channel;

    return ssh_transport_open_session(w->transport, NULL, WAIT_MS, &channel);
}

static ssh_status_t wait_global(waiter_t *w)
{
    return ssh_transport_global_request(w->transport, "x", NULL, 0, true, WAIT_MS, NULL, NULL);
}

static ssh_status_t wait_keys(waiter_t *w)
{
    return ssh_transport_renegotiate_keys(w->transport, WAIT_MS);
}

static void *run(void *argument)
{
    waiter_t *w = argument;

    w->status = w->wait(w);
    return NULL;
}

static void start(waiter_t *waiters, size_t count)
{
    for (size_t i = 0; i < count; i++)
        CHECK(pthread_create(&waiters[i].thread, NULL, run, &waiters[i]) == 0);
}

static void check_told(waiter_t *waiters, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        CHECK(pthread_join(waiters[i].thread, NULL) == 0);
        if (waiters[i].status != SSH_ERR_PEER_DEAD) {
            fprintf(stderr, "%s is told %s\n", waiters[i].what, ssh_status_name(waiters[i].status));
            exit(1);
        }
    }
}

static pair_t open_over(relay_t relays[2], int fds[4], const ssh_server_hooks_t *hooks)
{
    ssh_event_t *done;
    pair_t pair;

    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0 && socketpair(AF_UNIX, SOCK_STREAM, 0, fds + 2) == 0);
    relays[0].from = relays[1].to = fds[1];
    relays[0].to = relays[1].from = fds[2];
    for (int i = 0; i < 2; i++)
        CHECK(pthread_create(&relays[i].thread, NULL, relay, &relays[i]) == 0);
    CHECK_OK(ssh_transport_new_fd(fds[0], NULL, &pair.client));
    CHECK_OK(ssh_transport_new_fd(fds[3], NULL, &pair.server));
    CHECK_OK(ssh_transport_add_server_key(pair.server, host_key()));
    CHECK_OK(ssh_event_new(&done));
    CHECK_OK(ssh_transport_start_server_event(pair.server, hooks, done));
    CHECK_OK(ssh_transport_start_client(pair.client, WAIT_MS));
    CHECK_OK(log_in(pair.client, "secret"));
    ssh_event_free(done);
    return pair;
}

int main(void)
{
    ssh_server_hooks_t hooks = usual_hooks();
    relay_t relays[2];
    int fds[4];
    pair_t pair = open_over(relays, fds, &hooks);
    ssh_channel_t *ours[6], *theirs[6];
    ssh_exception_t *e;
    int64_t began;

    for (int i = 0; i < 6; i++) {
        CHECK_OK(ssh_transport_open_session(pair.client, NULL, WAIT_MS, &ours[i]));
        theirs[i] = accept_channel(pair.server);
    }
    CHECK_OK(ssh_channel_exec_command(ours[2], "never ends", WAIT_MS));

    waiter_t before[] = {
        {"recv", wait_recv, pair.client, ours[0], 0, 0},
        {"send", wait_send, pair.client, ours[1], 0, 0},
        {"exit status", wait_exit_status, pair.client, ours[2], 0, 0},
        {"descriptor", wait_poll, pair.client, ours[3], 0, 0},
        {"exec_collect", wait_collect, pair.client, ours[4], 0, 0},
        {"accept", wait_accept, pair.client, NULL, 0, 0},
        {"the server's recv", wait_recv, pair.server, theirs[0], 0, 0},
        {"the server's send", wait_send, pair.server, theirs[5], 0, 0},
        {"the server's accept", wait_accept, pair.server, NULL, 0, 0},
    };
    waiter_t after[] = {
        {"open", wait_open, pair.client, NULL, 0, 0},
        {"global request", wait_global, pair.client, NULL, 0, 0},
        {"rekey", wait_keys, pair.client, NULL, 0, 0},
        {"the server's global request", wait_global, pair.server, NULL, 0, 0},
    };
    start(before, sizeof before / sizeof *before);
    /* Until all wait; the outcome is the same where one comes later. */
    sleep_ms(300);
    atomic_store(&cut, true);
    began = now_ms();
    CHECK_OK(ssh_transport_set_keepalive(pair.client, INTERVAL_MS, UNANSWERED));
    CHECK_OK(ssh_transport_set_keepalive(pair.server, INTERVAL_MS, UNANSWERED));
    start(after, sizeof after / sizeof *after);
    check_told(before, sizeof before / sizeof *before);
    check_told(after, sizeof after / sizeof *after);
    /* A bound with a lot of room: 800 ms is the rule. */
    CHECK(now_ms() - began < INTERVAL_MS * (UNANSWERED + 1) + 60000);

    CHECK(!ssh_transport_is_active(pair.client) && !ssh_transport_is_active(pair.server));
    e = ssh_get_exception(pair.client);
    CHECK(ssh_exception_code(e) == SSH_ERR_PEER_DEAD && ssh_exception_stage(e) == SSH_STAGE_OPEN);
    CHECK(strstr(ssh_exception_text(e), "keepalive") != NULL && *ssh_exception_hint(e) != '\0');
    ssh_exception_free(e);
    for (int i = 0; i < 6; i++) {
        ssh_channel_free(ours[i]);
        ssh_channel_free(theirs[i]);
    }
    pair_free(&pair);
    for (int i = 0; i < 2; i++)
        CHECK(pthread_join(relays[i].thread, NULL) == 0);
    close(fds[1]);
    close(fds[2]);
    return 0;
}
