/* Relays carry connections through the server: bytes and both ends of file, whatever the two sides are. Peers of a relay's
 * far end are threads here that accept what the server connects to. */
#define _XOPEN_SOURCE 700 /* posix_openpt */
#include "support.h"
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#define TOTAL (1 << 20)

/* ---- what the server connects to ---- */

struct peer {
    int listener;
    uint32_t port;
    pthread_t thread;
};

/* Sends back everything, once all of it is there. */
static void *answer_at_the_end(void *argument)
{
    struct peer *peer = argument;
    int fd = accept(peer->listener, NULL, NULL);
    char *all = malloc(TOTAL + 1);
    size_t n = 0, sent = 0;
    ssize_t got;

    CHECK(fd >= 0 && all != NULL);
    while ((got = read(fd, all + n, TOTAL + 1 - n)) > 0)
        n += (size_t)got;
    CHECK(got == 0);
    while (sent < n) {
        got = write(fd, all + sent, n - sent);
        CHECK(got > 0);
        sent += (size_t)got;
    }
    close(fd);
    free(all);
    return NULL;
}

/* Sends back what comes, as it comes. */
static void *echo(void *argument)
{
    struct peer *peer = argument;
    int fd = accept(peer->listener, NULL, NULL);
    char buf[4096];
    ssize_t n;

    CHECK(fd >= 0);
    while ((n = read(fd, buf, sizeof buf)) > 0)
        CHECK(write(fd, buf, (size_t)n) == n);
    close(fd);
    return NULL;
}

static struct peer *peer_new(void *(*run)(void *))
{
    struct peer *peer = calloc(1, sizeof *peer);
    struct sockaddr_in at;
    socklen_t len = sizeof at;

    CHECK(peer != NULL);
    memset(&at, 0, sizeof at);
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    peer->listener = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(peer->listener >= 0 && bind(peer->listener, (struct sockaddr *)&at, sizeof at) == 0);
    CHECK(listen(peer->listener, 5) == 0 && getsockname(peer->listener, (struct sockaddr *)&at, &len) == 0);
    peer->port = ntohs(at.sin_port);
    CHECK(pthread_create(&peer->thread, NULL, run, peer) == 0);
    return peer;
}

static void peer_end(struct peer *peer)
{
    CHECK(pthread_join(peer->thread, NULL) == 0);
    close(peer->listener);
    free(peer);
}

static ssh_channel_t *channel_to(ssh_transport_t *transport, const struct peer *peer)
{
    ssh_channel_options_t options = SSH_CHANNEL_OPTIONS_INIT;
    ssh_channel_t *channel;

    options.dest_host = "127.0.0.1";
    options.dest_port = peer->port;
    CHECK_OK(ssh_transport_open_channel(transport, "direct-tcpip", &options, WAIT_MS, &channel));
    return channel;
}

/* ---- this side ---- */

static char pattern(size_t i)
{
    return (char)(i * 31 + i / 997);
}

static void *send_pattern(void *argument)
{
    int fd = *(int *)argument;
    char buf[5000];
    size_t at = 0, i;

    while (at < TOTAL) {
        size_t n = TOTAL - at < sizeof buf ? TOTAL - at : sizeof buf;

        for (i = 0; i < n; i++)
            buf[i] = pattern(at + i);
        CHECK(write(fd, buf, n) == (ssize_t)n);
        at += n;
    }
    return NULL;
}

/* The pattern goes through and comes back, with the end behind it. */
static void check_echo(int fd)
{
    pthread_t sender;
    char buf[8192];
    size_t at = 0;
    ssize_t n, i;

    CHECK(pthread_create(&sender, NULL, send_pattern, &fd) == 0);
    while (at < TOTAL) {
        n = read(fd, buf, sizeof buf);
        CHECK(n > 0);
        for (i = 0; i < n; i++)
            CHECK(buf[i] == pattern(at + (size_t)i));
        at += (size_t)n;
    }
    CHECK(pthread_join(sender, NULL) == 0 && at == TOTAL && shutdown(fd, SHUT_WR) == 0);
    CHECK(read(fd, buf, 1) == 0);
}

static void check_sockets(ssh_transport_t *transport)
{
    struct peer *peer = peer_new(echo);
    ssh_channel_t *channel = channel_to(transport, peer);
    ssh_event_t *event;
    ssh_relay_t *relay;
    uint64_t out, back;
    int ends[2], event_fd;

    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
    CHECK_OK(ssh_event_new(&event));
    CHECK_OK(ssh_event_fd(event, &event_fd));
    CHECK_OK(ssh_relay_new_fd(channel, ends[0], ends[0], event, &relay));
    CHECK_STATUS(ssh_relay_new_channel(channel, channel, NULL, NULL), SSH_ERR_INVALID_STATE);
    CHECK_STATUS(ssh_relay_wait(relay, 0), SSH_ERR_TIMEOUT);
    CHECK(!ssh_relay_is_done(relay) && !ssh_event_is_set(event));
    check_echo(ends[1]);
    CHECK_OK(ssh_event_wait(event, WAIT_MS));
    CHECK_OK(ssh_relay_wait(relay, 0));
    CHECK(ssh_relay_is_done(relay) && ssh_channel_is_closed(channel));
    CHECK_OK(ssh_relay_get_counts(relay, &back, &out));
    CHECK(back == TOTAL && out == TOTAL);
    CHECK(fcntl(ends[0], F_GETFD) < 0);
    ssh_channel_free(channel);
    ssh_relay_free(relay);
    ssh_event_free(event);
    close(ends[1]);
    peer_end(peer);
}

/* The peer says nothing before it has read the end of file; nobody keeps a handle. */
static void check_half_close(ssh_transport_t *transport)
{
    struct peer *peer = peer_new(answer_at_the_end);
    ssh_channel_t *channel = channel_to(transport, peer);
    int ends[2];
    char buf[32];

    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
    CHECK_OK(ssh_relay_new_fd(channel, ends[0], ends[0], NULL, NULL));
    ssh_channel_free(channel);
    CHECK(write(ends[1], "a whole question", 16) == 16 && shutdown(ends[1], SHUT_WR) == 0);
    CHECK(recv(ends[1], buf, sizeof buf, MSG_WAITALL) == 16 && memcmp(buf, "a whole question", 16) == 0);
    close(ends[1]);
    peer_end(peer);
}

/* A command between two pipes, which stay blocking. */
static void check_pipes(ssh_transport_t *transport)
{
    ssh_channel_t *channel;
    ssh_relay_t *relay;
    int to[2], from[2];
    uint32_t status;
    char buf[32];
    ssize_t n;
    size_t at = 0;

    CHECK(pipe(to) == 0 && pipe(from) == 0);
    CHECK_OK(ssh_transport_open_session(transport, NULL, WAIT_MS, &channel));
    CHECK_OK(ssh_channel_exec_command(channel, "sort; echo lost >&2; exit 7", WAIT_MS));
    CHECK_OK(ssh_relay_new_fd(channel, to[0], from[1], NULL, &relay));
    CHECK(write(to[1], "b\na\n", 4) == 4);
    close(to[1]);
    while ((n = read(from[0], buf + at, sizeof buf - at)) > 0)
        at += (size_t)n;
    CHECK(n == 0 && at == 4 && memcmp(buf, "a\nb\n", 4) == 0);
    CHECK_OK(ssh_relay_wait(relay, WAIT_MS));
    CHECK_OK(ssh_channel_recv_exit_status(channel, WAIT_MS, &status));
    CHECK(status == 7);
    close(from[0]);
    ssh_relay_free(relay);
    ssh_channel_free(channel);
}

/* More terminals that nobody reads than the library has threads: they stay blocking, and stop only themselves. */
static void check_stuck_terminals(ssh_transport_t *transport)
{
    enum { COUNT = 5 };
    ssh_relay_t *relays[COUNT];
    ssh_channel_t *channel;
    int masters[COUNT], slave, i, none[2];

    for (i = 0; i < COUNT; i++) {
        masters[i] = posix_openpt(O_RDWR | O_NOCTTY);
        CHECK(masters[i] >= 0 && grantpt(masters[i]) == 0 && unlockpt(masters[i]) == 0 && pipe(none) == 0);
        slave = open(ptsname(masters[i]), O_RDWR | O_NOCTTY);
        CHECK(slave >= 0);
        close(none[1]);
        CHECK_OK(ssh_transport_open_session(transport, NULL, WAIT_MS, &channel));
        CHECK_OK(ssh_channel_exec_command(channel, "yes", WAIT_MS));
        CHECK_OK(ssh_relay_new_fd(channel, none[0], slave, NULL, &relays[i]));
        ssh_channel_free(channel);
    }
    sleep_ms(200);
    check_half_close(transport);
    for (i = 0; i < COUNT; i++) {
        uint64_t out, in;

        CHECK_OK(ssh_relay_get_counts(relays[i], &out, &in));
        CHECK(out > 0);
        CHECK_OK(ssh_relay_stop(relays[i]));
        CHECK_STATUS(ssh_relay_wait(relays[i], WAIT_MS), SSH_ERR_CLOSED);
        ssh_relay_free(relays[i]);
        close(masters[i]);
    }
}

/* A relay that nothing but the application would end. */
static void check_channels(ssh_transport_t *one, ssh_transport_t *other)
{
    struct peer *far = peer_new(echo), *near = peer_new(answer_at_the_end);
    ssh_channel_t *a = channel_to(one, far), *b = channel_to(other, near);
    ssh_relay_t *relay;

    /* Either peer waits for the other. */
    CHECK_OK(ssh_relay_new_channel(a, b, NULL, &relay));
    ssh_channel_free(a);
    ssh_channel_free(b);
    CHECK_STATUS(ssh_relay_wait(relay, 200), SSH_ERR_TIMEOUT);
    CHECK_OK(ssh_relay_stop(relay));
    CHECK_STATUS(ssh_relay_wait(relay, WAIT_MS), SSH_ERR_CLOSED);
    ssh_relay_free(relay);
    peer_end(far);
    peer_end(near);
}

/* A session's output into another session's input. */
static void check_sessions(ssh_transport_t *one, ssh_transport_t *other)
{
    ssh_channel_t *a, *b;
    ssh_relay_t *relay;
    uint64_t from_a, from_b;
    uint32_t status;

    CHECK_OK(ssh_transport_open_session(one, NULL, WAIT_MS, &a));
    CHECK_OK(ssh_transport_open_session(other, NULL, WAIT_MS, &b));
    CHECK_OK(ssh_channel_exec_command(a, "head -c 300000 /dev/zero; exec cat >/dev/null", WAIT_MS));
    CHECK_OK(ssh_channel_exec_command(b, "echo ready; exec 1>&-; head -c 300000 | wc -c | grep -q 300000", WAIT_MS));
    CHECK_OK(ssh_relay_new_channel(a, b, NULL, &relay));
    CHECK_OK(ssh_channel_recv_exit_status(b, WAIT_MS, &status));
    CHECK(status == 0);
    CHECK_OK(ssh_relay_wait(relay, WAIT_MS));
    CHECK_OK(ssh_relay_get_counts(relay, &from_a, &from_b));
    CHECK(from_a == 300000 && from_b == 6);
    ssh_relay_free(relay);
    ssh_channel_free(a);
    ssh_channel_free(b);
}

static void check_refusals(ssh_transport_t *transport)
{
    ssh_channel_t *channel;
    int ends[2];

    CHECK_OK(ssh_transport_open_session(transport, NULL, WAIT_MS, &channel));
    CHECK(socketpair(AF_UNIX, SOCK_DGRAM, 0, ends) == 0);
    CHECK_STATUS(ssh_relay_new_fd(channel, ends[0], ends[0], NULL, NULL), SSH_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(ssh_relay_new_fd(channel, ends[1], -1, NULL, NULL), SSH_ERR_INVALID_ARGUMENT);
    CHECK(fcntl(ends[0], F_GETFD) < 0 && fcntl(ends[1], F_GETFD) < 0);
    CHECK_STATUS(ssh_relay_new_fd(channel, ends[0], ends[0], NULL, NULL), SSH_ERR_IO);
    CHECK(!ssh_channel_is_closed(channel));
    ssh_channel_free(channel);
}

/* Relayed before the server has answered the opening; a refusal is the relay's end. */
static void check_openings(ssh_transport_t *transport)
{
    struct peer *peer = peer_new(answer_at_the_end);
    ssh_channel_options_t options = SSH_CHANNEL_OPTIONS_INIT;
    ssh_channel_t *channel;
    ssh_relay_t *relay;
    char buf[8];
    int ends[2];

    options.dest_host = "127.0.0.1";
    options.dest_port = peer->port;
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
    CHECK_OK(ssh_transport_open_channel_begin(transport, "direct-tcpip", &options, &channel));
    CHECK_OK(ssh_relay_new_fd(channel, ends[0], ends[0], NULL, &relay));
    CHECK(write(ends[1], "early", 5) == 5 && shutdown(ends[1], SHUT_WR) == 0);
    CHECK(recv(ends[1], buf, sizeof buf, MSG_WAITALL) == 5 && memcmp(buf, "early", 5) == 0);
    CHECK_OK(ssh_relay_wait(relay, WAIT_MS));
    CHECK_OK(ssh_channel_finish(channel));
    CHECK(ssh_channel_is_closed(channel));
    CHECK_STATUS(ssh_relay_new_channel(channel, channel, NULL, NULL), SSH_ERR_CHANNEL_CLOSED);
    close(ends[1]);
    ssh_relay_free(relay);
    ssh_channel_free(channel);
    peer_end(peer);

    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
    CHECK_OK(ssh_transport_open_channel_begin(transport, "nonsense", NULL, &channel));
    CHECK_OK(ssh_relay_new_fd(channel, ends[0], ends[0], NULL, &relay));
    CHECK_STATUS(ssh_relay_wait(relay, WAIT_MS), SSH_ERR_CHANNEL_CONNECT_FAILED);
    CHECK(read(ends[1], buf, 1) == 0);
    CHECK_STATUS(ssh_channel_finish(channel), SSH_ERR_CHANNEL_CONNECT_FAILED);
    close(ends[1]);
    ssh_relay_free(relay);
    ssh_channel_free(channel);
}

/* One of two commands ends, or its channel is closed here; the other would go on for ever. */
static void check_floods(ssh_transport_t *one, ssh_transport_t *other, const char *command, bool close_it)
{
    ssh_channel_t *a, *b;
    ssh_relay_t *relay;

    CHECK_OK(ssh_transport_open_session(one, NULL, WAIT_MS, &a));
    CHECK_OK(ssh_transport_open_session(other, NULL, WAIT_MS, &b));
    CHECK_OK(ssh_channel_exec_command(a, command, WAIT_MS));
    CHECK_OK(ssh_channel_exec_command(b, "exec cat /dev/zero", WAIT_MS));
    CHECK_OK(ssh_relay_new_channel(a, b, NULL, &relay));
    if (close_it) {
        sleep_ms(300);
        CHECK_OK(ssh_channel_close(a));
    }
    CHECK_OK(ssh_relay_wait(relay, 10000));
    CHECK(ssh_channel_is_closed(a) && ssh_channel_is_closed(b));
    ssh_relay_free(relay);
    ssh_channel_free(a);
    ssh_channel_free(b);
}

/* The connection's end is the relay's. */
static void check_lost(ssh_transport_t *transport)
{
    struct peer *peer = peer_new(echo);
    ssh_channel_t *channel = channel_to(transport, peer);
    ssh_relay_t *relay;
    char byte;
    int ends[2];

    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
    CHECK_OK(ssh_relay_new_fd(channel, ends[0], ends[0], NULL, &relay));
    CHECK_OK(ssh_transport_close(transport));
    CHECK_STATUS(ssh_relay_wait(relay, WAIT_MS), SSH_ERR_CLOSED);
    CHECK(read(ends[1], &byte, 1) == 0);
    close(ends[1]);
    ssh_relay_free(relay);
    ssh_channel_free(channel);
    peer_end(peer);
}

int main(void)
{
    ssh_transport_t *one = test_connect(), *other = test_connect();

    check_sockets(one);
    check_half_close(one);
    check_pipes(one);
    check_stuck_terminals(one);
    check_channels(one, one);
    check_channels(one, other);
    check_sessions(one, one);
    check_sessions(one, other);
    check_refusals(one);
    check_openings(one);
    check_floods(one, other, "sleep 0.2", false);
    check_floods(one, other, "exec cat /dev/zero", true);
    check_lost(other);
    ssh_transport_free(other);
    ssh_transport_free(one);
    return 0;
}
