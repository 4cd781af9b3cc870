/* A server and a client in one program, joined by TCP on 127.0.0.1. A test fills `hooks` and calls pair_open. */
#ifndef SSHRS_TEST_SERVER_H
#define SSHRS_TEST_SERVER_H

#include "../support.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

typedef struct pair {
    ssh_transport_t *client;
    ssh_transport_t *server;
} pair_t;

static inline int listen_local(uint32_t *port)
{
    struct sockaddr_in at;
    socklen_t size = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    memset(&at, 0, sizeof at);
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    CHECK(fd >= 0 && bind(fd, (struct sockaddr *)&at, size) == 0 && listen(fd, 64) == 0);
    CHECK(getsockname(fd, (struct sockaddr *)&at, &size) == 0);
    *port = ntohs(at.sin_port);
    return fd;
}

/* The program's host key. */
static inline ssh_key_t *host_key(void)
{
    static ssh_key_t *key;

    if (key == NULL)
        CHECK_OK(ssh_key_generate("ssh-ed25519", 0, &key));
    return key;
}

/* A server's transport for the next connection, with the host key, not started. */
static inline ssh_transport_t *server_accept(int listener, const ssh_transport_options_t *options)
{
    ssh_transport_t *server;
    int fd = accept(listener, NULL, NULL);

    CHECK(fd >= 0);
    CHECK_OK(ssh_transport_new_fd(fd, options, &server));
    CHECK_OK(ssh_transport_add_server_key(server, host_key()));
    return server;
}

/* Both ends, negotiated, nobody logged in. options: the server's, may be NULL. */
static inline pair_t pair_open_with(const ssh_server_hooks_t *hooks, const ssh_transport_options_t *options)
{
    uint32_t port;
    int listener = listen_local(&port);
    ssh_event_t *done;
    pair_t pair;

    CHECK_OK(ssh_event_new(&done));
    CHECK_OK(ssh_transport_new_address("127.0.0.1", port, NULL, WAIT_MS, &pair.client));
    pair.server = server_accept(listener, options);
    close(listener);
    CHECK_OK(ssh_transport_start_server_event(pair.server, hooks, done));
    CHECK_OK(ssh_transport_start_client(pair.client, WAIT_MS));
    CHECK_OK(ssh_event_wait(done, WAIT_MS));
    ssh_event_free(done);
    CHECK(ssh_transport_is_active(pair.server));
    return pair;
}

static inline pair_t pair_open(const ssh_server_hooks_t *hooks)
{
    return pair_open_with(hooks, NULL);
}

static inline void pair_close(pair_t *pair)
{
    ssh_transport_free(pair->client);
    ssh_transport_free(pair->server);
}

static inline void pair_free(pair_t *pair)
{
    pair_close(pair);
    ssh_key_free(host_key());
}

static inline ssh_status_t log_in(ssh_transport_t *client, const char *password)
{
    ssh_password_options_t options = SSH_PASSWORD_OPTIONS_INIT;

    options.no_fallback = true;
    return ssh_transport_auth_password(client, "user", password, strlen(password), &options, WAIT_MS, NULL);
}

/* How long a login takes here, with the key exchange before it: from a few milliseconds to seconds under memcheck. Times
 * that a test sets are multiples of it. */
static inline int64_t login_ms(const ssh_server_hooks_t *hooks)
{
    int64_t began = now_ms();
    pair_t pair = pair_open(hooks);

    CHECK_OK(log_in(pair.client, "secret"));
    pair_close(&pair);
    return now_ms() - began;
}

/* The hooks most tests want: the password "secret", any session, any shell or command. */
static inline int32_t allow_password(void *user_data, ssh_ticket_t *ticket, ssh_transport_t *transport, const char *username, const char *password, size_t password_len)
{
    (void)user_data;
    CHECK(ssh_ticket_get_passed(ticket) != NULL && !ssh_transport_is_authenticated(transport));
    CHECK(strcmp(username, "user") == 0 && strlen(password) == password_len);
    return strcmp(password, "secret") == 0 ? SSH_AUTH_SUCCESSFUL : SSH_AUTH_FAILED;
}

static inline int32_t allow_session(void *user_data, ssh_ticket_t *ticket, ssh_transport_t *transport, const char *kind, uint32_t channel_id, const void *open_data, size_t open_data_len)
{
    (void)user_data, (void)channel_id, (void)open_data, (void)open_data_len;
    CHECK(ssh_transport_is_authenticated(transport));
    if (strcmp(kind, "session") == 0)
        return SSH_OPEN_SUCCEEDED;
    CHECK_OK(ssh_ticket_set_text(ticket, "sessions only"));
    return SSH_OPEN_FAILED_UNKNOWN_CHANNEL_TYPE;
}

static inline int32_t allow_exec(void *user_data, ssh_ticket_t *ticket, ssh_channel_t *channel, const char *command, size_t command_len)
{
    (void)user_data, (void)ticket, (void)channel;
    return strlen(command) == command_len ? SSH_REQUEST_GRANTED : SSH_REQUEST_REFUSED;
}

static inline ssh_server_hooks_t usual_hooks(void)
{
    ssh_server_hooks_t hooks = SSH_SERVER_HOOKS_INIT;

    hooks.check_auth_password = allow_password;
    hooks.check_channel_request = allow_session;
    hooks.check_channel_exec_request = allow_exec;
    return hooks;
}

/* The other end of the channel the client opened last. */
static inline ssh_channel_t *accept_channel(ssh_transport_t *server)
{
    ssh_channel_t *channel;

    CHECK_OK(ssh_transport_accept(server, WAIT_MS, &channel));
    return channel;
}

/* A directory made from the template dir, with a new key in it for the system's `ssh`; gives its public half. */
static inline ssh_key_t *ssh_key_in(char *dir)
{
    char command[256], path[128];
    ssh_key_t *key;

    if (system("command -v ssh >/dev/null && command -v ssh-keygen >/dev/null") != 0) {
        puts("skipped: no ssh and ssh-keygen here");
        exit(SKIPPED);
    }
    CHECK(mkdtemp(dir) != NULL);
    snprintf(command, sizeof command, "ssh-keygen -q -t ed25519 -N '' -f %s/key", dir);
    CHECK(system(command) == 0);
    snprintf(path, sizeof path, "%s/key.pub", dir);
    CHECK_OK(ssh_key_load_public_file(path, &key));
    return key;
}

/* A destroy callback: counts in the atomic_int that user_data points to. */
static inline void count_destroy(void *user_data)
{
    atomic_fetch_add((atomic_int *)user_data, 1);
}

static inline void wait_for(atomic_int *value, int wanted)
{
    int64_t end = now_ms() + WAIT_MS;

    while (atomic_load(value) != wanted) {
        CHECK(now_ms() < end);
        sleep_ms(5);
    }
}

#endif
