/* Every key type logs in; the key that is not allowed, and a key whose signature is missing, do not. */
#include "server.h"

struct app {
    ssh_key_t *allowed;
    atomic_int queries;
    atomic_int signatures;
};

static int32_t check(void *user_data, ssh_ticket_t *ticket, ssh_transport_t *transport, const char *username, const ssh_key_t *key, const char *algorithm, bool is_signed)
{
    struct app *app = user_data;

    (void)ticket, (void)transport;
    CHECK(strcmp(username, "user") == 0 && *algorithm != '\0');
    atomic_fetch_add(is_signed ? &app->signatures : &app->queries, 1);
    return ssh_key_is_equal(key, app->allowed) ? SSH_AUTH_SUCCESSFUL : SSH_AUTH_FAILED;
}

int main(void)
{
    static const struct { const char *type; uint32_t bits; } types[] = {
        {"ssh-ed25519", 0}, {"ecdsa-sha2-nistp256", 0}, {"ecdsa-sha2-nistp384", 0}, {"ecdsa-sha2-nistp521", 0}, {"ssh-rsa", 2048}};
    ssh_server_hooks_t hooks = SSH_SERVER_HOOKS_INIT;
    struct app app = {NULL, 0, 0};
    ssh_key_t *other;
    char *left;
    pair_t pair;
    size_t i;

    hooks.user_data = &app;
    hooks.check_auth_publickey = check;
    CHECK_STATUS(ssh_key_generate("ssh-dss", 0, &other), SSH_ERR_KEY_UNSUPPORTED_TYPE);
    CHECK_STATUS(ssh_key_generate("ssh-ed25519", 256, &other), SSH_ERR_INVALID_ARGUMENT);
    CHECK_OK(ssh_key_generate("ssh-ed25519", 0, &other));
    for (i = 0; i < sizeof types / sizeof *types; i++) {
        CHECK_OK(ssh_key_generate(types[i].type, types[i].bits, &app.allowed));
        CHECK(strcmp(ssh_key_get_name(app.allowed), types[i].type) == 0 && ssh_key_is_private(app.allowed));
        pair = pair_open(&hooks);
        CHECK_STATUS(ssh_transport_auth_publickey(pair.client, "user", other, WAIT_MS, &left), SSH_ERR_AUTH_FAILED);
        CHECK(strcmp(left, "publickey") == 0);
        ssh_string_free(left);
        CHECK(!ssh_transport_is_authenticated(pair.server));
        CHECK_OK(ssh_transport_auth_publickey(pair.client, "user", app.allowed, WAIT_MS, NULL));
        CHECK(ssh_transport_is_authenticated(pair.server));
        CHECK(app.signatures == 2 * (int)(i + 1));
        ssh_transport_free(pair.client);
        ssh_transport_free(pair.server);
        ssh_key_free(app.allowed);
    }
    ssh_key_free(other);
    ssh_key_free(host_key());
    return 0;
}
