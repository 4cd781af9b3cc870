/* The server's side of SOCKS 4, 4a and 5 (RFC 1928): CONNECT only, without authentication. */
#ifndef SOCKS_H
#define SOCKS_H

#include <stdbool.h>
#include <stdint.h>

struct socks_request {
    int version;
    char host[256]; /* a name is not looked up here: the SSH server does that */
    uint32_t port;
};

/* Reads a request and not a byte more, for thirty seconds at most. False: it was none that can be served, and the client was
 * told so where the protocol can say it. */
bool socks_read_request(int fd, struct socks_request *request);

/* Tells the client how its request went. */
void socks_answer(int fd, const struct socks_request *request, bool connected);

#endif
