/* Client over libsshrs. See client.h. */
#include <sshrs.h>
/* A receive takes all that has come, so a large buffer saves calls; a send is cut into packets by the library. */
#define READ_SIZE ((size_t)256 * 1024)
#define WRITE_SIZE ((size_t)256 * 1024)
#define LIBRARY_SPREADS
#include "client.h"

struct connection {
    ssh_transport_t *transport;
};

static ssh_key_t *key;

static void check(ssh_status_t rc, ssh_transport_t *transport)
{
    if (rc < 0) {
        ssh_exception_t *e = ssh_get_exception(NULL);

        if (e == NULL)
            e = ssh_get_exception(transport);
        die("sshrs: %s (%d)", e == NULL ? "failed" : ssh_exception_text(e), (int)rc);
    }
}

static const char *library_start(void)
{
    check(ssh_key_load_private_file(args.key_file, NULL, 0, &key), NULL);
    return NULL;
}

static void choose_algorithms(ssh_transport_t *transport)
{
    SSH_AUTO_SECURITY_OPTIONS ssh_security_options_t *lists = NULL;

    check(ssh_transport_get_security_options(transport, &lists), transport);
    check(ssh_security_options_set(lists, SSH_LIST_KEX, KEX), transport);
    check(ssh_security_options_set(lists, SSH_LIST_HOST_KEY, HOST_KEY), transport);
    check(ssh_security_options_set(lists, SSH_LIST_CIPHER, args.cipher), transport);
    check(ssh_security_options_set(lists, SSH_LIST_MAC, MAC), transport);
    check(ssh_security_options_set(lists, SSH_LIST_COMPRESSION, "none"), transport);
}

static connection_t *connection_open(void)
{
    ssh_transport_options_t options = SSH_TRANSPORT_OPTIONS_INIT;
    ssh_connect_options_t login = SSH_CONNECT_OPTIONS_INIT;
    connection_t *connection = malloc(sizeof *connection);

    options.max_channels = 10000;
    login.hostkey_policy = SSH_HOSTKEY_ANY;
    login.username = args.user;
    login.key = key;
    check(ssh_transport_new_address(args.host, args.port, &options, SSH_WAIT_DEFAULT, &connection->transport), NULL);
    choose_algorithms(connection->transport);
    check(ssh_transport_connect(connection->transport, &login, SSH_WAIT_DEFAULT), connection->transport);
    return connection;
}

static void connection_close(connection_t *connection)
{
    ssh_transport_free(connection->transport);
    free(connection);
}

/* A channel_t is the library's channel. */
static ssh_channel_t *of(channel_t *channel) { return (ssh_channel_t *)(void *)channel; }

static channel_t *channel_open(connection_t *connection, const char *command)
{
    ssh_channel_t *channel;

    check(ssh_transport_open_session(connection->transport, NULL, SSH_WAIT_DEFAULT, &channel), connection->transport);
    check(ssh_channel_exec_command(channel, command, SSH_WAIT_FOREVER), connection->transport);
    return (channel_t *)(void *)channel;
}

static size_t channel_read(channel_t *channel, void *buf, size_t len)
{
    size_t got;

    check(ssh_channel_recv(of(channel), buf, len, SSH_WAIT_FOREVER, &got), NULL);
    return got;
}

static void channel_write(channel_t *channel, const void *buf, size_t len)
{
    check(ssh_channel_sendall(of(channel), buf, len, SSH_WAIT_FOREVER, NULL), NULL);
}

static void channel_eof(channel_t *channel) { check(ssh_channel_shutdown_write(of(channel)), NULL); }

static int channel_close(channel_t *channel)
{
    uint32_t status;

    check(ssh_channel_recv_exit_status(of(channel), SSH_WAIT_FOREVER, &status), NULL);
    ssh_channel_free(of(channel));
    return (int)status;
}

struct writer {
    channel_t *channel;
    uint64_t bytes;
};

static void *write_all(void *argument)
{
    struct writer *writer = argument;

    write_zeros(writer->channel, writer->bytes);
    channel_eof(writer->channel);
    return NULL;
}

static uint64_t channel_duplex(channel_t *channel, uint64_t bytes)
{
    struct writer writer = {channel, bytes};
    pthread_t thread = thread_start(write_all, &writer);
    char *buf = malloc(READ_SIZE);
    uint64_t seen = 0;
    size_t got;

    while ((got = channel_read(channel, buf, READ_SIZE)) > 0)
        seen += got;
    pthread_join(thread, NULL);
    free(buf);
    return seen;
}

struct spread_one {
    channel_t *channel;
    uint64_t left;
};

/* One thread reads whatever has come, on whichever connection. */
static void spread_download(connection_t **connections)
{
    struct spread_one *all = calloc(args.n, sizeof *all);
    char *buf = malloc(READ_SIZE), command[64];
    ssh_ready_t *ready;
    uint64_t i, open = args.n;

    check(ssh_ready_new(&ready), NULL);
    for (i = 0; i < args.n; i++) {
        all[i].left = spread_part(i);
        snprintf(command, sizeof command, "head -c %llu /dev/zero", (unsigned long long)all[i].left);
        all[i].channel = channel_open(connections[i], command);
        check(ssh_ready_add_channel(ready, of(all[i].channel), SSH_READY_READABLE, &all[i]), NULL);
    }
    while (open > 0) {
        struct spread_one *one;
        uint32_t flags;
        size_t got;
        void *which;
        ssh_status_t rc = ssh_ready_next(ready, SSH_WAIT_FOREVER, &flags, &which);

        check(rc, NULL);
        one = which;
        rc = ssh_channel_recv(of(one->channel), buf, READ_SIZE, 0, &got);
        one->left -= got;
        if (rc != SSH_ERR_TIMEOUT)
            check(rc, NULL);
        if (rc == SSH_EOF) {
            expect(one->left, 0);
            channel_finish(one->channel);
            open--;
        }
    }
    ssh_ready_free(ready);
    free(buf);
    free(all);
}
