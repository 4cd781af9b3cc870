#include "socks.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define HANDSHAKE_MS 30000
#define CONNECT 1

enum { V5_SUCCEEDED = 0, V5_FAILED = 1, V5_NO_SUCH_COMMAND = 7, V5_NO_SUCH_ADDRESS_TYPE = 8 };
enum { V5_IPV4 = 1, V5_NAME = 3, V5_IPV6 = 4 };
enum { V4_GRANTED = 90, V4_REJECTED = 91 };

struct reader {
    int fd;
    int64_t end_ms;
};

static int64_t now_ms(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

/* Exactly so many bytes; false at the deadline and at the connection's end. */
static bool take(const struct reader *reader, void *out, size_t len)
{
    uint8_t *to = out;

    while (len > 0) {
        struct pollfd ready = {reader->fd, POLLIN, 0};
        int64_t left = reader->end_ms - now_ms();
        ssize_t n;

        if (left <= 0 || (poll(&ready, 1, (int)left) < 0 && errno != EINTR))
            return false;
        n = recv(reader->fd, to, len, MSG_DONTWAIT);
        if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN))
            return false;
        if (n > 0) {
            to += n;
            len -= (size_t)n;
        }
    }
    return true;
}

/* A text that ends with a zero byte; it is read byte by byte, so that nothing behind it is taken. */
static bool take_text(const struct reader *reader, char *out, size_t size)
{
    size_t len = 0;

    while (len < size && take(reader, out + len, 1))
        if (out[len++] == '\0')
            return true;
    return false;
}

/* The first bytes a socket carries: there is room for them. */
static void tell(int fd, const void *answer, size_t len)
{
    (void)!send(fd, answer, len, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static bool refuse_v5(int fd, uint8_t why)
{
    uint8_t answer[10] = {5, why, 0, V5_IPV4};

    tell(fd, answer, sizeof answer);
    return false;
}

static bool take_port(const struct reader *reader, uint32_t *port)
{
    uint8_t bytes[2];

    if (!take(reader, bytes, sizeof bytes))
        return false;
    *port = (uint32_t)bytes[0] << 8 | bytes[1];
    return true;
}

static bool take_address_v5(const struct reader *reader, int type, char host[256])
{
    uint8_t address[16], len;

    switch (type) {
    case V5_IPV4:
        return take(reader, address, 4) && inet_ntop(AF_INET, address, host, 256) != NULL;
    case V5_IPV6:
        return take(reader, address, 16) && inet_ntop(AF_INET6, address, host, 256) != NULL;
    case V5_NAME:
        memset(host, 0, 256);
        return take(reader, &len, 1) && len > 0 && take(reader, host, len) && strlen(host) == len;
    default:
        return refuse_v5(reader->fd, V5_NO_SUCH_ADDRESS_TYPE);
    }
}

static bool read_v5(const struct reader *reader, struct socks_request *request)
{
    static const uint8_t NO_AUTHENTICATION[] = {5, 0}, NONE_ACCEPTED[] = {5, 0xff};
    uint8_t count, methods[255], head[4];

    if (!take(reader, &count, 1) || !take(reader, methods, count))
        return false;
    if (memchr(methods, 0, count) == NULL) {
        tell(reader->fd, NONE_ACCEPTED, sizeof NONE_ACCEPTED);
        return false;
    }
    tell(reader->fd, NO_AUTHENTICATION, sizeof NO_AUTHENTICATION);
    if (!take(reader, head, sizeof head) || head[0] != 5 || !take_address_v5(reader, head[3], request->host) ||
        !take_port(reader, &request->port))
        return false;
    return head[1] == CONNECT || refuse_v5(reader->fd, V5_NO_SUCH_COMMAND);
}

static bool read_v4(const struct reader *reader, struct socks_request *request)
{
    uint8_t command, address[4];
    char user[256];

    if (!take(reader, &command, 1) || !take_port(reader, &request->port) || !take(reader, address, sizeof address) ||
        !take_text(reader, user, sizeof user))
        return false;
    /* 0.0.0.x means that a name follows: that is 4a. */
    if (address[0] == 0 && address[1] == 0 && address[2] == 0 && address[3] != 0) {
        if (!take_text(reader, request->host, sizeof request->host) || request->host[0] == '\0')
            return false;
    } else if (inet_ntop(AF_INET, address, request->host, sizeof request->host) == NULL) {
        return false;
    }
    if (command == CONNECT)
        return true;
    socks_answer(reader->fd, request, false);
    return false;
}

bool socks_read_request(int fd, struct socks_request *request)
{
    struct reader reader = {fd, now_ms() + HANDSHAKE_MS};
    uint8_t version;

    if (!take(&reader, &version, 1))
        return false;
    request->version = version;
    switch (version) {
    case 4: return read_v4(&reader, request);
    case 5: return read_v5(&reader, request);
    default: return false;
    }
}

void socks_answer(int fd, const struct socks_request *request, bool connected)
{
    uint8_t v5[10] = {5, connected ? V5_SUCCEEDED : V5_FAILED, 0, V5_IPV4};
    uint8_t v4[8] = {0, connected ? V4_GRANTED : V4_REJECTED};

    if (request->version == 5)
        tell(fd, v5, sizeof v5);
    else
        tell(fd, v4, sizeof v4);
}
