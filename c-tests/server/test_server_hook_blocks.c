/* A hook that blocks delays nobody else: while it is inside, other connections log in, and its own moves data. */
#include "server.h"

struct gate {
    ssh_event_t *entered;
    ssh_event_t *open;
    atomic_int passed;
};

static int32_t blocks(void *user_data, ssh_ticket_t *ticket, ssh_channel_t *channel, const char *command, size_t command_len)
{
    struct gate *gate = user_data;

    (void)ticket, (void)channel, (void)command, (void)command_len;
    CHECK_OK(ssh_event_set(gate->entered));
    CHECK_OK(ssh_event_wait(gate->open, WAIT_MS));
    atomic_store(&gate->passed, 1);
    return SSH_REQUEST_GRANTED;
}

static void *run(void *channel)
{
    CHECK_OK(ssh_channel_exec_command(channel, "x", WAIT_MS));
    return NULL;
}

int main(void)
{
    ssh_server_hooks_t hooks = usual_hooks(), free_hooks = usual_hooks();
    ssh_channel_t *ours, *theirs, *idle, *idle_end;
    struct gate gate;
    pthread_t thread;
    pair_t blocked, other;
    char buf[8];
    size_t n;
    int i;

    atomic_init(&gate.passed, 0);
    CHECK_OK(ssh_event_new(&gate.entered));
    CHECK_OK(ssh_event_new(&gate.open));
    hooks.user_data = &gate;
    hooks.check_channel_exec_request = blocks;
    blocked = pair_open(&hooks);
    CHECK_OK(log_in(blocked.client, "secret"));
    idle = test_session(blocked.client);
    idle_end = accept_channel(blocked.server);
    ours = test_session(blocked.client);
    theirs = accept_channel(blocked.server);
    CHECK(pthread_create(&thread, NULL, run, ours) == 0);
    CHECK_OK(ssh_event_wait(gate.entered, WAIT_MS));

    for (i = 0; i < 10; i++) {
        other = pair_open(&free_hooks);
        CHECK_OK(log_in(other.client, "secret"));
        ssh_transport_free(other.client);
        ssh_transport_free(other.server);
    }
    CHECK_OK(ssh_channel_sendall(idle, "data", 4, WAIT_MS, NULL));
    CHECK_OK(ssh_channel_recv(idle_end, buf, sizeof buf, WAIT_MS, &n));
    CHECK(n == 4 && !gate.passed);

    CHECK_OK(ssh_event_set(gate.open));
    pthread_join(thread, NULL);
    CHECK(gate.passed);
    ssh_channel_free(ours);
    ssh_channel_free(theirs);
    ssh_channel_free(idle);
    ssh_channel_free(idle_end);
    pair_free(&blocked);
    ssh_event_free(gate.entered);
    ssh_event_free(gate.open);
    return 0;
}
