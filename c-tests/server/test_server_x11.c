/* An X11 request reaches its hook with every value, and the server opens x11 and agent channels to the client. */
#include "server.h"

static int32_t x11(void *user_data, ssh_ticket_t *ticket, ssh_channel_t *channel, bool single_connection, const char *auth_protocol, const char *auth_cookie, uint32_t screen)
{
    (void)user_data, (void)ticket, (void)channel;
    CHECK(strcmp(auth_protocol, "MIT-MAGIC-COOKIE-1") == 0 && strcmp(auth_cookie, "00ff") == 0);
    return single_connection && screen == 7 ? SSH_REQUEST_GRANTED : SSH_REQUEST_REFUSED;
}

static int32_t agent(void *user_data, ssh_ticket_t *ticket, ssh_channel_t *channel)
{
    (void)user_data, (void)ticket, (void)channel;
    return SSH_REQUEST_GRANTED;
}

static void open_back(pair_t *pair, const char *kind)
{
    ssh_channel_options_t from = SSH_CHANNEL_OPTIONS_INIT;
    ssh_channel_t *ours, *theirs;
    char *got, buf[4];

    from.src_host = "127.0.0.1";
    from.src_port = 6010;
    CHECK_OK(ssh_transport_open_channel(pair->server, kind, &from, WAIT_MS, &theirs));
    CHECK_OK(ssh_transport_accept(pair->client, WAIT_MS, &ours));
    CHECK_OK(ssh_channel_get_kind(ours, &got));
    CHECK(strcmp(got, kind) == 0);
    ssh_string_free(got);
    CHECK_OK(ssh_channel_sendall(theirs, "hi", 2, WAIT_MS, NULL));
    CHECK_OK(ssh_channel_shutdown_write(theirs));
    CHECK(read_all(ours, buf, sizeof buf) == 2);
    ssh_channel_free(ours);
    ssh_channel_free(theirs);
}

int main(void)
{
    ssh_server_hooks_t hooks = usual_hooks();
    ssh_channel_t *session, *unasked;
    pair_t pair;

    hooks.check_channel_x11_request = x11;
    hooks.check_channel_forward_agent_request = agent;
    pair = pair_open(&hooks);
    CHECK_OK(log_in(pair.client, "secret"));
    session = test_session(pair.client);
    CHECK(ssh_transport_open_channel(pair.server, "x11", NULL, WAIT_MS, &unasked) < 0);
    CHECK_STATUS(ssh_channel_request_x11(session, false, NULL, "00ff", 7, WAIT_MS, NULL), SSH_ERR_REQUEST_REFUSED);
    CHECK_OK(ssh_channel_request_x11(session, true, NULL, "00ff", 7, WAIT_MS, NULL));
    open_back(&pair, "x11");
    CHECK_OK(ssh_channel_request_forward_agent(session, WAIT_MS));
    open_back(&pair, "auth-agent@openssh.com");
    ssh_channel_free(session);
    pair_free(&pair);
    return 0;
}
