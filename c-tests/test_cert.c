/* Certificates: those of ssh-keygen are read and decided, and ours are what ssh-keygen reads. */
#include "support.h"

#include <unistd.h>

static char folder[1024];

static const char *path_of(const char *name)
{
    static char path[2048];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

/* Runs a command in the folder; true where its output has `part` in it. */
static bool says(const char *command, const char *part)
{
    char full[4096], output[8192];
    FILE *pipe;
    size_t len;

    snprintf(full, sizeof full, "cd %s && %s 2>&1", folder, command);
    CHECK((pipe = popen(full, "r")) != NULL);
    len = fread(output, 1, sizeof output - 1, pipe);
    output[len] = '\0';
    pclose(pipe);
    if (strstr(output, part) != NULL)
        return true;
    fprintf(stderr, "%s: %s\n", command, output);
    return false;
}

static ssh_cert_t *load(const char *name)
{
    ssh_cert_t *cert;

    CHECK_OK(ssh_cert_load_file(path_of(name), &cert));
    return cert;
}

static ssh_key_t *load_key(const char *name)
{
    ssh_key_t *key;

    CHECK_OK(ssh_key_load_private_file(path_of(name), NULL, 0, &key));
    return key;
}

static ssh_status_t check_now(const ssh_cert_t *cert, const char *name, const ssh_key_t *authority)
{
    ssh_cert_check_options_t options = SSH_CERT_CHECK_OPTIONS_INIT;

    options.kind = ssh_cert_get_kind(cert);
    options.principals = &name;
    options.principal_count = 1;
    options.authorities = &authority;
    options.authority_count = 1;
    options.peer_address = "192.0.2.7";
    return ssh_cert_check(cert, &options);
}

static void check_fields(const ssh_key_t *ca, const ssh_key_t *user)
{
    ssh_cert_t *cert = load("user-cert.pub"), *again;
    ssh_key_t *key;
    const uint8_t *data, *value;
    char *line;
    uint8_t *blob;
    size_t len;

    CHECK(strcmp(ssh_cert_get_type(cert), "ssh-ed25519-cert-v01@openssh.com") == 0);
    CHECK(ssh_cert_get_kind(cert) == SSH_CERT_USER && ssh_cert_get_serial(cert) == 7);
    CHECK(strcmp(ssh_cert_get_key_id(cert), "the ID") == 0);
    CHECK(ssh_cert_get_principal_count(cert) == 2 && strcmp(ssh_cert_get_principal_at(cert, 1), "bob") == 0);
    CHECK(ssh_cert_get_principal_at(cert, 2) == NULL);
    CHECK(ssh_cert_get_valid_after(cert) == 1577836800 && ssh_cert_get_valid_before(cert) == UINT64_MAX);
    CHECK(ssh_cert_get_critical_option_count(cert) == 2 && ssh_cert_get_extension_count(cert) == 5);
    CHECK(strcmp(ssh_cert_get_critical_option_at(cert, 0, &data, &len), "force-command") == 0);
    CHECK(len == 6 && memcmp(data, "\0\0\0\2ls", 6) == 0);
    CHECK(ssh_cert_get_critical_option_at(cert, 2, &data, &len) == NULL && data == NULL && len == 0);
    value = ssh_cert_get_critical_option(cert, "force-command", &len);
    CHECK(value != NULL && len == 2 && strcmp((const char *)value, "ls") == 0);
    CHECK(ssh_cert_get_critical_option(cert, "verify-required", &len) == NULL && len == 0);
    CHECK(strcmp(ssh_cert_get_extension_at(cert, 3, NULL, NULL), "permit-pty") == 0);
    CHECK(ssh_cert_has_extension(cert, "permit-pty") && !ssh_cert_has_extension(cert, "no-touch-required"));
    CHECK(strcmp(ssh_cert_get_signature_algorithm(cert), "ssh-ed25519") == 0);
    CHECK_OK(ssh_cert_get_public_key(cert, &key));
    CHECK(ssh_key_is_equal(key, user) && !ssh_key_is_private(key));
    ssh_key_free(key);
    CHECK_OK(ssh_cert_get_signature_key(cert, &key));
    CHECK(ssh_key_is_equal(key, ca));
    ssh_key_free(key);

    CHECK_OK(ssh_cert_get_line(cert, "me@here", &line));
    CHECK_OK(ssh_cert_load_memory(line, strlen(line), &again));
    ssh_string_free(line);
    ssh_cert_free(again);
    CHECK_OK(ssh_cert_get_blob(cert, &blob, &len));
    CHECK_OK(ssh_cert_load_blob(blob, len, &again));
    ssh_cert_free(again);
    blob[len - 1] ^= 1;
    CHECK_STATUS(ssh_cert_load_blob(blob, len, &again), SSH_ERR_CERT_SIGNATURE);
    CHECK(again == NULL);
    CHECK_STATUS(ssh_cert_load_blob(blob, len - 1, &again), SSH_ERR_CERT_CORRUPT);
    ssh_bytes_free(blob);
    CHECK_STATUS(ssh_cert_load_file(path_of("user.pub"), &again), SSH_ERR_KEY_UNSUPPORTED_TYPE);
    CHECK_STATUS(ssh_cert_load_file(path_of("nothing"), &again), SSH_ERR_FILE);
    ssh_cert_free(cert);
    ssh_cert_free(NULL);
}

static void check_decisions(const ssh_key_t *ca, const ssh_key_t *user)
{
    ssh_cert_check_options_t options = SSH_CERT_CHECK_OPTIONS_INIT;
    ssh_cert_t *cert = load("user-cert.pub"), *host = load("host-cert.pub");
    const char *algorithm = "ecdsa-sha2-nistp256";

    CHECK_OK(check_now(cert, "alice", ca));
    CHECK_STATUS(check_now(cert, "carol", ca), SSH_ERR_CERT_WRONG_PRINCIPAL);
    CHECK_STATUS(check_now(cert, "alice", user), SSH_ERR_CERT_UNTRUSTED);
    CHECK_OK(check_now(host, "a.example.com", ca));
    CHECK_STATUS(check_now(host, "example.com", ca), SSH_ERR_CERT_WRONG_PRINCIPAL);
    CHECK_OK(ssh_cert_check(cert, NULL));
    CHECK_STATUS(ssh_cert_check(host, NULL), SSH_ERR_CERT_WRONG_KIND);
    options.now = 1577836799;
    CHECK_STATUS(ssh_cert_check(cert, &options), SSH_ERR_CERT_NOT_YET_VALID);
    options.now = 1577836800;
    CHECK_OK(ssh_cert_check(cert, &options));
    options.peer_address = "198.51.100.1";
    CHECK_STATUS(ssh_cert_check(cert, &options), SSH_ERR_CERT_SOURCE_ADDRESS);
    options.peer_address = "nowhere";
    CHECK_STATUS(ssh_cert_check(cert, &options), SSH_ERR_INVALID_ARGUMENT);
    options.peer_address = NULL;
    options.ca_algorithms = &algorithm;
    options.ca_algorithm_count = 1;
    CHECK_STATUS(ssh_cert_check(cert, &options), SSH_ERR_CERT_WEAK_SIGNATURE);
    options.ca_algorithm_count = 0;
    options.kind = 3;
    CHECK_STATUS(ssh_cert_check(cert, &options), SSH_ERR_INVALID_ARGUMENT);
    options.kind = 0;
    options.principal_count = 1;
    CHECK_STATUS(ssh_cert_check(cert, &options), SSH_ERR_INVALID_ARGUMENT);
    ssh_cert_free(host);
    ssh_cert_free(cert);
}

static void check_issued(const ssh_key_t *ca, const ssh_key_t *user)
{
    static const char *const names[] = {"alice", "bob"};
    ssh_cert_issue_options_t options = SSH_CERT_ISSUE_OPTIONS_INIT;
    ssh_cert_option_t critical[] = {{"verify-required", NULL, 0}, {"force-command", "ls", 2}, {"unknown@example.com", "v", 1}};
    ssh_cert_t *cert;

    options.key_id = "ours";
    options.principals = names;
    options.principal_count = 2;
    options.serial = 99;
    options.valid_after = 1000000000;
    options.valid_before = 1000000001;
    options.critical_options = critical;
    options.critical_option_count = 2;
    CHECK_OK(ssh_cert_issue(ca, user, &options, &cert));
    CHECK_STATUS(check_now(cert, "alice", ca), SSH_ERR_CERT_EXPIRED);
    CHECK_OK(ssh_cert_write_file(cert, path_of("ours-cert.pub"), "me@here", true));
    CHECK_STATUS(ssh_cert_write_file(cert, path_of("ours-cert.pub"), NULL, false), SSH_ERR_FILE);
    ssh_cert_free(cert);
    CHECK(says("ssh-keygen -L -f ours-cert.pub", "Serial: 99"));
    CHECK(says("ssh-keygen -L -f ours-cert.pub", "force-command ls\n                verify-required\n"));
    CHECK(says("ssh-keygen -L -f ours-cert.pub", "permit-X11-forwarding\n                permit-agent-forwarding\n"));

    options.valid_before = 0;
    options.critical_option_count = 3;
    CHECK_OK(ssh_cert_issue(ca, user, &options, &cert));
    CHECK_STATUS(check_now(cert, "alice", ca), SSH_ERR_CERT_UNKNOWN_OPTION);
    CHECK(ssh_cert_get_valid_before(cert) == UINT64_MAX);
    ssh_cert_free(cert);

    options.kind = SSH_CERT_HOST;
    options.critical_option_count = 0;
    CHECK_OK(ssh_cert_issue(ca, user, &options, &cert));
    CHECK(ssh_cert_get_extension_count(cert) == 0);
    ssh_cert_free(cert);

    critical[1].name = "verify-required";
    options.critical_option_count = 2;
    CHECK_STATUS(ssh_cert_issue(ca, user, &options, &cert), SSH_ERR_INVALID_ARGUMENT);
    CHECK_TEXT("twice");
    options.critical_option_count = 0;
    options.algorithm = "rsa-sha2-512";
    CHECK_STATUS(ssh_cert_issue(ca, user, &options, &cert), SSH_ERR_INVALID_ARGUMENT);
    CHECK(cert == NULL);
}

static void check_revoked(const ssh_key_t *ca, const ssh_key_t *user)
{
    ssh_cert_check_options_t options = SSH_CERT_CHECK_OPTIONS_INIT;
    ssh_cert_t *cert = load("user-cert.pub");
    ssh_krl_t *krl, *ours;
    char *fingerprint;

    CHECK_OK(ssh_krl_load_file(path_of("krl"), &krl));
    CHECK(ssh_krl_get_version(krl) == 5);
    CHECK_STATUS(ssh_krl_check_cert(krl, cert), SSH_ERR_CERT_REVOKED);
    CHECK_OK(ssh_krl_check_key(krl, user));
    options.krl = krl;
    CHECK_STATUS(ssh_cert_check(cert, &options), SSH_ERR_CERT_REVOKED);
    ssh_krl_free(krl);
    CHECK_STATUS(ssh_krl_load_memory("SSHKRL\n\0", 8, &krl), SSH_ERR_KRL_CORRUPT);
    CHECK(krl == NULL);

    CHECK_OK(ssh_krl_new(&ours));
    CHECK_OK(ssh_krl_check_cert(ours, cert));
    CHECK_OK(ssh_krl_add_serials(ours, ca, 5, 6));
    CHECK_OK(ssh_krl_add_key_id(ours, NULL, "another ID"));
    CHECK_OK(ssh_krl_check_cert(ours, cert));
    CHECK_STATUS(ssh_krl_add_serials(ours, ca, 0, 6), SSH_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(ssh_krl_add_key_hash(ours, user, "md5"), SSH_ERR_UNKNOWN_ALGORITHM);
    CHECK_STATUS(ssh_krl_add_fingerprint(ours, "MD5:00"), SSH_ERR_INVALID_ARGUMENT);
    CHECK_OK(ssh_krl_add_cert(ours, cert));
    CHECK_STATUS(ssh_krl_check_cert(ours, cert), SSH_ERR_CERT_REVOKED);
    CHECK_OK(ssh_krl_write_file(ours, path_of("ours"), 6, "a comment"));
    CHECK(says("ssh-keygen -Q -f ours user-cert.pub host-cert.pub", "user-cert.pub (me@here): REVOKED\nhost-cert.pub (me@here): ok\n"));
    CHECK_OK(ssh_krl_add_key_hash(ours, user, "sha1"));
    CHECK_STATUS(ssh_krl_check_key(ours, user), SSH_ERR_KEY_REVOKED);
    CHECK_OK(ssh_krl_check_key(ours, ca));
    CHECK_OK(ssh_key_get_fingerprint(ca, &fingerprint));
    CHECK_OK(ssh_krl_add_fingerprint(ours, fingerprint));
    ssh_string_free(fingerprint);
    CHECK_STATUS(ssh_krl_check_key(ours, ca), SSH_ERR_KEY_REVOKED);
    CHECK_OK(ssh_krl_write_file(ours, path_of("ours"), 7, NULL));
    CHECK(says("ssh-keygen -Q -f ours user.pub ca.pub", "user.pub (me@here): REVOKED\nca.pub (me@here): REVOKED\n"));
    ssh_krl_free(ours);

    CHECK_OK(ssh_krl_load_file(path_of("user.pub"), &krl)); /* keys, one a line */
    CHECK_STATUS(ssh_krl_check_cert(krl, cert), SSH_ERR_CERT_REVOKED);
    CHECK_OK(ssh_krl_add_key(krl, ca));
    CHECK_STATUS(ssh_krl_check_key(krl, ca), SSH_ERR_KEY_REVOKED);
    ssh_krl_free(krl);
    ssh_krl_free(NULL);
    ssh_cert_free(cert);
}

int main(void)
{
    static const char make[] =
        "ssh-keygen -q -t ed25519 -N '' -C me@here -f ca && ssh-keygen -q -t ed25519 -N '' -C me@here -f user && "
        "cp user.pub host.pub && "
        "ssh-keygen -q -s ca -I 'the ID' -n alice,bob -z 7 -V 20200101000000Z:forever -O force-command=ls "
        "-O source-address=192.0.2.0/24 user.pub && "
        "ssh-keygen -q -s ca -h -I host -n '*.example.com' host.pub && "
        "ssh-keygen -q -k -f krl -z 5 user-cert.pub && echo made";
    char command[1100];
    ssh_key_t *ca, *user;

    snprintf(folder, sizeof folder, "%s/sshrs-cert-XXXXXX", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
    CHECK(mkdtemp(folder) != NULL);
    CHECK(says(make, "made"));
    ca = load_key("ca");
    user = load_key("user");
    check_fields(ca, user);
    check_decisions(ca, user);
    check_issued(ca, user);
    check_revoked(ca, user);
    ssh_key_free(ca);
    ssh_key_free(user);
    snprintf(command, sizeof command, "rm -r '%s'", folder);
    CHECK(system(command) == 0);
    return 0;
}
