/* Client over libssh. See client.h. */
/* Leaves out old names that are in our way. */
#define LIBSSH_LEGACY_0_4
#include <libssh/libssh.h>
#include "client.h"

struct connection {
    ssh_session session;
};

static ssh_key key;

static void fail(ssh_session session) { die("libssh: %s", session == NULL ? "failed" : ssh_get_error(session)); }

static const char *library_start(void)
{
    if (ssh_pki_import_privkey_file(args.key_file, NULL, NULL, NULL, &key) != SSH_OK)
        die("libssh: cannot read %s", args.key_file);
    return NULL;
}

static void option(ssh_session session, enum ssh_options_e name, const void *value)
{
    if (ssh_options_set(session, name, value) != SSH_OK)
        fail(session);
}

static connection_t *connection_open(void)
{
    connection_t *connection = malloc(sizeof *connection);
    ssh_session session = ssh_new();
    unsigned port = args.port;
    bool no = false;
    int yes = 1;

    option(session, SSH_OPTIONS_PROCESS_CONFIG, &no);
    option(session, SSH_OPTIONS_HOST, args.host);
    option(session, SSH_OPTIONS_PORT, &port);
    option(session, SSH_OPTIONS_USER, args.user);
    option(session, SSH_OPTIONS_NODELAY, &yes);
    option(session, SSH_OPTIONS_KEY_EXCHANGE, KEX);
    option(session, SSH_OPTIONS_HOSTKEYS, HOST_KEY);
    option(session, SSH_OPTIONS_CIPHERS_C_S, args.cipher);
    option(session, SSH_OPTIONS_CIPHERS_S_C, args.cipher);
    option(session, SSH_OPTIONS_HMAC_C_S, MAC);
    option(session, SSH_OPTIONS_HMAC_S_C, MAC);
    option(session, SSH_OPTIONS_COMPRESSION, "no");
    if (ssh_connect(session) != SSH_OK || ssh_userauth_publickey(session, NULL, key) != SSH_AUTH_SUCCESS)
        fail(session);
    connection->session = session;
    return connection;
}

static void connection_close(connection_t *connection)
{
    ssh_disconnect(connection->session);
    ssh_free(connection->session);
    free(connection);
}

/* A channel_t is the library's channel. */
static ssh_channel of(channel_t *channel) { return (ssh_channel)(void *)channel; }

static channel_t *channel_open(connection_t *connection, const char *command)
{
    ssh_channel channel = ssh_channel_new(connection->session);

    if (channel == NULL || ssh_channel_open_session(channel) != SSH_OK || ssh_channel_request_exec(channel, command) != SSH_OK)
        fail(connection->session);
    return (channel_t *)(void *)channel;
}

static size_t channel_read(channel_t *channel, void *buf, size_t len)
{
    int got = ssh_channel_read(of(channel), buf, (uint32_t)len, 0);

    if (got < 0)
        fail(ssh_channel_get_session(of(channel)));
    return (size_t)got;
}

static void channel_write(channel_t *channel, const void *buf, size_t len)
{
    if (ssh_channel_write(of(channel), buf, (uint32_t)len) != (int)len)
        fail(ssh_channel_get_session(of(channel)));
}

static void channel_eof(channel_t *channel)
{
    if (ssh_channel_send_eof(of(channel)) != SSH_OK)
        fail(ssh_channel_get_session(of(channel)));
}

static int channel_close(channel_t *channel)
{
#if LIBSSH_VERSION_INT >= SSH_VERSION_INT(0, 11, 0)
    uint32_t status = (uint32_t)-1;

    ssh_channel_get_exit_state(of(channel), &status, NULL, NULL);
#else
    int status = ssh_channel_get_exit_status(of(channel));
#endif
    ssh_channel_close(of(channel));
    ssh_channel_free(of(channel));
    return (int)status;
}

/* One session belongs to one thread: writes what the window has room for, so that no write waits, and reads what came. */
static uint64_t channel_duplex(channel_t *channel, uint64_t bytes)
{
    ssh_channel both = of(channel);
    char *buf = malloc(READ_SIZE);
    uint64_t seen = 0;

    for (;;) {
        uint32_t room = ssh_channel_window_size(both);
        int got;

        if (bytes > 0 && room > 0) {
            size_t part = bytes < sizeof zeros ? (size_t)bytes : sizeof zeros;

            part = part < room ? part : room;
            channel_write(channel, zeros, part);
            bytes -= part;
            if (bytes == 0)
                channel_eof(channel);
            got = ssh_channel_read_nonblocking(both, buf, (uint32_t)READ_SIZE, 0);
        } else {
            /* Only data ends this wait, and a window that opened does not: hence the bound. */
            got = ssh_channel_read_timeout(both, buf, (uint32_t)READ_SIZE, 0, 1);
        }
        if (got == SSH_ERROR)
            fail(ssh_channel_get_session(both));
        if (got > 0)
            seen += (uint64_t)got;
        else if (ssh_channel_is_eof(both))
            break;
    }
    free(buf);
    return seen;
}
