/* A channel and a socket made one connection. */
#ifndef SPLICE_H
#define SPLICE_H

#include <sshrs.h>

/* Copies both ways until both are done, or the channel is broken; the end of one direction is carried across and leaves the
 * other open. Closes the channel, not the socket, which it makes non-blocking. A side that does not read stops the other
 * direction's reading, nothing is piled up. */
void splice_channel(ssh_channel_t *channel, int fd);

#endif
