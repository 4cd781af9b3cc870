/* The server changes keys, on request and by bytes, while data goes both ways; a hook that is open at that time answers
 * all the same. Group exchange is offered once there are groups. */
#include "server.h"

static int32_t rekeys(void *user_data, ssh_ticket_t *ticket, ssh_channel_t *channel, const char *command, size_t command_len)
{
    ssh_transport_t *transport;

    (void)user_data, (void)ticket, (void)command, (void)command_len;
    CHECK_OK(ssh_channel_get_transport(channel, &transport));
    CHECK_OK(ssh_transport_renegotiate_keys(transport, WAIT_MS));
    ssh_transport_free(transport);
    return SSH_REQUEST_GRANTED;
}

static void *echo(void *channel)
{
    char buf[8192];
    size_t n;

    while (ssh_channel_recv(channel, buf, sizeof buf, WAIT_MS, &n) == SSH_OK)
        CHECK_OK(ssh_channel_sendall(channel, buf, n, WAIT_MS, NULL));
    CHECK_OK(ssh_channel_shutdown_write(channel));
    return NULL;
}

static void *send_all(void *channel)
{
    static const char data[1 << 20];

    CHECK_OK(ssh_channel_sendall(channel, data, sizeof data, WAIT_MS, NULL));
    CHECK_OK(ssh_channel_shutdown_write(channel));
    return NULL;
}

/* A group of its own: the prime of group 14 (RFC 3526 section 3) in the form of moduli(5). */
static void load_moduli(void)
{
    char name[] = "/tmp/sshrs-moduli-XXXXXX";
    int fd = mkstemp(name);
    static const char line[] =
        "20260101000000 2 6 100 2047 2 "
        "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DD"
        "EF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED"
        "EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE45B3DC2007CB8A163BF0598DA48361C55D39A69163FA8FD24CF5F"
        "83655D23DCA3AD961C62F356208552BB9ED529077096966D670C354E4ABC9804F1746C08CA18217C32905E462E36CE3B"
        "E39E772C180E86039B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF6955817183995497CEA956AE515D2261898FA0510"
        "15728E5A8AACAA68FFFFFFFFFFFFFFFF\n";

    CHECK(fd >= 0 && write(fd, line, sizeof line - 1) == sizeof line - 1);
    close(fd);
    CHECK_STATUS(ssh_load_server_moduli("/nowhere/moduli"), SSH_ERR_FILE);
    CHECK_OK(ssh_load_server_moduli(name));
    unlink(name);
}

static ssh_status_t connect_by_group_exchange(void)
{
    ssh_security_options_t *lists;
    ssh_event_t *done;
    ssh_status_t rc;
    uint32_t port;
    int listener = listen_local(&port);
    pair_t pair;

    CHECK_OK(ssh_event_new(&done));
    CHECK_OK(ssh_transport_new_address("127.0.0.1", port, NULL, WAIT_MS, &pair.client));
    pair.server = server_accept(listener, NULL);
    close(listener);
    CHECK_OK(ssh_transport_get_security_options(pair.client, &lists));
    CHECK_OK(ssh_security_options_set(lists, SSH_LIST_KEX, "diffie-hellman-group-exchange-sha256"));
    ssh_security_options_free(lists);
    CHECK_OK(ssh_transport_get_security_options(pair.server, &lists));
    CHECK_OK(ssh_security_options_set(lists, SSH_LIST_KEX, "+diffie-hellman-group-exchange-sha256"));
    ssh_security_options_free(lists);
    CHECK_OK(ssh_transport_start_server_event(pair.server, NULL, done));
    rc = ssh_transport_start_client(pair.client, WAIT_MS);
    CHECK_OK(ssh_event_wait(done, WAIT_MS));
    ssh_event_free(done);
    pair_close(&pair);
    return rc;
}

int main(void)
{
    ssh_transport_options_t options = SSH_TRANSPORT_OPTIONS_INIT;
    ssh_server_hooks_t hooks = usual_hooks();
    ssh_channel_t *ours, *theirs;
    pthread_t threads[2];
    pair_t pair;

    options.rekey_bytes = 200000;
    hooks.check_channel_exec_request = rekeys;
    pair = pair_open_with(&hooks, &options);
    CHECK_OK(log_in(pair.client, "secret"));
    ours = test_exec(pair.client, "x");
    theirs = accept_channel(pair.server);
    CHECK(pthread_create(&threads[0], NULL, echo, theirs) == 0);
    CHECK(pthread_create(&threads[1], NULL, send_all, ours) == 0);
    CHECK(drain(ours) == 1 << 20);
    pthread_join(threads[0], NULL);
    pthread_join(threads[1], NULL);
    ssh_channel_free(ours);
    ssh_channel_free(theirs);
    pair_close(&pair);

    CHECK_STATUS(connect_by_group_exchange(), SSH_ERR_NO_COMMON_KEX);
    load_moduli();
    CHECK_OK(connect_by_group_exchange());
    ssh_key_free(host_key());
    return 0;
}
