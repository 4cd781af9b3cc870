/* Every algorithm list: replaced, edited with "+", "-" and "^", one direction apart from the other; an unknown name is named
 * and changes nothing; what is in force at both ends, and who may log in, follows from the lists. */
#include "server.h"

typedef struct list {
    int32_t number;
    const char *label; /* in the description */
    const char *a, *b;
} list_t;

static const list_t LISTS[] = {
    {SSH_LIST_KEX, "kex: ", "curve25519-sha256", "ecdh-sha2-nistp256"},
    {SSH_LIST_HOST_KEY, "host key: ", "ssh-ed25519", "ecdsa-sha2-nistp256"},
    {SSH_LIST_CIPHER, "", "aes128-ctr", "aes256-ctr"},
    {SSH_LIST_CIPHER_C2S, "", "aes128-ctr", "aes256-ctr"},
    {SSH_LIST_CIPHER_S2C, "", "aes128-ctr", "aes256-ctr"},
    {SSH_LIST_MAC, "", "hmac-sha2-256", "hmac-sha2-512"},
    {SSH_LIST_MAC_C2S, "", "hmac-sha2-256", "hmac-sha2-512"},
    {SSH_LIST_MAC_S2C, "", "hmac-sha2-256", "hmac-sha2-512"},
    {SSH_LIST_COMPRESSION, "", "none", "zlib@openssh.com"},
    {SSH_LIST_COMPRESSION_C2S, "", "none", "zlib@openssh.com"},
    {SSH_LIST_COMPRESSION_S2C, "", "none", "zlib@openssh.com"},
    {SSH_LIST_PUBKEY, "", "ssh-ed25519", "ecdsa-sha2-nistp256"},
};
#define COUNT (sizeof LISTS / sizeof LISTS[0])

static void expect(const ssh_security_options_t *lists, int32_t number, const char *first, const char *second)
{
    char wanted[128], *now;

    snprintf(wanted, sizeof wanted, "%s%s%s", first, second == NULL ? "" : ",", second == NULL ? "" : second);
    CHECK_OK(ssh_security_options_get(lists, number, &now));
    if (strcmp(now, wanted) != 0)
        fprintf(stderr, "list %d is %s, not %s\n", (int)number, now, wanted);
    CHECK(strcmp(now, wanted) == 0);
    ssh_string_free(now);
}

static void set(ssh_security_options_t *lists, int32_t number, const char *prefix, const char *names)
{
    char text[128];

    snprintf(text, sizeof text, "%s%s", prefix, names);
    CHECK_OK(ssh_security_options_set(lists, number, text));
}

static void edit(ssh_security_options_t *lists, const list_t *list)
{
    static const char *const unknown[] = {"rot13", "+rot13", "^rot13", "none,rot13"};
    char both[128], *known, *text;
    size_t i;

    CHECK_OK(ssh_security_options_get_known(list->number, &known));
    CHECK(strstr(known, list->a) != NULL && strstr(known, list->b) != NULL);
    ssh_string_free(known);
    snprintf(both, sizeof both, "%s,%s", list->a, list->b);
    set(lists, list->number, "", both);
    expect(lists, list->number, list->a, list->b);
    set(lists, list->number, "^", list->b);
    expect(lists, list->number, list->b, list->a);
    set(lists, list->number, "-", list->b);
    expect(lists, list->number, list->a, NULL);
    set(lists, list->number, "+", list->b);
    expect(lists, list->number, list->a, list->b);
    for (i = 0; i < sizeof unknown / sizeof unknown[0]; i++) {
        ssh_status_t rc = ssh_security_options_set(lists, list->number, unknown[i]);

        /* "none" is no name either but among the compressions. */
        CHECK_STATUS(rc, SSH_ERR_UNKNOWN_ALGORITHM);
        if (i < 3)
            CHECK_TEXT("rot13");
        expect(lists, list->number, list->a, list->b);
    }
    CHECK_STATUS(ssh_security_options_set(lists, list->number, ""), SSH_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(ssh_security_options_set(lists, list->number, "-*"), SSH_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(ssh_security_options_set(lists, list->number, NULL), SSH_ERR_INVALID_ARGUMENT);
    expect(lists, list->number, list->a, list->b);
    CHECK_OK(ssh_security_options_describe(lists, &text));
    CHECK(strstr(text, both) != NULL && strstr(text, list->label) != NULL);
    ssh_string_free(text);
}

/* One direction changes alone, both together. */
static void directions(ssh_security_options_t *lists, int32_t both, const char *a, const char *b)
{
    set(lists, both, "", a);
    expect(lists, both + 1, a, NULL);
    expect(lists, both + 2, a, NULL);
    set(lists, both + 2, "", b);
    expect(lists, both + 1, a, NULL);
    expect(lists, both + 2, b, NULL);
    expect(lists, both, a, NULL);
}

static void in_force(const ssh_transport_t *transport, int32_t number, const char *name)
{
    char *now;

    CHECK_OK(ssh_transport_get_negotiated(transport, number, &now));
    if (strcmp(now, name) != 0)
        fprintf(stderr, "list %d: %s is in force, not %s\n", (int)number, now, name);
    CHECK(strcmp(now, name) == 0);
    ssh_string_free(now);
}

static int32_t any_key(void *u, ssh_ticket_t *t, ssh_transport_t *s, const char *username, const ssh_key_t *key, const char *algorithm, bool is_signed)
{
    (void)u, (void)t, (void)s, (void)username, (void)key, (void)is_signed;
    return strcmp(algorithm, "ssh-ed25519") == 0 ? SSH_AUTH_SUCCESSFUL : SSH_AUTH_FAILED;
}

static void start(pair_t *pair)
{
    ssh_server_hooks_t hooks = usual_hooks();
    ssh_event_t *done;

    hooks.check_auth_publickey = any_key;
    CHECK_OK(ssh_event_new(&done));
    CHECK_OK(ssh_transport_start_server_event(pair->server, &hooks, done));
    CHECK_OK(ssh_transport_start_client(pair->client, WAIT_MS));
    CHECK_OK(ssh_event_wait(done, WAIT_MS));
    ssh_event_free(done);
}

/* The server's keys: the host key in force is that of the algorithm agreed on. */
static void check_host_key(const pair_t *pair, const ssh_key_t *ecdsa)
{
    ssh_key_t *key;

    key = ssh_transport_get_server_key(pair->server);
    CHECK(ssh_key_is_equal(key, ecdsa));
    ssh_key_free(key);
    CHECK_OK(ssh_transport_get_remote_server_key(pair->client, &key));
    CHECK(ssh_key_is_equal(key, ecdsa) && !ssh_key_is_private(key));
    ssh_key_free(key);
}

int main(void)
{
    ssh_security_options_t *lists;
    ssh_key_t *user, *ecdsa;
    uint32_t port;
    int listener = listen_local(&port);
    pair_t pair;
    size_t i;

    CHECK_OK(ssh_key_generate("ssh-ed25519", 0, &user));
    CHECK_OK(ssh_key_generate("ecdsa-sha2-nistp256", 0, &ecdsa));
    CHECK_OK(ssh_transport_new_address("127.0.0.1", port, NULL, WAIT_MS, &pair.client));
    pair.server = server_accept(listener, NULL);
    close(listener);
    CHECK_OK(ssh_transport_add_server_key(pair.server, ecdsa));
    CHECK_OK(ssh_transport_get_security_options(pair.client, &lists));
    for (i = 0; i < COUNT; i++)
        edit(lists, &LISTS[i]);
    directions(lists, SSH_LIST_CIPHER, "aes192-ctr", "aes256-ctr");
    directions(lists, SSH_LIST_MAC, "hmac-sha2-512", "hmac-sha2-256");
    directions(lists, SSH_LIST_COMPRESSION, "zlib@openssh.com", "none");
    set(lists, SSH_LIST_KEX, "", "ecdh-sha2-nistp256");
    set(lists, SSH_LIST_HOST_KEY, "", "ecdsa-sha2-nistp256");
    set(lists, SSH_LIST_PUBKEY, "", "ecdsa-sha2-nistp256");
    start(&pair);

    for (i = 0; i < 2; i++) {
        const ssh_transport_t *end = i == 0 ? pair.client : pair.server;

        in_force(end, SSH_LIST_KEX, "ecdh-sha2-nistp256");
        in_force(end, SSH_LIST_HOST_KEY, "ecdsa-sha2-nistp256");
        in_force(end, SSH_LIST_CIPHER_C2S, "aes192-ctr");
        in_force(end, SSH_LIST_CIPHER_S2C, "aes256-ctr");
        in_force(end, SSH_LIST_MAC_C2S, "hmac-sha2-512");
        in_force(end, SSH_LIST_MAC_S2C, "hmac-sha2-256");
        in_force(end, SSH_LIST_COMPRESSION_C2S, "zlib@openssh.com");
        in_force(end, SSH_LIST_COMPRESSION_S2C, "none");
        CHECK(ssh_transport_is_strict_kex(end));
    }
    check_host_key(&pair, ecdsa);
    for (i = 0; i < COUNT; i++)
        CHECK_STATUS(ssh_security_options_set(lists, LISTS[i].number, LISTS[i].a), SSH_ERR_INVALID_STATE);
    CHECK_STATUS(ssh_transport_use_compression(pair.client, true), SSH_ERR_INVALID_STATE);
    /* The key's algorithm is not in the list for signatures. */
    CHECK_STATUS(ssh_transport_auth_publickey(pair.client, "user", user, WAIT_MS, NULL), SSH_ERR_AUTH_NO_SIGNATURE_ALGORITHM);
    CHECK_OK(log_in(pair.client, "secret"));
    ssh_channel_free(test_exec(pair.client, "x"));
    ssh_security_options_free(lists);
    pair_close(&pair);
    ssh_key_free(user);
    ssh_key_free(ecdsa);
    ssh_key_free(host_key());
    return 0;
}
