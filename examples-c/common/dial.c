#include "dial.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define DIAL_TIMEOUT_MS 10000

/* 0, or what went wrong. */
static int finish_connect(int fd)
{
    struct pollfd ready = {fd, POLLOUT, 0};
    int error = 0, n;
    socklen_t size = sizeof error;

    do
        n = poll(&ready, 1, DIAL_TIMEOUT_MS);
    while (n < 0 && errno == EINTR);
    if (n == 0)
        return ETIMEDOUT;
    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0 ? errno : error;
}

static int try_address(const struct addrinfo *address, int *out_error)
{
    int fd = socket(address->ai_family, address->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int error = fd < 0 ? errno : 0, on = 1;

    if (fd >= 0 && connect(fd, address->ai_addr, address->ai_addrlen) != 0)
        error = errno == EINPROGRESS ? finish_connect(fd) : errno;
    if (error == 0) {
        fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        return fd;
    }
    if (fd >= 0)
        close(fd);
    *out_error = error;
    return -1;
}

int dial_tcp(const char *host, uint32_t port, const char **why_not)
{
    struct addrinfo hints = {0}, *found = NULL, *address;
    char service[16];
    int fd = -1, error;

    hints.ai_socktype = SOCK_STREAM;
    snprintf(service, sizeof service, "%u", (unsigned)port);
    error = getaddrinfo(host, service, &hints, &found);
    if (error != 0) {
        *why_not = gai_strerror(error);
        return -1;
    }
    for (address = found; address != NULL && fd < 0; address = address->ai_next)
        fd = try_address(address, &error);
    freeaddrinfo(found);
    *why_not = fd < 0 ? strerror(error) : NULL;
    return fd;
}

int dial_local(const char *path, const char **why_not)
{
    struct sockaddr_un at = {0};
    int fd = -1, error = ENAMETOOLONG;

    at.sun_family = AF_UNIX;
    if (strlen(path) < sizeof at.sun_path) {
        strcpy(at.sun_path, path);
        /* Without O_NONBLOCK a full backlog would keep the caller for as long as it stays full. */
        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        error = fd < 0 || connect(fd, (struct sockaddr *)&at, sizeof at) != 0 ? errno : 0;
    }
    if (error == 0)
        return fd;
    if (fd >= 0)
        close(fd);
    *why_not = strerror(error);
    return -1;
}
