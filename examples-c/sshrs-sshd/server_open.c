/* What a server has before its first connection: keys, texts, and the socket it listens on. */
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "admission.h"
#include "report.h"
#include "server.h"

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

/* Puts the certificate to the host key it is for. */
static ssh_status_t join_certificate(struct server *server, const ssh_cert_t *cert)
{
    ssh_status_t rc = SSH_ERR_CERT_KEY_MISMATCH;
    size_t i;

    for (i = 0; rc == SSH_ERR_CERT_KEY_MISMATCH && i < server->host_keys_count; i++) {
        ssh_key_t *certified = NULL;

        rc = ssh_key_with_certificate(server->host_keys[i], cert, &certified);
        if (rc == SSH_OK) {
            ssh_key_free(server->host_keys[i]);
            server->host_keys[i] = certified;
        }
    }
    return rc;
}

static bool load_host_certificate(struct server *server, const char *path)
{
    ssh_cert_t *cert = NULL;
    ssh_status_t rc = ssh_cert_load_file(path, &cert);

    if (rc == SSH_OK)
        rc = join_certificate(server, cert);
    if (rc != SSH_OK)
        report_failure(path, rc);
    ssh_cert_free(cert);
    return rc == SSH_OK;
}

static bool load_host_certificates(struct server *server)
{
    const struct text_list *files = &server->config.host_certificates;
    size_t i;

    for (i = 0; i < files->count; i++)
        if (!load_host_certificate(server, options_expand_path(files->items[i])))
            return false;
    return true;
}

static bool load_banner(struct server *server)
{
    const char *path = server->config.banner;
    char text[16385]; /* one more than a banner may have */
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
    if (len == sizeof text - 1) {
        report_error(path, "too long for a banner", "16383 bytes are enough");
        return false;
    }
    text[len] = '\0';
    server->banner = strdup(text);
    if (server->banner == NULL)
        report_error(path, strerror(errno), NULL);
    return server->banner != NULL;
}

static bool load_moduli(const struct server *server)
{
    ssh_status_t rc = server->config.moduli == NULL ? SSH_OK : ssh_load_server_moduli(server->config.moduli);

    if (rc != SSH_OK)
        report_failure(server->config.moduli, rc);
    return rc == SSH_OK;
}

static bool load_password(struct server *server)
{
    const char *path = server->config.password_file;

    if (path == NULL)
        return true;
    if (!secret_read_file(&server->password, path))
        return false;
    if (server->password.len == 0)
        report_error(path, "the password is empty", "its first line must be the password");
    return server->password.len > 0;
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
    return load_host_keys(server) && load_host_certificates(server) && load_banner(server) && load_moduli(server) &&
           load_password(server) && admission_try(&server->config) && server_try_settings(server) && start_listening(server);
}
