/* Keys admitted by authorized_keys: what their line permits is kept to, and a refusal says which line and why. */
#include "server.h"

struct app {
    ssh_authorized_keys_t *keys;
    char asked[256]; /* what the hooks of a session were asked, under the hooks' order */
    atomic_int refused;
};

static void note(struct app *app, const char *what, const char *value)
{
    size_t len = strlen(app->asked);

    snprintf(app->asked + len, sizeof app->asked - len, "%s%s;", what, value);
}

static int32_t on_key(void *user_data, ssh_ticket_t *ticket, ssh_transport_t *transport, const char *username, const ssh_key_t *key, const char *algorithm, bool is_signed)
{
    ssh_authorized_keys_request_t request = SSH_AUTHORIZED_KEYS_REQUEST_INIT;
    ssh_permissions_t *permissions;
    struct app *app = user_data;
    uint32_t flags = 7, counter = 7;
    ssh_status_t rc;

    (void)algorithm, (void)is_signed;
    CHECK_STATUS(ssh_ticket_get_sk(ticket, &flags, &counter), SSH_ERR_INVALID_STATE);
    CHECK(flags == 0 && counter == 0 && !ssh_ticket_is_by_permissions(ticket));
    request.user = username;
    request.key = key;
    request.address = "127.0.0.1";
    rc = ssh_authorized_keys_check(app->keys, &request, &permissions);
    if (rc != SSH_OK) {
        CHECK(rc == SSH_ERR_KEY_NOT_AUTHORIZED && permissions == NULL);
        atomic_fetch_add(&app->refused, 1);
        return SSH_AUTH_FAILED;
    }
    CHECK_OK(ssh_transport_set_permissions(transport, permissions));
    ssh_permissions_free(permissions);
    return SSH_AUTH_SUCCESSFUL;
}

static int32_t on_pty(void *u, ssh_ticket_t *t, ssh_channel_t *c, const char *term, uint32_t w, uint32_t h, uint32_t wp, uint32_t hp, const void *m, size_t len)
{
    (void)t, (void)c, (void)w, (void)h, (void)wp, (void)hp, (void)m, (void)len;
    note(u, "pty ", term);
    return SSH_REQUEST_GRANTED;
}

static int32_t on_env(void *u, ssh_ticket_t *ticket, ssh_channel_t *c, const char *name, const char *value, size_t len)
{
    (void)c, (void)len;
    note(u, ssh_ticket_is_by_permissions(ticket) ? "set " : "env ", name);
    note(u, "to ", value);
    return SSH_REQUEST_GRANTED;
}

static int32_t on_exec(void *u, ssh_ticket_t *t, ssh_channel_t *c, const char *command, size_t len)
{
    (void)t, (void)c, (void)len;
    note(u, "exec ", command);
    return SSH_REQUEST_GRANTED;
}

static ssh_key_t *add_key(struct app *app, const char *options)
{
    char *line, text[1024];
    ssh_key_t *key;

    CHECK_OK(ssh_key_generate("ssh-ed25519", 0, &key));
    CHECK_OK(ssh_key_get_public_line(key, "me", &line));
    snprintf(text, sizeof text, "# a comment\n%s %s\n", options, line);
    CHECK_OK(ssh_authorized_keys_load_memory(app->keys, text, strlen(text), options));
    ssh_string_free(line);
    return key;
}

static void a_line_is_kept_to(struct app *app, const ssh_server_hooks_t *hooks)
{
    ssh_key_t *key = add_key(app, "restrict,command=\"forced\",environment=\"A=1\",environment=\"B=2\",permitopen=\"h:80\",permitlisten=\"81\",tunnel=\"2\"");
    pair_t pair = pair_open(hooks);
    ssh_permissions_t *permissions;
    ssh_channel_t *channel;
    const char *host;
    uint32_t port;

    CHECK_OK(ssh_transport_auth_publickey(pair.client, "user", key, WAIT_MS, NULL));
    permissions = ssh_transport_get_permissions(pair.server);
    CHECK(!ssh_permissions_is_permitted(permissions, SSH_PERMIT_PTY) && !ssh_permissions_is_permitted(permissions, SSH_PERMIT_OTHERS));
    CHECK(!ssh_permissions_is_permitted(permissions, SSH_PERMIT_AGENT_FORWARDING) && !ssh_permissions_is_permitted(permissions, 99));
    CHECK(strcmp(ssh_permissions_get_command(permissions), "forced") == 0 && strcmp(ssh_permissions_get_tunnel(permissions), "2") == 0);
    CHECK(ssh_permissions_get_environment_count(permissions) == 1);
    CHECK(strcmp(ssh_permissions_get_environment_name(permissions, 0), "A") == 0 && strcmp(ssh_permissions_get_environment_value(permissions, 0), "1") == 0);
    CHECK(ssh_permissions_get_environment_name(permissions, 1) == NULL && ssh_permissions_get_environment_value(permissions, 1) == NULL);
    CHECK(ssh_permissions_get_permitopen_count(permissions) == 1 && ssh_permissions_get_permitlisten_count(permissions) == 1);
    CHECK_OK(ssh_permissions_get_permitopen(permissions, 0, &host, &port));
    CHECK(strcmp(host, "h") == 0 && port == 80);
    CHECK_OK(ssh_permissions_get_permitlisten(permissions, 0, &host, &port));
    CHECK(strcmp(host, "*") == 0 && port == 81);
    CHECK_STATUS(ssh_permissions_get_permitopen(permissions, 1, &host, &port), SSH_ERR_INVALID_ARGUMENT);
    CHECK(host == NULL && port == 0);
    CHECK(ssh_permissions_is_touch_required(permissions) && !ssh_permissions_is_verify_required(permissions));
    CHECK(strncmp(ssh_permissions_get_file(permissions), "restrict", 8) == 0 && ssh_permissions_get_line(permissions) == 2);
    CHECK(ssh_permissions_get_key_id(permissions) == NULL && ssh_permissions_get_serial(permissions) == 0);
    ssh_permissions_free(permissions);

    CHECK_OK(ssh_transport_open_session(pair.client, NULL, WAIT_MS, &channel));
    CHECK_STATUS(ssh_channel_get_pty(channel, "xterm", 80, 24, 0, 0, NULL, 0, WAIT_MS), SSH_ERR_REQUEST_REFUSED);
    CHECK_OK(ssh_channel_exec_command(channel, "ls", WAIT_MS));
    CHECK(strcmp(app->asked, "set A;to 1;set SSH_ORIGINAL_COMMAND;to ls;exec forced;") == 0);
    ssh_channel_free(channel);
    pair_close(&pair);
    ssh_key_free(key);
}

static void refusals_say_why(struct app *app, const ssh_server_hooks_t *hooks)
{
    ssh_authorized_keys_request_t request = SSH_AUTHORIZED_KEYS_REQUEST_INIT;
    ssh_key_t *elsewhere = add_key(app, "from=\"10.0.0.0/8\""), *later = add_key(app, "frobnicate");
    pair_t pair = pair_open(hooks);
    ssh_permissions_t *permissions;
    char *text;

    CHECK_STATUS(ssh_transport_auth_publickey(pair.client, "user", elsewhere, WAIT_MS, NULL), SSH_ERR_AUTH_FAILED);
    CHECK_STATUS(ssh_transport_auth_publickey(pair.client, "user", later, WAIT_MS, NULL), SSH_ERR_AUTH_FAILED);
    CHECK(app->refused == 2 && ssh_transport_get_permissions(pair.server) == NULL);
    pair_close(&pair);
    CHECK(ssh_authorized_keys_get_rejected_count(app->keys) == 1);
    CHECK_OK(ssh_authorized_keys_get_rejected(app->keys, 0, &text));
    CHECK(strcmp(text, "frobnicate:2: unknown option \"frobnicate\"") == 0);
    ssh_string_free(text);
    CHECK_STATUS(ssh_authorized_keys_get_rejected(app->keys, 1, &text), SSH_ERR_INVALID_ARGUMENT);

    request.user = "user";
    request.key = elsewhere;
    CHECK_STATUS(ssh_authorized_keys_check(app->keys, &request, &permissions), SSH_ERR_KEY_NOT_AUTHORIZED);
    request.address = "10.9.8.7";
    CHECK_OK(ssh_authorized_keys_check(app->keys, &request, &permissions));
    ssh_permissions_free(permissions);
    ssh_key_free(elsewhere);
    ssh_key_free(later);
}

static void certificates(void)
{
    ssh_cert_issue_options_t issue = SSH_CERT_ISSUE_OPTIONS_INIT;
    ssh_authorized_keys_request_t request = SSH_AUTHORIZED_KEYS_REQUEST_INIT;
    const char *principals[] = {"user"};
    ssh_authorized_keys_t *keys;
    ssh_permissions_t *permissions;
    ssh_key_t *ca, *key, *certified;
    ssh_cert_t *cert;

    CHECK_OK(ssh_key_generate("ssh-ed25519", 0, &ca));
    CHECK_OK(ssh_key_generate("ssh-ed25519", 0, &key));
    issue.kind = SSH_CERT_USER;
    issue.serial = 7;
    issue.key_id = "me";
    issue.principals = principals;
    issue.principal_count = 1;
    CHECK_OK(ssh_cert_issue(ca, key, &issue, &cert));
    CHECK_OK(ssh_key_with_certificate(key, cert, &certified));
    CHECK_OK(ssh_authorized_keys_new(&keys));
    request.user = "user";
    request.key = certified;
    request.address = "127.0.0.1";
    CHECK_STATUS(ssh_authorized_keys_check(keys, &request, &permissions), SSH_ERR_CERT_UNTRUSTED);
    CHECK_OK(ssh_authorized_keys_add_user_ca(keys, ca));
    CHECK_OK(ssh_authorized_keys_check(keys, &request, &permissions));
    CHECK(strcmp(ssh_permissions_get_key_id(permissions), "me") == 0 && ssh_permissions_get_serial(permissions) == 7);
    ssh_permissions_free(permissions);
    request.user = "other";
    CHECK_STATUS(ssh_authorized_keys_check(keys, &request, &permissions), SSH_ERR_CERT_WRONG_PRINCIPAL);
    request.user = "user";
    CHECK_STATUS(ssh_authorized_keys_set_ca_algorithms(keys, "rot13"), SSH_ERR_UNKNOWN_ALGORITHM);
    CHECK_OK(ssh_authorized_keys_set_ca_algorithms(keys, "-ssh-ed25519"));
    CHECK_STATUS(ssh_authorized_keys_check(keys, &request, &permissions), SSH_ERR_CERT_WEAK_SIGNATURE);
    CHECK_STATUS(ssh_authorized_keys_load_user_ca_file(keys, "/nonexistent/ca"), SSH_ERR_FILE);
    CHECK_OK(ssh_authorized_keys_load_file(keys, "/nonexistent/keys"));
    CHECK_OK(ssh_authorized_keys_set_ca_algorithms(keys, "ssh-ed25519"));
    /* A list that does not exist lists nobody: the user's own name counts no more. */
    CHECK_OK(ssh_authorized_keys_load_principals_file(keys, "/nonexistent/principals"));
    CHECK_STATUS(ssh_authorized_keys_check(keys, &request, &permissions), SSH_ERR_CERT_WRONG_PRINCIPAL);
    /* What such a list would revoke is not known: nobody is let in any more. */
    CHECK_STATUS(ssh_authorized_keys_load_krl_file(keys, "/nonexistent/krl"), SSH_ERR_FILE);
    CHECK_STATUS(ssh_authorized_keys_check(keys, &request, &permissions), SSH_ERR_FILE);
    ssh_authorized_keys_free(keys);
    ssh_cert_free(cert);
    ssh_key_free(certified);
    ssh_key_free(key);
    ssh_key_free(ca);
}

int main(void)
{
    ssh_server_hooks_t hooks = usual_hooks();
    struct app app = {NULL, "", 0};

    hooks.user_data = &app;
    hooks.check_auth_password = NULL;
    hooks.check_auth_publickey = on_key;
    hooks.check_channel_pty_request = on_pty;
    hooks.check_channel_env_request = on_env;
    hooks.check_channel_exec_request = on_exec;
    CHECK_OK(ssh_authorized_keys_new(&app.keys));
    CHECK_OK(ssh_authorized_keys_permit_environment(app.keys, "A,C*"));
    a_line_is_kept_to(&app, &hooks);
    refusals_say_why(&app, &hooks);
    certificates();
    ssh_authorized_keys_free(app.keys);
    ssh_key_free(host_key());
    return 0;
}
