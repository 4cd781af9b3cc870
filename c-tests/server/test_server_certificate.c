/* A key with a certificate: joined, shown by a user and by a host, and refused unless the server asked for certificates. */
#include "server.h"

/* Made by ssh-keygen for this test: a key, and its certificates as a user's and as a host's, "user" among their names. */
static const char KEY[] =
    "-----BEGIN OPENSSH PRIVATE KEY-----\n"
    "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW\n"
    "QyNTUxOQAAACC4klQQ4d1vD5JGRyFaye3FoAdTbfZ7Wty5JNl+nHPMEQAAAIheT89GXk/P\n"
    "RgAAAAtzc2gtZWQyNTUxOQAAACC4klQQ4d1vD5JGRyFaye3FoAdTbfZ7Wty5JNl+nHPMEQ\n"
    "AAAED0Dv6yuhYGNZVsHD+9WDiQTvggdRaTtHXJqFDVpYJtY7iSVBDh3W8PkkZHIVrJ7cWg\n"
    "B1Nt9nta3Lkk2X6cc8wRAAAAAAECAwQF\n"
    "-----END OPENSSH PRIVATE KEY-----\n";
static const char USER[] =
    "ssh-ed25519-cert-v01@openssh.com AAAAIHNzaC1lZDI1NTE5LWNlcnQtdjAxQG9wZW5zc2guY29tAAAAIDu5LbN6AFHo6ya"
    "lbWQ+ukQaejDDKJd3lo0LWkVa0H98AAAAILiSVBDh3W8PkkZHIVrJ7cWgB1Nt9nta3Lkk2X6cc8wRAAAAAAAAAAAAAAABAAAABHR"
    "lc3QAAAAVAAAABHVzZXIAAAAJMTI3LjAuMC4xAAAAAAAAAAD//////////wAAAAAAAACCAAAAFXBlcm1pdC1YMTEtZm9yd2FyZGl"
    "uZwAAAAAAAAAXcGVybWl0LWFnZW50LWZvcndhcmRpbmcAAAAAAAAAFnBlcm1pdC1wb3J0LWZvcndhcmRpbmcAAAAAAAAACnBlcm1"
    "pdC1wdHkAAAAAAAAADnBlcm1pdC11c2VyLXJjAAAAAAAAAAAAAAAzAAAAC3NzaC1lZDI1NTE5AAAAILaZqT7PaPP6vj88p4rJM9k"
    "zlvV41qSw87XmpsYeMA89AAAAUwAAAAtzc2gtZWQyNTUxOQAAAEAJfaOXgnStHp+NMC9GWr+BYO45SqkFMfOj2CILVNmx6tBW8Du"
    "jU6yyYBHuV7i1Oi9ZXfuNInj+SZDVdz2IFLwD key.pub\n";
static const char HOST[] =
    "ssh-ed25519-cert-v01@openssh.com AAAAIHNzaC1lZDI1NTE5LWNlcnQtdjAxQG9wZW5zc2guY29tAAAAIDUcBOqGVa6qWhu"
    "5w3NaCIVTKEjxv2+1gRdDda3f/78UAAAAILiSVBDh3W8PkkZHIVrJ7cWgB1Nt9nta3Lkk2X6cc8wRAAAAAAAAAAAAAAACAAAABGh"
    "vc3QAAAAVAAAABHVzZXIAAAAJMTI3LjAuMC4xAAAAAAAAAAD//////////wAAAAAAAAAAAAAAAAAAADMAAAALc3NoLWVkMjU1MTk"
    "AAAAgtpmpPs9o8/q+Pzyniskz2TOW9XjWpLDzteamxh4wDz0AAABTAAAAC3NzaC1lZDI1NTE5AAAAQNtwTeL/a+zeJmVB879hLsd"
    "72Yav9OUG206C+E6yq2nfDUsOWvpfbItZFUVyrjRdjMFRzjAEcIKUYJcUkQ/0igQ= key.pub\n";

static const char NAME[] = "ssh-ed25519-cert-v01@openssh.com";

struct app {
    const ssh_key_t *key;
    atomic_int plain, certified;
};

static int32_t check(void *user_data, ssh_ticket_t *ticket, ssh_transport_t *transport, const char *username, const ssh_key_t *key, const char *algorithm, bool is_signed)
{
    struct app *app = user_data;
    bool certified = ssh_key_get_certificate(key) != NULL;

    (void)ticket, (void)transport;
    CHECK(strcmp(username, "user") == 0 && is_signed);
    /* The key stays what it is, whatever is shown for it. */
    CHECK(strcmp(ssh_key_get_name(key), "ssh-ed25519") == 0 && ssh_key_is_equal(key, app->key) && !ssh_key_is_private(key));
    CHECK(strcmp(algorithm, certified ? NAME : "ssh-ed25519") == 0);
    atomic_fetch_add(certified ? &app->certified : &app->plain, 1);
    return SSH_AUTH_SUCCESSFUL;
}

static ssh_cert_t *load(const char *text)
{
    ssh_cert_t *cert;

    CHECK_OK(ssh_cert_load_memory(text, strlen(text), &cert));
    return cert;
}

static ssh_key_t *join(const ssh_key_t *key, const char *text)
{
    ssh_cert_t *cert = load(text);
    ssh_key_t *joined;

    CHECK_OK(ssh_key_with_certificate(key, cert, &joined));
    ssh_cert_free(cert);
    CHECK(ssh_key_get_certificate(joined) != NULL && ssh_key_get_certificate(key) == NULL);
    CHECK(ssh_key_is_private(joined) == ssh_key_is_private(key) && ssh_key_is_equal(joined, key));
    return joined;
}

static void enable(ssh_transport_t *transport, int32_t list, const char *names)
{
    ssh_security_options_t *lists;

    CHECK_OK(ssh_transport_get_security_options(transport, &lists));
    CHECK_OK(ssh_security_options_set(lists, list, names));
    ssh_security_options_free(lists);
}

/* A server with this host key, which takes certificates where it is told to. */
static pair_t open_pair(const ssh_server_hooks_t *hooks, const ssh_key_t *shown, bool users, bool hosts)
{
    uint32_t port;
    int listener = listen_local(&port);
    ssh_event_t *done;
    pair_t pair;

    CHECK_OK(ssh_event_new(&done));
    CHECK_OK(ssh_transport_new_address("127.0.0.1", port, NULL, WAIT_MS, &pair.client));
    pair.server = server_accept(listener, NULL);
    close(listener);
    CHECK_OK(ssh_transport_add_server_key(pair.server, shown));
    if (users)
        enable(pair.server, SSH_LIST_PUBKEY, "+ssh-ed25519-cert-v01@openssh.com");
    if (hosts)
        enable(pair.client, SSH_LIST_HOST_KEY, "^ssh-ed25519-cert-v01@openssh.com");
    CHECK_OK(ssh_transport_start_server_event(pair.server, hooks, done));
    CHECK_OK(ssh_transport_start_client(pair.client, WAIT_MS));
    CHECK_OK(ssh_event_wait(done, WAIT_MS));
    ssh_event_free(done);
    return pair;
}

static void users(const ssh_server_hooks_t *hooks, struct app *app, const ssh_key_t *key)
{
    ssh_key_t *certified = join(key, USER), *host = join(key, HOST);
    pair_t pair = open_pair(hooks, key, false, false);

    /* Nobody asked for certificates: the hook is not called. */
    CHECK_STATUS(ssh_transport_auth_publickey(pair.client, "user", certified, WAIT_MS, NULL), SSH_ERR_AUTH_FAILED);
    CHECK(app->certified == 0 && app->plain == 0);
    CHECK_OK(ssh_transport_auth_publickey(pair.client, "user", key, WAIT_MS, NULL));
    CHECK(app->certified == 0 && app->plain == 1);
    pair_close(&pair);

    pair = open_pair(hooks, key, true, false);
    CHECK_STATUS(ssh_transport_auth_publickey(pair.client, "user", host, WAIT_MS, NULL), SSH_ERR_AUTH_FAILED);
    CHECK(app->certified == 0);
    CHECK_OK(ssh_transport_auth_publickey(pair.client, "user", certified, WAIT_MS, NULL));
    CHECK(app->certified == 1 && app->plain == 1);
    pair_close(&pair);
    ssh_key_free(certified);
    ssh_key_free(host);
}

static void hosts(const ssh_server_hooks_t *hooks, const ssh_key_t *key)
{
    ssh_key_t *certified = join(key, HOST), *seen;
    char *name;
    bool asks;

    for (asks = false;; asks = true) {
        pair_t pair = open_pair(hooks, certified, false, asks);

        CHECK_OK(ssh_transport_get_negotiated(pair.client, SSH_LIST_HOST_KEY, &name));
        CHECK(strcmp(name, asks ? NAME : "ssh-ed25519") == 0);
        ssh_string_free(name);
        CHECK_OK(ssh_transport_get_remote_server_key(pair.client, &seen));
        CHECK(ssh_key_is_equal(seen, key) && (ssh_key_get_certificate(seen) != NULL) == asks);
        ssh_key_free(seen);
        pair_close(&pair);
        if (asks)
            break;
    }
    ssh_key_free(certified);
}

static void mistakes(const ssh_key_t *key)
{
    char text[sizeof USER];
    ssh_key_t *other, *joined = NULL;
    ssh_cert_t *cert = load(USER), *bad = NULL;

    CHECK_OK(ssh_key_generate("ssh-ed25519", 0, &other));
    CHECK_STATUS(ssh_key_with_certificate(other, cert, &joined), SSH_ERR_CERT_KEY_MISMATCH);
    CHECK_STATUS(ssh_key_with_certificate(key, NULL, &joined), SSH_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(ssh_key_with_certificate(NULL, cert, &joined), SSH_ERR_INVALID_ARGUMENT);
    CHECK(joined == NULL && ssh_key_get_certificate(NULL) == NULL);
    CHECK_STATUS(ssh_cert_load_file("/does/not/exist", &bad), SSH_ERR_FILE);
    CHECK_STATUS(ssh_cert_load_memory("", 0, &bad), SSH_ERR_CERT_CORRUPT);
    /* One letter of the authority's signature. */
    memcpy(text, USER, sizeof text);
    text[strlen(text) - 12] = text[strlen(text) - 12] == 'A' ? 'B' : 'A';
    CHECK_STATUS(ssh_cert_load_memory(text, strlen(text), &bad), SSH_ERR_CERT_SIGNATURE);
    CHECK(bad == NULL);
    ssh_cert_free(cert);
    ssh_cert_free(NULL);
    ssh_key_free(other);
}

int main(void)
{
    ssh_server_hooks_t hooks = SSH_SERVER_HOOKS_INIT;
    struct app app = {NULL, 0, 0};
    ssh_key_t *key;

    CHECK_OK(ssh_key_load_private_memory(KEY, strlen(KEY), NULL, 0, &key));
    app.key = key;
    hooks.user_data = &app;
    hooks.check_auth_publickey = check;
    users(&hooks, &app, key);
    hosts(&hooks, key);
    mistakes(key);
    ssh_key_free(key);
    ssh_key_free(host_key());
    return 0;
}
