#define _GNU_SOURCE /* accept4, pipe2 */
#include "acceptor.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

struct acceptor {
    acceptor_fn accepted;
    void *user_data;
    pthread_t thread;
    int fd;
    int signal[2]; /* a byte lets the thread begin, the end of file ends it */
    char path[sizeof((struct sockaddr_un *)0)->sun_path];
    dev_t device; /* the path's file as it was made */
    ino_t inode;
};

/* ---- the thread that accepts ---- */

static void name_peer(struct acceptor_peer *peer, int fd, const struct sockaddr_storage *from, socklen_t size)
{
    char port[8];
    int on = 1;

    if (from->ss_family == AF_UNIX)
        return;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (getnameinfo((const struct sockaddr *)from, size, peer->host, sizeof peer->host, port, sizeof port,
                    NI_NUMERICHOST | NI_NUMERICSERV) == 0)
        peer->port = (uint32_t)atoi(port);
}

/* False: nothing more is to be accepted. */
static bool accept_one(const struct acceptor *acceptor)
{
    struct acceptor_peer peer = {0};
    struct sockaddr_storage from = {0};
    socklen_t size = sizeof from;
    int fd = accept4(acceptor->fd, (struct sockaddr *)&from, &size, SOCK_CLOEXEC);

    if (fd >= 0) {
        name_peer(&peer, fd, &from, size);
        return acceptor->accepted(acceptor->user_data, fd, &peer);
    }
    /* Out of descriptors: the listener stays readable, and asking again at once would only burn time. */
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
        usleep(100000);
    return true;
}

static bool may_begin(const struct acceptor *acceptor)
{
    ssize_t n;
    char go;

    do
        n = read(acceptor->signal[0], &go, 1);
    while (n < 0 && errno == EINTR);
    return n == 1;
}

static void *run(void *argument)
{
    struct acceptor *acceptor = argument;
    struct pollfd fds[2] = {{acceptor->fd, POLLIN, 0}, {acceptor->signal[0], POLLIN, 0}};
    bool more = may_begin(acceptor);

    while (more) {
        if (poll(fds, 2, -1) < 0 && errno != EINTR)
            break;
        if (fds[1].revents != 0)
            break;
        if (fds[0].revents != 0)
            more = accept_one(acceptor);
    }
    close(acceptor->fd);
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

/* The family is told apart: reading it through `at`, whose object has another type, is what compilers may take for reading nothing. */
int acceptor_bind(int family, const struct sockaddr *at, socklen_t size)
{
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), on = 1;

    if (fd >= 0)
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    /* IPv4's wildcard address has a socket of its own. */
    if (fd >= 0 && family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    return bind_and_listen(fd, at, size);
}

int acceptor_bind_port(bool ipv6, uint32_t *port)
{
    struct sockaddr_in6 six = {0};
    struct sockaddr_in four = {0};
    struct sockaddr *at = ipv6 ? (struct sockaddr *)&six : (struct sockaddr *)&four;
    socklen_t size = ipv6 ? sizeof six : sizeof four;
    int fd;

    six.sin6_family = AF_INET6;
    six.sin6_addr = in6addr_loopback;
    six.sin6_port = four.sin_port = htons((uint16_t)*port);
    four.sin_family = AF_INET;
    four.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    fd = acceptor_bind(ipv6 ? AF_INET6 : AF_INET, at, size);
    if (fd >= 0 && getsockname(fd, at, &size) == 0)
        *port = ntohs(ipv6 ? six.sin6_port : four.sin_port);
    return fd;
}

int acceptor_bind_path(const char *path)
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

static void remember_path(struct acceptor *acceptor, const char *path)
{
    struct stat status;

    if (path != NULL && strlen(path) < sizeof acceptor->path && lstat(path, &status) == 0) {
        strcpy(acceptor->path, path);
        acceptor->device = status.st_dev;
        acceptor->inode = status.st_ino;
    }
}

void acceptor_remove_path(const struct acceptor *acceptor)
{
    struct stat status;

    if (acceptor->path[0] != '\0' && lstat(acceptor->path, &status) == 0 && status.st_dev == acceptor->device &&
        status.st_ino == acceptor->inode)
        unlink(acceptor->path);
}

struct acceptor *acceptor_new(int fd, const char *path, acceptor_fn accepted, void *user_data)
{
    struct acceptor *acceptor = calloc(1, sizeof *acceptor);

    if (acceptor != NULL && pipe2(acceptor->signal, O_CLOEXEC) == 0) {
        acceptor->accepted = accepted;
        acceptor->user_data = user_data;
        acceptor->fd = fd;
        remember_path(acceptor, path);
        if (pthread_create(&acceptor->thread, NULL, run, acceptor) == 0)
            return acceptor;
        close(acceptor->signal[0]);
        close(acceptor->signal[1]);
    }
    close(fd);
    if (path != NULL)
        unlink(path);
    free(acceptor);
    return NULL;
}

void acceptor_go(struct acceptor *acceptor)
{
    (void)!write(acceptor->signal[1], "", 1);
}

void acceptor_free(struct acceptor *acceptor)
{
    if (acceptor == NULL)
        return;
    close(acceptor->signal[1]);
    pthread_join(acceptor->thread, NULL);
    close(acceptor->signal[0]);
    acceptor_remove_path(acceptor);
    free(acceptor);
}
