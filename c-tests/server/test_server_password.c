/* A password logs in, a wrong one does not; banner, allowed methods, user name and host key are seen on both sides;
 * user_data is destroyed once, also where the start fails. */
#include "server.h"

static const char *banner(void *user_data, ssh_transport_t *transport)
{
    (void)user_data, (void)transport;
    return "welcome\r\n";
}

static const char *methods(void *user_data, ssh_transport_t *transport, const char *username, const char *passed)
{
    (void)user_data, (void)transport;
    CHECK(strcmp(username, "user") == 0 && *passed == '\0');
    return "password, publickey";
}

int main(void)
{
    atomic_int destroyed = 0;
    ssh_server_hooks_t hooks = usual_hooks();
    ssh_transport_t *unkeyed;
    ssh_channel_t *channel;
    ssh_key_t *ours, *theirs;
    char *text;
    size_t len;
    int fds[2];
    pair_t pair;

    hooks.user_data = &destroyed;
    hooks.destroy = count_destroy;
    hooks.get_banner = banner;
    hooks.get_allowed_auths = methods;

    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0);
    CHECK_OK(ssh_transport_new_fd(fds[0], NULL, &unkeyed));
    close(fds[1]);
    CHECK(ssh_transport_get_server_key(unkeyed) == NULL);
    CHECK_STATUS(ssh_transport_start_server(unkeyed, &hooks, WAIT_MS), SSH_ERR_INVALID_STATE);
    CHECK(destroyed == 1);
    ssh_transport_free(unkeyed);

    pair = pair_open(&hooks);
    CHECK_STATUS(ssh_transport_open_session(pair.client, NULL, WAIT_MS, &channel), SSH_ERR_INVALID_STATE);
    CHECK_STATUS(ssh_transport_auth_password(pair.client, "user", "wrong", 5, NULL, WAIT_MS, &text), SSH_ERR_AUTH_FAILED);
    CHECK(strcmp(text, "password,publickey") == 0);
    ssh_string_free(text);
    CHECK_STATUS(ssh_transport_get_username(pair.server, &text), SSH_ERR_INVALID_STATE);
    CHECK_OK(log_in(pair.client, "secret"));
    CHECK(ssh_transport_is_authenticated(pair.client) && ssh_transport_is_authenticated(pair.server));
    CHECK_OK(ssh_transport_get_username(pair.server, &text));
    CHECK(strcmp(text, "user") == 0);
    ssh_string_free(text);
    CHECK_OK(ssh_transport_get_banner(pair.client, &text, &len));
    CHECK(len == 9 && memcmp(text, "welcome\r\n", 9) == 0);
    ssh_string_free(text);

    ours = ssh_transport_get_server_key(pair.server);
    CHECK(ours != NULL && !ssh_key_is_private(ours) && ssh_transport_get_server_key(pair.client) == NULL);
    CHECK_OK(ssh_transport_get_remote_server_key(pair.client, &theirs));
    CHECK(ssh_key_is_equal(ours, theirs) && ssh_key_is_equal(ours, host_key()));
    CHECK_STATUS(ssh_transport_add_server_key(pair.server, host_key()), SSH_ERR_INVALID_STATE);
    ssh_key_free(ours);
    ssh_key_free(theirs);

    CHECK_STATUS(ssh_transport_open_channel(pair.client, "tun@openssh.com", NULL, WAIT_MS, &channel), SSH_ERR_CHANNEL_UNKNOWN_TYPE);
    channel = test_session(pair.client);
    ssh_channel_free(channel);
    CHECK(destroyed == 1);
    pair_free(&pair);
    wait_for(&destroyed, 2);
    return 0;
}
