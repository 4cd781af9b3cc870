/* Logging in: tries what the user has and the server accepts, in the preferred order, in as many steps as it takes. */
#ifndef AUTH_H
#define AUTH_H

#include <sshrs.h>
#include <stdbool.h>

#include "options.h"

/* Reports why it failed and returns false. */
bool auth_log_in(const struct options *options, const char *user, const char *host, ssh_transport_t *transport);

#endif
