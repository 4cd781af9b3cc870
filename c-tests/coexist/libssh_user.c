/* The half of the test that uses libssh. */
#include "libssh_user.h"
#include <libssh/libssh.h>
#include <string.h>

const char *libssh_user_version(void)
{
    return ssh_version(0);
}

static int read_echo(ssh_session session)
{
    ssh_channel channel = ssh_channel_new(session);
    char buf[32] = "";
    int n, ok = 0;

    if (channel == NULL)
        return -1;
    if (ssh_channel_open_session(channel) == SSH_OK && ssh_channel_request_exec(channel, "echo libssh") == SSH_OK) {
        n = ssh_channel_read(channel, buf, sizeof buf - 1, 0);
        ok = n == 7 && strcmp(buf, "libssh\n") == 0;
        ssh_channel_close(channel);
    }
    ssh_channel_free(channel);
    return ok ? 0 : -1;
}

int libssh_user_run(const char *host, unsigned port, const char *user, const char *key_file)
{
    ssh_session session = ssh_new();
    ssh_key key = NULL;
    int process_config = 0, rc = -1;

    if (session == NULL)
        return -1;
    ssh_options_set(session, SSH_OPTIONS_PROCESS_CONFIG, &process_config);
    ssh_options_set(session, SSH_OPTIONS_HOST, host);
    ssh_options_set(session, SSH_OPTIONS_PORT, &port);
    ssh_options_set(session, SSH_OPTIONS_USER, user);
    if (ssh_pki_import_privkey_file(key_file, NULL, NULL, NULL, &key) == SSH_OK && ssh_connect(session) == SSH_OK
        && ssh_userauth_publickey(session, NULL, key) == SSH_AUTH_SUCCESS)
        rc = read_echo(session);
    ssh_key_free(key);
    ssh_disconnect(session);
    ssh_free(session);
    return rc;
}
