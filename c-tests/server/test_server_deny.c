/* Without hooks, and with none set, nobody gets in; without channel and request hooks nothing opens and nothing runs. */
#include "server.h"

static ssh_status_t unasked(void *user_data, const ssh_prompts_t *prompts, ssh_prompt_answers_t *answers)
{
    (void)user_data, (void)prompts, (void)answers;
    CHECK(!"asked");
    return SSH_OK;
}

static void nobody_gets_in(const ssh_server_hooks_t *hooks)
{
    pair_t pair = pair_open(hooks);
    ssh_channel_t *channel;

    CHECK_STATUS(ssh_transport_auth_none(pair.client, "user", WAIT_MS, NULL), SSH_ERR_AUTH_METHOD_NOT_ALLOWED);
    CHECK(log_in(pair.client, "secret") < 0);
    CHECK(ssh_transport_auth_publickey(pair.client, "user", host_key(), WAIT_MS, NULL) < 0);
    CHECK(ssh_transport_auth_interactive(pair.client, "user", NULL, unasked, NULL, WAIT_MS, NULL) < 0);
    CHECK(!ssh_transport_is_authenticated(pair.client) && !ssh_transport_is_authenticated(pair.server));
    CHECK_STATUS(ssh_transport_accept(pair.server, 0, &channel), SSH_ERR_TIMEOUT);
    ssh_transport_free(pair.client);
    ssh_transport_free(pair.server);
}

static int32_t nonsense(void *user_data, ssh_ticket_t *ticket, ssh_transport_t *transport, const char *username, const char *password, size_t password_len)
{
    (void)user_data, (void)ticket, (void)transport, (void)username, (void)password, (void)password_len;
    return 77;
}

int main(void)
{
    ssh_server_hooks_t hooks = SSH_SERVER_HOOKS_INIT;
    ssh_channel_options_t to = SSH_CHANNEL_OPTIONS_INIT;
    ssh_channel_t *channel;
    pair_t pair;

    nobody_gets_in(NULL);
    nobody_gets_in(&hooks);
    hooks.check_auth_password = nonsense;
    nobody_gets_in(&hooks);

    hooks.check_auth_password = allow_password;
    pair = pair_open(&hooks);
    CHECK_OK(log_in(pair.client, "secret"));
    to.dest_host = "127.0.0.1";
    to.dest_port = 22;
    CHECK_STATUS(ssh_transport_open_session(pair.client, NULL, WAIT_MS, &channel), SSH_ERR_CHANNEL_PROHIBITED);
    CHECK_STATUS(ssh_transport_open_channel(pair.client, "direct-tcpip", &to, WAIT_MS, &channel), SSH_ERR_CHANNEL_PROHIBITED);
    CHECK_STATUS(ssh_transport_global_request(pair.client, "tcpip-forward", "\0\0\0\0\0\0\0\0", 8, true, WAIT_MS, NULL, NULL), SSH_ERR_REQUEST_REFUSED);
    CHECK_STATUS(ssh_transport_global_request(pair.client, "x@example.org", NULL, 0, true, WAIT_MS, NULL, NULL), SSH_ERR_REQUEST_REFUSED);
    ssh_transport_free(pair.client);
    ssh_transport_free(pair.server);

    hooks.check_channel_request = allow_session;
    pair = pair_open(&hooks);
    CHECK_OK(log_in(pair.client, "secret"));
    channel = test_session(pair.client);
    CHECK_STATUS(ssh_channel_exec_command(channel, "true", WAIT_MS), SSH_ERR_REQUEST_REFUSED);
    CHECK_STATUS(ssh_channel_invoke_shell(channel, WAIT_MS), SSH_ERR_REQUEST_REFUSED);
    CHECK_STATUS(ssh_channel_invoke_subsystem(channel, "sftp", WAIT_MS), SSH_ERR_REQUEST_REFUSED);
    CHECK_STATUS(ssh_channel_request_forward_agent(channel, WAIT_MS), SSH_ERR_REQUEST_REFUSED);
    ssh_channel_free(channel);
    pair_free(&pair);
    return 0;
}
