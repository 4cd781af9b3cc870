/* Everything that is forwarded: -L, -R, -D and -A. */
#ifndef FORWARDS_H
#define FORWARDS_H

#include <sshrs.h>
#include <stdbool.h>

#include "cli.h"

struct forwards;

/* Starts what the command line asks for. Reports what fails; NULL if that is to end the program. */
struct forwards *forwards_start(const struct cli *cli, ssh_transport_t *transport);

/* Closes the transport and ends every forwarded connection. NULL is allowed. */
void forwards_end(struct forwards *forwards);

/* Removes the files of sockets that are listened on, for a program that a signal ends; from any thread. */
void forwards_remove_paths(void);

/* The agent's socket if the agent is to be forwarded and there is one, else NULL. */
const char *forwards_agent_path(const struct options *options);

#endif
