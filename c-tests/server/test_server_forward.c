/* direct-tcpip and direct-streamlocal channels reach their hooks with the addresses; port forwards are granted, with the
 * port chosen where the client left the choice, and cancelled; other global requests get their reply. */
#include "server.h"

static int32_t direct(void *user_data, ssh_ticket_t *ticket, ssh_transport_t *transport, uint32_t channel_id, const char *dest_host, uint32_t dest_port, const char *src_host, uint32_t src_port)
{
    (void)transport;
    *(uint32_t *)user_data = channel_id;
    CHECK(strcmp(src_host, "10.0.0.1") == 0 && src_port == 1234);
    if (strcmp(dest_host, "inside.example") == 0 && dest_port == 80)
        return SSH_OPEN_SUCCEEDED;
    CHECK_OK(ssh_ticket_set_text(ticket, "no route"));
    return SSH_OPEN_FAILED_CONNECT_FAILED;
}

static int32_t local(void *user_data, ssh_ticket_t *ticket, ssh_transport_t *transport, uint32_t channel_id, const char *path)
{
    (void)user_data, (void)ticket, (void)transport, (void)channel_id;
    return strcmp(path, "/run/x") == 0 ? SSH_OPEN_SUCCEEDED : SSH_OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED;
}

static int32_t forward(void *user_data, ssh_ticket_t *ticket, ssh_transport_t *transport, const char *address, uint32_t port)
{
    (void)user_data, (void)transport;
    CHECK(strcmp(address, "host") == 0);
    CHECK_STATUS(ssh_ticket_set_port(ticket, 65536), SSH_ERR_INVALID_ARGUMENT);
    CHECK_OK(ssh_ticket_set_port(ticket, 0x1234));
    return port == 22 ? SSH_REQUEST_REFUSED : SSH_REQUEST_GRANTED;
}

static int32_t cancel(void *user_data, ssh_ticket_t *ticket, ssh_transport_t *transport, const char *address, uint32_t port)
{
    (void)user_data, (void)ticket, (void)transport;
    CHECK(strcmp(address, "host") == 0);
    return port == 0x1234 ? SSH_REQUEST_GRANTED : SSH_REQUEST_REFUSED;
}

static int32_t global(void *user_data, ssh_ticket_t *ticket, ssh_transport_t *transport, const char *kind, const void *data, size_t data_len)
{
    (void)user_data, (void)transport;
    CHECK(strcmp(kind, "double@example.org") == 0);
    CHECK_OK(ssh_ticket_set_reply(ticket, data, data_len));
    return SSH_REQUEST_GRANTED;
}

/* A global request with an address "host" and a port as its data. */
static ssh_status_t ask(const pair_t *pair, const char *kind, const char *port, uint8_t **reply, size_t *len)
{
    char data[12] = "\0\0\0\4host";

    memcpy(data + 8, port, 4);
    return ssh_transport_global_request(pair->client, kind, data, sizeof data, true, WAIT_MS, reply, len);
}

int main(void)
{
    ssh_server_hooks_t hooks = usual_hooks();
    ssh_channel_options_t to = SSH_CHANNEL_OPTIONS_INIT;
    ssh_channel_t *ours, *theirs;
    ssh_exception_t *e;
    uint32_t id = 0;
    uint8_t *reply;
    char *kind;
    size_t len;
    pair_t pair;

    hooks.user_data = &id;
    hooks.check_channel_direct_tcpip_request = direct;
    hooks.check_channel_direct_streamlocal_request = local;
    hooks.check_port_forward_request = forward;
    hooks.cancel_port_forward_request = cancel;
    hooks.check_global_request = global;
    pair = pair_open(&hooks);
    CHECK_OK(log_in(pair.client, "secret"));

    to.dest_host = "inside.example";
    to.dest_port = 80;
    to.src_host = "10.0.0.1";
    to.src_port = 1234;
    CHECK_OK(ssh_transport_open_channel(pair.client, "direct-tcpip", &to, WAIT_MS, &ours));
    theirs = accept_channel(pair.server);
    CHECK(ssh_channel_get_id(theirs) == id);
    CHECK_OK(ssh_channel_get_kind(theirs, &kind));
    CHECK(strcmp(kind, "direct-tcpip") == 0);
    ssh_string_free(kind);
    ssh_channel_free(theirs);
    ssh_channel_free(ours);
    to.dest_port = 81;
    CHECK_STATUS(ssh_transport_open_channel(pair.client, "direct-tcpip", &to, WAIT_MS, &ours), SSH_ERR_CHANNEL_CONNECT_FAILED);
    e = ssh_get_exception(pair.client);
    CHECK(strcmp(ssh_exception_peer_text(e), "no route") == 0);
    ssh_exception_free(e);
    to.open_data = "\0\0\0\6/run/x\0\0\0\0\0\0\0\0";
    to.open_data_len = 18;
    CHECK_OK(ssh_transport_open_channel(pair.client, "direct-streamlocal@openssh.com", &to, WAIT_MS, &ours));
    ssh_channel_free(ours);
    /* A NUL inside would make the hook see another path. */
    to.open_data = "\0\0\0\10/run/x\0y\0\0\0\0\0\0\0\0";
    to.open_data_len = 20;
    CHECK_STATUS(ssh_transport_open_channel(pair.client, "direct-streamlocal@openssh.com", &to, WAIT_MS, &ours), SSH_ERR_CHANNEL_PROHIBITED);

    CHECK_OK(ask(&pair, "tcpip-forward", "\0\0\0\0", &reply, &len));
    CHECK(len == 4 && memcmp(reply, "\0\0\x12\x34", 4) == 0);
    ssh_bytes_free(reply);
    CHECK_OK(ask(&pair, "tcpip-forward", "\0\0\0\x50", &reply, &len));
    CHECK(len == 0);
    ssh_bytes_free(reply);
    CHECK_STATUS(ask(&pair, "tcpip-forward", "\0\0\0\x16", &reply, &len), SSH_ERR_REQUEST_REFUSED);
    CHECK_STATUS(ask(&pair, "cancel-tcpip-forward", "\0\0\0\x50", &reply, &len), SSH_ERR_REQUEST_REFUSED);
    CHECK_OK(ask(&pair, "cancel-tcpip-forward", "\0\0\x12\x34", &reply, &len));
    ssh_bytes_free(reply);
    CHECK_OK(ssh_transport_global_request(pair.client, "double@example.org", "abc", 3, true, WAIT_MS, &reply, &len));
    CHECK(len == 3 && memcmp(reply, "abc", 3) == 0);
    ssh_bytes_free(reply);
    pair_free(&pair);
    return 0;
}
