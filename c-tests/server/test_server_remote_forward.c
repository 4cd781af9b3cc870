/* What a client asks a server to open towards it, both ends ours: ports and Unix sockets it listens on, X11, the agent.
 * Channels go to the handler of their address and port, or to the queue, and say what they are for; what was not asked
 * for, was refused or is cancelled is refused. */
#include "server.h"

#define X11_COOKIE "00112233445566778899aabbccddeeff"

/* Grants everything but port 22 and sockets outside of /run; port 0 becomes 4242, and opens a channel at once. */
static int32_t forward(void *user_data, ssh_ticket_t *ticket, ssh_transport_t *transport, const char *address, uint32_t port)
{
    ssh_channel_options_t to = SSH_CHANNEL_OPTIONS_INIT;
    ssh_channel_t *channel;

    (void)user_data;
    if (port != 0)
        return port == 22 ? SSH_REQUEST_REFUSED : SSH_REQUEST_GRANTED;
    CHECK_OK(ssh_ticket_set_port(ticket, 4242));
    CHECK_OK(ssh_ticket_settle(ticket, SSH_REQUEST_GRANTED));
    to.dest_host = address;
    to.dest_port = 4242;
    CHECK_OK(ssh_transport_open_forwarded_tcpip_channel(transport, &to, WAIT_MS, &channel));
    ssh_channel_free(channel);
    return SSH_HOOK_PENDING;
}

static int32_t cancel(void *user_data, ssh_ticket_t *ticket, ssh_transport_t *transport, const char *address, uint32_t port)
{
    (void)user_data, (void)ticket, (void)transport, (void)address;
    return port == 100 ? SSH_REQUEST_REFUSED : SSH_REQUEST_GRANTED;
}

static int32_t local(void *user_data, ssh_ticket_t *ticket, ssh_transport_t *transport, const char *path)
{
    (void)user_data, (void)ticket, (void)transport;
    return strncmp(path, "/run/", 5) == 0 ? SSH_REQUEST_GRANTED : SSH_REQUEST_REFUSED;
}

static int32_t x11(void *user_data, ssh_ticket_t *ticket, ssh_channel_t *channel, bool single_connection, const char *auth_protocol, const char *auth_cookie, uint32_t screen)
{
    (void)user_data, (void)ticket, (void)channel;
    CHECK(single_connection && screen == 3);
    CHECK(strcmp(auth_protocol, "MIT-MAGIC-COOKIE-1") == 0 && strcmp(auth_cookie, X11_COOKIE) == 0);
    return SSH_REQUEST_GRANTED;
}

static int32_t agent(void *user_data, ssh_ticket_t *ticket, ssh_channel_t *channel)
{
    (void)user_data, (void)ticket, (void)channel;
    return SSH_REQUEST_GRANTED;
}

/* The server's end of a channel to a port, or why there is none. */
static ssh_status_t to_port(const pair_t *pair, const char *address, uint32_t port, ssh_channel_t **channel)
{
    ssh_channel_options_t to = SSH_CHANNEL_OPTIONS_INIT;

    to.dest_host = address;
    to.dest_port = port;
    to.src_host = "10.0.0.1";
    to.src_port = 1234;
    return ssh_transport_open_forwarded_tcpip_channel(pair->server, &to, WAIT_MS, channel);
}

static ssh_status_t to_socket(const pair_t *pair, const char *path, ssh_channel_t **channel)
{
    ssh_channel_options_t to = SSH_CHANNEL_OPTIONS_INIT;

    to.dest_path = path;
    return ssh_transport_open_channel(pair->server, "forwarded-streamlocal@openssh.com", &to, WAIT_MS, channel);
}

static void check_is_for(const ssh_channel_t *channel, const char *kind, const char *host, uint32_t port)
{
    char *text;
    uint32_t number;

    CHECK_OK(ssh_channel_get_kind(channel, &text));
    CHECK(strcmp(text, kind) == 0);
    ssh_string_free(text);
    CHECK_OK(ssh_channel_get_destination(channel, &text, &number));
    CHECK(strcmp(text, host) == 0 && number == port);
    ssh_string_free(text);
}

/* A handler: sends its letter, and lives on until its user_data is released. */
typedef struct taker {
    char letter;
    atomic_int destroyed;
} taker_t;

static void take(void *user_data, ssh_channel_t *channel)
{
    taker_t *taker = user_data;

    CHECK_OK(ssh_channel_sendall(channel, &taker->letter, 1, WAIT_MS, NULL));
    ssh_channel_free(channel);
}

static void taker_destroy(void *user_data)
{
    atomic_fetch_add(&((taker_t *)user_data)->destroyed, 1);
}

static ssh_forward_handler_t handler(taker_t *taker)
{
    ssh_forward_handler_t handler = SSH_FORWARD_HANDLER_INIT;

    handler.user_data = taker;
    handler.destroy = taker_destroy;
    handler.start = take;
    return handler;
}

static void check_letter(ssh_channel_t *channel, char letter)
{
    char buf[2];

    CHECK(read_all(channel, buf, sizeof buf) == 1 && buf[0] == letter);
    ssh_channel_free(channel);
}

static void ports(const pair_t *pair)
{
    taker_t a = {'a', 0}, b = {'b', 0}, c = {'c', 0};
    ssh_forward_handler_t to_a = handler(&a), to_b = handler(&b), to_c = handler(&c);
    ssh_channel_t *ours, *theirs;
    uint32_t port;
    char *text;

    /* Port 0: a channel may come right behind the reply. */
    CHECK_STATUS(to_port(pair, "", 4242, &theirs), SSH_ERR_CHANNEL_PROHIBITED);
    CHECK_STATUS(ssh_transport_request_port_forward(pair->client, "", 0, NULL, WAIT_MS, NULL), SSH_ERR_INVALID_ARGUMENT);
    CHECK_OK(ssh_transport_request_port_forward(pair->client, "", 0, NULL, WAIT_MS, &port));
    CHECK(port == 4242);
    CHECK_OK(ssh_transport_accept(pair->client, WAIT_MS, &ours));
    check_is_for(ours, "forwarded-tcpip", "", 4242);
    ssh_channel_free(ours);

    CHECK_OK(to_port(pair, "", 4242, &theirs));
    CHECK_OK(ssh_transport_accept(pair->client, WAIT_MS, &ours));
    CHECK_OK(ssh_channel_get_origin(ours, &text, &port));
    CHECK(strcmp(text, "10.0.0.1") == 0 && port == 1234);
    ssh_string_free(text);
    check_is_for(theirs, "forwarded-tcpip", "", 4242);
    ssh_channel_free(ours);
    ssh_channel_free(theirs);

    /* Handlers are an address's and a port's; a refusal takes neither the handler nor the forward. */
    CHECK_OK(ssh_transport_request_port_forward(pair->client, "h", 99, &to_a, WAIT_MS, &port));
    CHECK(port == 99);
    CHECK_OK(ssh_transport_request_port_forward(pair->client, "h", 100, &to_b, WAIT_MS, NULL));
    CHECK_STATUS(ssh_transport_request_port_forward(pair->client, "h", 22, &to_c, WAIT_MS, NULL), SSH_ERR_REQUEST_REFUSED);
    wait_for(&c.destroyed, 1);
    CHECK_OK(to_port(pair, "h", 99, &theirs));
    check_letter(theirs, 'a');
    CHECK_STATUS(ssh_transport_cancel_port_forward(pair->client, "h", 100, WAIT_MS), SSH_ERR_REQUEST_REFUSED);
    CHECK_OK(to_port(pair, "h", 100, &theirs));
    check_letter(theirs, 'b');
    CHECK_STATUS(to_port(pair, "i", 99, &theirs), SSH_ERR_CHANNEL_PROHIBITED);
    CHECK_OK(ssh_transport_cancel_port_forward(pair->client, "h", 99, WAIT_MS));
    wait_for(&a.destroyed, 1);
    CHECK_STATUS(to_port(pair, "h", 99, &theirs), SSH_ERR_CHANNEL_PROHIBITED);

    /* Taken also when the call fails, and no handler at all is an error. */
    to_a.start = NULL;
    CHECK_STATUS(ssh_transport_request_port_forward(pair->client, "h", 99, &to_a, WAIT_MS, NULL), SSH_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(ssh_transport_request_port_forward(NULL, "h", 99, &to_a, WAIT_MS, NULL), SSH_ERR_INVALID_ARGUMENT);
    CHECK(a.destroyed == 3 && b.destroyed == 0);
    to_c.start = take;
    CHECK_OK(ssh_transport_request_port_forward(pair->client, "h", 100, &to_c, WAIT_MS, NULL));
    wait_for(&b.destroyed, 1);
    CHECK_OK(to_port(pair, "h", 100, &theirs));
    check_letter(theirs, 'c');
    ssh_transport_close(pair->server);
    wait_for(&c.destroyed, 2);
}

static void sockets(const pair_t *pair)
{
    taker_t a = {'a', 0};
    ssh_forward_handler_t to_a = handler(&a);
    ssh_channel_t *ours, *theirs;

    CHECK_STATUS(to_socket(pair, "/run/a", &theirs), SSH_ERR_CHANNEL_PROHIBITED);
    CHECK_OK(ssh_transport_request_streamlocal_forward(pair->client, "/run/a", &to_a, WAIT_MS));
    CHECK_OK(ssh_transport_request_streamlocal_forward(pair->client, "/run/b", NULL, WAIT_MS));
    CHECK_STATUS(ssh_transport_request_streamlocal_forward(pair->client, "/etc/x", NULL, WAIT_MS), SSH_ERR_REQUEST_REFUSED);
    CHECK_OK(to_socket(pair, "/run/a", &theirs));
    check_letter(theirs, 'a');
    CHECK_OK(to_socket(pair, "/run/b", &theirs));
    CHECK_OK(ssh_transport_accept(pair->client, WAIT_MS, &ours));
    check_is_for(ours, "forwarded-streamlocal@openssh.com", "/run/b", 0);
    ssh_channel_free(ours);
    ssh_channel_free(theirs);
    CHECK_STATUS(to_socket(pair, "/etc/x", &theirs), SSH_ERR_CHANNEL_PROHIBITED);
    CHECK_OK(ssh_transport_cancel_streamlocal_forward(pair->client, "/run/a", WAIT_MS));
    CHECK_STATUS(to_socket(pair, "/run/a", &theirs), SSH_ERR_CHANNEL_PROHIBITED);
    wait_for(&a.destroyed, 1);
}

static void display_and_agent(const pair_t *pair)
{
    taker_t a = {'a', 0};
    ssh_forward_handler_t to_a = handler(&a);
    ssh_channel_options_t from = SSH_CHANNEL_OPTIONS_INIT;
    ssh_channel_t *session, *ours, *theirs;
    uint32_t port;
    char *text;

    from.src_host = "10.0.0.1";
    from.src_port = 1234;
    CHECK_STATUS(ssh_transport_open_x11_channel(pair->server, &from, WAIT_MS, &theirs), SSH_ERR_CHANNEL_PROHIBITED);
    CHECK_STATUS(ssh_transport_open_forward_agent_channel(pair->server, NULL, WAIT_MS, &theirs), SSH_ERR_CHANNEL_PROHIBITED);
    CHECK_OK(ssh_transport_open_session(pair->client, NULL, WAIT_MS, &session));
    CHECK_STATUS(ssh_channel_request_x11(session, true, NULL, "xyz", 3, WAIT_MS, NULL), SSH_ERR_INVALID_ARGUMENT);
    CHECK_OK(ssh_channel_request_x11(session, true, NULL, X11_COOKIE, 3, WAIT_MS, &text));
    CHECK(strcmp(text, X11_COOKIE) == 0);
    ssh_string_free(text);
    CHECK_OK(ssh_transport_open_x11_channel(pair->server, &from, WAIT_MS, &theirs));
    CHECK_OK(ssh_transport_accept(pair->client, WAIT_MS, &ours));
    CHECK_OK(ssh_channel_get_origin(ours, &text, &port));
    CHECK(strcmp(text, "10.0.0.1") == 0 && port == 1234);
    ssh_string_free(text);
    CHECK_STATUS(ssh_channel_get_destination(ours, &text, &port), SSH_ERR_INVALID_STATE);
    ssh_channel_free(ours);
    ssh_channel_free(theirs);
    /* One connection was asked for. */
    CHECK_STATUS(ssh_transport_open_x11_channel(pair->server, &from, WAIT_MS, &theirs), SSH_ERR_CHANNEL_PROHIBITED);
    CHECK_OK(ssh_channel_request_x11(session, true, NULL, X11_COOKIE, 3, WAIT_MS, NULL));
    CHECK_OK(ssh_transport_set_x11_handler(pair->client, &to_a));
    CHECK_OK(ssh_transport_open_x11_channel(pair->server, &from, WAIT_MS, &theirs));
    check_letter(theirs, 'a');
    CHECK_OK(ssh_transport_set_x11_handler(pair->client, NULL));
    wait_for(&a.destroyed, 1);

    CHECK_OK(ssh_channel_request_forward_agent(session, WAIT_MS));
    CHECK_OK(ssh_transport_open_forward_agent_channel(pair->server, NULL, WAIT_MS, &theirs));
    CHECK_OK(ssh_transport_accept(pair->client, WAIT_MS, &ours));
    CHECK_OK(ssh_channel_get_kind(ours, &text));
    CHECK(strcmp(text, "auth-agent@openssh.com") == 0);
    ssh_string_free(text);
    ssh_channel_free(ours);
    ssh_channel_free(theirs);
    CHECK_OK(ssh_transport_set_agent_handler(pair->client, &to_a));
    CHECK_OK(ssh_transport_open_forward_agent_channel(pair->server, NULL, WAIT_MS, &theirs));
    check_letter(theirs, 'a');
    CHECK_OK(ssh_transport_set_agent_handler(pair->client, NULL));
    wait_for(&a.destroyed, 2);
    ssh_channel_free(session);
}

int main(void)
{
    static void (*const parts[])(const pair_t *) = {sockets, display_and_agent, ports};
    ssh_server_hooks_t hooks = usual_hooks();
    pair_t pair;
    size_t i;

    hooks.check_port_forward_request = forward;
    hooks.cancel_port_forward_request = cancel;
    hooks.check_streamlocal_forward_request = local;
    hooks.cancel_streamlocal_forward_request = local;
    hooks.check_channel_x11_request = x11;
    hooks.check_channel_forward_agent_request = agent;
    pair = pair_open(&hooks);
    CHECK_OK(log_in(pair.client, "secret"));
    for (i = 0; i < sizeof parts / sizeof parts[0]; i++)
        parts[i](&pair);
    pair_free(&pair);
    return 0;
}
