/* A connection inside another one's channel, as through a jump host. */
#include "support.h"

int main(void)
{
    ssh_channel_options_t options = SSH_CHANNEL_OPTIONS_INIT;
    ssh_transport_t *outer = test_connect(), *inner;
    ssh_channel_t *tunnel, *channel;
    ssh_exec_result_t *result;

    options.dest_host = setting("SSHRS_TEST_HOST");
    options.dest_port = server_port();
    options.src_host = "127.0.0.1";
    CHECK_OK(ssh_transport_open_channel(outer, "direct-tcpip", &options, WAIT_MS, &tunnel));
    CHECK_OK(ssh_transport_new_channel(tunnel, NULL, &inner));
    ssh_channel_free(tunnel); /* the inner transport keeps it */
    test_log_in(inner);
    channel = test_session(inner);
    CHECK_OK(ssh_channel_exec_collect(channel, "echo through", NULL, 0, 0, WAIT_MS, &result));
    CHECK(strcmp(ssh_exec_result_stdout(result, NULL), "through\n") == 0);
    ssh_exec_result_free(result);
    ssh_channel_free(channel);

    channel = test_exec(inner, "head -c 3000000 /dev/zero");
    CHECK(drain(channel) == 3000000);
    ssh_channel_free(channel);

    /* The outer connection's end is the inner one's. */
    channel = test_exec(inner, "sleep 60");
    ssh_transport_free(outer);
    {
        char buf[8];
        size_t n;
        CHECK(ssh_channel_recv(channel, buf, sizeof buf, WAIT_MS, &n) != SSH_OK);
    }
    ssh_channel_free(channel);
    ssh_transport_free(inner);
    return 0;
}
