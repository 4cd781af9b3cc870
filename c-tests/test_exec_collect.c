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
    size_t len;

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
    CHECK_STATUS(ssh_channel_exec_collect(channel, "head -c 100000 /dev/zero; sleep 100", NULL, 0, 50000, WAIT_MS, &result), SSH_ERR_RESOURCE_LIMIT);
    CHECK(ssh_channel_is_closed(channel) && ssh_exec_result_exit_status(result) == -1);
    ssh_exec_result_stdout(result, &len);
    CHECK(len == 50000);
    ssh_exec_result_free(result);
    ssh_channel_free(channel);
    check_run(transport, "true", "", "", "", 0);

    /* So does the deadline; what the command said before is there. */
    channel = test_session(transport);
    CHECK_STATUS(ssh_channel_exec_collect(channel, "echo out; echo err >&2; sleep 100", NULL, 0, 0, 2000, &result), SSH_ERR_TIMEOUT);
    CHECK_TEXT("within 2000 ms");
    CHECK(strcmp(ssh_exec_result_stdout(result, NULL), "out\n") == 0 && strcmp(ssh_exec_result_stderr(result, NULL), "err\n") == 0);
    CHECK(ssh_exec_result_exit_status(result) == -1 && ssh_exec_result_exit_signal(result) == NULL);
    ssh_exec_result_free(result);
    ssh_channel_free(channel);

    /* And the loss of the connection: one of the command's ancestors serves it. */
    channel = test_session(transport);
    {
        static const char KILL[] = "echo out; sleep 1; p=$$; while [ \"$(cut -c1-4 /proc/$p/comm)\" != sshd ]; do"
                                   " p=$(cut -d' ' -f4 /proc/$p/stat); done; kill -9 $p; sleep 100";
        ssh_status_t rc = ssh_channel_exec_collect(channel, KILL, NULL, 0, 0, WAIT_MS, &result);

        CHECK(rc == SSH_ERR_CONNECTION_LOST || rc == SSH_ERR_IO);
        CHECK(strcmp(ssh_exec_result_stdout(result, NULL), "out\n") == 0 && ssh_exec_result_exit_status(result) == -1);
        ssh_exec_result_free(result);
    }
    ssh_channel_free(channel);
    ssh_transport_free(transport);
    return 0;
}
