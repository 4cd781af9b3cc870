/* A child gives its copy of a transport up without harm to the parent's session. */
#include "support.h"
#include <sys/wait.h>
#include <unistd.h>

int main(void)
{
    ssh_transport_t *transport = test_connect();
    ssh_channel_t *channel = test_exec(transport, "cat");
    ssh_ready_t *ready;
    uint32_t flags;
    void *user_data;
    char buf[8];
    size_t n;
    pid_t child;
    int status;

    CHECK_OK(ssh_ready_new(&ready));
    CHECK_OK(ssh_ready_add_channel(ready, channel, SSH_READY_READABLE, channel));
    CHECK_OK(ssh_ready_add_transport(ready, transport, SSH_READY_CLOSED, transport));
    child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        CHECK_OK(ssh_transport_atfork(transport));
        CHECK(!ssh_transport_is_active(transport));
        CHECK_STATUS(ssh_channel_send(channel, "y", 1, 1000, &n), SSH_ERR_FORKED);
        CHECK_STATUS(ssh_transport_send_ignore(transport, 0), SSH_ERR_FORKED);
        ssh_channel_free(channel);
        ssh_ready_free(ready);
        ssh_transport_free(transport);
        _exit(0);
    }
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);

    /* A child that only exits does no harm either. */
    child = fork();
    CHECK(child >= 0);
    if (child == 0)
        _exit(0);
    CHECK(waitpid(child, &status, 0) == child);

    CHECK_OK(ssh_channel_sendall(channel, "x", 1, WAIT_MS, NULL));
    CHECK_OK(ssh_ready_next(ready, WAIT_MS, &flags, &user_data));
    CHECK(flags == SSH_READY_READABLE && user_data == channel);
    ssh_ready_free(ready);
    CHECK_OK(ssh_channel_recv(channel, buf, sizeof buf, WAIT_MS, &n));
    CHECK(n == 1 && buf[0] == 'x');
    CHECK(ssh_transport_is_active(transport));
    ssh_channel_free(channel);
    ssh_transport_free(transport);
    return 0;
}
