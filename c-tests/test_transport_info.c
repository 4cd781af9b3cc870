/* What a transport and a channel tell about themselves, before, during and after. */
#include "support.h"

static char *describe(ssh_transport_t *transport)
{
    char *text;

    CHECK_OK(ssh_transport_describe(transport, &text));
    CHECK(text[0] != '\0' && strchr(text, '\n') == NULL);
    return text;
}

static void check_channel(ssh_channel_t *channel)
{
    char *text;
    uint32_t port;

    CHECK_OK(ssh_channel_get_kind(channel, &text));
    CHECK(strcmp(text, "session") == 0);
    ssh_string_free(text);
    CHECK_OK(ssh_channel_set_name(channel, "mine"));
    CHECK_OK(ssh_channel_get_name(channel, &text));
    CHECK(strcmp(text, "mine") == 0);
    ssh_string_free(text);
    CHECK_OK(ssh_channel_getpeername(channel, &text, &port));
    CHECK(strcmp(text, setting("SSHRS_TEST_HOST")) == 0 && port == server_port());
    ssh_string_free(text);
    CHECK_STATUS(ssh_channel_get_origin(channel, &text, &port), SSH_ERR_INVALID_STATE);
    CHECK(!ssh_channel_is_closed(channel) && !ssh_channel_eof_received(channel));
}

int main(void)
{
    ssh_transport_t *transport = test_transport(NULL);
    ssh_channel_t *channel, *second;
    ssh_key_t *key, *expected;
    char *text;
    uint32_t port;
    size_t len;

    CHECK(!ssh_transport_is_active(transport) && !ssh_transport_is_authenticated(transport));
    CHECK_STATUS(ssh_transport_get_username(transport, &text), SSH_ERR_INVALID_STATE);
    CHECK_STATUS(ssh_transport_get_remote_server_key(transport, &key), SSH_ERR_INVALID_STATE);
    CHECK_STATUS(ssh_transport_get_remote_version(transport, &text), SSH_ERR_INVALID_STATE);
    CHECK_STATUS(ssh_transport_open_session(transport, NULL, 1000, &channel), SSH_ERR_INVALID_STATE);
    ssh_string_free(describe(transport));
    CHECK_OK(ssh_transport_getpeername(transport, &text, &port));
    CHECK(strcmp(text, setting("SSHRS_TEST_HOST")) == 0 && port == server_port());
    ssh_string_free(text);

    test_log_in(transport);
    CHECK(ssh_transport_is_active(transport) && ssh_transport_is_authenticated(transport));
    CHECK_OK(ssh_transport_get_username(transport, &text));
    CHECK(strcmp(text, setting("SSHRS_TEST_USER")) == 0);
    ssh_string_free(text);
    CHECK_OK(ssh_transport_get_remote_version(transport, &text));
    CHECK(strncmp(text, "SSH-2.0-OpenSSH", 15) == 0);
    ssh_string_free(text);
    CHECK_OK(ssh_transport_get_banner(transport, &text, &len));
    CHECK((text == NULL) == (len == 0));
    ssh_string_free(text);
    CHECK_OK(ssh_transport_get_remote_server_key(transport, &key));
    CHECK_OK(ssh_key_load_public_file(setting("SSHRS_TEST_HOSTKEY_PUB"), &expected));
    CHECK(strcmp(ssh_key_get_name(key), "ssh-ed25519") != 0 || ssh_key_is_equal(key, expected));
    ssh_key_free(key);
    ssh_key_free(expected);

    channel = test_session(transport);
    second = test_session(transport);
    CHECK(ssh_channel_get_id(channel) != ssh_channel_get_id(second));
    check_channel(channel);
    text = describe(transport);
    printf("%s\n", text);
    ssh_string_free(text);
    ssh_channel_free(channel);
    ssh_channel_free(second);
    CHECK_OK(ssh_transport_close(transport));
    ssh_string_free(describe(transport));
    CHECK(!ssh_transport_is_active(transport) && !ssh_transport_is_authenticated(transport));
    ssh_transport_free(transport);
    return 0;
}
