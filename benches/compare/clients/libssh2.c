/* Client over libssh2. See client.h. */
#include <libssh2.h>
#include "client.h"
#include <poll.h>

struct connection {
    LIBSSH2_SESSION *session;
    int fd;
};

struct channel {
    LIBSSH2_CHANNEL *channel;
    connection_t *connection;
};

static char key[65536];
static size_t key_len;

static void fail(connection_t *connection, const char *what)
{
    char *text = NULL;

    if (connection != NULL)
        libssh2_session_last_error(connection->session, &text, NULL, 0);
    die("libssh2: %s: %s", what, text == NULL ? "failed" : text);
}

static bool knows(LIBSSH2_SESSION *session, int list, const char *wanted)
{
    const char **names;
    int count = libssh2_session_supported_algs(session, list, &names), i;
    bool known = false;

    for (i = 0; i < count; i++)
        known |= strcmp(names[i], wanted) == 0;
    if (count > 0)
        libssh2_free(session, names);
    return known;
}

static const char *library_start(void)
{
    static char why[128];
    FILE *file = fopen(args.key_file, "r");
    LIBSSH2_SESSION *session;

    if (file == NULL || (key_len = fread(key, 1, sizeof key, file)) == 0)
        die("cannot read %s", args.key_file);
    fclose(file);
    if (libssh2_init(0) != 0 || (session = libssh2_session_init()) == NULL)
        fail(NULL, "start");
    if (!knows(session, LIBSSH2_METHOD_CRYPT_CS, args.cipher))
        snprintf(why, sizeof why, "libssh2 %s has no %s", libssh2_version(0), args.cipher);
    else if (strchr(args.cipher, '@') == NULL && !knows(session, LIBSSH2_METHOD_MAC_CS, MAC))
        snprintf(why, sizeof why, "libssh2 %s has no %s", libssh2_version(0), MAC);
    libssh2_session_free(session);
    return why[0] != 0 ? why : NULL;
}

static int dial(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(args.port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), yes = 1;

    if (inet_pton(AF_INET, args.host, &at.sin_addr) != 1 || connect(fd, (struct sockaddr *)&at, sizeof at) != 0)
        die("cannot connect to %s", args.host);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    return fd;
}

static connection_t *connection_open(void)
{
    /* A cipher with a MAC of its own needs no other, but one must be named: MAC may be one the library lacks. */
    const char *mac = strchr(args.cipher, '@') == NULL ? MAC : NULL;
    const struct {
        int list;
        const char *names;
    } lists[] = {
        {LIBSSH2_METHOD_KEX, KEX}, {LIBSSH2_METHOD_HOSTKEY, HOST_KEY}, {LIBSSH2_METHOD_CRYPT_CS, args.cipher},
        {LIBSSH2_METHOD_CRYPT_SC, args.cipher}, {LIBSSH2_METHOD_MAC_CS, mac}, {LIBSSH2_METHOD_MAC_SC, mac},
        {LIBSSH2_METHOD_COMP_CS, "none"}, {LIBSSH2_METHOD_COMP_SC, "none"},
    };
    connection_t *connection = malloc(sizeof *connection);
    size_t i;

    connection->fd = dial();
    connection->session = libssh2_session_init();
    for (i = 0; i < sizeof lists / sizeof lists[0]; i++)
        if (lists[i].names != NULL && libssh2_session_method_pref(connection->session, lists[i].list, lists[i].names) != 0)
            fail(connection, lists[i].names);
    if (libssh2_session_handshake(connection->session, connection->fd) != 0)
        fail(connection, "handshake");
    if (libssh2_userauth_publickey_frommemory(connection->session, args.user, strlen(args.user), NULL, 0, key, key_len, NULL) != 0)
        fail(connection, "login");
    return connection;
}

static void connection_close(connection_t *connection)
{
    libssh2_session_disconnect(connection->session, "done");
    libssh2_session_free(connection->session);
    close(connection->fd);
    free(connection);
}

static channel_t *channel_open(connection_t *connection, const char *command)
{
    channel_t *channel = malloc(sizeof *channel);

    channel->connection = connection;
    channel->channel = libssh2_channel_open_session(connection->session);
    if (channel->channel == NULL || libssh2_channel_exec(channel->channel, command) != 0)
        fail(connection, command);
    return channel;
}

static size_t channel_read(channel_t *channel, void *buf, size_t len)
{
    ssize_t got = libssh2_channel_read(channel->channel, buf, len);

    if (got < 0)
        fail(channel->connection, "read");
    return (size_t)got;
}

static void channel_write(channel_t *channel, const void *buf, size_t len)
{
    const char *at = buf;

    while (len > 0) {
        ssize_t sent = libssh2_channel_write(channel->channel, at, len);

        if (sent < 0)
            fail(channel->connection, "write");
        at += sent;
        len -= (size_t)sent;
    }
}

static void channel_eof(channel_t *channel)
{
    if (libssh2_channel_send_eof(channel->channel) != 0)
        fail(channel->connection, "end of file");
}

static int channel_close(channel_t *channel)
{
    int status;

    if (libssh2_channel_close(channel->channel) != 0 || libssh2_channel_wait_closed(channel->channel) != 0)
        fail(channel->connection, "close");
    status = libssh2_channel_get_exit_status(channel->channel);
    libssh2_channel_free(channel->channel);
    free(channel);
    return status;
}

static void wait_for_socket(connection_t *connection)
{
    int directions = libssh2_session_block_directions(connection->session);
    struct pollfd one = {.fd = connection->fd, .events = POLLIN};

    if (directions & LIBSSH2_SESSION_BLOCK_OUTBOUND)
        one.events |= POLLOUT;
    poll(&one, 1, -1);
}

/* One session belongs to one thread: neither side waits while the other can go on. */
static uint64_t channel_duplex(channel_t *channel, uint64_t bytes)
{
    connection_t *connection = channel->connection;
    char *buf = malloc(READ_SIZE);
    uint64_t seen = 0;

    libssh2_session_set_blocking(connection->session, 0);
    for (;;) {
        ssize_t sent = LIBSSH2_ERROR_EAGAIN, got;

        if (bytes > 0) {
            sent = libssh2_channel_write(channel->channel, zeros, bytes < sizeof zeros ? (size_t)bytes : sizeof zeros);
            if (sent < 0 && sent != LIBSSH2_ERROR_EAGAIN)
                fail(connection, "write");
            bytes -= sent > 0 ? (uint64_t)sent : 0;
            if (bytes == 0) {
                libssh2_session_set_blocking(connection->session, 1);
                channel_eof(channel);
                libssh2_session_set_blocking(connection->session, 0);
            }
        }
        got = libssh2_channel_read(channel->channel, buf, READ_SIZE);
        if (got < 0 && got != LIBSSH2_ERROR_EAGAIN)
            fail(connection, "read");
        if (got == 0 && libssh2_channel_eof(channel->channel))
            break;
        seen += got > 0 ? (uint64_t)got : 0;
        if (got <= 0 && sent <= 0)
            wait_for_socket(connection);
    }
    libssh2_session_set_blocking(connection->session, 1);
    free(buf);
    return seen;
}
