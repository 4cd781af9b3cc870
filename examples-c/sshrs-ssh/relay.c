/* Three copies, each on its own thread and each a plain loop: stdin to the channel, the channel to stdout, its extended data
 * to stderr. None can hold another up: a full pipe or window stops only the copy that meets it. */
#include "relay.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fd_io.h"
#include "report.h"

#define BUFFER_SIZE (128 * 1024)

typedef ssh_status_t (*receive_fn)(ssh_channel_t *channel, void *buf, size_t buf_len, int64_t timeout_ms,
                                   size_t *out_len);

struct copy {
    ssh_channel_t *channel;
    pthread_t thread;
    int fd;
    receive_fn receive; /* for the copies from the channel */
    uint64_t bytes;
    bool failed;
    char buf[BUFFER_SIZE];
};

struct relay {
    struct copy input, output, errors;
    int stop_input[2]; /* a pipe: closing its write end stops the copy of stdin */
};

/* From the channel to a file descriptor, until the stream ends. */
static void *copy_from_channel(void *argument)
{
    struct copy *copy = argument;
    ssh_status_t rc;
    size_t n;

    while ((rc = copy->receive(copy->channel, copy->buf, sizeof copy->buf, SSH_WAIT_FOREVER, &n)) == SSH_OK) {
        if (!fd_write_all(copy->fd, copy->buf, n)) {
            copy->failed = true;
            report_error(copy->fd == STDOUT_FILENO ? "writing to stdout" : "writing to stderr", strerror(errno), NULL);
            /* Nobody reads what the command prints: let it know. This also ends the other copies. */
            ssh_channel_close(copy->channel);
            return NULL;
        }
        copy->bytes += n;
    }
    /* A server may close a channel without ending its streams first. */
    if (rc != SSH_EOF && rc != SSH_ERR_CHANNEL_CLOSED) {
        copy->failed = true;
        /* The end of the connection meets both copies: one account of it is enough. */
        if (copy->fd == STDOUT_FILENO)
            report_failure("receiving", rc);
    }
    return NULL;
}

/* Waits for something to read; false when the relay is over. */
static bool wait_for_input(const struct relay *relay)
{
    struct pollfd fds[2] = {{STDIN_FILENO, POLLIN, 0}, {relay->stop_input[0], POLLIN, 0}};

    while (poll(fds, 2, -1) < 0)
        if (errno != EINTR && errno != EAGAIN)
            return false;
    return fds[1].revents == 0;
}

/* From stdin to the channel, until either ends. A channel that takes no more is not reported here: the other copies see its
 * end too, and the command's exit status tells the rest. */
static void *copy_to_channel(void *argument)
{
    struct relay *relay = argument;
    struct copy *copy = &relay->input;

    while (wait_for_input(relay)) {
        ssize_t n = read(STDIN_FILENO, copy->buf, sizeof copy->buf);

        if (n < 0 && (errno == EINTR || errno == EAGAIN))
            continue;
        if (n < 0)
            report_error("reading stdin", strerror(errno), NULL);
        if (n <= 0) {
            ssh_channel_shutdown_write(copy->channel);
            return NULL;
        }
        if (ssh_channel_sendall(copy->channel, copy->buf, (size_t)n, SSH_WAIT_FOREVER, NULL) != SSH_OK)
            return NULL;
        copy->bytes += (uint64_t)n;
    }
    return NULL;
}

static void set_up(struct copy *copy, ssh_channel_t *channel, int fd, receive_fn receive)
{
    copy->channel = channel;
    copy->fd = fd;
    copy->receive = receive;
}

struct relay *relay_start(ssh_channel_t *channel)
{
    struct relay *relay = calloc(1, sizeof *relay);

    if (relay == NULL || pipe(relay->stop_input) != 0) {
        report_error("starting the session", strerror(errno), NULL);
        free(relay);
        return NULL;
    }
    set_up(&relay->input, channel, STDIN_FILENO, NULL);
    set_up(&relay->output, channel, STDOUT_FILENO, ssh_channel_recv);
    set_up(&relay->errors, channel, STDERR_FILENO, ssh_channel_recv_stderr);
    if (pthread_create(&relay->input.thread, NULL, copy_to_channel, relay) != 0 ||
        pthread_create(&relay->output.thread, NULL, copy_from_channel, &relay->output) != 0 ||
        pthread_create(&relay->errors.thread, NULL, copy_from_channel, &relay->errors) != 0) {
        report_error("starting the session", "no thread to be had", "raise the limit on processes");
        exit(EXIT_OWN_FAILURE);
    }
    return relay;
}

bool relay_finish_output(struct relay *relay)
{
    pthread_join(relay->output.thread, NULL);
    pthread_join(relay->errors.thread, NULL);
    return !relay->output.failed && !relay->errors.failed;
}

void relay_stop(struct relay *relay, uint64_t *sent, uint64_t *received)
{
    /* The copy of stdin is waiting for stdin or for the channel: wake it from both. */
    close(relay->stop_input[1]);
    ssh_channel_close(relay->input.channel);
    pthread_join(relay->input.thread, NULL);
    close(relay->stop_input[0]);
    *sent = relay->input.bytes;
    *received = relay->output.bytes + relay->errors.bytes;
    free(relay);
}
