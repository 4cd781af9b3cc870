/* One descriptor for many handles: each is told while it is ready, by turns, and never after it was freed. */
#include "support.h"
#include <poll.h>

#define CHANNELS 8

static int readable(ssh_ready_t *ready, int wait_ms)
{
    struct pollfd p = {-1, POLLIN, 0};

    CHECK_OK(ssh_ready_fd(ready, &p.fd));
    CHECK(poll(&p, 1, wait_ms) >= 0);
    return (p.revents & POLLIN) != 0;
}

/* Asks until the round is over: how many handles were told, and for what all together. */
static int round_of(ssh_ready_t *ready, uint32_t *all)
{
    ssh_status_t rc;
    uint32_t flags;
    void *user_data;
    int n = 0;

    *all = 0;
    while ((rc = ssh_ready_next(ready, 0, &flags, &user_data)) == SSH_OK) {
        *all |= flags;
        n++;
    }
    CHECK_STATUS(rc, SSH_ERR_TIMEOUT);
    CHECK(flags == 0 && user_data == NULL);
    return n;
}

static void expect(ssh_ready_t *ready, uint32_t flags, void *user_data)
{
    uint32_t told;
    void *told_data;

    CHECK_OK(ssh_ready_next(ready, WAIT_MS, &told, &told_data));
    CHECK(told == flags && told_data == user_data);
}

/* One channel from its first byte to its close, which comes after its end of file was read. */
static void one_channel(ssh_ready_t *ready, ssh_transport_t *transport)
{
    ssh_channel_t *channel = test_exec(transport, "read x; printf ab; printf c >&2; read x; exit 5");
    uint32_t interest = SSH_READY_READABLE | SSH_READY_READABLE_STDERR, all, status;
    char buf[8];
    size_t n;

    CHECK_STATUS(ssh_ready_add_channel(ready, channel, SSH_READY_ACCEPTABLE, NULL), SSH_ERR_INVALID_ARGUMENT);
    CHECK_TEXT("never ready for");
    CHECK_OK(ssh_ready_add_channel(ready, channel, interest, buf));
    CHECK(round_of(ready, &all) == 0 && !readable(ready, 0));
    CHECK_OK(ssh_channel_sendall(channel, "\n", 1, WAIT_MS, NULL));
    CHECK(readable(ready, WAIT_MS));
    CHECK_OK(ssh_channel_recv_stderr(channel, buf, sizeof buf, WAIT_MS, &n));
    CHECK_OK(ssh_channel_recv(channel, buf, 1, WAIT_MS, &n));
    CHECK(round_of(ready, &all) == 1 && all == SSH_READY_READABLE && readable(ready, 0));
    CHECK(round_of(ready, &all) == 1); /* one byte is left: told again */
    CHECK_OK(ssh_channel_recv(channel, buf, 1, WAIT_MS, &n));
    CHECK(round_of(ready, &all) == 0 && !readable(ready, 0));
    CHECK_OK(ssh_ready_add_channel(ready, channel, interest | SSH_READY_WRITABLE | SSH_READY_ONESHOT, &n));
    expect(ready, SSH_READY_WRITABLE, &n);
    CHECK(round_of(ready, &all) == 0);
    CHECK_OK(ssh_ready_add_channel(ready, channel, SSH_READY_READABLE, buf));
    CHECK_OK(ssh_channel_sendall(channel, "\n", 1, WAIT_MS, NULL));
    expect(ready, SSH_READY_READABLE, buf);
    CHECK_STATUS(ssh_channel_recv(channel, buf, sizeof buf, WAIT_MS, &n), SSH_EOF);
    CHECK_OK(ssh_ready_add_channel(ready, channel, SSH_READY_EXIT_STATUS, buf));
    expect(ready, SSH_READY_EXIT_STATUS, buf);
    CHECK_OK(ssh_channel_recv_exit_status(channel, 0, &status));
    CHECK(status == 5);
    CHECK_OK(ssh_ready_add_channel(ready, channel, SSH_READY_CLOSED, buf));
    expect(ready, SSH_READY_CLOSED, buf);
    CHECK(ssh_channel_is_closed(channel));
    ssh_channel_free(channel);
    CHECK(round_of(ready, &all) == 0 && !readable(ready, 0));
}

/* Several at once: none is told before it has something, each is told once a round, freed and removed ones never. */
static void many(ssh_ready_t *ready, ssh_transport_t *transport)
{
    ssh_channel_t *channels[CHANNELS];
    bool told[CHANNELS] = {false};
    uint32_t all;
    void *user_data;
    int i, n;

    for (i = 0; i < CHANNELS; i++) {
        channels[i] = test_exec(transport, "read x; echo x; sleep 100");
        CHECK_OK(ssh_ready_add_channel(ready, channels[i], SSH_READY_READABLE | SSH_READY_CLOSED, &told[i]));
    }
    CHECK(round_of(ready, &all) == 0);
    for (i = 0; i < CHANNELS; i++)
        CHECK_OK(ssh_channel_sendall(channels[i], "\n", 1, WAIT_MS, NULL));
    for (n = 0; n < CHANNELS;) {
        CHECK_OK(ssh_ready_next(ready, WAIT_MS, &all, &user_data));
        CHECK(all == SSH_READY_READABLE);
        n += !*(bool *)user_data;
        *(bool *)user_data = true;
    }
    CHECK(round_of(ready, &all) <= CHANNELS && round_of(ready, &all) == CHANNELS);
    /* A handle that goes while it is ready, in the middle of a round. */
    CHECK_OK(ssh_ready_next(ready, 0, &all, &user_data));
    CHECK_OK(ssh_ready_remove_channel(ready, channels[0]));
    CHECK_OK(ssh_ready_remove_channel(ready, channels[0]));
    ssh_channel_free(channels[1]);
    told[0] = told[1] = false;
    for (n = 0; ssh_ready_next(ready, 0, &all, &user_data) == SSH_OK; n++)
        CHECK(*(bool *)user_data);
    CHECK(round_of(ready, &all) == CHANNELS - 2);
    /* The end of the connection is told to all of them. */
    CHECK_OK(ssh_transport_close(transport));
    CHECK(round_of(ready, &all) == CHANNELS - 2 && all == (SSH_READY_READABLE | SSH_READY_CLOSED));
    for (i = 0; i < CHANNELS; i++)
        if (i != 1)
            ssh_channel_free(channels[i]);
    CHECK(round_of(ready, &all) == 0 && !readable(ready, 0));
}

int main(void)
{
    ssh_transport_t *transport = test_connect(), *other = test_connect();
    ssh_ready_t *ready, *second;
    ssh_event_t *event;
    void *user_data;
    uint32_t all;

    CHECK_OK(ssh_ready_new(&ready));
    CHECK_OK(ssh_ready_new(&second));
    CHECK_STATUS(ssh_ready_next(ready, 20, &all, &user_data), SSH_ERR_TIMEOUT);
    one_channel(ready, transport);
    CHECK_OK(ssh_ready_add_transport(ready, transport, SSH_READY_ACCEPTABLE | SSH_READY_CLOSED, transport));
    CHECK(round_of(ready, &all) == 0);
    many(second, transport);
    expect(ready, SSH_READY_ACCEPTABLE | SSH_READY_CLOSED, transport);
    CHECK_OK(ssh_ready_remove_transport(ready, transport));

    /* One event in two queues. */
    CHECK_OK(ssh_event_new(&event));
    CHECK_OK(ssh_ready_add_event(ready, event, SSH_READY_DONE, &all));
    CHECK_OK(ssh_ready_add_event(second, event, SSH_READY_DONE, event));
    CHECK(round_of(ready, &all) == 0 && !readable(second, 0));
    CHECK_OK(ssh_event_set(event));
    expect(ready, SSH_READY_DONE, &all);
    expect(second, SSH_READY_DONE, event);
    CHECK_OK(ssh_event_clear(event));
    CHECK(round_of(ready, &all) == 0 && round_of(second, &all) == 0);
    CHECK_OK(ssh_event_set(event));
    CHECK_OK(ssh_ready_remove_event(second, event));
    CHECK(round_of(ready, &all) == 1 && round_of(second, &all) == 0);

    /* Queues and handles go in any order. */
    CHECK_OK(ssh_ready_add_transport(ready, other, SSH_READY_CLOSED, NULL));
    ssh_ready_free(ready);
    CHECK_OK(ssh_ready_add_transport(second, other, SSH_READY_CLOSED, other));
    CHECK_OK(ssh_transport_close(other));
    expect(second, SSH_READY_CLOSED, other);
    ssh_transport_free(other);
    ssh_event_free(event);
    CHECK(round_of(second, &all) == 0);
    ssh_ready_free(second);
    ssh_transport_free(transport);
    return 0;
}
