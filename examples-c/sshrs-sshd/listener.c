#define _GNU_SOURCE /* accept4, pipe2 */
#include "listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "report.h"
#include "splice.h"

/* Forwarded connections of one client, each with a thread and 64 kB. */
#define MAX_FORWARDED 256

/* How long the client may take to answer an open. */
#define OPEN_TIMEOUT_MS 30000

struct listener {
    struct connection *connection;
    struct purpose purpose;
    pthread_t thread;
    int fd;
    int signal[2]; /* a byte lets the thread begin, the end of file ends it */
    char path[sizeof((struct sockaddr_un *)0)->sun_path];
    dev_t device; /* the path's file as it was made */
    ino_t inode;
};

/* An accepted connection. */
struct incoming {
    struct connection *connection;
    struct purpose purpose;
    int fd;
    char host[48];
    uint32_t port;
};

/* ---- how much ---- */

bool forwarding_begin(struct connection *connection)
{
    bool ok;

    pthread_mutex_lock(&connection->lock);
    ok = !connection->over && connection->forwarded < MAX_FORWARDED;
    connection->forwarded += ok;
    pthread_mutex_unlock(&connection->lock);
    return ok;
}

void forwarding_end(struct connection *connection)
{
    pthread_mutex_lock(&connection->lock);
    connection->forwarded--;
    pthread_mutex_unlock(&connection->lock);
}

/* ---- a connection ---- */

static ssh_channel_t *open_channel(const struct incoming *incoming)
{
    ssh_channel_options_t options = SSH_CHANNEL_OPTIONS_INIT;
    const struct purpose *purpose = &incoming->purpose;
    ssh_channel_t *channel = NULL;
    ssh_status_t rc;

    options.dest_host = options.dest_path = purpose->address;
    options.dest_port = purpose->port;
    options.src_host = incoming->host;
    options.src_port = incoming->port;
    rc = ssh_transport_open_channel(incoming->connection->transport, purpose->kind, &options, OPEN_TIMEOUT_MS, &channel);
    if (rc != SSH_OK)
        report_refusal("forwarding a connection to the client", rc);
    return channel;
}

static void *serve(void *argument)
{
    struct incoming *incoming = argument;
    struct connection *connection = incoming->connection;
    ssh_channel_t *channel = open_channel(incoming);

    if (channel != NULL)
        splice_channel(channel, incoming->fd);
    close(incoming->fd);
    ssh_channel_free(channel);
    free(incoming);
    forwarding_end(connection);
    connection_release(connection);
    return NULL;
}

static void name_peer(struct incoming *incoming, const struct sockaddr_storage *from, socklen_t size)
{
    char port[8];
    int on = 1;

    if (from->ss_family == AF_UNIX)
        return;
    setsockopt(incoming->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (getnameinfo((const struct sockaddr *)from, size, incoming->host, sizeof incoming->host, port, sizeof port,
                    NI_NUMERICHOST | NI_NUMERICSERV) == 0)
        incoming->port = (uint32_t)atoi(port);
}

/* Takes fd. */
static void start(const struct listener *listener, int fd, const struct sockaddr_storage *from, socklen_t size)
{
    struct connection *connection = listener->connection;
    struct incoming *incoming;

    if (!forwarding_begin(connection)) {
        report_progress("a connection was not forwarded: there are too many");
        close(fd);
        return;
    }
    incoming = calloc(1, sizeof *incoming);
    if (incoming != NULL) {
        incoming->connection = connection;
        incoming->purpose = listener->purpose;
        incoming->fd = fd;
        name_peer(incoming, from, size);
        if (connection_start_thread(connection, serve, incoming))
            return;
    }
    free(incoming);
    close(fd);
    forwarding_end(connection);
}

/* ---- the thread that accepts ---- */

static bool accept_one(const struct listener *listener)
{
    struct sockaddr_storage from = {0};
    socklen_t size = sizeof from;
    int fd = accept4(listener->fd, (struct sockaddr *)&from, &size, SOCK_CLOEXEC);

    if (fd >= 0) {
        start(listener, fd, &from, size);
        return true;
    }
    /* Out of descriptors: the listener stays readable, and asking again at once would only burn time. */
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
        usleep(100000);
    return false;
}

static bool may_begin(const struct listener *listener)
{
    ssize_t n;
    char go;

    do
        n = read(listener->signal[0], &go, 1);
    while (n < 0 && errno == EINTR);
    return n == 1;
}

static void *run(void *argument)
{
    struct listener *listener = argument;
    struct pollfd fds[2] = {{listener->fd, POLLIN, 0}, {listener->signal[0], POLLIN, 0}};
    bool more = may_begin(listener);

    while (more) {
        if (poll(fds, 2, -1) < 0 && errno != EINTR)
            break;
        if (fds[1].revents != 0)
            break;
        if (fds[0].revents != 0)
            more = !accept_one(listener) || !listener->purpose.once;
    }
    close(listener->fd);
    return NULL;
}

/* ---- binding ---- */

static int bind_and_listen(int fd, const struct sockaddr *at, socklen_t size)
{
    int error;

    if (fd < 0)
        return -1;
    if (bind(fd, at, size) == 0 && listen(fd, 64) == 0)
        return fd;
    error = errno;
    close(fd);
    errno = error;
    return -1;
}

int listener_bind_port(bool ipv6, uint32_t *port)
{
    struct sockaddr_in6 six = {0};
    struct sockaddr_in four = {0};
    struct sockaddr *at = ipv6 ? (struct sockaddr *)&six : (struct sockaddr *)&four;
    socklen_t size = ipv6 ? sizeof six : sizeof four;
    int fd = socket(ipv6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), on = 1;

    six.sin6_family = AF_INET6;
    six.sin6_addr = in6addr_loopback;
    six.sin6_port = four.sin_port = htons((uint16_t)*port);
    four.sin_family = AF_INET;
    four.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd >= 0)
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    fd = bind_and_listen(fd, at, size);
    if (fd >= 0 && getsockname(fd, at, &size) == 0)
        *port = ntohs(ipv6 ? six.sin6_port : four.sin_port);
    return fd;
}

int listener_bind_path(const char *path)
{
    struct sockaddr_un at = {0};
    int fd;

    at.sun_family = AF_UNIX;
    if (strlen(path) >= sizeof at.sun_path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    strcpy(at.sun_path, path);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    /* The file gets the socket's mode: unlike umask, this concerns no other thread. */
    if (fd >= 0 && fchmod(fd, 0600) != 0) {
        close(fd);
        return -1;
    }
    return bind_and_listen(fd, (struct sockaddr *)&at, sizeof at);
}

/* ---- life ---- */

static void remember_path(struct listener *listener, const char *path)
{
    struct stat status;

    if (path != NULL && strlen(path) < sizeof listener->path && lstat(path, &status) == 0) {
        strcpy(listener->path, path);
        listener->device = status.st_dev;
        listener->inode = status.st_ino;
    }
}

static void remove_path(const struct listener *listener)
{
    struct stat status;

    if (listener->path[0] != '\0' && lstat(listener->path, &status) == 0 && status.st_dev == listener->device &&
        status.st_ino == listener->inode)
        unlink(listener->path);
}

struct listener *listener_new(struct connection *connection, int fd, const struct purpose *purpose, const char *path)
{
    struct listener *listener = calloc(1, sizeof *listener);

    if (listener != NULL && pipe2(listener->signal, O_CLOEXEC) == 0) {
        listener->connection = connection;
        listener->purpose = *purpose;
        listener->fd = fd;
        remember_path(listener, path);
        if (pthread_create(&listener->thread, NULL, run, listener) == 0)
            return listener;
        close(listener->signal[0]);
        close(listener->signal[1]);
    }
    close(fd);
    if (path != NULL)
        unlink(path);
    free(listener);
    return NULL;
}

void listener_go(struct listener *listener)
{
    (void)!write(listener->signal[1], "", 1);
}

const struct purpose *listener_purpose(const struct listener *listener)
{
    return &listener->purpose;
}

void listener_free(struct listener *listener)
{
    if (listener == NULL)
        return;
    close(listener->signal[1]);
    pthread_join(listener->thread, NULL);
    close(listener->signal[0]);
    remove_path(listener);
    free(listener);
}
