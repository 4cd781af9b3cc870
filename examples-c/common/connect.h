/* Connecting: through jump hosts where asked, with the settings applied, the host key checked and the user logged in. */
#ifndef CONNECT_H
#define CONNECT_H

#include <sshrs.h>
#include <stdbool.h>
#include <sys/types.h>

#include "options.h"

#define CONNECT_MAX_HOPS 17

/* The transports of a connection, each inside the one before; the last is the one that counts. */
struct connection {
    ssh_transport_t *hops[CONNECT_MAX_HOPS];
    size_t count;
    pid_t proxy; /* what the first runs over; 0: a connection of its own */
};

/* Reports a failure and returns false. Call connect_close in either case. */
bool connect_open(const struct options *options, struct connection *connection);

/* The logged-in transport to the destination. */
ssh_transport_t *connect_transport(const struct connection *connection);

void connect_close(struct connection *connection);

#endif
