#include "splice.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>

#define BUFFER_SIZE (32 * 1024)

/* While the channel cannot be watched, because what it gave is not written yet or it said that it gives no more, its end is
 * looked for this often. */
#define LOOK_MS 1000

/* How long data of a channel that is gone may wait for a socket that takes none. */
#define LINGER_MS 30000

/* One direction: read into the buffer, write from it, pass the end on. */
struct direction {
    size_t start, end;
    bool ended;  /* the source gives no more */
    bool closed; /* and the target was told */
    char data[BUFFER_SIZE];
};

struct splice {
    ssh_channel_t *channel;
    int fd;
    bool failed;
    struct direction out; /* channel to socket */
    struct direction in;  /* socket to channel */
};

static bool wants_more(const struct direction *direction)
{
    return direction->start == direction->end && !direction->ended;
}

static bool holds_data(const struct direction *direction)
{
    return direction->start < direction->end;
}

static void filled(struct direction *direction, size_t n)
{
    direction->start = 0;
    direction->end = n;
}

/* The target takes no more: what its source still gives is of no use. */
static void give_up(struct direction *direction)
{
    direction->start = direction->end = 0;
    direction->ended = direction->closed = true;
}

static bool would_block(int error)
{
    return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

static void read_channel(struct splice *splice)
{
    size_t n;
    ssh_status_t rc = ssh_channel_recv(splice->channel, splice->out.data, BUFFER_SIZE, 0, &n);

    if (rc == SSH_OK)
        filled(&splice->out, n);
    else if (rc == SSH_EOF)
        splice->out.ended = true;
    else if (rc != SSH_ERR_TIMEOUT)
        splice->failed = true;
}

static void write_socket(struct splice *splice)
{
    struct direction *out = &splice->out;
    ssize_t n = send(splice->fd, out->data + out->start, out->end - out->start, MSG_NOSIGNAL);

    if (n >= 0) {
        out->start += (size_t)n;
    } else if (!would_block(errno)) {
        /* It may still have something to say. */
        give_up(out);
        ssh_channel_shutdown_read(splice->channel);
    }
}

static void read_socket(struct splice *splice)
{
    ssize_t n = recv(splice->fd, splice->in.data, BUFFER_SIZE, 0);

    if (n > 0)
        filled(&splice->in, (size_t)n);
    else if (n == 0)
        splice->in.ended = true;
    else if (!would_block(errno))
        splice->failed = true;
}

static void write_channel(struct splice *splice)
{
    struct direction *in = &splice->in;
    size_t n;
    ssh_status_t rc = ssh_channel_send(splice->channel, in->data + in->start, in->end - in->start, 0, &n);

    if (rc == SSH_OK)
        in->start += n;
    else if (rc != SSH_ERR_TIMEOUT)
        give_up(in);
}

/* Passes the ends on, each behind its data. */
static void pass_ends(struct splice *splice)
{
    struct direction *out = &splice->out, *in = &splice->in;

    if (!in->closed && ssh_channel_is_closed(splice->channel))
        give_up(in);
    if (out->ended && !holds_data(out) && !out->closed) {
        out->closed = true;
        shutdown(splice->fd, SHUT_WR);
    }
    if (in->ended && !holds_data(in) && !in->closed) {
        in->closed = true;
        ssh_channel_shutdown_write(splice->channel);
    }
}

/* One wait, and whatever it allows; gives the milliseconds that passed without anything. */
static int step(struct splice *splice, int readable, int sendable)
{
    struct direction *out = &splice->out, *in = &splice->in;
    short events = (short)((wants_more(in) ? POLLIN : 0) | (holds_data(out) ? POLLOUT : 0));
    struct pollfd fds[3] = {
        {wants_more(out) ? readable : -1, POLLIN, 0},
        {holds_data(in) ? sendable : -1, POLLIN, 0},
        {events != 0 ? splice->fd : -1, events, 0},
    };
    int n = poll(fds, 3, wants_more(out) ? -1 : LOOK_MS);

    if (n < 0 && errno != EINTR)
        splice->failed = true;
    if (n <= 0)
        return LOOK_MS;
    if (fds[0].revents != 0)
        read_channel(splice);
    if (fds[1].revents != 0)
        write_channel(splice);
    if (fds[2].revents != 0 && wants_more(in))
        read_socket(splice);
    if (fds[2].revents != 0 && holds_data(out))
        write_socket(splice);
    return 0;
}

static void run(struct splice *splice)
{
    int readable = -1, sendable = -1, idle_ms = 0, passed;
    int flags = fcntl(splice->fd, F_GETFL);

    /* Data of the other stream, which has no meaning here, must not keep the descriptor readable. */
    if (flags < 0 || fcntl(splice->fd, F_SETFL, flags | O_NONBLOCK) != 0 ||
        ssh_channel_set_combine_stderr(splice->channel, true, NULL) != SSH_OK ||
        ssh_channel_fileno(splice->channel, &readable) != SSH_OK ||
        ssh_channel_fileno_send(splice->channel, &sendable) != SSH_OK)
        return;
    while (!splice->failed && !(splice->out.closed && splice->in.closed)) {
        passed = step(splice, readable, sendable);
        pass_ends(splice);
        idle_ms = passed > 0 && ssh_channel_is_closed(splice->channel) ? idle_ms + passed : 0;
        if (idle_ms >= LINGER_MS)
            return;
    }
}

void splice_channel(ssh_channel_t *channel, int fd)
{
    struct splice *splice = calloc(1, sizeof *splice);

    if (splice != NULL) {
        splice->channel = channel;
        splice->fd = fd;
        run(splice);
    }
    free(splice);
    ssh_channel_close(channel);
}
