#include "auth_agent.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report.h"

const char *auth_agent_path(const struct options *options)
{
    const char *path = options->identity_agent;

    if (strcmp(path, "none") == 0)
        return NULL;
    if (strcmp(path, "SSH_AUTH_SOCK") == 0)
        path = getenv("SSH_AUTH_SOCK");
    else if (path[0] == '$')
        path = getenv(path + 1);
    else
        path = options_expand_path(path);
    return path == NULL || *path == '\0' ? NULL : path;
}

static void connect_to(struct auth_agent *agent, const struct options *options, ssh_transport_t *transport)
{
    const char *path = auth_agent_path(options);
    ssh_status_t rc;

    agent->asked = true;
    if (path == NULL)
        return;
    rc = ssh_agent_connect(path, &agent->agent);
    if (rc == SSH_OK)
        rc = ssh_agent_bind_session(agent->agent, transport, false, SSH_WAIT_DEFAULT);
    /* An agent that refuses to be tied to a session sees to its keys itself. */
    if (rc == SSH_OK || rc == SSH_ERR_AGENT_REFUSED)
        rc = ssh_agent_list(agent->agent, SSH_WAIT_DEFAULT, &agent->keys);
    if (rc == SSH_OK)
        agent->offered = calloc(ssh_agent_keys_get_count(agent->keys) + 1, sizeof *agent->offered);
    if (agent->offered == NULL) {
        if (rc != SSH_OK)
            report_refusal("the agent", rc);
        ssh_agent_keys_free(agent->keys);
        agent->keys = NULL;
    }
}

/* The public half of an identity: the file beside it, or itself where its format shows it. NULL if neither is there. */
static ssh_key_t *public_half(const char *path)
{
    char beside[1100];
    ssh_key_t *key = NULL;

    snprintf(beside, sizeof beside, "%.1000s.pub", path);
    if (ssh_key_load_public_file(beside, &key) != SSH_OK && ssh_key_load_public_file(path, &key) != SSH_OK)
        return NULL;
    return key;
}

/* Where the agent has it; the number of its keys if it does not. */
static size_t place_of(const struct auth_agent *agent, const ssh_key_t *key)
{
    size_t i, count = ssh_agent_keys_get_count(agent->keys);

    for (i = 0; i < count; i++)
        if (ssh_key_is_equal(ssh_agent_keys_get_key(agent->keys, i), key))
            break;
    return i;
}

static bool give(struct auth_agent *agent, size_t at, const char *path, struct held_key *held)
{
    agent->offered[at] = true;
    held->key = ssh_agent_keys_get_key(agent->keys, at);
    held->comment = ssh_agent_keys_get_comment(agent->keys, at);
    held->path = path;
    return true;
}

bool auth_agent_next(struct auth_agent *agent, const struct options *options, ssh_transport_t *transport, struct held_key *held)
{
    size_t count;

    if (!agent->asked)
        connect_to(agent, options, transport);
    count = ssh_agent_keys_get_count(agent->keys);
    while (agent->keys != NULL && agent->next_identity < options->identities.count) {
        const char *path = options_expand_path(options->identities.items[agent->next_identity++]);
        ssh_key_t *key = public_half(path);
        size_t at = key == NULL ? count : place_of(agent, key);

        ssh_key_free(key);
        if (at < count && !agent->offered[at])
            return give(agent, at, path, held);
    }
    for (; !options->identities_only && agent->next_key < count; agent->next_key++)
        if (!agent->offered[agent->next_key])
            return give(agent, agent->next_key, NULL, held);
    agent->through = true;
    return false;
}

bool auth_agent_is_through(const struct auth_agent *agent)
{
    return agent->through;
}

bool auth_agent_has_offered(const struct auth_agent *agent, const char *path)
{
    ssh_key_t *key = agent->keys == NULL ? NULL : public_half(path);
    size_t at = key == NULL ? 0 : place_of(agent, key);
    bool offered = key != NULL && at < ssh_agent_keys_get_count(agent->keys) && agent->offered[at];

    ssh_key_free(key);
    return offered;
}

void auth_agent_restart(struct auth_agent *agent)
{
    size_t count = ssh_agent_keys_get_count(agent->keys);

    if (agent->offered != NULL)
        memset(agent->offered, 0, count * sizeof *agent->offered);
    agent->next_identity = agent->next_key = 0;
    agent->through = false;
}

void auth_agent_close(struct auth_agent *agent)
{
    free(agent->offered);
    ssh_agent_keys_free(agent->keys);
    ssh_agent_free(agent->agent);
    memset(agent, 0, sizeof *agent);
}
