/* Forwarding: connections the client wants made here, and those to where it has us listen. */
#ifndef FORWARD_H
#define FORWARD_H

#include "server.h"

/* Fills in the hooks that the settings allow. */
void forward_hooks(const struct server *server, ssh_server_hooks_t *hooks);

/* The connection is over: nothing listens for it any more. */
void forward_end_all(struct connection *connection);

#endif
