#include "forwards.h"

#include <stdio.h>
#include <stdlib.h>

#include "auth_agent.h"
#include "dial.h"
#include "link.h"
#include "local_forward.h"
#include "report.h"
#include "x11_forward.h"

struct forwards {
    struct links links;
    struct local_forwards local;
    ssh_transport_t *transport;
    struct forward_spec agent; /* where channels to the agent go */
    bool has_agent, has_x11;
    struct x11_forward x11;
};

/* Whose sockets a signal removes. */
static pthread_mutex_t current_lock = PTHREAD_MUTEX_INITIALIZER;
static struct forwards *current;

/* ---- connections the server brings ---- */

/* Lives as long as the library may call. */
struct remote {
    struct links *links;
    const struct forward_spec *target;
    const struct x11_forward *x11; /* in place of a target */
    bool is_agent;
};

/* The agent is told first that whoever asks sits behind this session. */
static void serve_agent_channel(const struct remote *remote, struct link *link, ssh_channel_t *channel)
{
    ssh_transport_t *transport = NULL;
    ssh_agent_t *agent = NULL;
    char path[300];
    ssh_status_t rc;
    int fd;

    snprintf(path, sizeof path, "%s", remote->target->path);
    rc = ssh_agent_connect(path, &agent);
    if (rc == SSH_OK)
        rc = ssh_channel_get_transport(channel, &transport);
    if (rc == SSH_OK)
        rc = ssh_agent_bind_session(agent, transport, true, SSH_WAIT_DEFAULT);
    /* An agent that refuses to be tied to a session sees to its keys itself. */
    if (rc == SSH_OK || rc == SSH_ERR_AGENT_REFUSED)
        rc = ssh_agent_detach(agent, &fd);
    if (rc == SSH_OK) {
        link_set_socket(link, fd);
        link_relay(link);
    } else {
        report_failure("connecting to the agent for the server", rc);
    }
    ssh_agent_free(agent);
    ssh_transport_free(transport);
}

/* Runs on a thread of its own, for each channel. Connecting may outlast the command line's texts: see links_end. */
static void on_channel(void *user_data, ssh_channel_t *channel)
{
    const struct remote *remote = user_data;
    const struct forward_spec *target = remote->target;
    bool is_path = target->path != NULL;
    uint32_t port = target->port;
    struct link *link = link_new(remote->links, -1, channel);
    const char *why = NULL;
    char address[300], name[300], what[360];
    int fd;

    if (link == NULL)
        return;
    if (remote->is_agent) {
        serve_agent_channel(remote, link, channel);
        link_free(link);
        return;
    }
    snprintf(address, sizeof address, "%s", is_path ? target->path : target->host);
    forward_spec_name_target(target, name, sizeof name);
    fd = is_path ? dial_local(address, &why) : dial_tcp(address, port, &why);
    if (fd < 0) {
        snprintf(what, sizeof what, "connecting to %s for the server", name);
        report_error(what, why, NULL);
    } else {
        link_set_socket(link, fd);
        link_relay(link);
    }
    link_free(link);
}

static void on_x11_channel(void *user_data, ssh_channel_t *channel)
{
    const struct remote *remote = user_data;

    x11_forward_serve(remote->x11, remote->links, channel);
}

static void on_destroy(void *user_data)
{
    struct remote *remote = user_data;

    links_release(remote->links);
    free(remote);
}

/* Without a target: for the display. */
static bool make_handler(struct forwards *forwards, const struct forward_spec *target, ssh_forward_handler_t *handler)
{
    static const ssh_forward_handler_t INITIAL = SSH_FORWARD_HANDLER_INIT;
    struct remote *remote = calloc(1, sizeof *remote);

    if (remote == NULL) {
        report_error("forwarding", "out of memory", NULL);
        return false;
    }
    remote->links = &forwards->links;
    remote->target = target;
    remote->x11 = &forwards->x11;
    remote->is_agent = target == &forwards->agent;
    links_hold(remote->links);
    *handler = INITIAL;
    handler->user_data = remote;
    handler->destroy = on_destroy;
    handler->start = target == NULL ? on_x11_channel : on_channel;
    return true;
}

static bool add_remote(struct forwards *forwards, const struct forward_spec *spec)
{
    const char *address = spec->listen_host == NULL ? "localhost" : spec->listen_host;
    ssh_forward_handler_t handler;
    uint32_t port = spec->listen_port;
    char listener[300], target[300], what[360];
    ssh_status_t rc;

    if (!make_handler(forwards, spec, &handler))
        return false;
    rc = spec->listen_path != NULL
             ? ssh_transport_request_streamlocal_forward(forwards->transport, spec->listen_path, &handler, SSH_WAIT_DEFAULT)
             : ssh_transport_request_port_forward(forwards->transport, address, port, &handler, SSH_WAIT_DEFAULT, &port);
    forward_spec_name_listener(spec, listener, sizeof listener);
    if (rc != SSH_OK) {
        snprintf(what, sizeof what, "having the server listen on %s", listener);
        report_failure(what, rc);
        return false;
    }
    forward_spec_name_target(spec, target, sizeof target);
    /* Without our name before it: scripts read this line, which is OpenSSH's. */
    if (spec->listen_path == NULL && spec->listen_port == 0 && report_current_level() >= REPORT_INFO)
        fprintf(stderr, "Allocated port %u for remote forward to %s\n", (unsigned)port, target);
    return true;
}

/* ---- the agent and the display ---- */

/* The agent's socket if the agent is to be forwarded and there is one. */
static const char *agent_path(const struct options *options)
{
    return options->forward_agent ? auth_agent_path(options) : NULL;
}

static bool serve_agent(struct forwards *forwards, const char *path)
{
    ssh_forward_handler_t handler;
    ssh_status_t rc;

    forwards->agent.path = path;
    if (!make_handler(forwards, &forwards->agent, &handler))
        return false;
    rc = ssh_transport_set_agent_handler(forwards->transport, &handler);
    if (rc != SSH_OK)
        report_failure("forwarding the agent", rc);
    forwards->has_agent = rc == SSH_OK;
    return rc == SSH_OK;
}

static bool serve_x11(struct forwards *forwards)
{
    ssh_forward_handler_t handler;
    ssh_status_t rc;

    if (!make_handler(forwards, NULL, &handler))
        return false;
    rc = ssh_transport_set_x11_handler(forwards->transport, &handler);
    if (rc != SSH_OK)
        report_failure("forwarding X11", rc);
    forwards->has_x11 = rc == SSH_OK;
    return rc == SSH_OK;
}

void forwards_request(const struct forwards *forwards, ssh_channel_t *channel)
{
    ssh_status_t rc = SSH_OK;

    if (forwards->has_agent)
        rc = ssh_channel_request_forward_agent(channel, SSH_WAIT_DEFAULT);
    if (rc != SSH_OK)
        report_failure("forwarding the agent", rc);
    if (forwards->has_x11)
        x11_forward_request(&forwards->x11, channel);
}

/* ---- all of it ---- */

static void set_current(struct forwards *forwards)
{
    pthread_mutex_lock(&current_lock);
    current = forwards;
    pthread_mutex_unlock(&current_lock);
}

void forwards_remove_paths(void)
{
    pthread_mutex_lock(&current_lock);
    if (current != NULL)
        local_forwards_remove_paths(&current->local);
    pthread_mutex_unlock(&current_lock);
}

static bool add_all(struct forwards *forwards, const struct cli *cli)
{
    const char *agent = agent_path(&cli->options);
    bool has_session = !cli->no_session && cli->relay_host == NULL;
    bool ok = true;
    size_t i;

    if (agent != NULL)
        ok = serve_agent(forwards, agent);
    else if (cli->options.forward_agent)
        report_progress("no agent is forwarded: there is none (SSH_AUTH_SOCK, IdentityAgent)");
    /* Programs start in a session. One is of use without a display too. */
    if (cli->options.forward_x11 && has_session && x11_forward_prepare(&forwards->x11, &cli->options))
        ok = serve_x11(forwards) && ok;
    for (i = 0; i < cli->forward_count; i++) {
        const struct forward_spec *spec = &cli->forwards[i];

        ok = (spec->kind == FORWARD_REMOTE ? add_remote(forwards, spec) : local_forwards_add(&forwards->local, spec)) && ok;
    }
    return ok;
}

struct forwards *forwards_start(const struct cli *cli, ssh_transport_t *transport)
{
    struct forwards *forwards = calloc(1, sizeof *forwards);

    if (forwards == NULL) {
        report_error("forwarding", "out of memory", NULL);
        return NULL;
    }
    links_init(&forwards->links);
    forwards->transport = transport;
    forwards->local.transport = transport;
    forwards->local.links = &forwards->links;
    forwards->local.address_family = cli->options.address_family;
    if (add_all(forwards, cli) || !cli->options.exit_on_forward_failure) {
        set_current(forwards);
        return forwards;
    }
    forwards_end(forwards);
    return NULL;
}

void forwards_end(struct forwards *forwards)
{
    if (forwards == NULL)
        return;
    set_current(NULL);
    local_forwards_end(&forwards->local);
    ssh_transport_close(forwards->transport);
    if (links_end(&forwards->links))
        free(forwards);
}
