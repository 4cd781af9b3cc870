/* A refused password is its own status, says what is left, and leaves the connection up for another try. */
#include "support.h"

int main(void)
{
    ssh_transport_t *transport = test_transport(NULL);
    const char *user = setting("SSHRS_TEST_USER"), *password = setting("SSHRS_TEST_PASSWORD");
    ssh_password_options_t options = SSH_PASSWORD_OPTIONS_INIT;
    ssh_exception_t *e;
    ssh_key_t *key;
    char *left;

    CHECK_OK(ssh_transport_start_client(transport, WAIT_MS));
    CHECK(ssh_transport_auth_none(transport, user, WAIT_MS, &left) < 0);
    CHECK(left != NULL && strstr(left, "publickey") != NULL);
    ssh_string_free(left);
    options.no_fallback = true;
    CHECK_STATUS(ssh_transport_auth_password(transport, user, "wrong", 5, &options, WAIT_MS, &left), SSH_ERR_AUTH_FAILED);
    CHECK(left != NULL && strstr(left, "publickey") != NULL);
    ssh_string_free(left);
    e = ssh_get_exception(transport);
    CHECK(ssh_exception_code(e) == SSH_ERR_AUTH_FAILED && ssh_exception_stage(e) == SSH_STAGE_AUTH);
    CHECK(strstr(ssh_exception_methods(e), "publickey") != NULL);
    /* The method, the user and what is left, but never the password. */
    CHECK(strstr(ssh_exception_text(e), "\"password\"") != NULL && strstr(ssh_exception_text(e), user) != NULL);
    CHECK(strstr(ssh_exception_text(e), "publickey") != NULL && strstr(ssh_exception_text(e), "wrong") == NULL);
    ssh_exception_free(e);
    CHECK(ssh_get_exception(transport) == NULL);
    CHECK(ssh_transport_is_active(transport) && !ssh_transport_is_authenticated(transport));

    if (password[0] != '\0') {
        CHECK_OK(ssh_transport_auth_password(transport, user, password, strlen(password), NULL, WAIT_MS, &left));
    } else {
        printf("no account with a password on this machine: going on with a key\n");
        key = test_key();
        CHECK_OK(ssh_transport_auth_publickey(transport, user, key, WAIT_MS, &left));
        ssh_key_free(key);
    }
    CHECK(left == NULL && ssh_transport_is_authenticated(transport));
    CHECK_STATUS(ssh_transport_auth_none(transport, user, WAIT_MS, NULL), SSH_ERR_INVALID_STATE);
    ssh_transport_free(transport);
    return 0;
}
