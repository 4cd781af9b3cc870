/* What happens once logged in: a command, a shell, a subsystem, a relay, or nothing. */
#ifndef SESSION_H
#define SESSION_H

#include <sshrs.h>

#include "cli.h"
#include "forwards.h"

/* Returns the exit status for the process. */
int session_run(const struct cli *cli, ssh_transport_t *transport, const struct forwards *forwards);

#endif
