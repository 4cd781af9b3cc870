/* A hook takes its channel: once, it does not come through accept then, and it outlives the hook. */
#include "server.h"

static ssh_channel_t *taken;

static int32_t take(void *user_data, ssh_ticket_t *ticket, ssh_channel_t *channel, const char *command, size_t command_len)
{
    ssh_channel_t *again = NULL;

    (void)user_data, (void)ticket, (void)command, (void)command_len;
    CHECK_OK(ssh_channel_take(channel, &taken));
    CHECK_STATUS(ssh_channel_take(channel, &again), SSH_ERR_INVALID_STATE);
    CHECK_STATUS(ssh_channel_take(taken, &again), SSH_ERR_INVALID_STATE);
    CHECK(again == NULL && ssh_channel_get_id(taken) == ssh_channel_get_id(channel));
    return SSH_REQUEST_GRANTED;
}

int main(void)
{
    ssh_server_hooks_t hooks = usual_hooks();
    ssh_channel_t *ours, *other;
    uint32_t status;
    char buf[8];
    pair_t pair;

    hooks.check_channel_exec_request = take;
    pair = pair_open(&hooks);
    CHECK_OK(log_in(pair.client, "secret"));
    ours = test_exec(pair.client, "anything");
    CHECK_STATUS(ssh_transport_accept(pair.server, 0, &other), SSH_ERR_TIMEOUT);
    CHECK_OK(ssh_channel_sendall(taken, "out", 3, WAIT_MS, NULL));
    CHECK_OK(ssh_channel_send_exit_status(taken, 7));
    ssh_channel_free(taken);
    CHECK(read_all(ours, buf, sizeof buf) == 3 && memcmp(buf, "out", 3) == 0);
    CHECK_OK(ssh_channel_recv_exit_status(ours, WAIT_MS, &status));
    CHECK(status == 7);
    ssh_channel_free(ours);
    pair_free(&pair);
    return 0;
}
