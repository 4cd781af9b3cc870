/* Eight threads connect to servers of this program, log in or do not, run something or do not, and hang up from either
 * side at any moment, while hooks run. Nothing hangs and nothing reports a bug of the library's. Also run under
 * ThreadSanitizer (scripts/tsan.sh). */
#include "server.h"

#define THREADS 8
#define ROUNDS 24

static atomic_int destroyed, logged_in, served;

static uint32_t next_random(uint32_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

static ssh_status_t check(ssh_status_t status)
{
    CHECK(status != SSH_ERR_INTERNAL);
    return status;
}

static const char *banner(void *user_data, ssh_transport_t *transport)
{
    (void)user_data, (void)transport;
    return "storm\r\n";
}

static int32_t password_any(void *user_data, ssh_ticket_t *ticket, ssh_transport_t *transport, const char *username, const char *password, size_t password_len)
{
    (void)user_data, (void)ticket, (void)transport, (void)username, (void)password, (void)password_len;
    return SSH_AUTH_SUCCESSFUL;
}

static int32_t session_any(void *user_data, ssh_ticket_t *ticket, ssh_transport_t *transport, const char *kind, uint32_t channel_id, const void *open_data, size_t open_data_len)
{
    (void)user_data, (void)ticket, (void)transport, (void)kind, (void)channel_id, (void)open_data, (void)open_data_len;
    return SSH_OPEN_SUCCEEDED;
}

/* The application's side of one connection: what is accepted gets a little output. */
static void *serve(void *transport)
{
    static const char data[40000];
    ssh_channel_t *channel;
    size_t n;

    while (check(ssh_transport_accept(transport, WAIT_MS, &channel)) == SSH_OK) {
        check(ssh_channel_sendall(channel, data, sizeof data, 50, &n));
        check(ssh_channel_send_exit_status(channel, 0));
        check(ssh_channel_close(channel));
        ssh_channel_free(channel);
        served++;
    }
    CHECK(channel == NULL);
    return NULL;
}

static void use(ssh_transport_t *client, uint32_t *random)
{
    ssh_channel_t *channel = NULL;
    char buf[3000];
    size_t n;

    if (check(log_in(client, "secret")) != SSH_OK)
        return;
    logged_in++;
    if (next_random(random) % 4 == 0 || check(ssh_transport_open_session(client, NULL, WAIT_MS, &channel)) != SSH_OK)
        return;
    check(ssh_channel_exec_command(channel, "x", next_random(random) % 2 ? WAIT_MS : 0));
    check(ssh_channel_recv(channel, buf, sizeof buf, 20, &n));
    if (next_random(random) % 4 == 0)
        check(ssh_transport_renegotiate_keys(client, 20));
    ssh_channel_free(channel);
}

static void once(uint32_t *random)
{
    ssh_server_hooks_t hooks = usual_hooks();
    ssh_event_t *done;
    pthread_t server;
    pair_t pair;
    uint32_t port;
    int listener = listen_local(&port);

    hooks.user_data = &destroyed;
    hooks.destroy = count_destroy;
    hooks.get_banner = banner;
    hooks.check_auth_password = password_any;
    hooks.check_channel_request = session_any;
    CHECK_OK(ssh_event_new(&done));
    CHECK_OK(ssh_transport_new_address("127.0.0.1", port, NULL, WAIT_MS, &pair.client));
    pair.server = server_accept(listener, NULL);
    close(listener);
    CHECK_OK(ssh_transport_start_server_event(pair.server, &hooks, done));
    CHECK(pthread_create(&server, NULL, serve, pair.server) == 0);
    if (next_random(random) % 8 != 0 && check(ssh_transport_start_client(pair.client, WAIT_MS)) == SSH_OK && next_random(random) % 8 != 0)
        use(pair.client, random);
    /* Whoever goes first: the client, the server, or the client without a word. */
    switch (next_random(random) % 3) {
    case 0:
        check(ssh_transport_close(pair.client));
        break;
    case 1:
        check(ssh_transport_close(pair.server));
        break;
    default:
        break;
    }
    ssh_transport_free(pair.client);
    check(ssh_transport_close(pair.server));
    CHECK(pthread_join(server, NULL) == 0);
    ssh_transport_free(pair.server);
    ssh_event_free(done);
}

static void *worker(void *seed)
{
    uint32_t random = *(uint32_t *)seed;
    int i;

    for (i = 0; i < ROUNDS; i++)
        once(&random);
    return NULL;
}

int main(void)
{
    uint32_t seeds[THREADS];
    pthread_t threads[THREADS];
    int i;

    (void)host_key();
    for (i = 0; i < THREADS; i++) {
        seeds[i] = 2654435761u * (uint32_t)(i + 1);
        CHECK(pthread_create(&threads[i], NULL, worker, &seeds[i]) == 0);
    }
    for (i = 0; i < THREADS; i++)
        CHECK(pthread_join(threads[i], NULL) == 0);
    /* Every hook struct was released, once. */
    wait_for(&destroyed, THREADS * ROUNDS);
    CHECK(logged_in > 0 && served > 0);
    ssh_key_free(host_key());
    return 0;
}
