#include "auth.h"

#include <string.h>

#include "admission.h"
#include "report.h"

/* Takes as long wherever the texts differ. */
static bool is_same(const char *given, size_t given_len, const char *wanted, size_t wanted_len)
{
    volatile unsigned char difference = given_len != wanted_len;
    size_t i;

    for (i = 0; i < given_len; i++)
        difference |= (unsigned char)given[i] ^ (unsigned char)(wanted_len == 0 ? 1 : wanted[i % wanted_len]);
    return difference == 0;
}

static bool is_the_user(const struct server *server, const char *username)
{
    return is_same(username, strlen(username), server->config.user, strlen(server->config.user));
}

/* Whether the key came first where two steps are asked for. */
static bool is_time_for_password(const struct server *server, const ssh_ticket_t *ticket)
{
    return !server->config.two_step || strstr(ssh_ticket_get_passed(ticket), "publickey") != NULL;
}

/* Both comparisons always run: how long it takes must not tell whether the user exists. */
static int32_t check_password(const struct connection *connection, const ssh_ticket_t *ticket, const char *username,
                              const char *password, size_t password_len)
{
    const struct server *server = connection->server;
    bool user_ok = is_the_user(server, username);
    bool password_ok = is_same(password, password_len, server->password.bytes, server->password.len);

    return user_ok && password_ok && is_time_for_password(server, ticket) ? SSH_AUTH_SUCCESSFUL : SSH_AUTH_FAILED;
}

static int32_t on_password(void *user_data, ssh_ticket_t *ticket, ssh_transport_t *transport, const char *username,
                           const char *password, size_t password_len)
{
    (void)transport;
    return check_password(user_data, ticket, username, password, password_len);
}

static int32_t on_interactive(void *user_data, ssh_ticket_t *ticket, ssh_transport_t *transport, const char *username,
                              const char *submethods)
{
    /* Everyone is asked, also who does not exist. */
    (void)user_data, (void)transport, (void)username, (void)submethods;
    return ssh_ticket_add_prompt(ticket, "Password: ", false) == SSH_OK ? SSH_AUTH_ASK : SSH_AUTH_FAILED;
}

static int32_t on_interactive_response(void *user_data, ssh_ticket_t *ticket, ssh_transport_t *transport,
                                       const char *username, const ssh_prompt_answer_t *answers, size_t answers_len)
{
    (void)transport;
    return answers_len == 1 ? check_password(user_data, ticket, username, answers[0].text, answers[0].text_len)
                            : SSH_AUTH_FAILED;
}

static int32_t on_publickey(void *user_data, ssh_ticket_t *ticket, ssh_transport_t *transport, const char *username,
                            const ssh_key_t *key, const char *algorithm, bool is_signed)
{
    const struct connection *connection = user_data;
    const struct server *server = connection->server;
    bool user_ok = is_the_user(server, username);
    /* Looked up for everyone: how long it takes must not tell whether the user exists. */
    ssh_permissions_t *permissions = admission_check(connection, key);
    bool ok = user_ok && permissions != NULL && ssh_transport_set_permissions(transport, permissions) == SSH_OK;

    (void)ticket, (void)algorithm;
    ssh_permissions_free(permissions);
    if (!ok)
        return SSH_AUTH_FAILED;
    return is_signed && server->config.two_step ? SSH_AUTH_PARTIALLY_SUCCESSFUL : SSH_AUTH_SUCCESSFUL;
}

static const char *on_banner(void *user_data, ssh_transport_t *transport)
{
    struct connection *connection = user_data;

    (void)transport;
    return connection->server->banner;
}

/* With two steps: what comes next, not all there is. */
static const char *next_step(void *user_data, ssh_transport_t *transport, const char *username, const char *passed)
{
    struct connection *connection = user_data;

    (void)transport, (void)username;
    if (strstr(passed, "publickey") == NULL)
        return "publickey";
    return connection->server->config.interactive ? "keyboard-interactive" : "password";
}

void auth_hooks(const struct server *server, ssh_server_hooks_t *hooks)
{
    const struct config *config = &server->config;

    hooks->get_banner = on_banner;
    if (config_takes_keys(config))
        hooks->check_auth_publickey = on_publickey;
    if (config->password_file != NULL && config->interactive) {
        hooks->check_auth_interactive = on_interactive;
        hooks->check_auth_interactive_response = on_interactive_response;
    } else if (config->password_file != NULL) {
        hooks->check_auth_password = on_password;
    }
    if (config->two_step)
        hooks->get_allowed_auths = next_step;
}
