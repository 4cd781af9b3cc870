/* A client that stops reading its socket while a command prints without end, on windows as wide as there are, and that
 * goes on asking: the server's senders wait, and its memory does not grow. */
#include "server.h"

#define CHANNELS 4
/* Socket buffers, the library's send buffer, and what both threads hold; far below the 8 GiB the windows allow. */
#define MOST (32 << 20)

struct wire {
    int fd;
    atomic_bool stopped;
    ssh_event_t *go;
};

static int64_t wire_send(void *user_data, const void *data, size_t data_len)
{
    return write(((struct wire *)user_data)->fd, data, data_len);
}

static int64_t wire_recv(void *user_data, void *buf, size_t buf_len)
{
    struct wire *wire = user_data;

    if (wire->stopped)
        CHECK_OK(ssh_event_wait(wire->go, WAIT_MS));
    return read(wire->fd, buf, buf_len);
}

static void wire_close(void *user_data)
{
    shutdown(((struct wire *)user_data)->fd, SHUT_RDWR);
}

/* Resident memory of this program, bytes. */
static int64_t resident(void)
{
    long pages = 0, total = 0;
    FILE *file = fopen("/proc/self/statm", "r");

    CHECK(file != NULL && fscanf(file, "%ld %ld", &total, &pages) == 2);
    fclose(file);
    return (int64_t)pages * sysconf(_SC_PAGESIZE);
}

/* Sends until nothing is taken for a while; gives what was. */
static uint64_t fill(ssh_channel_t *channel)
{
    static const char data[65536];
    uint64_t sent = 0;
    size_t n;

    while (ssh_channel_send(channel, data, sizeof data, 300, &n) == SSH_OK) {
        sent += n;
        CHECK(sent < MOST);
    }
    return sent;
}

int main(void)
{
    ssh_channel_options_t wide = SSH_CHANNEL_OPTIONS_INIT;
    ssh_stream_t stream = SSH_STREAM_INIT;
    ssh_server_hooks_t hooks = usual_hooks();
    ssh_channel_t *ours[CHANNELS], *theirs[CHANNELS];
    struct wire wire;
    ssh_event_t *started;
    uint64_t sent = 0;
    int64_t before;
    int i, fds[2];
    pair_t pair;
    size_t n;

    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0);
    wire.fd = fds[1];
    atomic_init(&wire.stopped, false);
    CHECK_OK(ssh_event_new(&wire.go));
    CHECK_OK(ssh_event_new(&started));
    stream.user_data = &wire;
    stream.send = wire_send;
    stream.recv = wire_recv;
    stream.close = wire_close;
    CHECK_OK(ssh_transport_new_fd(fds[0], NULL, &pair.server));
    CHECK_OK(ssh_transport_add_server_key(pair.server, host_key()));
    CHECK_OK(ssh_transport_start_server_event(pair.server, &hooks, started));
    CHECK_OK(ssh_transport_new_stream(&stream, NULL, &pair.client));
    CHECK_OK(ssh_transport_start_client(pair.client, WAIT_MS));
    CHECK_OK(log_in(pair.client, "secret"));
    wide.window = (uint64_t)1 << 31;
    for (i = 0; i < CHANNELS; i++) {
        CHECK_OK(ssh_transport_open_session(pair.client, &wide, WAIT_MS, &ours[i]));
        CHECK_OK(ssh_channel_exec_command(ours[i], "endless", WAIT_MS));
        theirs[i] = accept_channel(pair.server);
    }

    before = resident();
    wire.stopped = true;
    for (i = 0; i < CHANNELS; i++)
        sent += fill(theirs[i]);
    CHECK(sent > 0 && sent < MOST);
    for (i = 0; i < 400; i++) {
        CHECK_STATUS(ssh_channel_send(theirs[i % CHANNELS], "x", 1, 0, &n), SSH_ERR_TIMEOUT);
        CHECK_STATUS(ssh_transport_global_request(pair.client, "x@example.org", NULL, 0, true, 0, NULL, NULL), SSH_ERR_TIMEOUT);
    }
    CHECK(resident() < before + MOST);
    CHECK(ssh_transport_is_active(pair.server) && ssh_transport_is_active(pair.client));

    /* It reads again, and nothing is lost. */
    CHECK_OK(ssh_event_set(wire.go));
    wire.stopped = false;
    CHECK_OK(ssh_channel_close(theirs[0]));
    CHECK(drain(ours[0]) > 0);
    for (i = 0; i < CHANNELS; i++) {
        ssh_channel_free(ours[i]);
        ssh_channel_free(theirs[i]);
    }
    pair_free(&pair);
    close(fds[1]);
    ssh_event_free(started);
    ssh_event_free(wire.go);
    return 0;
}
