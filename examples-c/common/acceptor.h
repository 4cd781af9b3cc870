/* Sockets that are listened on, each with a thread that hands on what connects. */
#ifndef ACCEPTOR_H
#define ACCEPTOR_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

struct acceptor;

/* Who connected; empty for a Unix socket. */
struct acceptor_peer {
    char host[48];
    uint32_t port;
};

/* Takes a connected socket; runs on the acceptor's thread and must not wait. False: nothing more is accepted. */
typedef bool (*acceptor_fn)(void *user_data, int fd, const struct acceptor_peer *peer);

/* These bind a socket and listen on it; -1, with errno, if that fails. */
int acceptor_bind(int family, const struct sockaddr *at, socklen_t size);

/* To a loopback address, ::1 if ipv6. Port 0 leaves the choice to the system; *port is the one chosen. */
int acceptor_bind_port(bool ipv6, uint32_t *port);

/* To a path that must not exist, for this user alone. */
int acceptor_bind_path(const char *path);

/* Takes a bound socket. Nothing is accepted before acceptor_go. A path is removed in the end if it is still this socket's.
 * NULL, and the socket closed, without memory or threads. */
struct acceptor *acceptor_new(int fd, const char *path, acceptor_fn accepted, void *user_data);
void acceptor_go(struct acceptor *acceptor);

/* Removes the path now, for a program that is about to end. */
void acceptor_remove_path(const struct acceptor *acceptor);

/* Nothing is accepted any more when this returns. NULL is allowed. */
void acceptor_free(struct acceptor *acceptor);

#endif
