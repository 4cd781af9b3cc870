/* One call from an alias to a connection that is logged in: jump hosts, a proxy command, host keys, identities. */
#include "support.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

static const char RULES[] = "Host gate1\n"
                            "  HostName 127.0.0.1\n"
                            "Host gate2\n"
                            "  HostName localhost\n"
                            "  ProxyJump gate1\n"
                            "Host target\n"
                            "  HostName 127.0.0.1\n"
                            "  ProxyJump gate2\n"
                            "  Compression yes\n"
                            "  Ciphers aes256-ctr\n"
                            "  ConnectTimeout 1m\n"
                            "  ServerAliveInterval 30\n"
                            "Host proxied\n"
                            "  HostName localhost\n"
                            "  ProxyCommand connect %%h %%p %%n\n"
                            "Host locked\n"
                            "  IdentityFile %s/encrypted\n"
                            "Host bound\n"
                            "  BindAddress 127.0.0.1\n"
                            "Host nobody\n"
                            "  IdentityFile none\n"
                            "Host held\n"
                            "  IdentityFile %s.pub\n"
                            "  IdentitiesOnly no\n"
                            "  IdentityAgent %s\n"
                            "Host lost\n"
                            "  UserKnownHostsFile %s\n"
                            "  HostKeyAlias Lost.example\n"
                            "Match !originalhost nobody,locked,held\n"
                            "  IdentityFile %s\n"
                            "Host *\n"
                            "  HostName 127.0.0.1\n"
                            "  Port %u\n"
                            "  User %s\n"
                            "  IdentitiesOnly yes\n"
                            "  IdentityAgent none\n"
                            "  UserKnownHostsFile %s\n"
                            "  GlobalKnownHostsFile none\n"
                            "  HostKeyAlias [%s]:%u\n";

struct asked {
    uint32_t passphrases, host_keys, proxies;
    bool accepts;
};

static ssh_status_t give_passphrase(void *user_data, const char *file, uint32_t attempt, ssh_prompt_answers_t *answers)
{
    struct asked *asked = user_data;
    const char *text = attempt == 0 ? "wrong" : setting("SSHRS_TEST_PASSPHRASE");

    CHECK(strstr(file, "/encrypted") != NULL && attempt == asked->passphrases);
    asked->passphrases++;
    return ssh_prompt_answers_set(answers, 0, text, strlen(text));
}

static bool accept_host_key(void *user_data, const char *host, uint32_t port, const ssh_key_t *key)
{
    struct asked *asked = user_data;

    CHECK(strcmp(host, "lost.example") == 0 && port == 22 && ssh_key_get_name(key) != NULL);
    asked->host_keys++;
    return asked->accepts;
}

static int run_proxy(void *user_data, const char *command)
{
    struct asked *asked = user_data;
    struct sockaddr_in address = {0};
    char expected[80];
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    asked->proxies++;
    snprintf(expected, sizeof expected, "connect localhost %u proxied", (unsigned)server_port());
    CHECK(strcmp(command, expected) == 0);
    address.sin_family = AF_INET;
    address.sin_port = htons((uint16_t)server_port());
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    CHECK(fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) == 0);
    return fd;
}

static void check_runs(ssh_transport_t *transport)
{
    ssh_channel_t *channel = test_session(transport);
    ssh_exec_result_t *result;

    CHECK_OK(ssh_channel_exec_collect(channel, "echo there", NULL, 0, 0, WAIT_MS, &result));
    CHECK(strcmp(ssh_exec_result_stdout(result, NULL), "there\n") == 0);
    ssh_exec_result_free(result);
    ssh_channel_free(channel);
}

static void jumps(const ssh_connect_alias_options_t *options)
{
    ssh_transport_t *transport;
    ssh_channel_t *channel;
    char *text;

    CHECK_OK(ssh_connect_alias("target", options, &transport));
    check_runs(transport);
    CHECK_OK(ssh_transport_get_negotiated(transport, SSH_LIST_CIPHER_C2S, &text));
    CHECK(strcmp(text, "aes256-ctr") == 0);
    ssh_string_free(text);
    CHECK_OK(ssh_transport_get_negotiated(transport, SSH_LIST_COMPRESSION_C2S, &text));
    CHECK(strncmp(text, "zlib", 4) == 0);
    ssh_string_free(text);
    channel = test_exec(transport, "head -c 1000000 /dev/zero");
    CHECK(drain(channel) == 1000000);
    ssh_channel_free(channel);
    ssh_transport_free(transport);
}

/* An error names the host. */
static void places(ssh_connect_alias_options_t options)
{
    static const char *const CLOSED[] = {"Port=1"}, *const OVER_NOBODY[] = {"ProxyJump=nobody"};
    ssh_transport_t *transport;

    options.settings_len = 1;
    options.settings = CLOSED;
    CHECK_STATUS(ssh_connect_alias("target", &options, &transport), SSH_ERR_CHANNEL_CONNECT_FAILED);
    CHECK_TEXT("\"target\" (127.0.0.1:1) through \"gate2\": ");
    options.settings = OVER_NOBODY;
    CHECK_STATUS(ssh_connect_alias("target", &options, &transport), SSH_ERR_AUTH_FAILED);
    CHECK_TEXT("jump host \"nobody\" (");
}

static void proxies(ssh_connect_alias_options_t options, struct asked *asked)
{
    ssh_transport_t *transport;

    CHECK_OK(ssh_connect_alias("proxied", &options, &transport));
    CHECK(asked->proxies == 1);
    check_runs(transport);
    ssh_transport_free(transport);
    options.run_proxy = NULL;
    CHECK_STATUS(ssh_connect_alias("proxied", &options, &transport), SSH_ERR_UNSUPPORTED);
    CHECK(transport == NULL);
}

static void identities(const ssh_connect_alias_options_t *options, struct asked *asked)
{
    static const char *const NO_QUESTIONS[] = {"BatchMode=yes"}, *const MISSING[] = {"IdentityFile=/missing"};
    ssh_connect_alias_options_t more = *options;
    ssh_key_t *key = test_key();
    const ssh_key_t *keys[1];
    ssh_transport_t *transport;

    /* The wrong passphrase first. */
    CHECK_OK(ssh_connect_alias("locked", options, &transport));
    CHECK(asked->passphrases == 2);
    ssh_transport_free(transport);
    more.settings = NO_QUESTIONS;
    more.settings_len = 1;
    CHECK_STATUS(ssh_connect_alias("locked", &more, &transport), SSH_ERR_KEY_NEEDS_PASSPHRASE);
    CHECK(asked->passphrases == 2);
    more = *options;
    more.passphrase = NULL;
    CHECK_STATUS(ssh_connect_alias("locked", &more, &transport), SSH_ERR_KEY_NEEDS_PASSPHRASE);
    CHECK_TEXT("encrypted: encrypted, and no passphrase was given");
    more.settings = MISSING;
    more.settings_len = 1;
    CHECK_STATUS(ssh_connect_alias("nobody", &more, &transport), SSH_ERR_AUTH_FAILED);
    CHECK_TEXT("; /missing (command line): no such file");

    CHECK_STATUS(ssh_connect_alias("nobody", options, &transport), SSH_ERR_AUTH_FAILED);
    CHECK_TEXT("publickey");
    keys[0] = key;
    more = *options;
    more.keys = keys;
    more.keys_len = 1;
    CHECK_OK(ssh_connect_alias("nobody", &more, &transport));
    ssh_transport_free(transport);
    ssh_key_free(key);
}

/* Of an agent's twelve keys, the one that is named comes first: the server allows six tries. */
static void agents(const ssh_connect_alias_options_t *options, const char *path)
{
    ssh_agent_server_t *server;
    ssh_transport_t *transport;
    ssh_key_t *key;
    int i;

    CHECK_OK(ssh_agent_server_new(NULL, &server));
    for (i = 0; i < 11; i++) {
        CHECK_OK(ssh_key_generate("ssh-ed25519", 0, &key));
        CHECK_OK(ssh_agent_server_add(server, key, NULL));
        ssh_key_free(key);
    }
    key = test_key();
    CHECK_OK(ssh_agent_server_add(server, key, NULL));
    ssh_key_free(key);
    CHECK_OK(ssh_agent_server_listen(server, path, NULL));
    CHECK_OK(ssh_connect_alias("held", options, &transport));
    check_runs(transport);
    ssh_transport_free(transport);
    ssh_agent_server_free(server);
}

static void host_keys(const ssh_connect_alias_options_t *options, struct asked *asked, const char *new_file)
{
    static const char *const STRICT[] = {"StrictHostKeyChecking=yes"};
    ssh_connect_alias_options_t strict = *options;
    ssh_transport_t *transport;

    strict.settings = STRICT;
    strict.settings_len = 1;
    CHECK_STATUS(ssh_connect_alias("lost", &strict, &transport), SSH_ERR_HOST_KEY_UNKNOWN);
    CHECK(asked->host_keys == 0);
    CHECK_STATUS(ssh_connect_alias("lost", options, &transport), SSH_ERR_HOST_KEY_UNKNOWN);
    CHECK(asked->host_keys == 1 && access(new_file, F_OK) != 0);
    asked->accepts = true;
    CHECK_OK(ssh_connect_alias("lost", options, &transport));
    CHECK(asked->host_keys == 2 && access(new_file, F_OK) == 0);
    ssh_transport_free(transport);
    /* It was written down. */
    CHECK_OK(ssh_connect_alias("lost", &strict, &transport));
    ssh_transport_free(transport);
}

static void refused(const ssh_connect_alias_options_t *options)
{
    static const char *const BAD[] = {"Nonsense=1"};
    ssh_connect_alias_options_t bad = *options;
    ssh_transport_t *transport;

    CHECK_STATUS(ssh_connect_alias(NULL, options, &transport), SSH_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(ssh_connect_alias("target", options, NULL), SSH_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(ssh_connect_alias("bound", options, &transport), SSH_ERR_UNSUPPORTED);
    CHECK_TEXT("rules:19: bindaddress");
    CHECK_STATUS(ssh_connect_alias("a;b", options, &transport), SSH_ERR_INVALID_ARGUMENT);
    bad.settings = BAD;
    bad.settings_len = 1;
    CHECK_STATUS(ssh_connect_alias("target", &bad, &transport), SSH_ERR_CONFIG);
    bad = *options;
    bad.timeout_ms = 1;
    CHECK_STATUS(ssh_connect_alias("target", &bad, &transport), SSH_ERR_TIMEOUT);
    CHECK(transport == NULL);
}

int main(void)
{
    ssh_connect_alias_options_t options = SSH_CONNECT_ALIAS_OPTIONS_INIT;
    struct asked asked = {0, 0, 0, false};
    char folder[] = "/tmp/sshrs-alias-XXXXXX", rules[4096], new_file[64], agent[64];
    unsigned port = (unsigned)server_port();
    const char *host = setting("SSHRS_TEST_HOST");
    ssh_config_t *config;

    CHECK(mkdtemp(folder) != NULL);
    snprintf(new_file, sizeof new_file, "%s/known", folder);
    snprintf(agent, sizeof agent, "%s/agent", folder);
    snprintf(rules, sizeof rules, RULES, setting("SSHRS_TEST_KEYDIR"), setting("SSHRS_TEST_KEY"), agent, new_file, setting("SSHRS_TEST_KEY"), port,
             setting("SSHRS_TEST_USER"), setting("SSHRS_TEST_KNOWN_HOSTS"), host, port);
    CHECK_OK(ssh_config_new(&config));
    CHECK_OK(ssh_config_load_memory(config, "rules", rules, strlen(rules)));
    options.config = config;
    options.user_data = &asked;
    options.passphrase = give_passphrase;
    options.accept_host_key = accept_host_key;
    options.run_proxy = run_proxy;

    jumps(&options);
    places(options);
    proxies(options, &asked);
    identities(&options, &asked);
    agents(&options, agent);
    host_keys(&options, &asked, new_file);
    refused(&options);
    ssh_config_free(config);
    unlink(new_file);
    unlink(agent);
    rmdir(folder);
    return 0;
}
