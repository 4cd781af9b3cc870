#define _GNU_SOURCE /* accept4 */
#include "server.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "auth.h"
#include "forward.h"
#include "report.h"
#include "session.h"

/* How long the end of the server waits for commands to end that were hung up. */
#define CLEAR_UP_SECONDS 3

/* ---- one more connection ---- */

static ssh_server_hooks_t make_hooks(struct connection *connection)
{
    ssh_server_hooks_t hooks = SSH_SERVER_HOOKS_INIT;

    hooks.user_data = connection;
    hooks.destroy = connection_over;
    auth_hooks(connection->server, &hooks);
    session_hooks(&hooks);
    session_forward_hooks(connection->server, &hooks);
    forward_hooks(connection->server, &hooks);
    return hooks;
}

static ssh_transport_options_t transport_options(const struct config *config)
{
    ssh_transport_options_t options = SSH_TRANSPORT_OPTIONS_INIT;

    options.login_grace_ms = config->login_grace == 0 ? SSH_WAIT_FOREVER : config->login_grace * INT64_C(1000);
    options.max_auth_attempts = (uint32_t)config->max_auth_tries;
    options.rekey_bytes = config->rekey.bytes;
    options.rekey_interval_ms = config->rekey.seconds * 1000;
    return options;
}

/* What is off until -o asks for it, as ssh-audit advises: key exchanges that a quantum computer could undo one day from what
 * was recorded today, those with NIST's curves among them, and MACs of the plain text. A client from before OpenSSH 8.5 or
 * Dropbear 2025 needs `-o KexAlgorithms=+curve25519-sha256`. */
static const struct algorithm_names OFF = {
    .kex = "-curve25519-*,ecdh-*,diffie-hellman-*",
    .macs = "-hmac-sha2-256,hmac-sha2-512",
};

/* Certificates are off in the library until they are asked for, which who lists authorities does. */
static const struct algorithm_names CERTIFICATES = {
    .pubkeys = "+ssh-ed25519-cert-v01@openssh.com,ecdsa-sha2-nistp256-cert-v01@openssh.com,"
               "ecdsa-sha2-nistp384-cert-v01@openssh.com,ecdsa-sha2-nistp521-cert-v01@openssh.com,"
               "sk-ssh-ed25519-cert-v01@openssh.com,sk-ecdsa-sha2-nistp256-cert-v01@openssh.com,"
               "rsa-sha2-512-cert-v01@openssh.com,rsa-sha2-256-cert-v01@openssh.com",
};

/* Everything that must be said before the negotiation begins. */
static ssh_status_t set_up(const struct server *server, ssh_transport_t *transport)
{
    const struct config *config = &server->config;
    ssh_security_options_t *security = NULL;
    ssh_status_t rc = ssh_transport_get_security_options(transport, &security);
    size_t i;

    for (i = 0; rc == SSH_OK && i < server->host_keys_count; i++)
        rc = ssh_transport_add_server_key(transport, server->host_keys[i]);
    if (rc == SSH_OK && (!algorithms_apply(&OFF, security) || !algorithms_apply(&CERTIFICATES, security) ||
                         !algorithms_apply(&config->algorithms, security)))
        rc = SSH_ERR_INVALID_ARGUMENT;
    if (rc == SSH_OK && !config->compression)
        rc = ssh_transport_use_compression(transport, false);
    if (rc == SSH_OK && report_current_level() >= REPORT_PACKETS)
        rc = ssh_transport_set_hexdump(transport, true);
    ssh_security_options_free(security);
    return rc;
}

bool server_try_settings(const struct server *server)
{
    ssh_transport_t *transport = NULL;
    ssh_status_t rc;
    int ends[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        return false;
    rc = ssh_transport_new_fd(ends[0], NULL, &transport);
    if (rc == SSH_OK)
        rc = set_up(server, transport);
    ssh_transport_free(transport);
    close(ends[1]);
    return rc == SSH_OK;
}

/* Starts the negotiation. From here on the hooks own the connection, and release it also if this fails. */
static ssh_status_t start_serving(struct connection *connection)
{
    const struct config *config = &connection->server->config;
    ssh_server_hooks_t hooks = make_hooks(connection);
    ssh_status_t rc;

    /* It may be over before this function is. */
    connection_hold(connection);
    rc = ssh_transport_start_server_event(connection->transport, &hooks, NULL);
    if (rc == SSH_OK && config->alive_interval > 0)
        /* Fails only where the connection has ended. */
        (void)ssh_transport_set_keepalive(connection->transport, config->alive_interval * INT64_C(1000),
                                          (uint32_t)config->alive_count_max);
    connection_release(connection);
    return rc;
}

/* Takes fd. */
static void start_connection(struct server *server, int fd)
{
    ssh_transport_options_t options = transport_options(&server->config);
    struct connection *connection = connection_new(server);
    ssh_status_t rc;

    if (connection == NULL) {
        close(fd);
        return;
    }
    rc = ssh_transport_new_fd(fd, &options, &connection->transport);
    if (rc == SSH_OK)
        rc = set_up(server, connection->transport);
    if (rc == SSH_OK)
        rc = start_serving(connection);
    else
        connection_over(connection);
    if (rc != SSH_OK)
        report_failure("starting a connection", rc);
}

static bool has_room(struct server *server)
{
    const struct config *config = &server->config;
    struct connection *connection;
    int strangers = 0, all;

    pthread_mutex_lock(&server->lock);
    all = server->connections_count;
    for (connection = server->connections; connection != NULL; connection = connection->next)
        strangers += !ssh_transport_is_authenticated(connection->transport);
    pthread_mutex_unlock(&server->lock);
    return (config->max_connections == 0 || all < config->max_connections) && strangers < config->max_startups;
}

static void accept_one(struct server *server)
{
    int fd = accept4(server->listener, NULL, NULL, SOCK_CLOEXEC), on = 1;

    if (fd < 0) {
        /* Out of descriptors: the listener stays readable, and asking again at once would only burn time. */
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
            usleep(100000);
        return;
    }
    if (!has_room(server)) {
        report_progress("a connection was refused: there are too many");
        close(fd);
        return;
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    start_connection(server, fd);
}

/* The next connection whose peer was not told yet, held; NULL if there is none. */
static struct connection *next_to_tell(struct server *server)
{
    struct connection *connection;

    pthread_mutex_lock(&server->lock);
    connection = server->connections;
    while (connection != NULL && connection->told)
        connection = connection->next;
    if (connection != NULL) {
        connection->told = true;
        connection_hold(connection);
    }
    pthread_mutex_unlock(&server->lock);
    return connection;
}

/* Tells every peer, and waits until the library has let go of the connections, and for a while until their threads have, which
 * hang up what runs in them: a command that does not mind may outlive the server. */
static void end_connections(struct server *server)
{
    struct connection *connection;
    struct timespec until;

    while ((connection = next_to_tell(server)) != NULL) {
        ssh_transport_close(connection->transport);
        connection_release(connection);
    }
    pthread_mutex_lock(&server->lock);
    while (server->connections_count > 0)
        pthread_cond_wait(&server->gone, &server->lock);
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += CLEAR_UP_SECONDS;
    while (server->held > 0 && pthread_cond_timedwait(&server->gone, &server->lock, &until) == 0)
        continue;
    pthread_mutex_unlock(&server->lock);
}

void server_run(struct server *server, int stop_fd)
{
    struct pollfd fds[2] = {{server->listener, POLLIN, 0}, {stop_fd, POLLIN, 0}};

    while (fds[1].revents == 0) {
        if (poll(fds, 2, -1) < 0 && errno != EINTR)
            break;
        if (fds[0].revents != 0)
            accept_one(server);
    }
    close(server->listener);
    server->listener = -1;
    end_connections(server);
}

void server_close(struct server *server)
{
    if (server->listener >= 0)
        close(server->listener);
    while (server->host_keys_count > 0)
        ssh_key_free(server->host_keys[--server->host_keys_count]);
    secret_wipe(&server->password);
    free(server->banner);
    /* The lock stays: a thread that waits for a command may be left. */
}
