/* A channel and a socket made one connection. */
#ifndef SPLICE_H
#define SPLICE_H

#include <sshrs.h>

/* Copies both ways until both are done, or one is broken; the end of one direction is carried across and leaves the other
 * open. Closes the channel, not the socket. A side that does not read stops the other direction's reading, nothing is piled up. */
void splice_channel(ssh_channel_t *channel, int fd);

#endif
