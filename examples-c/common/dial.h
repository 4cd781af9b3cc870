/* Connecting to where a forwarded connection wants to go. */
#ifndef DIAL_H
#define DIAL_H

#include <stdint.h>

/* A connected socket, or -1 and *why_not for the peer. Tries every address, each for ten seconds at most. */
int dial_tcp(const char *host, uint32_t port, const char **why_not);

/* The same for a Unix socket. */
int dial_local(const char *path, const char **why_not);

#endif
