/* Hooks that answer later: the ticket is settled from another thread, before or after the hook returned, inside the
 * hook, by ssh_ticket_free, and after the connection is gone. */
#include "server.h"

struct app {
    pthread_mutex_t lock;
    ssh_ticket_t *ticket; /* under lock */
    atomic_int destroyed;
};

static int32_t keep(struct app *app, ssh_ticket_t *ticket)
{
    pthread_mutex_lock(&app->lock);
    app->ticket = ticket;
    pthread_mutex_unlock(&app->lock);
    return SSH_HOOK_PENDING;
}

static ssh_ticket_t *take(struct app *app)
{
    int64_t end = now_ms() + WAIT_MS;
    ssh_ticket_t *ticket;

    do {
        CHECK(now_ms() < end);
        sleep_ms(2);
        pthread_mutex_lock(&app->lock);
        ticket = app->ticket;
        app->ticket = NULL;
        pthread_mutex_unlock(&app->lock);
    } while (ticket == NULL);
    return ticket;
}

static int32_t password_later(void *user_data, ssh_ticket_t *ticket, ssh_transport_t *transport, const char *username, const char *password, size_t password_len)
{
    (void)transport, (void)username, (void)password, (void)password_len;
    return keep(user_data, ticket);
}

static int32_t exec_later(void *user_data, ssh_ticket_t *ticket, ssh_channel_t *channel, const char *command, size_t command_len)
{
    (void)channel, (void)command_len;
    if (strcmp(command, "now") == 0) {
        CHECK_OK(ssh_ticket_settle(ticket, SSH_REQUEST_GRANTED));
        return SSH_HOOK_PENDING;
    }
    return keep(user_data, ticket);
}

struct attempt {
    pair_t *pair;
    ssh_channel_t *channel;
    ssh_status_t status;
};

static void *try_password(void *argument)
{
    struct attempt *attempt = argument;

    attempt->status = log_in(attempt->pair->client, "secret");
    return NULL;
}

static void *try_exec(void *argument)
{
    struct attempt *attempt = argument;

    attempt->status = ssh_channel_exec_command(attempt->channel, "later", WAIT_MS);
    return NULL;
}

int main(void)
{
    struct app app = {PTHREAD_MUTEX_INITIALIZER, NULL, 0};
    ssh_server_hooks_t hooks = usual_hooks();
    struct attempt attempt;
    ssh_channel_t *other;
    ssh_ticket_t *ticket;
    pthread_t thread;
    pair_t pair;

    hooks.user_data = &app;
    hooks.check_auth_password = password_later;
    hooks.check_channel_exec_request = exec_later;
    pair = pair_open(&hooks);
    attempt.pair = &pair;

    /* Released without an answer: denied. */
    CHECK(pthread_create(&thread, NULL, try_password, &attempt) == 0);
    ssh_ticket_free(take(&app));
    pthread_join(thread, NULL);
    CHECK_STATUS(attempt.status, SSH_ERR_AUTH_FAILED);

    /* An answer to another question: denied. */
    CHECK(pthread_create(&thread, NULL, try_password, &attempt) == 0);
    CHECK_STATUS(ssh_ticket_settle(take(&app), SSH_HOOK_PENDING), SSH_ERR_INVALID_ARGUMENT);
    pthread_join(thread, NULL);
    CHECK_STATUS(attempt.status, SSH_ERR_AUTH_FAILED);

    CHECK(pthread_create(&thread, NULL, try_password, &attempt) == 0);
    CHECK_OK(ssh_ticket_settle(take(&app), SSH_AUTH_SUCCESSFUL));
    pthread_join(thread, NULL);
    CHECK_OK(attempt.status);

    /* While one question waits, hooks of the same connection go on. */
    attempt.channel = test_session(pair.client);
    CHECK(pthread_create(&thread, NULL, try_exec, &attempt) == 0);
    ticket = take(&app);
    other = test_exec(pair.client, "now");
    CHECK_OK(ssh_ticket_settle(ticket, SSH_REQUEST_GRANTED));
    pthread_join(thread, NULL);
    CHECK_OK(attempt.status);
    ssh_channel_free(attempt.channel);
    ssh_channel_free(other);

    /* The connection ends first. */
    attempt.channel = test_session(pair.client);
    CHECK(pthread_create(&thread, NULL, try_exec, &attempt) == 0);
    ticket = take(&app);
    ssh_transport_free(pair.server);
    pthread_join(thread, NULL);
    CHECK(attempt.status < 0);
    CHECK_OK(ssh_ticket_settle(ticket, SSH_REQUEST_GRANTED));
    ssh_channel_free(attempt.channel);
    ssh_transport_free(pair.client);
    ssh_key_free(host_key());
    return 0;
}
