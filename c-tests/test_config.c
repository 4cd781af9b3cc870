/* ssh_config: what a configuration says of a host, and what is refused. */
#include "support.h"
#include <sys/stat.h>
#include <unistd.h>

static const char TEXT[] = "Host web\n"
                           "  HostName %h.example\n"
                           "  Port 2022\n"
                           "  IdentityFile ~/.ssh/id_%r\n"
                           "  IdentityFile /keys/second\n"
                           "  RekeyLimit 1G 1h\n"
                           "Match exec \"is-office %n\"\n"
                           "  User office\n"
                           "Host *\n"
                           "  Compression yes\n"
                           "  Cipher none\n"
                           "  ConnectTimeout 1m\n";

static int destroyed;

static void count_destroyed(void *user_data)
{
    CHECK(user_data == &destroyed);
    destroyed++;
}

static int32_t run(void *user_data, const char *command)
{
    CHECK(user_data == &destroyed);
    if (strcmp(command, "is-office broken") == 0)
        return -1;
    return strcmp(command, "is-office web") == 0 ? 0 : 1;
}

static int32_t resolve(void *user_data, const char *name, uint32_t family, char *out_canonical, size_t out_size)
{
    (void)user_data;
    CHECK(family == 4);
    if (strcmp(name, "short.a.example.") == 0)
        return 0;
    if (strcmp(name, "short.b.example.") != 0)
        return -1;
    snprintf(out_canonical, out_size, "long.c.example");
    return 1;
}

static const char *first(const ssh_host_config_t *host, const char *name)
{
    const char *value = ssh_host_config_get(host, name);

    return value == NULL ? "" : value;
}

static void values(ssh_config_t *config)
{
    ssh_host_config_t *host, *other;
    uint64_t number;
    int64_t ms;
    char *text;
    size_t i;
    bool has_port = false;

    CHECK_OK(ssh_config_lookup(config, "web", &host));
    CHECK(strcmp(first(host, "hostname"), "web.example") == 0);
    CHECK(strcmp(first(host, "User"), "office") == 0);
    CHECK(ssh_host_config_get_count(host, "IdentityFile") == 2);
    CHECK(strcmp(ssh_host_config_get_at(host, "identityfile", 0), "~/.ssh/id_%r") == 0);
    CHECK(ssh_host_config_get_at(host, "identityfile", 2) == NULL);
    CHECK_OK(ssh_host_config_get_expanded(host, "IdentityFile", 0, &text));
    CHECK(strcmp(text, "/home/somebody/.ssh/id_office") == 0);
    ssh_string_free(text);
    CHECK_STATUS(ssh_host_config_get_expanded(host, "IdentityFile", 2, &text), SSH_ERR_INVALID_ARGUMENT);
    CHECK(text == NULL);
    CHECK_OK(ssh_host_config_get_number(host, "Port", &number));
    CHECK(number == 2022);
    CHECK_OK(ssh_host_config_get_number(host, "RekeyLimit", &number));
    CHECK(number == UINT64_C(1) << 30);
    CHECK_OK(ssh_host_config_get_duration(host, "RekeyLimit", &ms));
    CHECK(ms == 3600000);
    CHECK_OK(ssh_host_config_get_duration(host, "ConnectTimeout", &ms));
    CHECK(ms == 60000);
    CHECK_STATUS(ssh_host_config_get_duration(host, "User", &ms), SSH_ERR_INVALID_STATE);
    CHECK_STATUS(ssh_host_config_get_number(host, "Nonsense", &number), SSH_ERR_INVALID_ARGUMENT);
    CHECK(ssh_host_config_is_yes(host, "Compression") && !ssh_host_config_is_yes(host, "BatchMode"));
    CHECK(ssh_host_config_get(host, "Nonsense") == NULL);
    CHECK(strcmp(ssh_host_config_get_origin(host, "port"), "web.conf:3") == 0);
    CHECK(ssh_host_config_get_origin(host, "batchmode") == NULL);
    CHECK(strncmp(ssh_host_config_get_warning(host, 0), "web.conf:11: cipher", 19) == 0);
    CHECK(ssh_host_config_get_warning(host, 1) == NULL);
    for (i = 0; ssh_host_config_get_name(host, i) != NULL; i++)
        has_port = has_port || strcmp(ssh_host_config_get_name(host, i), "port") == 0;
    CHECK(has_port && i > 40);
    CHECK_OK(ssh_host_config_to_text(host, &text));
    CHECK(strncmp(text, "host web\nuser office\nhostname web.example\nport 2022\n", 51) == 0);
    ssh_string_free(text);

    CHECK_OK(ssh_config_lookup(config, "other", &other));
    CHECK(strcmp(first(other, "port"), "22") == 0);
    ssh_host_config_free(other);
    ssh_host_config_free(host);
}

static void refused(ssh_config_t *config)
{
    ssh_host_config_t *host;

    CHECK_STATUS(ssh_config_lookup(config, "-web", &host), SSH_ERR_INVALID_ARGUMENT);
    CHECK(host == NULL);
    CHECK_STATUS(ssh_config_lookup(config, "broken", &host), SSH_ERR_CONFIG);
    CHECK_TEXT("web.conf:7: ");
    CHECK_STATUS(ssh_config_set_option(config, "Nonsense=1"), SSH_ERR_CONFIG);
    CHECK_TEXT("nonsense");
    CHECK_STATUS(ssh_config_set_option(config, "Port=0"), SSH_ERR_CONFIG);
    CHECK_STATUS(ssh_config_load_file(config, "/nonexistent"), SSH_ERR_FILE);
    CHECK_OK(ssh_config_load_memory(config, "bad.conf", "\nCompression maybe\n", 19));
    CHECK_STATUS(ssh_config_lookup(config, "web", &host), SSH_ERR_CONFIG);
    CHECK_TEXT("bad.conf:2: compression");
}

/* A home directory of our own: its configuration is read, unless others can write it. */
static void defaults(void)
{
    char home[] = "/tmp/sshrs-config-XXXXXX", path[200];
    ssh_config_t *config;
    ssh_host_config_t *host;
    FILE *file;

    CHECK(mkdtemp(home) != NULL);
    snprintf(path, sizeof path, "%s/.ssh", home);
    CHECK(mkdir(path, 0700) == 0);
    snprintf(path, sizeof path, "%s/.ssh/config", home);
    file = fopen(path, "w");
    CHECK(file != NULL && fputs("Port 2222\nUserKnownHostsFile ~/known\n", file) >= 0 && fclose(file) == 0);
    CHECK(chmod(path, 0600) == 0);

    CHECK_OK(ssh_config_new(&config));
    CHECK_OK(ssh_config_set_home(config, home));
    CHECK_OK(ssh_config_load_defaults(config));
    CHECK_OK(ssh_config_set_option(config, "User=me"));
    CHECK_OK(ssh_config_lookup(config, "any", &host));
    CHECK(strcmp(first(host, "port"), "2222") == 0 && strcmp(first(host, "user"), "me") == 0);
    CHECK(strncmp(first(host, "userknownhostsfile"), home, strlen(home)) == 0);
    ssh_host_config_free(host);
    CHECK(chmod(path, 0666) == 0);
    CHECK_STATUS(ssh_config_load_defaults(config), SSH_ERR_CONFIG);
    CHECK_TEXT("others can write it");
    CHECK_OK(ssh_config_load_file(config, path));
    ssh_config_free(config);
    unlink(path);
    snprintf(path, sizeof path, "%s/.ssh", home);
    rmdir(path);
    rmdir(home);
}

static void canonical_names(void)
{
    static const char RULES[] = "AddressFamily inet\nCanonicalizeHostname yes\nCanonicalDomains a.example b.example\n"
                                "CanonicalizePermittedCNAMEs *.b.example:*.c.example\n"
                                "Match canonical host *.c.example command ls\nUser c\n";
    ssh_config_t *config;
    ssh_host_config_t *host;

    CHECK_OK(ssh_config_new(&config));
    CHECK_OK(ssh_config_load_memory(config, "rules", RULES, strlen(RULES)));
    CHECK_OK(ssh_config_set_resolver(config, resolve, NULL, NULL));
    CHECK_OK(ssh_config_set_command(config, "ls"));
    CHECK_OK(ssh_config_lookup(config, "short", &host));
    CHECK(strcmp(first(host, "hostname"), "long.c.example") == 0 && strcmp(first(host, "user"), "c") == 0);
    ssh_host_config_free(host);
    CHECK_STATUS(ssh_config_lookup(config, "other", &host), SSH_ERR_RESOLVE_FAILED);
    ssh_config_free(config);
}

int main(void)
{
    ssh_config_t *config;
    ssh_host_config_t *host;

    CHECK_OK(ssh_config_new(&config));
    CHECK_OK(ssh_config_set_home(config, "/home/somebody"));
    CHECK_OK(ssh_config_load_memory(config, "web.conf", TEXT, strlen(TEXT)));
    /* No command is run without permission. */
    CHECK_STATUS(ssh_config_lookup(config, "web", &host), SSH_ERR_UNSUPPORTED);
    CHECK_TEXT("web.conf:7: ");
    CHECK_OK(ssh_config_set_exec_handler(config, run, &destroyed, count_destroyed));
    values(config);
    refused(config);
    CHECK(destroyed == 0);
    ssh_config_free(config);
    CHECK(destroyed == 1);
    defaults();
    canonical_names();
    return 0;
}
