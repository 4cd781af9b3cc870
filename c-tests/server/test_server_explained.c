/* Explained failures: for each class of them, made over real sockets, every field of the exception. */
#include "server.h"
#include <fcntl.h>
#include <netdb.h>

/* What an exception must hold: NULL for a text is none at all, other texts are part of it. The hint is never empty. */
typedef struct expected {
    ssh_status_t code;
    int32_t stage;
    const char *text, *hint, *peer_text;
    int64_t peer_reason;
    const char *slot, *ours, *theirs, *methods;
} expected_t;

static void check_part(const char *what, const char *found, const char *part, int line)
{
    if (part == NULL ? found != NULL : found == NULL || strstr(found, part) == NULL) {
        fprintf(stderr, "line %d: %s is \"%s\", not \"%s\"\n", line, what, found == NULL ? "(none)" : found, part == NULL ? "(none)" : part);
        exit(1);
    }
}

static void check_exception(ssh_transport_t *transport, const expected_t *x, int line)
{
    ssh_exception_t *e = ssh_get_exception(transport);

    if (e == NULL || ssh_exception_code(e) != x->code || ssh_exception_stage(e) != x->stage || ssh_exception_peer_reason(e) != x->peer_reason) {
        fprintf(stderr, "line %d: %s at stage %d, reason %lld: %s\n", line, ssh_status_name(ssh_exception_code(e)), (int)ssh_exception_stage(e),
                (long long)ssh_exception_peer_reason(e), ssh_exception_text(e));
        exit(1);
    }
    check_part("the text", ssh_exception_text(e), x->text, line);
    check_part("the hint", ssh_exception_hint(e), x->hint == NULL ? "" : x->hint, line);
    CHECK(*ssh_exception_hint(e) != '\0');
    check_part("the peer's text", ssh_exception_peer_text(e), x->peer_text, line);
    check_part("the slot", ssh_exception_slot(e), x->slot, line);
    check_part("our offer", ssh_exception_our_offer(e), x->ours, line);
    check_part("their offer", ssh_exception_their_offer(e), x->theirs, line);
    check_part("methods", ssh_exception_methods(e), x->methods, line);
    check_part("addresses", ssh_exception_addresses(e), NULL, line);
    ssh_exception_free(e);
    /* Taken. */
    CHECK(ssh_get_exception(transport) == NULL);
}

#define EXPLAINED(transport, ...)                                                                  \
    do {                                                                                           \
        expected_t expected_ = {__VA_ARGS__};                                                      \
        check_exception((transport), &expected_, __LINE__);                                        \
    } while (0)

static void set_list(ssh_transport_t *transport, int32_t list, const char *names)
{
    ssh_security_options_t *lists;

    CHECK_OK(ssh_transport_get_security_options(transport, &lists));
    CHECK_OK(ssh_security_options_set(lists, list, names));
    ssh_security_options_free(lists);
}

/* Both ends' lists have nothing in common; each end tells its own view. */
static void no_common(int32_t list, const char *ours, const char *theirs, ssh_status_t code, const char *slot)
{
    ssh_transport_t *client, *server;
    ssh_event_t *done;
    uint32_t port;
    int listener = listen_local(&port);

    CHECK_OK(ssh_event_new(&done));
    CHECK_OK(ssh_transport_new_address("127.0.0.1", port, NULL, WAIT_MS, &client));
    server = server_accept(listener, NULL);
    close(listener);
    set_list(client, list, ours);
    set_list(server, list, theirs);
    if (list == SSH_LIST_MAC_C2S) { /* only a cipher that needs one has a MAC */
        set_list(client, SSH_LIST_CIPHER, "aes256-ctr");
        set_list(server, SSH_LIST_CIPHER, "aes256-ctr");
    }
    CHECK_OK(ssh_transport_start_server_event(server, NULL, done));
    CHECK_STATUS(ssh_transport_start_client(client, WAIT_MS), code);
    CHECK_OK(ssh_event_wait(done, WAIT_MS));
    EXPLAINED(client, code, SSH_STAGE_KEX, "no common", "ssh_security_options_set", NULL, -1, slot, ours, theirs, NULL);
    EXPLAINED(server, code, SSH_STAGE_KEX, "no common", "ssh_security_options_set", NULL, -1, slot, theirs, ours, NULL);
    ssh_event_free(done);
    ssh_transport_free(client);
    ssh_transport_free(server);
}

/* A peer of a few bytes, and what a client makes of it; hang_up: it closes behind them. */
static void raw_peer(const char *bytes, bool hang_up, const ssh_transport_options_t *options, ssh_status_t code, int32_t stage, const char *text, const char *hint)
{
    ssh_transport_t *transport;
    int fds[2];

    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0);
    CHECK(write(fds[1], bytes, strlen(bytes)) == (ssize_t)strlen(bytes));
    if (hang_up)
        CHECK(shutdown(fds[1], SHUT_WR) == 0);
    CHECK_OK(ssh_transport_new_fd(fds[0], options, &transport));
    CHECK_STATUS(ssh_transport_start_client(transport, WAIT_MS), code);
    EXPLAINED(transport, code, stage, text, hint, NULL, -1, NULL, NULL, NULL, NULL);
    ssh_transport_free(transport);
    close(fds[1]);
}

static void before_the_keys(void)
{
    ssh_transport_options_t quick = SSH_TRANSPORT_OPTIONS_INIT;

    no_common(SSH_LIST_KEX, "curve25519-sha256", "ecdh-sha2-nistp256", SSH_ERR_NO_COMMON_KEX, "key exchange");
    no_common(SSH_LIST_HOST_KEY, "rsa-sha2-512", "ssh-ed25519", SSH_ERR_NO_COMMON_HOST_KEY, "host key");
    no_common(SSH_LIST_CIPHER_C2S, "aes256-ctr", "aes128-ctr", SSH_ERR_NO_COMMON_CIPHER, "cipher client to server");
    no_common(SSH_LIST_CIPHER_S2C, "aes128-ctr", "aes256-ctr", SSH_ERR_NO_COMMON_CIPHER, "cipher server to client");
    no_common(SSH_LIST_MAC_C2S, "hmac-sha2-256", "hmac-sha2-512", SSH_ERR_NO_COMMON_MAC, "MAC client to server");

    raw_peer("HTTP/1.1 400 Bad Request\r\n\r\n", true, NULL, SSH_ERR_CONNECTION_LOST, SSH_STAGE_IDENT, "HTTP/1.1 400", "log");
    raw_peer("SSH-1.5-old\r\n", true, NULL, SSH_ERR_IDENT, SSH_STAGE_IDENT, "SSH-1.5-old", "");
    raw_peer("SSH-2.0-gone\r\n", true, NULL, SSH_ERR_CONNECTION_LOST, SSH_STAGE_KEX, "key exchange", "log");
    quick.banner_timeout_ms = 100;
    raw_peer("", false, &quick, SSH_ERR_TIMEOUT, SSH_STAGE_IDENT, "100 ms", "time");
    quick.banner_timeout_ms = 0;
    quick.handshake_timeout_ms = 100;
    raw_peer("SSH-2.0-silent\r\n", false, &quick, SSH_ERR_TIMEOUT, SSH_STAGE_KEX, "100 ms", "time");
}

/* Every address is named, with its error. */
static void nobody_listens(void)
{
    struct addrinfo hints, *found, *at;
    ssh_transport_t *transport;
    ssh_exception_t *e;
    const char *line;
    char host[32];
    uint32_t port;
    size_t lines = 0;

    close(listen_local(&port)); /* free again, and nobody's */
    memset(&hints, 0, sizeof hints);
    hints.ai_socktype = SOCK_STREAM;
    CHECK(getaddrinfo("localhost", NULL, &hints, &found) == 0);
    snprintf(host, sizeof host, "localhost:%u", port);
    CHECK_STATUS(ssh_transport_new_host(host, NULL, WAIT_MS, &transport), SSH_ERR_CONNECT_FAILED);
    e = ssh_get_exception(NULL);
    CHECK(ssh_exception_code(e) == SSH_ERR_CONNECT_FAILED && ssh_exception_stage(e) == SSH_STAGE_CONNECT);
    CHECK(ssh_exception_addresses(e) != NULL && *ssh_exception_hint(e) != '\0' && ssh_exception_peer_text(e) == NULL);
    for (at = found; at != NULL; at = at->ai_next) {
        char name[64];

        CHECK(getnameinfo(at->ai_addr, at->ai_addrlen, name, sizeof name, NULL, 0, NI_NUMERICHOST) == 0);
        CHECK(strstr(ssh_exception_addresses(e), name) != NULL);
    }
    for (line = ssh_exception_addresses(e); line != NULL; line = strchr(line + 1, '\n'))
        lines++;
    CHECK(lines >= 1);
    freeaddrinfo(found);
    ssh_exception_free(e);
    CHECK_STATUS(ssh_transport_new_host("no-such-host.invalid", NULL, WAIT_MS, &transport), SSH_ERR_RESOLVE_FAILED);
    EXPLAINED(NULL, SSH_ERR_RESOLVE_FAILED, SSH_STAGE_CONNECT, "no-such-host.invalid", "spelling", NULL, -1, NULL, NULL, NULL, NULL);
}

static int32_t key_follows(void *user_data, ssh_ticket_t *ticket, ssh_transport_t *transport, const char *username, const char *password, size_t password_len)
{
    return allow_password(user_data, ticket, transport, username, password, password_len) == SSH_AUTH_SUCCESSFUL
               ? SSH_AUTH_PARTIALLY_SUCCESSFUL : SSH_AUTH_FAILED;
}

static int32_t no_key(void *user_data, ssh_ticket_t *ticket, ssh_transport_t *transport, const char *username, const ssh_key_t *key, const char *algorithm, bool is_signed)
{
    (void)user_data, (void)ticket, (void)transport, (void)username, (void)key, (void)algorithm, (void)is_signed;
    return SSH_AUTH_FAILED;
}

static ssh_ticket_t *kept;

static int32_t keep_password(void *user_data, ssh_ticket_t *ticket, ssh_transport_t *transport, const char *username, const char *password, size_t password_len)
{
    (void)user_data, (void)transport, (void)username, (void)password, (void)password_len;
    kept = ticket;
    return SSH_HOOK_PENDING;
}

static void logging_in(void)
{
    ssh_server_hooks_t hooks = usual_hooks();
    ssh_transport_options_t quick = SSH_TRANSPORT_OPTIONS_INIT;
    ssh_connect_options_t check = SSH_CONNECT_OPTIONS_INIT;
    ssh_password_options_t plain = SSH_PASSWORD_OPTIONS_INIT;
    ssh_transport_t *client, *server;
    ssh_event_t *done;
    ssh_key_t *other;
    uint32_t port;
    char *left;
    int listener;
    pair_t pair;

    hooks.check_auth_publickey = no_key;
    pair = pair_open(&hooks);
    CHECK_STATUS(log_in(pair.client, "wrong"), SSH_ERR_AUTH_FAILED);
    EXPLAINED(pair.client, SSH_ERR_AUTH_FAILED, SSH_STAGE_AUTH, "password", "credentials", NULL, -1, NULL, NULL, NULL, "publickey,password");
    CHECK_STATUS(ssh_transport_auth_none(pair.client, "user", WAIT_MS, NULL), SSH_ERR_AUTH_METHOD_NOT_ALLOWED);
    EXPLAINED(pair.client, SSH_ERR_AUTH_METHOD_NOT_ALLOWED, SSH_STAGE_AUTH, "none", "listed", NULL, -1, NULL, NULL, NULL, "publickey,password");
    pair_close(&pair);

    /* The first step is right, the second is not. */
    hooks.check_auth_password = key_follows;
    pair = pair_open(&hooks);
    plain.no_fallback = true;
    CHECK_STATUS(ssh_transport_auth_password(pair.client, "user", "secret", 6, &plain, WAIT_MS, &left), SSH_PARTIAL);
    CHECK(strcmp(left, "publickey") == 0);
    ssh_string_free(left);
    CHECK_OK(ssh_key_generate("ssh-ed25519", 0, &other));
    CHECK_STATUS(ssh_transport_auth_publickey(pair.client, "user", other, WAIT_MS, NULL), SSH_ERR_AUTH_FAILED);
    EXPLAINED(pair.client, SSH_ERR_AUTH_FAILED, SSH_STAGE_AUTH, "publickey", "credentials", NULL, -1, NULL, NULL, NULL, "publickey");
    pair_close(&pair);

    /* Another host key than the one expected. */
    hooks = usual_hooks();
    listener = listen_local(&port);
    CHECK_OK(ssh_event_new(&done));
    CHECK_OK(ssh_transport_new_address("127.0.0.1", port, NULL, WAIT_MS, &client));
    server = server_accept(listener, NULL);
    close(listener);
    CHECK_OK(ssh_transport_start_server_event(server, &hooks, done));
    check.hostkey = other;
    CHECK_STATUS(ssh_transport_connect(client, &check, WAIT_MS), SSH_ERR_HOST_KEY_MISMATCH);
    EXPLAINED(client, SSH_ERR_HOST_KEY_MISMATCH, SSH_STAGE_KEX, "SHA256:", "verify", NULL, -1, NULL, NULL, NULL, NULL);
    ssh_key_free(other);
    ssh_event_free(done);
    ssh_transport_free(client);
    ssh_transport_free(server);

    /* No answer to a password. */
    hooks.check_auth_password = keep_password;
    listener = listen_local(&port);
    quick.auth_timeout_ms = 100;
    CHECK_OK(ssh_event_new(&done));
    CHECK_OK(ssh_transport_new_address("127.0.0.1", port, &quick, WAIT_MS, &client));
    server = server_accept(listener, NULL);
    close(listener);
    CHECK_OK(ssh_transport_start_server_event(server, &hooks, done));
    CHECK_OK(ssh_transport_start_client(client, WAIT_MS));
    CHECK_STATUS(log_in(client, "secret"), SSH_ERR_TIMEOUT);
    EXPLAINED(client, SSH_ERR_TIMEOUT, SSH_STAGE_AUTH, "password", "time", NULL, -1, NULL, NULL, NULL, NULL);
    ssh_event_free(done);
    ssh_transport_free(client);
    ssh_transport_free(server);
    ssh_ticket_free(kept);
    kept = NULL;
}

static atomic_int warned;

static void log_line(void *user_data, uint32_t level, const char *channel, const char *text)
{
    (void)user_data, (void)channel;
    if (level == SSH_LOG_WARNING && strstr(text, "check_channel_exec_request") != NULL && strstr(text, "77") != NULL)
        atomic_store(&warned, 1);
}

static int32_t senseless(void *user_data, ssh_ticket_t *ticket, ssh_channel_t *channel, const char *command, size_t command_len)
{
    (void)user_data, (void)ticket, (void)channel, (void)command, (void)command_len;
    return 77;
}

static int32_t keep_open(void *user_data, ssh_ticket_t *ticket, ssh_transport_t *transport, const char *kind, uint32_t channel_id, const void *open_data, size_t open_data_len)
{
    if (strcmp(kind, "slow@test") != 0)
        return allow_session(user_data, ticket, transport, kind, channel_id, open_data, open_data_len);
    kept = ticket;
    return SSH_HOOK_PENDING;
}

static void logged_in(void)
{
    ssh_server_hooks_t hooks = usual_hooks();
    ssh_channel_t *channel, *none;
    pair_t pair;

    hooks.check_channel_request = keep_open;
    hooks.check_channel_exec_request = senseless;
    pair = pair_open(&hooks);
    CHECK_STATUS(ssh_transport_open_session(pair.client, NULL, WAIT_MS, &none), SSH_ERR_INVALID_STATE);
    EXPLAINED(pair.client, SSH_ERR_INVALID_STATE, SSH_STAGE_NONE, "not authenticated", "log in first", NULL, -1, NULL, NULL, NULL, NULL);
    CHECK_OK(log_in(pair.client, "secret"));
    CHECK_STATUS(ssh_transport_open_channel(pair.client, "odd@test", NULL, WAIT_MS, &none), SSH_ERR_CHANNEL_UNKNOWN_TYPE);
    EXPLAINED(pair.client, SSH_ERR_CHANNEL_UNKNOWN_TYPE, SSH_STAGE_NONE, "sessions only", "support", "sessions only", 3, NULL, NULL, NULL, NULL);
    CHECK_STATUS(ssh_transport_open_channel(pair.client, "slow@test", NULL, 100, &none), SSH_ERR_TIMEOUT);
    EXPLAINED(pair.client, SSH_ERR_TIMEOUT, SSH_STAGE_NONE, "within 100 ms", "time", NULL, -1, NULL, NULL, NULL, NULL);
    ssh_ticket_free(kept);
    CHECK_STATUS(ssh_transport_global_request(pair.client, "odd-request@test", NULL, 0, true, WAIT_MS, NULL, NULL), SSH_ERR_REQUEST_REFUSED);
    EXPLAINED(pair.client, SSH_ERR_REQUEST_REFUSED, SSH_STAGE_NONE, "odd-request@test", "peer", NULL, -1, NULL, NULL, NULL, NULL);

    /* A hook that returns what means nothing refuses, and the log names it. */
    CHECK_OK(ssh_set_log_callback(SSH_LOG_WARNING, log_line, NULL, NULL));
    CHECK_OK(ssh_transport_open_session(pair.client, NULL, WAIT_MS, &channel));
    CHECK_STATUS(ssh_channel_exec_command(channel, "x", WAIT_MS), SSH_ERR_REQUEST_REFUSED);
    EXPLAINED(pair.client, SSH_ERR_REQUEST_REFUSED, SSH_STAGE_NONE, "exec", "peer", NULL, -1, NULL, NULL, NULL, NULL);
    wait_for(&warned, 1);
    CHECK_OK(ssh_set_log_callback(SSH_LOG_NONE, NULL, NULL, NULL));

    /* Calls of the other role. */
    CHECK_STATUS(ssh_transport_open_x11_channel(pair.client, NULL, WAIT_MS, &none), SSH_ERR_INVALID_STATE);
    EXPLAINED(pair.client, SSH_ERR_INVALID_STATE, SSH_STAGE_NONE, "for servers", "ssh_transport_start_server", NULL, -1, NULL, NULL, NULL, NULL);
    CHECK_STATUS(ssh_transport_auth_none(pair.server, "user", WAIT_MS, NULL), SSH_ERR_INVALID_STATE);
    EXPLAINED(pair.server, SSH_ERR_INVALID_STATE, SSH_STAGE_NONE, "for clients", "ssh_transport_start_client", NULL, -1, NULL, NULL, NULL, NULL);
    CHECK_STATUS(ssh_transport_cancel_port_forward(pair.server, "", 7, WAIT_MS), SSH_ERR_INVALID_STATE);
    EXPLAINED(pair.server, SSH_ERR_INVALID_STATE, SSH_STAGE_NONE, "for clients", "ssh_transport_start_client", NULL, -1, NULL, NULL, NULL, NULL);

    /* The peer's last words. */
    ssh_transport_close(pair.server);
    CHECK_STATUS(ssh_transport_accept(pair.client, WAIT_MS, &none), SSH_ERR_PEER_DISCONNECTED);
    EXPLAINED(pair.client, SSH_ERR_PEER_DISCONNECTED, SSH_STAGE_OPEN, "closed by the application", "peer", "closed by the application", 11, NULL, NULL, NULL, NULL);
    ssh_channel_free(channel);
    pair_close(&pair);
}

static void misuse(void)
{
    ssh_transport_t *transport;
    ssh_channel_t *none;
    int fds[2];

    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0);
    CHECK_OK(ssh_transport_new_fd(fds[0], NULL, &transport));
    CHECK_STATUS(ssh_transport_accept(transport, SSH_WAIT_FOREVER, &none), SSH_ERR_INVALID_STATE);
    EXPLAINED(transport, SSH_ERR_INVALID_STATE, SSH_STAGE_NONE, "not started", "start it first", NULL, -1, NULL, NULL, NULL, NULL);
    CHECK_STATUS(ssh_transport_start_server(transport, NULL, WAIT_MS), SSH_ERR_INVALID_STATE);
    EXPLAINED(transport, SSH_ERR_INVALID_STATE, SSH_STAGE_NONE, "host key", "ssh_transport_add_server_key", NULL, -1, NULL, NULL, NULL, NULL);
    CHECK_STATUS(ssh_transport_open_session(NULL, NULL, WAIT_MS, &none), SSH_ERR_INVALID_ARGUMENT);
    EXPLAINED(NULL, SSH_ERR_INVALID_ARGUMENT, SSH_STAGE_NONE, "handle is NULL", "status of the call", NULL, -1, NULL, NULL, NULL, NULL);
    CHECK_STATUS(ssh_transport_open_session(transport, NULL, -7, &none), SSH_ERR_INVALID_ARGUMENT);
    EXPLAINED(NULL, SSH_ERR_INVALID_ARGUMENT, SSH_STAGE_NONE, "timeout_ms", "SSH_WAIT_FOREVER", NULL, -1, NULL, NULL, NULL, NULL);
    ssh_transport_free(transport);
    close(fds[1]);
}

int main(void)
{
    before_the_keys();
    nobody_listens();
    logging_in();
    logged_in();
    misuse();
    ssh_key_free(host_key());
    return 0;
}
