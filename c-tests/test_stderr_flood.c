/* A command that floods stderr while only stdout is read still gets everything through. */
#include "support.h"

int main(void)
{
    ssh_transport_t *transport = test_connect();
    ssh_channel_t *channel = test_exec(transport, "head -c 20000000 /dev/zero >&2; head -c 5000000 /dev/zero; exit 3");
    uint32_t status;

    CHECK(drain(channel) == 5000000);
    CHECK_OK(ssh_channel_recv_exit_status(channel, WAIT_MS, &status));
    CHECK(status == 3);
    CHECK(ssh_channel_recv_stderr_ready(channel));
    ssh_channel_free(channel);

    /* Combined, every byte of both comes out of one stream. */
    channel = test_session(transport);
    {
        bool before = true;
        CHECK_OK(ssh_channel_set_combine_stderr(channel, true, &before));
        CHECK(!before);
    }
    CHECK_OK(ssh_channel_exec_command(channel, "head -c 3000000 /dev/zero >&2; head -c 2000000 /dev/zero", WAIT_MS));
    CHECK(drain(channel) == 5000000);
    ssh_channel_free(channel);
    ssh_transport_free(transport);
    return 0;
}
