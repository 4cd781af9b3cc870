/* event_loop HOST PORT USER KEY-FILE KNOWN-HOSTS-FILE COMMAND [CONNECTIONS [CHANNELS]]: runs a command on each of 25 channels
 * of each of 20 connections, all at once, from one thread. Once they are connected it waits in epoll_wait and nowhere else. */
#include <sshrs.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>

/* What the queue gives back as user_data: whatever is ready knows what to do next. */
struct watched {
    void (*ready)(void *self);
};

struct connection {
    struct watched watched;
    ssh_transport_t *transport;
    ssh_event_t *event; /* set when a step of the login is over */
    enum { STARTING, LOGGING_IN } step;
    int sessions; /* under way */
};

struct session {
    struct watched watched;
    struct connection *connection;
    ssh_channel_t *channel;
    enum { OPENING, ASKING, READING, ENDING } step;
    uint64_t bytes;
};

static const char *host, *user, *command;
static uint32_t port;
static int channels = 25, connections_left, succeeded, failed;
static uint64_t total_bytes;
static ssh_key_t *key;
static ssh_known_hosts_t *known_hosts;
static ssh_ready_t *ready;

static void complain(ssh_transport_t *transport)
{
    ssh_exception_t *e = ssh_get_exception(transport);
    fprintf(stderr, "event_loop: %s\n", ssh_exception_text(e));
    ssh_exception_free(e);
}

static void connection_over(struct connection *c)
{
    ssh_event_free(c->event); /* a handle that is freed leaves the queue */
    ssh_transport_free(c->transport);
    free(c);
    connections_left--;
}

static void session_over(struct session *s, ssh_status_t rc, uint32_t exit_status)
{
    struct connection *c = s->connection;
    if (rc < 0)
        complain(NULL);
    if (rc == SSH_OK && exit_status == 0)
        succeeded++;
    else
        failed++;
    total_bytes += s->bytes;
    ssh_channel_free(s->channel);
    free(s);
    if (--c->sessions == 0)
        connection_over(c);
}

/* Something the session waits for is there. Nothing here waits. */
static void session_ready(void *self)
{
    static char buf[65536];
    struct session *s = self;
    ssh_status_t rc = SSH_OK;
    uint32_t exit_status;
    size_t n;

    switch (s->step) {
    case OPENING:
    case ASKING:
        if ((rc = ssh_channel_finish(s->channel)) == SSH_PENDING)
            return;
        if (rc == SSH_OK && s->step++ == OPENING) {
            if ((rc = ssh_channel_set_combine_stderr(s->channel, true, NULL)) == SSH_OK)
                rc = ssh_channel_exec_command_begin(s->channel, command);
        } else if (rc == SSH_OK) {
            rc = ssh_ready_add_channel(ready, s->channel, SSH_READY_READABLE, s);
        }
        break;
    case READING: /* one piece: if there is more, the queue says so again, after the others had their turn */
        rc = ssh_channel_recv(s->channel, buf, sizeof buf, 0, &n);
        s->bytes += n;
        if (rc == SSH_ERR_TIMEOUT)
            return;
        if (rc == SSH_EOF) {
            s->step = ENDING;
            rc = ssh_ready_add_channel(ready, s->channel, SSH_READY_EXIT_STATUS, s);
        }
        break;
    case ENDING:
        rc = ssh_channel_recv_exit_status(s->channel, 0, &exit_status);
        session_over(s, rc, exit_status);
        return;
    }
    if (rc < 0)
        session_over(s, rc, 0);
}

static ssh_status_t begin_session(struct connection *c)
{
    struct session *s = calloc(1, sizeof *s);
    ssh_status_t rc;

    if (s == NULL)
        return SSH_ERR_RESOURCE_LIMIT;
    s->watched.ready = session_ready;
    s->connection = c;
    if ((rc = ssh_transport_open_session_begin(c->transport, NULL, &s->channel)) < 0 ||
        (rc = ssh_ready_add_channel(ready, s->channel, SSH_READY_DONE, s)) < 0) {
        ssh_channel_free(s->channel);
        free(s);
    }
    return rc;
}

static ssh_status_t check_host_key(ssh_transport_t *transport)
{
    ssh_key_t *theirs;
    int32_t verdict = SSH_KNOWN_HOST_UNKNOWN;
    ssh_status_t rc = ssh_transport_get_remote_server_key(transport, &theirs);

    if (rc == SSH_OK)
        rc = ssh_known_hosts_check(known_hosts, host, port, theirs, &verdict, NULL, NULL);
    ssh_key_free(theirs);
    return rc == SSH_OK && verdict != SSH_KNOWN_HOST_MATCH ? SSH_ERR_HOST_KEY_UNKNOWN : rc;
}

/* A step of the login is over. */
static void connection_ready(void *self)
{
    struct connection *c = self;

    ssh_event_clear(c->event);
    if (c->step == STARTING && ssh_transport_is_active(c->transport)) {
        c->step = LOGGING_IN;
        if (check_host_key(c->transport) == SSH_OK && ssh_transport_auth_publickey_event(c->transport, user, key, c->event) == SSH_OK)
            return;
        fprintf(stderr, "event_loop: %s is not known with the key it has\n", host);
    } else if (ssh_transport_is_authenticated(c->transport)) {
        while (c->sessions < channels && begin_session(c) == SSH_OK)
            c->sessions++;
    }
    failed += channels - c->sessions;
    if (c->sessions < channels)
        complain(c->transport);
    if (c->sessions == 0)
        connection_over(c);
}

static ssh_status_t begin_connection(void)
{
    struct connection *c = calloc(1, sizeof *c);
    ssh_status_t rc;

    if (c == NULL)
        return SSH_ERR_RESOURCE_LIMIT;
    c->watched.ready = connection_ready;
    connections_left++;
    /* This waits until TCP is connected. A program that may not connects a socket itself: ssh_transport_new_fd. */
    if ((rc = ssh_transport_new_address(host, port, NULL, SSH_WAIT_DEFAULT, &c->transport)) < 0 ||
        (rc = ssh_known_hosts_prefer(known_hosts, host, port, c->transport)) < 0 || (rc = ssh_event_new(&c->event)) < 0 ||
        (rc = ssh_ready_add_event(ready, c->event, SSH_READY_DONE, c)) < 0 ||
        (rc = ssh_transport_start_client_event(c->transport, c->event)) < 0) {
        complain(NULL);
        failed += channels;
        connection_over(c);
    }
    return rc;
}

int main(int argc, char **argv)
{
    struct epoll_event event = {.events = EPOLLIN};
    int connections = argc > 7 ? atoi(argv[7]) : 20, epoll, fd, i;
    uint32_t flags;
    void *user_data;

    if (argc < 7 || argc > 9) {
        fputs("usage: event_loop HOST PORT USER KEY-FILE KNOWN-HOSTS-FILE COMMAND [CONNECTIONS [CHANNELS]]\n", stderr);
        return 255;
    }
    host = argv[1], port = (uint32_t)atoi(argv[2]), user = argv[3], command = argv[6];
    channels = argc > 8 ? atoi(argv[8]) : channels;
    if (ssh_key_load_private_file(argv[4], NULL, 0, &key) || ssh_known_hosts_new(&known_hosts) ||
        ssh_known_hosts_load_file(known_hosts, argv[5]) || ssh_ready_new(&ready) || ssh_ready_fd(ready, &fd)) {
        complain(NULL);
        return 255;
    }
    /* The queue's descriptor is one of the loop's; this program has no other. */
    if ((epoll = epoll_create1(EPOLL_CLOEXEC)) < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0) {
        perror("event_loop: epoll");
        return 255;
    }
    for (i = 0; i < connections; i++)
        begin_connection();
    while (connections_left > 0) {
        epoll_wait(epoll, &event, 1, -1);
        while (ssh_ready_next(ready, 0, &flags, &user_data) == SSH_OK)
            ((struct watched *)user_data)->ready(user_data);
    }
    printf("%d connections, %d ok, %d failed, %" PRIu64 " bytes\n", connections, succeeded, failed, total_bytes);
    ssh_ready_free(ready);
    ssh_known_hosts_free(known_hosts);
    ssh_key_free(key);
    return failed != 0;
}
