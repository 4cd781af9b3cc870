/* A key and then a password: the hooks see what was passed, and another user name starts from nothing. A password that
 * must be changed is changed on the way. */
#include "server.h"

static int32_t check_key(void *user_data, ssh_ticket_t *ticket, ssh_transport_t *transport, const char *username, const ssh_key_t *key, const char *algorithm, bool is_signed)
{
    (void)user_data, (void)transport, (void)username, (void)algorithm;
    CHECK(strcmp(ssh_ticket_get_passed(ticket), "") == 0);
    if (!ssh_key_is_equal(key, host_key()))
        return SSH_AUTH_FAILED;
    return is_signed ? SSH_AUTH_PARTIALLY_SUCCESSFUL : SSH_AUTH_SUCCESSFUL;
}

static int32_t check_password(void *user_data, ssh_ticket_t *ticket, ssh_transport_t *transport, const char *username, const char *password, size_t password_len)
{
    (void)user_data, (void)transport, (void)username, (void)password_len;
    if (strcmp(ssh_ticket_get_passed(ticket), "publickey") != 0 || strcmp(password, "old") != 0)
        return SSH_AUTH_FAILED;
    CHECK_OK(ssh_ticket_set_text(ticket, "New password: "));
    return SSH_AUTH_CHANGE_PASSWORD;
}

static int32_t change_password(void *user_data, ssh_ticket_t *ticket, ssh_transport_t *transport, const char *username, const char *old_password, size_t old_password_len, const char *new_password, size_t new_password_len)
{
    (void)user_data, (void)transport, (void)username;
    CHECK(strcmp(ssh_ticket_get_passed(ticket), "publickey") == 0);
    CHECK(old_password_len == 3 && strcmp(old_password, "old") == 0);
    CHECK(new_password_len == 3 && strcmp(new_password, "new") == 0);
    return SSH_AUTH_SUCCESSFUL;
}

static ssh_status_t new_password(void *user_data, const char *prompt, size_t prompt_len, ssh_prompt_answers_t *answers)
{
    (void)user_data;
    CHECK(prompt_len == 14 && strcmp(prompt, "New password: ") == 0);
    return ssh_prompt_answers_set(answers, 0, "new", 3);
}

int main(void)
{
    ssh_server_hooks_t hooks = SSH_SERVER_HOOKS_INIT;
    ssh_password_options_t options = SSH_PASSWORD_OPTIONS_INIT;
    ssh_exception_t *e;
    ssh_event_t *event;
    char *left;
    pair_t pair;

    hooks.check_auth_publickey = check_key;
    hooks.check_auth_password = check_password;
    hooks.check_auth_password_change = change_password;
    options.no_fallback = true;
    options.change = new_password;
    pair = pair_open(&hooks);
    CHECK_STATUS(ssh_transport_auth_publickey(pair.client, "user", host_key(), WAIT_MS, &left), SSH_PARTIAL);
    CHECK(strcmp(left, "password") == 0);
    ssh_string_free(left);
    CHECK(!ssh_transport_is_authenticated(pair.server) && !ssh_transport_is_authenticated(pair.client));
    CHECK_STATUS(ssh_transport_auth_password(pair.client, "root", "old", 3, &options, WAIT_MS, NULL), SSH_ERR_AUTH_FAILED);
    /* Without waiting, the exception's code says it. */
    CHECK_OK(ssh_event_new(&event));
    CHECK_OK(ssh_transport_auth_publickey_event(pair.client, "user", host_key(), event));
    CHECK_OK(ssh_event_wait(event, WAIT_MS));
    e = ssh_get_exception(pair.client);
    CHECK(ssh_exception_code(e) == SSH_PARTIAL && strcmp(ssh_exception_methods(e), "password") == 0);
    ssh_exception_free(e);
    ssh_event_free(event);
    CHECK_OK(ssh_transport_auth_password(pair.client, "user", "old", 3, &options, WAIT_MS, NULL));
    CHECK(ssh_transport_is_authenticated(pair.server));
    pair_free(&pair);
    return 0;
}
