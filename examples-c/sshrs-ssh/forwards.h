/* Everything that is forwarded: -L, -R, -D, -A and -X. */
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

/* Asks for what a session's command is to reach, the agent and the display. It is of use without: failures are reported. */
void forwards_request(const struct forwards *forwards, ssh_channel_t *channel);

#endif
