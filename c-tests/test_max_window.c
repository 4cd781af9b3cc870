/* Windows that may grow from little to much, that may not, and one set for a channel: no byte is lost. */
#include "support.h"

#define TOTAL 3000000u

static void download(const ssh_transport_options_t *options, uint64_t channel_window)
{
    ssh_channel_options_t channel_options = SSH_CHANNEL_OPTIONS_INIT;
    ssh_transport_t *transport = test_transport(options);
    ssh_channel_t *channel = NULL;
    unsigned char buf[50000];
    size_t i, n, got = 0;
    ssh_status_t rc;

    channel_options.window = channel_window;
    test_log_in(transport);
    CHECK_OK(ssh_transport_open_session(transport, &channel_options, WAIT_MS, &channel));
    CHECK_OK(ssh_channel_exec_command(channel, "head -c 3000000 /dev/zero", WAIT_MS));
    while ((rc = ssh_channel_recv(channel, buf, sizeof buf, WAIT_MS, &n)) == SSH_OK) {
        for (i = 0; i < n; i++)
            CHECK(buf[i] == 0);
        got += n;
    }
    CHECK_STATUS(rc, SSH_EOF);
    CHECK(got == TOTAL);
    ssh_channel_free(channel);
    ssh_transport_free(transport);
}

int main(void)
{
    ssh_transport_options_t options = SSH_TRANSPORT_OPTIONS_INIT;

    options.window = 32768;
    options.max_window = 1 << 20;
    download(&options, 0);
    download(&options, 65536);
    /* Brought into bounds; below window: no growth. */
    options.window = 65536;
    options.max_window = 1;
    download(&options, 0);
    options.window = 0;
    options.max_window = UINT64_MAX;
    download(&options, 0);
    return 0;
}
