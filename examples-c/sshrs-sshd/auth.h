/* Who may log in. */
#ifndef AUTH_H
#define AUTH_H

#include "server.h"

/* Fills in the hooks of the methods that the command line asks for. */
void auth_hooks(const struct server *server, ssh_server_hooks_t *hooks);

#endif
