/* no-more-sessions@openssh.com: what is open goes on, no session comes after it, and sshd hangs up on one. */
#include "support.h"

static void kept(void)
{
    ssh_transport_t *transport = test_transport(NULL);
    ssh_channel_options_t target = SSH_CHANNEL_OPTIONS_INIT;
    ssh_channel_t *channel, *other;
    char line[16] = "";

    CHECK_STATUS(ssh_transport_send_no_more_sessions(NULL), SSH_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(ssh_transport_send_no_more_sessions(transport), SSH_ERR_INVALID_STATE);
    test_log_in(transport);
    channel = test_session(transport);
    CHECK_OK(ssh_transport_send_no_more_sessions(transport));
    CHECK_OK(ssh_transport_send_no_more_sessions(transport));
    CHECK_STATUS(ssh_transport_open_session(transport, NULL, WAIT_MS, &other), SSH_ERR_INVALID_STATE);
    CHECK(other == NULL);
    CHECK_TEXT("ssh_transport_send_no_more_sessions");

    CHECK_OK(ssh_channel_exec_command(channel, "echo on", WAIT_MS));
    CHECK(read_all(channel, line, sizeof line) == 3 && memcmp(line, "on\n", 3) == 0);
    target.dest_host = "127.0.0.1";
    target.dest_port = server_port();
    CHECK_OK(ssh_transport_open_channel(transport, "direct-tcpip", &target, WAIT_MS, &other));
    CHECK(ssh_transport_is_active(transport));
    ssh_channel_free(other);
    ssh_channel_free(channel);
    ssh_transport_free(transport);
}

/* The library's own check is passed by: what sshd does is what a server of ours must do. */
static void broken(void)
{
    ssh_transport_t *transport = test_connect();
    ssh_channel_t *channel = test_session(transport), *other;
    ssh_exception_t *e;

    CHECK_OK(ssh_transport_global_request(transport, "no-more-sessions@openssh.com", NULL, 0, true, WAIT_MS, NULL, NULL));
    CHECK_STATUS(ssh_transport_open_session(transport, NULL, WAIT_MS, &other), SSH_ERR_PEER_DISCONNECTED);
    e = ssh_get_exception(transport);
    CHECK(ssh_exception_peer_reason(e) == 2 && strstr(ssh_exception_peer_text(e), "additional sessions") != NULL);
    ssh_exception_free(e);
    ssh_channel_free(channel);
    ssh_transport_free(transport);
}

int main(void)
{
    kept();
    broken();
    return 0;
}
