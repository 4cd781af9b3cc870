#include "hostkey.h"

#include <stdlib.h>
#include <string.h>

#include "report.h"

/* Calls `each` for every file of a setting such as "~/.ssh/known_hosts /etc/hosts" until it returns false. */
static bool for_each_file(const char *files, bool (*each)(const char *path, void *context), void *context)
{
    while (*(files += strspn(files, " \t")) != '\0') {
        size_t len = strcspn(files, " \t");
        const char *name = options_keep(files, len);

        if (strcmp(name, "none") != 0 && !each(options_expand_path(name), context))
            return false;
        files += len;
    }
    return true;
}

static bool load_one(const char *path, void *context)
{
    ssh_status_t rc = ssh_known_hosts_load_file(context, path);

    if (rc != SSH_OK)
        report_failure("reading known hosts", rc);
    return rc == SSH_OK;
}

static bool load_revoked(const char *path, void *context)
{
    ssh_status_t rc = ssh_known_hosts_add_krl_file(context, path);

    if (rc != SSH_OK)
        report_failure("RevokedHostKeys", rc);
    return rc == SSH_OK;
}

ssh_known_hosts_t *hostkey_load(const struct options *options)
{
    ssh_known_hosts_t *known = NULL;
    ssh_status_t rc = ssh_known_hosts_new(&known);

    if (rc != SSH_OK) {
        report_failure("reading known hosts", rc);
        return NULL;
    }
    if (for_each_file(options->user_known_hosts, load_one, known) &&
        for_each_file(options->global_known_hosts, load_one, known) &&
        (options->revoked_host_keys == NULL || for_each_file(options->revoked_host_keys, load_revoked, known)))
        return known;
    ssh_known_hosts_free(known);
    return NULL;
}

/* What the known_hosts files say of the server's key. */
struct finding {
    struct hostkey_name name;
    const ssh_key_t *key;
    int32_t verdict; /* SSH_KNOWN_HOST_* */
    char *file;      /* where the line is that decided, if one contradicts the key */
    size_t line;
};

/* Says which line contradicts the server's key. */
static void report_distrust(const struct finding *finding, const char *fingerprint)
{
    const char *kind = ssh_key_get_name(finding->key);
    char what[512], why[2048];

    snprintf(what, sizeof what, "checking the host key of %s", finding->name.host);
    if (finding->verdict == SSH_KNOWN_HOST_REVOKED) {
        if (finding->line == 0)
            snprintf(why, sizeof why, "%s %s is revoked by %s", kind, fingerprint, finding->file);
        else
            snprintf(why, sizeof why, "%s %s is marked as revoked in %s line %zu", kind, fingerprint, finding->file,
                     finding->line);
        report_error(what, why, "do not connect; ask the host's administrator");
        return;
    }
    snprintf(why, sizeof why, "it changed: the server has %s %s, but %s line %zu names another key", kind, fingerprint,
             finding->file, finding->line);
    report_error(what, why, "someone may be between you and the server; if its key was changed on purpose, verify the"
                            " new fingerprint and remove that line");
}

static void report_unknown(struct hostkey_name name, const ssh_key_t *key, const char *fingerprint)
{
    char what[512], why[1024];

    snprintf(what, sizeof what, "checking the host key of %s", name.host);
    snprintf(why, sizeof why, "%s %s is not known", ssh_key_get_name(key), fingerprint);
    report_error(what, why, "verify that fingerprint, then add the key to a known_hosts file, or once use"
                            " -o StrictHostKeyChecking=accept-new");
}

static bool remember_one(const char *path, void *context)
{
    *(const char **)context = path;
    return false; /* the first file is enough */
}

/* Adds a new key to the first known_hosts file. Failing to do so is said, but does no harm to this session. */
static void remember(const struct options *options, ssh_known_hosts_t *known, struct hostkey_name name,
                     const ssh_key_t *key)
{
    const char *path = NULL;
    ssh_status_t rc;

    for_each_file(options->user_known_hosts, remember_one, &path);
    rc = ssh_known_hosts_add(known, name.host, (uint32_t)name.port, key, path, options->hash_known_hosts != 0);
    if (rc != SSH_OK)
        report_failure("remembering the host key", rc);
    else if (path != NULL && report_current_level() >= REPORT_INFO)
        report_error(path, "added the new key of", name.host);
}

/* Whose keys are followed, while a connection lasts. */
struct follower {
    ssh_known_hosts_t *known; /* its own: it outlives the check */
    struct hostkey_name name;
    const char *path; /* the first known_hosts file, which new keys are added to */
    bool hashed;
};

static void take_keys(void *user_data, const ssh_host_key_t *keys, size_t keys_len)
{
    const struct follower *follower = user_data;
    char *reason = NULL;
    size_t added, removed;
    ssh_status_t rc = ssh_known_hosts_update(follower->known, follower->name.host, (uint32_t)follower->name.port, keys,
                                             keys_len, follower->path, follower->hashed, &added, &removed, &reason);

    if (rc != SSH_OK)
        report_failure("following the server's host keys", rc);
    else if (reason != NULL)
        report_progress("the server's host keys are not followed: %s", reason);
    else
        report_progress("host keys in %s: %zu added, %zu removed", follower->path, added, removed);
    ssh_string_free(reason);
}

static void free_follower(void *user_data)
{
    struct follower *follower = user_data;

    ssh_known_hosts_free(follower->known);
    free(follower);
}

/* As UpdateHostKeys of ssh. That it cannot be done does no harm to this session. */
static void follow(const struct options *options, struct hostkey_name name, ssh_transport_t *transport)
{
    struct follower *follower = calloc(1, sizeof *follower);
    ssh_status_t rc;

    if (follower == NULL)
        return;
    follower->name = name;
    follower->hashed = options->hash_known_hosts != 0;
    for_each_file(options->user_known_hosts, remember_one, &follower->path);
    if (follower->path == NULL || (follower->known = hostkey_load(options)) == NULL) {
        free_follower(follower);
        return;
    }
    rc = ssh_transport_set_hostkeys_handler(transport, take_keys, follower, free_follower);
    if (rc != SSH_OK)
        report_failure("following the server's host keys", rc);
}

static bool judge(const struct options *options, ssh_known_hosts_t *known, const ssh_key_t *key, const char *fingerprint,
                  const struct finding *finding)
{
    switch (finding->verdict) {
    case SSH_KNOWN_HOST_MATCH:
        return true;
    case SSH_KNOWN_HOST_UNKNOWN:
        if (options->strict_host_key_checking == HOSTKEY_REFUSE_UNKNOWN) {
            report_unknown(finding->name, key, fingerprint);
            return false;
        }
        remember(options, known, finding->name, key);
        return true;
    default:
        /* Also where unknown keys are accepted: this is how an attack looks. */
        report_distrust(finding, fingerprint);
        return false;
    }
}

bool hostkey_check(const struct options *options, ssh_known_hosts_t *known, struct hostkey_name name,
                   ssh_transport_t *transport)
{
    struct finding finding = {name, NULL, 0, NULL, 0};
    ssh_key_t *key = NULL;
    char *fingerprint = NULL;
    bool trusted = false;
    ssh_status_t rc = ssh_transport_get_remote_server_key(transport, &key);

    if (rc == SSH_OK)
        rc = ssh_key_get_fingerprint(key, &fingerprint);
    if (rc == SSH_OK)
        rc = ssh_known_hosts_check(known, name.host, (uint32_t)name.port, key, &finding.verdict, &finding.file,
                                   &finding.line);
    if (rc != SSH_OK) {
        report_failure("checking the host key", rc);
    } else {
        finding.key = key;
        report_progress("the server's host key is %s %s", ssh_key_get_name(key), fingerprint);
        trusted = judge(options, known, key, fingerprint, &finding);
    }
    if (trusted && options->update_host_keys)
        follow(options, name, transport);
    ssh_string_free(finding.file);
    ssh_string_free(fingerprint);
    ssh_key_free(key);
    return trusted;
}
