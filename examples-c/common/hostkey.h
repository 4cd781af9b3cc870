/* Decides over the server's host key. */
#ifndef HOSTKEY_H
#define HOSTKEY_H

#include <sshrs.h>
#include <stdbool.h>

#include "options.h"

/* The host a key must belong to, as known_hosts files name it. */
struct hostkey_name {
    const char *host;
    int port;
};

/* Reads the known_hosts files; NULL, and reported, if one cannot be read. Release with ssh_known_hosts_free. */
ssh_known_hosts_t *hostkey_load(const struct options *options);

/* Checks the key the server has proved to hold. Reports a key that is not to be trusted and returns false; nothing secret
 * may be sent then. */
bool hostkey_check(const struct options *options, ssh_known_hosts_t *known, struct hostkey_name name,
                   ssh_transport_t *transport);

#endif
