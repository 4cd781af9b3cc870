/* What a session's command reaches of the client's: its agent, its display. */
#ifndef SESSION_FORWARD_H
#define SESSION_FORWARD_H

#include "server.h"

/* Changed under the connection's lock once the session is started. */
struct session_forward {
    struct listener *agent; /* NULL: not forwarded */
    struct listener *display;
    char dir[32]; /* for this user alone; "": none */
};

/* Fills in the hooks that the settings allow. */
void session_forward_hooks(const struct server *server, ssh_server_hooks_t *hooks);

/* Nothing listens any more, the files are removed. */
void session_forward_end(struct connection *connection, struct session_forward *forward);

#endif
