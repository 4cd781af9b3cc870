/* A subsystem's handler serves on its own thread, its channel closes, finish follows, destroy comes last. The hook may
 * refuse a name or leave it to the handler. */
#include "server.h"

static atomic_int started, finished, destroyed;

static void start(void *user_data, ssh_channel_t *channel, const char *name)
{
    char buf[16];
    size_t n;

    CHECK(user_data == &destroyed && strcmp(name, "echo") == 0);
    atomic_fetch_add(&started, 1);
    while (ssh_channel_recv(channel, buf, sizeof buf, WAIT_MS, &n) == SSH_OK)
        CHECK_OK(ssh_channel_sendall(channel, buf, n, WAIT_MS, NULL));
    CHECK_OK(ssh_channel_send_exit_status(channel, 3));
}

static void finish(void *user_data, ssh_channel_t *channel, const char *name)
{
    CHECK(user_data == &destroyed && strcmp(name, "echo") == 0 && ssh_channel_is_closed(channel));
    CHECK(destroyed == 0);
    atomic_fetch_add(&finished, 1);
}

static int32_t decide(void *user_data, ssh_ticket_t *ticket, ssh_channel_t *channel, const char *name)
{
    (void)user_data, (void)ticket, (void)channel;
    return strcmp(name, "other") == 0 ? SSH_REQUEST_REFUSED : SSH_REQUEST_UNDECIDED;
}

static void use(const ssh_server_hooks_t *hooks)
{
    ssh_subsystem_handler_t handler = SSH_SUBSYSTEM_HANDLER_INIT;
    ssh_channel_t *channel;
    uint32_t status;
    char buf[16];
    pair_t pair = pair_open(hooks);
    int so_far = destroyed;

    CHECK_STATUS(ssh_transport_set_subsystem_handler(pair.server, "echo", &handler), SSH_ERR_INVALID_ARGUMENT);
    handler.user_data = &destroyed;
    handler.destroy = count_destroy;
    handler.start = start;
    handler.finish = finish;
    CHECK_OK(ssh_transport_set_subsystem_handler(pair.server, "echo", &handler));
    CHECK_OK(log_in(pair.client, "secret"));
    channel = test_session(pair.client);
    CHECK_STATUS(ssh_channel_invoke_subsystem(channel, "other", WAIT_MS), SSH_ERR_REQUEST_REFUSED);
    CHECK_STATUS(ssh_channel_invoke_subsystem(channel, "unknown", WAIT_MS), SSH_ERR_REQUEST_REFUSED);
    CHECK_OK(ssh_channel_invoke_subsystem(channel, "echo", WAIT_MS));
    CHECK_OK(ssh_channel_sendall(channel, "hello", 5, WAIT_MS, NULL));
    CHECK_OK(ssh_channel_shutdown_write(channel));
    CHECK(read_all(channel, buf, sizeof buf) == 5 && memcmp(buf, "hello", 5) == 0);
    CHECK_OK(ssh_channel_recv_exit_status(channel, WAIT_MS, &status));
    CHECK(status == 3);
    ssh_channel_free(channel);
    wait_for(&finished, 1);
    CHECK(started == 1 && destroyed == so_far);
    CHECK_OK(ssh_transport_set_subsystem_handler(pair.server, "echo", NULL));
    wait_for(&destroyed, so_far + 1);
    ssh_transport_free(pair.client);
    ssh_transport_free(pair.server);
    started = finished = destroyed = 0;
}

int main(void)
{
    ssh_server_hooks_t hooks = usual_hooks();

    use(&hooks);
    hooks.check_channel_subsystem_request = decide;
    use(&hooks);
    ssh_key_free(host_key());
    return 0;
}
