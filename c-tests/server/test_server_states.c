/* A connection from its making to its end, both ends ours, over sockets without an address: how it describes itself in each
 * state, how wide its channels are, in which order they are accepted, and what the other end hears of ssh_transport_close. */
#include "link.h"

static void expect_state(const ssh_transport_t *transport, const char *state)
{
    char *text;

    CHECK_OK(ssh_transport_describe(transport, &text));
    if (strstr(text, state) == NULL || strchr(text, '\n') != NULL)
        fprintf(stderr, "\"%s\" does not say \"%s\"\n", text, state);
    CHECK(strstr(text, state) != NULL && strchr(text, '\n') == NULL);
    ssh_string_free(text);
}

static void expect_no_address(const ssh_transport_t *transport)
{
    char *host;
    uint32_t port;

    CHECK_OK(ssh_transport_getpeername(transport, &host, &port));
    CHECK(strcmp(host, "unknown") == 0 && port == 0);
    ssh_string_free(host);
}

static void expect_cipher(const ssh_transport_t *transport, const char *state, int channels)
{
    char *cipher, text[128];

    CHECK_OK(ssh_transport_get_negotiated(transport, SSH_LIST_CIPHER, &cipher));
    snprintf(text, sizeof text, "%s (cipher %s, %s bits); %d open channel", state, cipher, strstr(cipher, "128") != NULL ? "128" : "256", channels);
    ssh_string_free(cipher);
    expect_state(transport, text);
}

/* The bytes the server may send before the client, which does not read, takes some: the channel's window. */
static void check_window(const pair_t *pair, uint64_t asked, size_t wide)
{
    ssh_channel_options_t options = SSH_CHANNEL_OPTIONS_INIT;
    ssh_channel_t *ours, *theirs;
    static char data[65536];
    size_t total = 0, n;
    ssh_status_t rc;

    options.window = asked;
    CHECK_OK(ssh_transport_open_session(pair->client, &options, WAIT_MS, &ours));
    theirs = accept_channel(pair->server);
    while ((rc = ssh_channel_send(theirs, data, sizeof data, total < wide ? WAIT_MS : 0, &n)) == SSH_OK)
        total += n;
    CHECK_STATUS(rc, SSH_ERR_TIMEOUT);
    if (total != wide)
        fprintf(stderr, "window %lu: %lu bytes\n", (unsigned long)asked, (unsigned long)total);
    CHECK(total == wide);
    ssh_channel_free(ours);
    ssh_channel_free(theirs);
}

/* Channels are accepted in the order they were opened in. */
static void check_order(const pair_t *pair)
{
    ssh_channel_t *ours[3], *theirs;
    char number;
    size_t n;
    int i;

    for (i = 0; i < 3; i++) {
        number = (char)('0' + i);
        ours[i] = test_session(pair->client);
        CHECK_OK(ssh_channel_sendall(ours[i], &number, 1, WAIT_MS, NULL));
    }
    for (i = 0; i < 3; i++) {
        theirs = accept_channel(pair->server);
        CHECK_OK(ssh_channel_recv(theirs, &number, 1, WAIT_MS, &n));
        CHECK(number == '0' + i);
        ssh_channel_free(theirs);
        ssh_channel_free(ours[i]);
    }
}

static void check_end(const pair_t *pair)
{
    ssh_channel_t *none;
    ssh_exception_t *e;

    CHECK_OK(ssh_transport_close(pair->client));
    CHECK_OK(ssh_transport_close(pair->client));
    expect_state(pair->client, "closed");
    CHECK_STATUS(ssh_transport_accept(pair->server, WAIT_MS, &none), SSH_ERR_PEER_DISCONNECTED);
    e = ssh_get_exception(NULL);
    CHECK(ssh_exception_peer_reason(e) == 11 && ssh_exception_peer_text(e) != NULL);
    ssh_exception_free(e);
    expect_state(pair->server, "closed");
}

int main(void)
{
    ssh_server_hooks_t hooks = usual_hooks();
    ssh_event_t *started, *serving;
    ssh_channel_t *ours, *theirs;
    static link_t link;
    pair_t pair;

    link_open(&link);
    CHECK_OK(ssh_event_new(&started));
    CHECK_OK(ssh_event_new(&serving));
    CHECK_OK(ssh_transport_new_fd(link.ours[0], NULL, &pair.client));
    CHECK_OK(ssh_transport_new_fd(link.theirs[0], NULL, &pair.server));
    CHECK_OK(ssh_transport_add_server_key(pair.server, host_key()));
    expect_state(pair.client, "unconnected");
    expect_state(pair.server, "unconnected");
    expect_no_address(pair.client);
    link_stall(&link);
    CHECK_OK(ssh_transport_start_client_event(pair.client, started));
    CHECK_OK(ssh_transport_start_server_event(pair.server, &hooks, serving));
    expect_state(pair.client, "negotiating");
    expect_state(pair.server, "negotiating");
    CHECK(!ssh_transport_is_active(pair.client) && !ssh_event_is_set(started));
    link.stall = false;
    CHECK_OK(ssh_event_wait(started, WAIT_MS));
    CHECK_OK(ssh_event_wait(serving, WAIT_MS));
    CHECK(ssh_transport_is_active(pair.client) && !ssh_transport_is_authenticated(pair.client));
    expect_cipher(pair.client, "awaiting auth", 0);
    expect_cipher(pair.server, "awaiting auth", 0);
    CHECK_OK(log_in(pair.client, "secret"));
    expect_cipher(pair.client, "active", 0);
    ours = test_exec(pair.client, "x");
    theirs = accept_channel(pair.server);
    expect_cipher(pair.client, "active", 1);
    expect_cipher(pair.server, "active", 1);

    check_window(&pair, 0, 2097152);
    check_window(&pair, 1, 32768);
    check_window(&pair, 40000, 40000);
    check_order(&pair);
    check_end(&pair);
    ssh_channel_free(ours);
    ssh_channel_free(theirs);
    pair_free(&pair);
    ssh_event_free(started);
    ssh_event_free(serving);
    link_close(&link);
    return 0;
}
