/* ProxyCommand: a program whose standard input and output are the connection to the server. */
#ifndef PROXY_H
#define PROXY_H

#include <stdbool.h>
#include <sys/types.h>

struct proxy_target {
    const char *typed; /* %n: the host as it was typed */
    const char *host;  /* %h */
    int port;          /* %p */
    const char *user;  /* %r */
};

/* Replaces the tokens in a command and starts it with the user's shell. Returns our end of a connected socket and sets the
 * process; -1, and reported, if that fails. */
int proxy_start(const char *command, const struct proxy_target *target, pid_t *process);

/* For a connection that broke: whether the proxy ends within a moment, by itself. Reports a failure of it. */
bool proxy_has_ended(pid_t process);

/* Ends it, once the socket is closed. */
void proxy_end(pid_t process);

#endif
