/* Sockets we listen on for a client: each connection becomes a channel. They are bound by acceptor.h's functions, to a
 * loopback address whatever the client asked for, as sshd's GatewayPorts=no. */
#ifndef LISTENER_H
#define LISTENER_H

#include "acceptor.h"
#include "server.h"

/* What the channels are opened as. */
struct purpose {
    const char *kind;  /* "forwarded-tcpip", ...; a literal */
    char address[256]; /* as the client asked for it: an address, or a socket's path */
    uint32_t port;     /* listened on; 0 for a Unix socket */
    bool once;         /* one connection only */
};

struct listener;

/* Takes a bound socket. Nothing is accepted before listener_go. A path is removed in the end if it is still this socket's.
 * NULL, and the socket closed, without memory or threads. */
struct listener *listener_new(struct connection *connection, int fd, const struct purpose *purpose, const char *path);
void listener_go(struct listener *listener);
const struct purpose *listener_purpose(const struct listener *listener);

/* Nothing is accepted any more when this returns; connections that are open go on. NULL is allowed. */
void listener_free(struct listener *listener);

/* One more connection that waits to be forwarded, in either direction; false: there are too many. */
bool forwarding_begin(struct connection *connection);
void forwarding_end(struct connection *connection);

#endif
