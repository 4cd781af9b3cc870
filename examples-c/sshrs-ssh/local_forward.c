#include "local_forward.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "acceptor.h"
#include "report.h"
#include "socks.h"

/* How long the server may take to connect. */
#define OPEN_TIMEOUT_MS 60000

/* One address. */
struct local_forward {
    struct local_forward *next;
    const struct local_forwards *all;
    const struct forward_spec *spec;
    struct acceptor *acceptor;
};

/* An accepted connection. */
struct incoming {
    const struct forward_spec *spec;
    ssh_transport_t *transport; /* stays until nobody uses the links */
    struct link *link;
    struct acceptor_peer peer;
};

/* ---- a connection ---- */

static bool open_channel(const struct incoming *incoming, const struct forward_spec *target)
{
    ssh_channel_options_t options = SSH_CHANNEL_OPTIONS_INIT;
    ssh_channel_t *channel = NULL;
    char name[300], what[360];
    ssh_status_t rc;

    options.dest_host = target->host;
    options.dest_port = target->port;
    options.dest_path = target->path;
    if (incoming->peer.host[0] != '\0') {
        options.src_host = incoming->peer.host;
        options.src_port = incoming->peer.port;
    }
    rc = ssh_transport_open_channel(incoming->transport,
                                    target->path == NULL ? "direct-tcpip" : "direct-streamlocal@openssh.com", &options,
                                    OPEN_TIMEOUT_MS, &channel);
    if (rc != SSH_OK) {
        forward_spec_name_target(target, name, sizeof name);
        snprintf(what, sizeof what, "forwarding a connection to %s", name);
        report_failure(what, rc);
        return false;
    }
    link_set_channel(incoming->link, channel);
    return true;
}

/* Where it goes is in the connection itself. */
static bool open_dynamic(const struct incoming *incoming)
{
    int fd = link_socket(incoming->link);
    struct forward_spec target = {0};
    struct socks_request request = {0};
    bool ok;

    if (!socks_read_request(fd, &request)) {
        report_progress("a connection was not forwarded: it asks for nothing that SOCKS allows here");
        return false;
    }
    target.host = request.host;
    target.port = request.port;
    ok = open_channel(incoming, &target);
    socks_answer(fd, &request, ok);
    return ok;
}

static void *serve(void *argument)
{
    struct incoming *incoming = argument;
    struct link *link = incoming->link;
    bool ok = incoming->spec->kind == FORWARD_DYNAMIC ? open_dynamic(incoming) : open_channel(incoming, incoming->spec);

    free(incoming);
    if (ok)
        link_relay(link);
    link_free(link);
    return NULL;
}

static bool start_thread(struct incoming *incoming)
{
    pthread_attr_t detached;
    pthread_t thread;
    int error;

    pthread_attr_init(&detached);
    pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
    error = pthread_create(&thread, &detached, serve, incoming);
    pthread_attr_destroy(&detached);
    return error == 0;
}

static bool on_accepted(void *user_data, int fd, const struct acceptor_peer *peer)
{
    const struct local_forward *forward = user_data;
    struct link *link = link_new(forward->all->links, fd, NULL);
    struct incoming *incoming = link == NULL ? NULL : calloc(1, sizeof *incoming);

    if (incoming != NULL) {
        incoming->spec = forward->spec;
        incoming->transport = forward->all->transport;
        incoming->link = link;
        incoming->peer = *peer;
        if (start_thread(incoming))
            return true;
        report_error("forwarding a connection", "no thread to be had", "raise the limit on processes");
    }
    free(incoming);
    if (link != NULL)
        link_free(link);
    return true;
}

/* ---- listening ---- */

static bool report_not_bound(const struct forward_spec *spec, const char *why)
{
    char name[300], what[360];

    forward_spec_name_listener(spec, name, sizeof name);
    snprintf(what, sizeof what, "listening on %s", name);
    report_error(what, why, NULL);
    return false;
}

/* Takes a bound socket, or -1 with errno. */
static bool add(struct local_forwards *forwards, const struct forward_spec *spec, int fd)
{
    struct local_forward *forward;

    if (fd < 0)
        return report_not_bound(spec, strerror(errno));
    forward = calloc(1, sizeof *forward);
    if (forward == NULL) {
        close(fd);
        return report_not_bound(spec, strerror(ENOMEM));
    }
    forward->all = forwards;
    forward->spec = spec;
    forward->acceptor = acceptor_new(fd, spec->listen_path, on_accepted, forward);
    if (forward->acceptor == NULL) {
        free(forward);
        return report_not_bound(spec, "no thread to be had");
    }
    forward->next = forwards->first;
    forwards->first = forward;
    acceptor_go(forward->acceptor);
    return true;
}

/* A system without one of the two kinds of address listens on the other. */
static bool is_missing(int fd)
{
    return fd < 0 && (errno == EADDRNOTAVAIL || errno == EAFNOSUPPORT);
}

static bool add_loopback(struct local_forwards *forwards, const struct forward_spec *spec)
{
    uint32_t port = spec->listen_port;
    int fd;

    if (forwards->address_family != AF_INET6 && !add(forwards, spec, acceptor_bind_port(false, &port)))
        return false;
    if (forwards->address_family == AF_INET)
        return true;
    fd = acceptor_bind_port(true, &port);
    if (is_missing(fd) && forwards->address_family != AF_INET6)
        return true;
    return add(forwards, spec, fd);
}

static bool add_address(struct local_forwards *forwards, const struct forward_spec *spec)
{
    struct addrinfo hints = {0}, *found = NULL, *address;
    bool ok = true, any = false;
    char service[16];
    int error;

    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_PASSIVE;
    hints.ai_family = forwards->address_family;
    snprintf(service, sizeof service, "%u", (unsigned)spec->listen_port);
    error = getaddrinfo(*spec->listen_host == '\0' ? NULL : spec->listen_host, service, &hints, &found);
    if (error != 0)
        return report_not_bound(spec, gai_strerror(error));
    for (address = found; address != NULL && ok; address = address->ai_next) {
        int fd = acceptor_bind(address->ai_family, address->ai_addr, address->ai_addrlen);

        if (is_missing(fd) && (any || address->ai_next != NULL))
            continue;
        ok = any = add(forwards, spec, fd);
    }
    freeaddrinfo(found);
    return ok;
}

bool local_forwards_add(struct local_forwards *forwards, const struct forward_spec *spec)
{
    if (spec->listen_path != NULL)
        return add(forwards, spec, acceptor_bind_path(spec->listen_path));
    return spec->listen_host == NULL ? add_loopback(forwards, spec) : add_address(forwards, spec);
}

void local_forwards_remove_paths(const struct local_forwards *forwards)
{
    const struct local_forward *forward;

    for (forward = forwards->first; forward != NULL; forward = forward->next)
        acceptor_remove_path(forward->acceptor);
}

void local_forwards_end(struct local_forwards *forwards)
{
    struct local_forward *forward;

    while ((forward = forwards->first) != NULL) {
        forwards->first = forward->next;
        acceptor_free(forward->acceptor);
        free(forward);
    }
}
