/* libssh and libsshrs in one process, each used while the other is. Both export ssh_channel_close, ssh_channel_free,
 * ssh_key_free, ssh_version, ...: symbol versions send each caller to its own. */
#include "libssh_user.h"
#include "support.h"

int main(void)
{
    ssh_transport_t *transport = test_connect();
    ssh_channel_t *channel = test_exec(transport, "cat");
    char buf[8];
    size_t n;

    CHECK(strcmp(ssh_version(), SSHRS_VERSION) == 0);
    CHECK(strcmp(libssh_user_version(), ssh_version()) != 0);
    printf("libsshrs %s, libssh %s\n", ssh_version(), libssh_user_version());
    CHECK(libssh_user_run(setting("SSHRS_TEST_HOST"), server_port(), setting("SSHRS_TEST_USER"), setting("SSHRS_TEST_KEY")) == 0);
    CHECK_OK(ssh_channel_sendall(channel, "ours", 4, WAIT_MS, NULL));
    CHECK_OK(ssh_channel_recv(channel, buf, sizeof buf, WAIT_MS, &n));
    CHECK(n == 4 && memcmp(buf, "ours", 4) == 0);
    CHECK_OK(ssh_channel_close(channel));
    ssh_channel_free(channel);
    CHECK(libssh_user_run(setting("SSHRS_TEST_HOST"), server_port(), setting("SSHRS_TEST_USER"), setting("SSHRS_TEST_KEY")) == 0);
    ssh_transport_free(transport);
    return 0;
}
