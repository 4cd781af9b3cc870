/* Data that arrived stays readable after the channel, and then the transport, is closed. */
#include "support.h"

static void read_rest(ssh_channel_t *channel)
{
    char buf[64];
    size_t n;

    CHECK_OK(ssh_channel_recv(channel, buf, 4, 0, &n));
    CHECK(n == 4 && memcmp(buf, "keep", 4) == 0);
    CHECK_OK(ssh_channel_recv(channel, buf, sizeof buf, 0, &n));
    CHECK(n == 5 && memcmp(buf, " this", 5) == 0);
}

static ssh_channel_t *with_data(ssh_transport_t *transport)
{
    ssh_channel_t *channel = test_exec(transport, "printf 'keep this'; sleep 60");

    while (!ssh_channel_recv_ready(channel))
        sleep_ms(5);
    /* One write of the command is one packet, but nothing promises it. */
    sleep_ms(200);
    return channel;
}

int main(void)
{
    ssh_transport_t *transport = test_connect();
    ssh_channel_t *channel = with_data(transport);
    char buf[16];
    size_t n;

    CHECK_OK(ssh_channel_close(channel));
    CHECK(ssh_channel_is_closed(channel));
    read_rest(channel);
    CHECK(ssh_channel_recv(channel, buf, sizeof buf, 1000, &n) != SSH_OK && n == 0);
    ssh_channel_free(channel);

    channel = with_data(transport);
    CHECK_OK(ssh_transport_close(transport));
    CHECK(!ssh_transport_is_active(transport));
    ssh_transport_free(transport);
    read_rest(channel);
    CHECK(ssh_channel_is_closed(channel));
    ssh_channel_free(channel);
    return 0;
}
