/* Every wait ends at its deadline, whatever the peer leaves undone, and says which wait it was. */
#include "support.h"
#include <sys/socket.h>
#include <unistd.h>

static ssh_transport_t *silent_peer(const ssh_transport_options_t *options, int *peer, const char *says)
{
    ssh_transport_t *transport;
    int fds[2];

    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0);
    CHECK(write(fds[1], says, strlen(says)) == (ssize_t)strlen(says));
    CHECK_OK(ssh_transport_new_fd(fds[0], options, &transport));
    *peer = fds[1];
    return transport;
}

static void check_start(const char *says, int64_t timeout_ms, const ssh_transport_options_t *options)
{
    int peer;
    ssh_transport_t *transport = silent_peer(options, &peer, says);
    int64_t begin = now_ms();

    CHECK_STATUS(ssh_transport_start_client(transport, timeout_ms), SSH_ERR_TIMEOUT);
    CHECK_TEXT("within 300 ms");
    CHECK(now_ms() - begin >= 250 && now_ms() - begin < 10000);
    CHECK(!ssh_transport_is_active(transport));
    ssh_transport_free(transport);
    close(peer);
}

int main(void)
{
    ssh_transport_options_t options = SSH_TRANSPORT_OPTIONS_INIT;
    ssh_transport_t *transport;
    ssh_channel_t *channel;
    uint32_t status;
    int64_t begin;
    char buf[8];
    size_t n;

    /* Silence before and after the identification, ended by the call's deadline and by the options'. */
    check_start("", 300, NULL);
    check_start("SSH-2.0-silent\r\n", 300, NULL);
    options.banner_timeout_ms = 300;
    check_start("", SSH_WAIT_DEFAULT, &options);
    options.banner_timeout_ms = 0;
    options.handshake_timeout_ms = 300;
    check_start("SSH-2.0-silent\r\n", SSH_WAIT_FOREVER, &options);

    transport = test_connect();
    channel = test_exec(transport, "sleep 30");
    begin = now_ms();
    CHECK_STATUS(ssh_channel_recv(channel, buf, sizeof buf, 0, &n), SSH_ERR_TIMEOUT);
    CHECK_TEXT("no data came on the channel yet");
    CHECK_STATUS(ssh_channel_recv(channel, buf, sizeof buf, 300, &n), SSH_ERR_TIMEOUT);
    CHECK_TEXT("no data came on the channel within 300 ms");
    CHECK_STATUS(ssh_channel_recv_stderr(channel, buf, sizeof buf, 100, &n), SSH_ERR_TIMEOUT);
    CHECK_STATUS(ssh_channel_recv_exit_status(channel, 300, &status), SSH_ERR_TIMEOUT);
    CHECK_TEXT("the command did not end within 300 ms");
    CHECK(now_ms() - begin >= 650 && now_ms() - begin < 10000);

    /* SSH_WAIT_DEFAULT follows settimeout and setblocking. */
    CHECK_OK(ssh_channel_settimeout(channel, 200));
    CHECK(ssh_channel_gettimeout(channel) == 200);
    CHECK_STATUS(ssh_channel_recv(channel, buf, sizeof buf, SSH_WAIT_DEFAULT, &n), SSH_ERR_TIMEOUT);
    CHECK_OK(ssh_channel_setblocking(channel, false));
    CHECK_STATUS(ssh_channel_recv(channel, buf, sizeof buf, SSH_WAIT_DEFAULT, &n), SSH_ERR_TIMEOUT);
    CHECK_OK(ssh_channel_setblocking(channel, true));
    CHECK(ssh_channel_gettimeout(channel) == SSH_WAIT_FOREVER);
    CHECK_STATUS(ssh_channel_settimeout(channel, -2), SSH_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(ssh_channel_recv(channel, buf, sizeof buf, -3, &n), SSH_ERR_INVALID_ARGUMENT);

    /* A command that does not read fills the window; sending gives up in time and says how far it came. */
    {
        size_t size = 64 << 20, sent;
        char *data = calloc(1, size);

        CHECK(data != NULL);
        CHECK_STATUS(ssh_channel_sendall(channel, data, size, 2000, &sent), SSH_ERR_TIMEOUT);
        CHECK_TEXT("the peer made no room for data within 2000 ms");
        CHECK(sent > 0 && sent < size);
        CHECK(!ssh_channel_send_ready(channel));
        free(data);
    }
    ssh_channel_free(channel);
    CHECK_STATUS(ssh_transport_accept(transport, 100, &channel), SSH_ERR_TIMEOUT);
    CHECK_TEXT("the peer opened no channel within 100 ms");
    CHECK(channel == NULL && ssh_transport_is_active(transport));

    /* A transport connects once, whichever way it is asked to again. */
    {
        ssh_connect_options_t again = SSH_CONNECT_OPTIONS_INIT;
        ssh_known_hosts_t *hosts = test_known_hosts();

        CHECK_STATUS(ssh_transport_start_client(transport, WAIT_MS), SSH_ERR_INVALID_STATE);
        CHECK_TEXT("started already");
        again.known_hosts = hosts;
        CHECK_STATUS(ssh_transport_connect(transport, &again, WAIT_MS), SSH_ERR_INVALID_STATE);
        CHECK_TEXT("started already");
        ssh_known_hosts_free(hosts);
    }
    ssh_transport_free(transport);
    return 0;
}
