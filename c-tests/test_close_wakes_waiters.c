/* Closing a channel, or its transport, wakes whoever waits, in receiving, sending, waiting for a status and accepting. */
#include "support.h"
#include <pthread.h>

static ssh_transport_t *transport;

static void *wait_recv(void *channel)
{
    char buf[8];
    size_t n;

    CHECK(ssh_channel_recv(channel, buf, sizeof buf, SSH_WAIT_FOREVER, &n) != SSH_OK);
    return NULL;
}

static void *wait_status(void *channel)
{
    uint32_t status;

    CHECK(ssh_channel_recv_exit_status(channel, SSH_WAIT_FOREVER, &status) < 0);
    return NULL;
}

static void *wait_send(void *channel)
{
    static char data[8 << 20];

    CHECK(ssh_channel_sendall(channel, data, sizeof data, SSH_WAIT_FOREVER, NULL) < 0);
    return NULL;
}

static void *wait_accept(void *unused)
{
    ssh_channel_t *channel;

    (void)unused;
    CHECK(ssh_transport_accept(transport, SSH_WAIT_FOREVER, &channel) < 0);
    return NULL;
}

static void run(ssh_channel_t *channel, int accept)
{
    pthread_t threads[4];
    int i, count = 3 + accept;
    void *(*const bodies[])(void *) = {wait_recv, wait_status, wait_send, wait_accept};

    for (i = 0; i < count; i++)
        CHECK(pthread_create(&threads[i], NULL, bodies[i], channel) == 0);
    sleep_ms(500);
    if (accept)
        CHECK_OK(ssh_transport_close(transport));
    else
        CHECK_OK(ssh_channel_close(channel));
    for (i = 0; i < count; i++)
        CHECK(pthread_join(threads[i], NULL) == 0);
    ssh_channel_free(channel);
}

int main(void)
{
    transport = test_connect();
    run(test_exec(transport, "sleep 60"), 0);
    CHECK(ssh_transport_is_active(transport));
    run(test_exec(transport, "sleep 60"), 1);
    CHECK_OK(ssh_transport_close(transport));
    CHECK_STATUS(ssh_transport_send_ignore(transport, 0), SSH_ERR_CLOSED);
    ssh_transport_free(transport);
    return 0;
}
