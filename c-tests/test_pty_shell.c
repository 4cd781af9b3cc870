/* A pseudo-terminal with a shell, its size and its changes; environment; a refused request leaves the channel usable. */
#include "support.h"

/* Reads until `wanted` was seen. */
static void read_until(ssh_channel_t *channel, const char *wanted)
{
    char buf[8192];
    size_t used = 0, n;

    for (;;) {
        CHECK(used < sizeof buf - 1);
        CHECK_OK(ssh_channel_recv(channel, buf + used, sizeof buf - 1 - used, WAIT_MS, &n));
        used += n;
        buf[used] = '\0';
        if (strstr(buf, wanted) != NULL)
            return;
    }
}

static void say(ssh_channel_t *channel, const char *text)
{
    CHECK_OK(ssh_channel_sendall(channel, text, strlen(text), WAIT_MS, NULL));
}

int main(void)
{
    const char *variables[] = {"SSHRS_A=one", "SSHRS_B=two=three", NULL}, *bad[] = {"no equals", NULL};
    ssh_transport_t *transport = test_connect();
    ssh_channel_t *channel = test_session(transport);
    ssh_exec_result_t *result;
    uint32_t status;

    CHECK_OK(ssh_channel_get_pty(channel, "xterm", 91, 33, 0, 0, NULL, 0, WAIT_MS));
    CHECK_OK(ssh_channel_invoke_shell(channel, WAIT_MS));
    say(channel, "stty size; echo term-$TERM\n");
    read_until(channel, "33 91");
    CHECK_OK(ssh_channel_resize_pty(channel, 100, 40, 0, 0));
    say(channel, "stty size\n");
    read_until(channel, "40 100");
    CHECK_OK(ssh_channel_send_break(channel, 0, WAIT_MS));
    say(channel, "exit 5\n");
    CHECK_OK(ssh_channel_recv_exit_status(channel, WAIT_MS, &status));
    CHECK(status == 5);
    ssh_channel_free(channel);

    channel = test_session(transport);
    CHECK_OK(ssh_channel_update_environment(channel, variables));
    CHECK_STATUS(ssh_channel_update_environment(channel, bad), SSH_ERR_INVALID_ARGUMENT);
    CHECK_OK(ssh_channel_set_environment_variable(channel, "SSHRS_C", "four"));
    CHECK_STATUS(ssh_channel_set_environment_variable(channel, "A=B", ""), SSH_ERR_INVALID_ARGUMENT);
    CHECK_OK(ssh_channel_exec_collect(channel, "echo $SSHRS_A $SSHRS_B $SSHRS_C", NULL, 0, 0, WAIT_MS, &result));
    CHECK(strcmp(ssh_exec_result_stdout(result, NULL), "one two=three four\n") == 0);
    ssh_exec_result_free(result);
    ssh_channel_free(channel);

    channel = test_session(transport);
    CHECK_STATUS(ssh_channel_invoke_subsystem(channel, "no-such-subsystem", WAIT_MS), SSH_ERR_REQUEST_REFUSED);
    CHECK(!ssh_channel_is_closed(channel));
    CHECK_OK(ssh_channel_exec_command(channel, "exit 4", WAIT_MS));
    CHECK_OK(ssh_channel_recv_exit_status(channel, WAIT_MS, &status));
    CHECK(status == 4);
    ssh_channel_free(channel);

    channel = test_session(transport);
    CHECK_OK(ssh_channel_invoke_subsystem(channel, "sftp", WAIT_MS));
    ssh_channel_free(channel);
    ssh_transport_free(transport);
    return 0;
}
