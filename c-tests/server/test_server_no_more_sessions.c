/* A client that opens a session after no-more-sessions@openssh.com is hung up on, and told why; one that keeps its word
 * keeps its sessions. No hook is asked. */
#include "server.h"

static int32_t never(void *user_data, ssh_ticket_t *ticket, ssh_transport_t *transport, const char *kind, const void *data, size_t data_len)
{
    (void)user_data, (void)ticket, (void)transport, (void)data, (void)data_len;
    fprintf(stderr, "asked about \"%s\"\n", kind);
    exit(1);
}

int main(void)
{
    ssh_server_hooks_t hooks = usual_hooks();
    ssh_channel_t *channel, *other;
    ssh_exception_t *e;
    pair_t pair;
    char bytes[8];
    size_t n;

    hooks.check_global_request = never;
    pair = pair_open(&hooks);
    CHECK_OK(log_in(pair.client, "secret"));
    CHECK_STATUS(ssh_transport_send_no_more_sessions(pair.server), SSH_ERR_INVALID_STATE);
    CHECK_TEXT("client");
    CHECK_OK(ssh_transport_open_session(pair.client, NULL, WAIT_MS, &channel));
    CHECK_OK(ssh_transport_send_no_more_sessions(pair.client));
    CHECK_STATUS(ssh_transport_open_session(pair.client, NULL, WAIT_MS, &other), SSH_ERR_INVALID_STATE);
    other = accept_channel(pair.server);
    CHECK_OK(ssh_channel_sendall(channel, "on", 2, WAIT_MS, NULL));
    CHECK_OK(ssh_channel_recv(other, bytes, sizeof bytes, WAIT_MS, &n));
    CHECK(n == 2);
    ssh_channel_free(other);
    ssh_channel_free(channel);
    pair_close(&pair);

    pair = pair_open(&hooks);
    CHECK_OK(log_in(pair.client, "secret"));
    CHECK_OK(ssh_transport_global_request(pair.client, "no-more-sessions@openssh.com", NULL, 0, true, WAIT_MS, NULL, NULL));
    CHECK_STATUS(ssh_transport_open_session(pair.client, NULL, WAIT_MS, &channel), SSH_ERR_PEER_DISCONNECTED);
    e = ssh_get_exception(pair.client);
    CHECK(ssh_exception_peer_reason(e) == 2 && strstr(ssh_exception_peer_text(e), "no-more-sessions@openssh.com") != NULL);
    ssh_exception_free(e);
    CHECK_STATUS(ssh_transport_accept(pair.server, WAIT_MS, &channel), SSH_ERR_UNEXPECTED_MESSAGE);
    CHECK_TEXT("section 2.2");
    pair_free(&pair);
    return 0;
}
