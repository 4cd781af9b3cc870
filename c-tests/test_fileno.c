/* The descriptors of channels and events are level-triggered: readable exactly while there is something to take. */
#include "support.h"
#include <poll.h>

static int readable(int fd, int wait_ms)
{
    struct pollfd p = {fd, POLLIN, 0};

    CHECK(poll(&p, 1, wait_ms) >= 0);
    return (p.revents & POLLIN) != 0;
}

/* Sends until there is no room. */
static void fill(ssh_channel_t *channel)
{
    static char data[65536];
    ssh_status_t rc;
    size_t n;

    while ((rc = ssh_channel_send(channel, data, sizeof data, 0, &n)) == SSH_OK || (rc == SSH_ERR_TIMEOUT && ssh_channel_send_ready(channel)))
        continue;
    CHECK_STATUS(rc, SSH_ERR_TIMEOUT);
}

int main(void)
{
    ssh_transport_t *transport = test_connect();
    ssh_channel_t *channel = test_exec(transport, "read x; printf ab; read x; printf c >&2; read x");
    ssh_event_t *event;
    char buf[8];
    size_t n;
    int fd, same;

    CHECK_OK(ssh_channel_fileno(channel, &fd));
    CHECK(fd >= 0 && !readable(fd, 200));
    CHECK_OK(ssh_channel_sendall(channel, "\n", 1, WAIT_MS, NULL));
    CHECK(readable(fd, WAIT_MS) && readable(fd, 0));
    CHECK_OK(ssh_channel_recv(channel, buf, 1, 0, &n));
    CHECK(readable(fd, 0)); /* one byte is left */
    CHECK_OK(ssh_channel_recv(channel, buf, 1, 1000, &n));
    CHECK(!readable(fd, 100));
    CHECK_OK(ssh_channel_sendall(channel, "\n", 1, WAIT_MS, NULL));
    CHECK(readable(fd, WAIT_MS)); /* stderr counts */
    CHECK_OK(ssh_channel_recv_stderr(channel, buf, sizeof buf, 0, &n));
    CHECK(!readable(fd, 100));
    CHECK_OK(ssh_channel_fileno(channel, &same));
    CHECK(same == fd);
    CHECK_OK(ssh_channel_sendall(channel, "\n", 1, WAIT_MS, NULL));
    CHECK(readable(fd, WAIT_MS)); /* EOF and closure stay readable */
    CHECK_STATUS(ssh_channel_recv(channel, buf, sizeof buf, WAIT_MS, &n), SSH_EOF);
    CHECK(readable(fd, 0));
    ssh_channel_free(channel);

    /* Sending: readable while there is room, not when the window is full, again when the command reads, and at the end. */
    channel = test_exec(transport, "read x; sleep 5; cat >/dev/null; sleep 100");
    CHECK_OK(ssh_channel_fileno_send(channel, &fd));
    CHECK(fd >= 0 && readable(fd, 0) && ssh_channel_send_ready(channel));
    CHECK_OK(ssh_channel_sendall(channel, "\n", 1, WAIT_MS, NULL));
    do
        fill(channel);
    while (readable(fd, 0));
    CHECK(readable(fd, WAIT_MS) && ssh_channel_send_ready(channel));
    CHECK_OK(ssh_channel_send(channel, "x", 1, 0, &n));
    CHECK_OK(ssh_channel_fileno_send(channel, &same));
    CHECK(same == fd);
    CHECK_OK(ssh_channel_shutdown_write(channel));
    CHECK(readable(fd, 0) && !ssh_channel_send_ready(channel));
    /* The command goes on behind the end of its input: the channel is not closed. */
    CHECK_STATUS(ssh_channel_send(channel, "x", 1, 0, &n), SSH_ERR_CHANNEL_EOF_SENT);
    ssh_channel_free(channel);
    channel = test_exec(transport, "sleep 100");
    CHECK_OK(ssh_channel_fileno_send(channel, &fd));
    do
        fill(channel);
    while (readable(fd, 500)); /* the server took some for the command's pipe */
    CHECK_OK(ssh_channel_close(channel));
    CHECK(readable(fd, 0));
    ssh_channel_free(channel);

    CHECK_OK(ssh_event_new(&event));
    CHECK_OK(ssh_event_fd(event, &fd));
    CHECK(!ssh_event_is_set(event) && !readable(fd, 0));
    CHECK_STATUS(ssh_event_wait(event, 50), SSH_ERR_TIMEOUT);
    CHECK_OK(ssh_event_set(event));
    CHECK_OK(ssh_event_set(event));
    CHECK(ssh_event_is_set(event) && readable(fd, 0) && readable(fd, 0));
    CHECK_OK(ssh_event_wait(event, SSH_WAIT_FOREVER));
    CHECK_OK(ssh_event_clear(event));
    CHECK(!ssh_event_is_set(event) && !readable(fd, 0));
    ssh_event_free(event);
    ssh_transport_free(transport);
    return 0;
}
