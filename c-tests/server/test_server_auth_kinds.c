/* Ways in beside a right password: a user without credentials, and a password that has to be changed first. */
#include "server.h"

static int32_t none(void *user_data, ssh_ticket_t *ticket, ssh_transport_t *transport, const char *username)
{
    (void)user_data, (void)ticket, (void)transport;
    return strcmp(username, "guest") == 0 ? SSH_AUTH_SUCCESSFUL : SSH_AUTH_FAILED;
}

static int32_t expired(void *user_data, ssh_ticket_t *ticket, ssh_transport_t *transport, const char *username, const char *password, size_t password_len)
{
    (void)user_data, (void)transport, (void)username, (void)password_len;
    if (strcmp(password, "old") != 0)
        return SSH_AUTH_FAILED;
    CHECK_OK(ssh_ticket_set_text(ticket, "Expired. New password: "));
    return SSH_AUTH_CHANGE_PASSWORD;
}

static int32_t change(void *user_data, ssh_ticket_t *ticket, ssh_transport_t *transport, const char *username, const char *old_password, size_t old_password_len, const char *new_password, size_t new_password_len)
{
    (void)user_data, (void)transport;
    CHECK(strcmp(username, "user") == 0 && strcmp(old_password, "old") == 0 && old_password_len == 3);
    if (new_password_len < 6) {
        CHECK_OK(ssh_ticket_set_text(ticket, "Too short. New password: "));
        return SSH_AUTH_CHANGE_PASSWORD;
    }
    return strcmp(new_password, "longer") == 0 ? SSH_AUTH_SUCCESSFUL : SSH_AUTH_FAILED;
}

/* Gives a word that is too short, then one that is not. */
static ssh_status_t new_password(void *user_data, const char *prompt, size_t prompt_len, ssh_prompt_answers_t *answers)
{
    int time = atomic_fetch_add((atomic_int *)user_data, 1);

    CHECK(strlen(prompt) == prompt_len && strncmp(prompt, time == 0 ? "Expired." : "Too short.", time == 0 ? 8 : 10) == 0);
    return ssh_prompt_answers_set(answers, 0, time == 0 ? "x" : "longer", time == 0 ? 1 : 6);
}

int main(void)
{
    ssh_password_options_t options = SSH_PASSWORD_OPTIONS_INIT;
    ssh_server_hooks_t hooks = usual_hooks();
    atomic_int asked = 0;
    pair_t pair;

    hooks.check_auth_none = none;
    hooks.check_auth_password = expired;
    hooks.check_auth_password_change = change;

    pair = pair_open(&hooks);
    CHECK(ssh_transport_auth_none(pair.client, "user", WAIT_MS, NULL) < 0);
    CHECK_OK(ssh_transport_auth_none(pair.client, "guest", WAIT_MS, NULL));
    CHECK(ssh_transport_is_authenticated(pair.server));
    pair_close(&pair);

    pair = pair_open(&hooks);
    CHECK_STATUS(log_in(pair.client, "old"), SSH_ERR_AUTH_PASSWORD_CHANGE);
    CHECK(!ssh_transport_is_authenticated(pair.server));
    options.no_fallback = true;
    options.change = new_password;
    options.user_data = &asked;
    CHECK_OK(ssh_transport_auth_password(pair.client, "user", "old", 3, &options, WAIT_MS, NULL));
    CHECK(asked == 2 && ssh_transport_is_authenticated(pair.server));
    pair_free(&pair);
    return 0;
}
