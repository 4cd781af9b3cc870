/* One call runs a command and brings back both streams and how it ended. */
#include "support.h"

static void check_run(ssh_transport_t *transport, const char *command, const char *input, const char *out, const char *err, int64_t status)
{
    ssh_channel_t *channel = test_session(transport);
    ssh_exec_result_t *result;
    size_t out_len, err_len;

    CHECK_OK(ssh_channel_exec_collect(channel, command, input, strlen(input), 0, WAIT_MS, &result));
    CHECK(strcmp(ssh_exec_result_stdout(result, &out_len), out) == 0 && out_len == strlen(out));
    CHECK(strcmp(ssh_exec_result_stderr(result, &err_len), err) == 0 && err_len == strlen(err));
    CHECK(ssh_exec_result_exit_status(result) == status);
    CHECK(ssh_exec_result_exit_signal(result) == NULL);
    ssh_exec_result_free(result);
    ssh_channel_free(channel);
}

int main(void)
{
    ssh_transport_t *transport = test_connect();
    ssh_channel_t *channel;
    ssh_exec_result_t *result;

    check_run(transport, "echo out; echo err >&2; exit 7", "", "out\n", "err\n", 7);
    check_run(transport, "cat; exit 0", "through and back", "through and back", "", 0);

    /* A signal leaves no status. */
    channel = test_session(transport);
    CHECK_OK(ssh_channel_exec_collect(channel, "kill -KILL $$", NULL, 0, 0, WAIT_MS, &result));
    CHECK(ssh_exec_result_exit_status(result) == -1);
    CHECK(strcmp(ssh_exec_result_exit_signal(result), "KILL") == 0);
    ssh_exec_result_free(result);
    ssh_channel_free(channel);

    /* The bound on output holds, and the transport is unharmed. */
    channel = test_session(transport);
    CHECK_STATUS(ssh_channel_exec_collect(channel, "head -c 100000 /dev/zero", NULL, 0, 50000, WAIT_MS, &result), SSH_ERR_RESOURCE_LIMIT);
    CHECK(result == NULL && ssh_channel_is_closed(channel));
    ssh_channel_free(channel);
    check_run(transport, "true", "", "", "", 0);

    /* So does the deadline. */
    channel = test_session(transport);
    CHECK_STATUS(ssh_channel_exec_collect(channel, "sleep 100", NULL, 0, 0, 300, &result), SSH_ERR_TIMEOUT);
    CHECK(result == NULL);
    ssh_channel_free(channel);
    ssh_transport_free(transport);
    return 0;
}
