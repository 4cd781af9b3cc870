/* How a command ended: a status, a signal, or nothing said. */
#include "support.h"

int main(void)
{
    ssh_transport_t *transport = test_connect();
    ssh_channel_t *channel = test_exec(transport, "kill -TERM $$");
    char *signal, *message;
    uint32_t status;
    bool core;
    char up[8];
    size_t up_len;

    CHECK_STATUS(ssh_channel_recv_exit_status(channel, WAIT_MS, &status), SSH_ERR_NO_EXIT_STATUS);
    CHECK_OK(ssh_channel_recv_exit_signal(channel, WAIT_MS, &signal, &core, &message));
    CHECK(signal != NULL && strcmp(signal, "TERM") == 0 && !core && message != NULL);
    ssh_string_free(signal);
    ssh_string_free(message);
    CHECK(ssh_channel_exit_status_ready(channel));
    ssh_channel_free(channel);

    channel = test_exec(transport, "exit 255");
    CHECK_OK(ssh_channel_recv_exit_status(channel, WAIT_MS, &status));
    CHECK(status == 255);
    CHECK_OK(ssh_channel_recv_exit_signal(channel, WAIT_MS, &signal, NULL, NULL));
    CHECK(signal == NULL);
    ssh_channel_free(channel);

    /* A signal sent from here reaches the command. It speaks first: sshd answers the exec request before the command is
       the leader of its group, and a signal that comes in between is lost there. */
    channel = test_exec(transport, "echo up; exec sleep 60");
    CHECK_OK(ssh_channel_recv(channel, up, sizeof up, WAIT_MS, &up_len));
    CHECK(up_len == 3);
    CHECK(!ssh_channel_exit_status_ready(channel));
    CHECK_STATUS(ssh_channel_send_signal(channel, "SIGTERM"), SSH_ERR_INVALID_ARGUMENT);
    CHECK_OK(ssh_channel_send_signal(channel, "TERM"));
    CHECK_OK(ssh_channel_recv_exit_signal(channel, WAIT_MS, &signal, NULL, NULL));
    CHECK(signal != NULL && strcmp(signal, "TERM") == 0);
    ssh_string_free(signal);
    ssh_channel_free(channel);
    ssh_transport_free(transport);
    return 0;
}
