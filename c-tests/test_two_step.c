/* Key, then password: the first step is SSH_PARTIAL and says what is left; one connect call does both. */
#include "support.h"

int main(void)
{
    const char *user = setting("SSHRS_TEST_USER"), *password = setting("SSHRS_TEST_PASSWORD");
    ssh_connect_options_t options = SSH_CONNECT_OPTIONS_INIT;
    ssh_transport_t *transport = test_transport(NULL);
    ssh_key_t *key = test_key();
    ssh_exception_t *e;
    char *left;

    if (password[0] == '\0') {
        printf("skipped: no account with a password on this machine\n");
        return SKIPPED;
    }
    CHECK_OK(ssh_transport_start_client(transport, WAIT_MS));
    CHECK_STATUS(ssh_transport_auth_password(transport, user, password, strlen(password), NULL, WAIT_MS, &left), SSH_ERR_AUTH_METHOD_NOT_ALLOWED);
    CHECK(strcmp(left, "publickey") == 0);
    ssh_string_free(left);
    e = ssh_get_exception(transport);
    CHECK(strcmp(ssh_exception_methods(e), "publickey") == 0);
    ssh_exception_free(e);
    CHECK_STATUS(ssh_transport_auth_publickey(transport, user, key, WAIT_MS, &left), SSH_PARTIAL);
    CHECK(strstr(left, "password") != NULL);
    ssh_string_free(left);
    CHECK(!ssh_transport_is_authenticated(transport));
    CHECK_OK(ssh_transport_auth_password(transport, user, password, strlen(password), NULL, WAIT_MS, &left));
    CHECK(left == NULL && ssh_transport_is_authenticated(transport));
    ssh_transport_free(transport);

    transport = test_transport(NULL);
    options.hostkey_policy = SSH_HOSTKEY_ANY;
    options.username = user;
    options.key = key;
    CHECK_STATUS(ssh_transport_connect(transport, &options, WAIT_MS), SSH_PARTIAL);
    CHECK(ssh_transport_is_active(transport) && !ssh_transport_is_authenticated(transport));
    ssh_transport_free(transport);

    transport = test_transport(NULL);
    options.password = password;
    options.password_len = strlen(password);
    CHECK_OK(ssh_transport_connect(transport, &options, WAIT_MS));
    CHECK(ssh_transport_is_authenticated(transport));
    ssh_transport_free(transport);
    ssh_key_free(key);
    return 0;
}
