/* Half-closing: EOF reaches the command, dropped input does not stop it, and sends after EOF fail. */
#include "support.h"

int main(void)
{
    ssh_transport_t *transport = test_connect();
    ssh_channel_t *channel = test_exec(transport, "sleep 1; wc -c; exit 6");
    char buf[16];
    uint32_t status;
    size_t n;

    CHECK_OK(ssh_channel_sendall(channel, "12345", 5, WAIT_MS, &n));
    CHECK(n == 5);
    CHECK_OK(ssh_channel_shutdown(channel, SSH_SHUT_WR));
    CHECK_STATUS(ssh_channel_send(channel, "x", 1, WAIT_MS, &n), SSH_ERR_CHANNEL_EOF_SENT);
    CHECK_STATUS(ssh_channel_shutdown(channel, 9), SSH_ERR_INVALID_ARGUMENT);
    CHECK_OK(ssh_channel_recv(channel, buf, sizeof buf, WAIT_MS, &n));
    CHECK(n == 2 && memcmp(buf, "5\n", 2) == 0);
    CHECK_STATUS(ssh_channel_recv(channel, buf, sizeof buf, WAIT_MS, &n), SSH_EOF);
    CHECK_STATUS(ssh_channel_recv(channel, buf, sizeof buf, WAIT_MS, &n), SSH_EOF);
    CHECK(ssh_channel_eof_received(channel));
    CHECK_OK(ssh_channel_recv_exit_status(channel, WAIT_MS, &status));
    CHECK(status == 6);
    ssh_channel_free(channel);

    channel = test_exec(transport, "head -c 10000000 /dev/zero; exit 8");
    CHECK_OK(ssh_channel_shutdown_read(channel));
    /* What came before is still there; of all the rest nothing is. */
    CHECK(drain(channel) < 10000000);
    CHECK_OK(ssh_channel_recv_exit_status(channel, WAIT_MS, &status));
    CHECK(status == 8);
    ssh_channel_free(channel);
    ssh_transport_free(transport);
    return 0;
}
