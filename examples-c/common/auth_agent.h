/* An agent's keys, in the order ssh offers them: those that are the user's identities, then the others. */
#ifndef AUTH_AGENT_H
#define AUTH_AGENT_H

#include <sshrs.h>
#include <stdbool.h>

#include "options.h"

/* All zero before the first use. */
struct auth_agent {
    bool asked; /* whether there is one */
    ssh_agent_t *agent;
    ssh_agent_keys_t *keys;
    bool *offered;            /* one a key */
    size_t next_identity;     /* of the options' */
    size_t next_key;          /* of the agent's, behind the identities */
    bool through;             /* every key was offered */
};

struct held_key {
    const ssh_key_t *key;
    const char *comment; /* the agent's text */
    const char *path;    /* the identity it is; NULL: none of them */
};

/* The socket of the agent that the options name; NULL if there is none. */
const char *auth_agent_path(const struct options *options);

/* The next key; false if there is none. The first call connects, and ties the agent to the transport's session. */
bool auth_agent_next(struct auth_agent *agent, const struct options *options, ssh_transport_t *transport, struct held_key *held);

/* Whether there is nothing more to come. */
bool auth_agent_is_through(const struct auth_agent *agent);

/* Was the key of this file one of those that the agent signed for, or would have? */
bool auth_agent_has_offered(const struct auth_agent *agent, const char *path);

/* Offers all of them again. */
void auth_agent_restart(struct auth_agent *agent);

void auth_agent_close(struct auth_agent *agent);

#endif
