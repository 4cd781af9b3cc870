/* A hook may free, or close, the transport it runs for; the client sees the end, and user_data is destroyed once. */
#include "server.h"

struct app {
    ssh_transport_t *server;
    bool close_first;
    atomic_int destroyed;
};

static void destroy(void *user_data)
{
    atomic_fetch_add(&((struct app *)user_data)->destroyed, 1);
}

static int32_t frees(void *user_data, ssh_ticket_t *ticket, ssh_transport_t *transport, const char *username, const char *password, size_t password_len)
{
    struct app *app = user_data;

    (void)ticket, (void)username, (void)password, (void)password_len;
    CHECK(app->destroyed == 0);
    if (app->close_first)
        CHECK_OK(ssh_transport_close(transport));
    ssh_transport_free(app->server);
    CHECK(!ssh_transport_is_active(transport) && app->destroyed == 0);
    return SSH_AUTH_SUCCESSFUL;
}

int main(void)
{
    ssh_server_hooks_t hooks = usual_hooks();
    int i;

    for (i = 0; i < 2; i++) {
        struct app *app = calloc(1, sizeof *app);
        pair_t pair;

        CHECK(app != NULL);
        app->close_first = i == 1;
        hooks.user_data = app;
        hooks.destroy = destroy;
        hooks.check_auth_password = frees;
        pair = pair_open(&hooks);
        app->server = pair.server;
        CHECK(log_in(pair.client, "secret") < 0);
        CHECK(!ssh_transport_is_authenticated(pair.client));
        wait_for(&app->destroyed, 1);
        ssh_transport_free(pair.client);
        sleep_ms(20);
        CHECK(app->destroyed == 1);
        free(app);
    }
    ssh_key_free(host_key());
    return 0;
}
