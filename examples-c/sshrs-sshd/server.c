#define _GNU_SOURCE /* accept4 */
#include "server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "auth.h"
#include "forward.h"
#include "report.h"
#include "session.h"

/* How long the end of the server waits for commands to end that were hung up. */
#define CLEAR_UP_SECONDS 3

/* ---- what is loaded once ---- */

static bool load_host_key(struct server *server, const char *path)
{
    ssh_key_t *key = NULL;
    ssh_status_t rc = ssh_key_load_private_file(options_expand_path(path), NULL, 0, &key);
    size_t i;

    if (rc != SSH_OK) {
        report_failure(path, rc);
        return false;
    }
    for (i = 0; i < server->host_keys_count; i++) {
        if (strcmp(ssh_key_get_name(server->host_keys[i]), ssh_key_get_name(key)) == 0) {
            report_error(path, "a host key of this type was given already", "one of each type is enough");
            ssh_key_free(key);
            return false;
        }
    }
    server->host_keys[server->host_keys_count++] = key;
    return true;
}

static bool make_host_key(struct server *server)
{
    char *fingerprint = NULL;
    ssh_status_t rc = ssh_key_generate("ssh-ed25519", 0, &server->host_keys[0]);

    if (rc == SSH_OK)
        rc = ssh_key_get_fingerprint(server->host_keys[0], &fingerprint);
    if (rc != SSH_OK) {
        report_failure("making a host key", rc);
        return false;
    }
    server->host_keys_count = 1;
    report_notice("no --host-key: made one that lasts as long as this server, %s", fingerprint);
    ssh_string_free(fingerprint);
    return true;
}

static bool load_host_keys(struct server *server)
{
    const struct text_list *files = &server->config.host_keys;
    size_t i;

    if (files->count == 0)
        return make_host_key(server);
    if (files->count > SERVER_MAX_HOST_KEYS) {
        report_error("--host-key", "too many", "one of each type is enough");
        return false;
    }
    for (i = 0; i < files->count; i++)
        if (!load_host_key(server, files->items[i]))
            return false;
    return true;
}

static bool load_banner(struct server *server)
{
    const char *path = server->config.banner;
    char text[16384];
    FILE *file;
    size_t len;

    if (path == NULL || strcmp(path, "none") == 0)
        return true;
    file = fopen(path, "re");
    if (file == NULL) {
        report_error(path, strerror(errno), NULL);
        return false;
    }
    len = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[len] = '\0';
    server->banner = strdup(text);
    return server->banner != NULL;
}

static bool load_moduli(const struct server *server)
{
    ssh_status_t rc = server->config.moduli == NULL ? SSH_OK : ssh_load_server_moduli(server->config.moduli);

    if (rc != SSH_OK)
        report_failure(server->config.moduli, rc);
    return rc == SSH_OK;
}

/* ---- listening ---- */

/* "address:port" as --help's line promises it. */
static void name_address(struct server *server)
{
    struct sockaddr_storage at;
    socklen_t size = sizeof at;
    char host[48], port[8];

    if (getsockname(server->listener, (struct sockaddr *)&at, &size) != 0 ||
        getnameinfo((struct sockaddr *)&at, size, host, sizeof host, port, sizeof port, NI_NUMERICHOST | NI_NUMERICSERV) != 0)
        return;
    snprintf(server->address, sizeof server->address, at.ss_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host, port);
    snprintf(server->own_end, sizeof server->own_end, "%s %s", host, port);
}

static bool start_listening(struct server *server)
{
    struct addrinfo hints = {0}, *found = NULL;
    char port[8], what[320];
    int error, on = 1;

    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
    snprintf(port, sizeof port, "%d", server->config.port);
    snprintf(what, sizeof what, "listening on %.200s port %s", server->config.listen, port);
    error = getaddrinfo(server->config.listen, port, &hints, &found);
    if (error != 0) {
        report_error(what, gai_strerror(error), NULL);
        return false;
    }
    server->listener = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (server->listener >= 0)
        setsockopt(server->listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (server->listener < 0 || bind(server->listener, found->ai_addr, found->ai_addrlen) != 0 ||
        listen(server->listener, SOMAXCONN) != 0) {
        report_error(what, strerror(errno), errno == EADDRINUSE ? "-p 0 lets the system choose a port" : NULL);
        freeaddrinfo(found);
        return false;
    }
    freeaddrinfo(found);
    name_address(server);
    return true;
}

bool server_open(struct server *server)
{
    pthread_mutex_init(&server->lock, NULL);
    pthread_cond_init(&server->gone, NULL);
    server->listener = -1;
    return load_host_keys(server) && load_banner(server) && load_moduli(server) &&
           (server->config.password_file == NULL || secret_read_file(&server->password, server->config.password_file)) &&
           start_listening(server);
}

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

/* Everything that must be said before the negotiation begins. */
static ssh_status_t set_up(const struct server *server, ssh_transport_t *transport)
{
    const struct config *config = &server->config;
    ssh_security_options_t *security = NULL;
    ssh_status_t rc = ssh_transport_get_security_options(transport, &security);
    size_t i;

    for (i = 0; rc == SSH_OK && i < server->host_keys_count; i++)
        rc = ssh_transport_add_server_key(transport, server->host_keys[i]);
    if (rc == SSH_OK && (!algorithms_apply(&OFF, security) || !algorithms_apply(&config->algorithms, security)))
        rc = SSH_ERR_INVALID_ARGUMENT;
    if (rc == SSH_OK && !config->compression)
        rc = ssh_transport_use_compression(transport, false);
    if (rc == SSH_OK && report_current_level() >= REPORT_PACKETS)
        rc = ssh_transport_set_hexdump(transport, true);
    ssh_security_options_free(security);
    return rc;
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
