#include "authorized_keys.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "options.h"
#include "report.h"

/* The options that are yes or no. Those that allow take back what "restrict" took. */
static bool set_flag(struct restrictions *restrictions, const char *name, size_t len)
{
    static const struct {
        const char *name;
        size_t offset;
        bool value;
    } FLAGS[] = {
        {"no-pty", offsetof(struct restrictions, no_pty), true},
        {"pty", offsetof(struct restrictions, no_pty), false},
        {"no-port-forwarding", offsetof(struct restrictions, no_port_forwarding), true},
        {"port-forwarding", offsetof(struct restrictions, no_port_forwarding), false},
        {"no-agent-forwarding", offsetof(struct restrictions, no_agent_forwarding), true},
        {"agent-forwarding", offsetof(struct restrictions, no_agent_forwarding), false},
        {"no-X11-forwarding", offsetof(struct restrictions, no_x11_forwarding), true},
        {"X11-forwarding", offsetof(struct restrictions, no_x11_forwarding), false},
    };
    size_t i;

    if (len == strlen("restrict") && strncasecmp(name, "restrict", len) == 0) {
        restrictions->no_pty = restrictions->no_port_forwarding = true;
        restrictions->no_agent_forwarding = restrictions->no_x11_forwarding = true;
        return true;
    }
    for (i = 0; i < sizeof FLAGS / sizeof FLAGS[0]; i++) {
        if (strlen(FLAGS[i].name) == len && strncasecmp(FLAGS[i].name, name, len) == 0) {
            *(bool *)((char *)restrictions + FLAGS[i].offset) = FLAGS[i].value;
            return true;
        }
    }
    return false;
}

/* Reads the text between quotes at *line, \" being a quote inside; leaves *line behind it. NULL without its end. */
static char *read_quoted(const char **line)
{
    char *text = malloc(strlen(*line) + 1), *end = text;
    const char *c = *line + 1;

    for (; text != NULL && *c != '\0' && *c != '"'; c++) {
        if (c[0] == '\\' && c[1] == '"')
            c++;
        *end++ = *c;
    }
    if (text == NULL || *c != '"') {
        free(text);
        return NULL;
    }
    *end = '\0';
    *line = c + 1;
    return text;
}

/* Reads one option, and leaves *line behind it. */
static bool read_option(const char **line, struct restrictions *restrictions)
{
    const char *name = *line;
    size_t len = strcspn(name, "=, \t");
    char *value;

    *line = name + len;
    if (**line != '=')
        return set_flag(restrictions, name, len);
    ++*line;
    value = **line == '"' ? read_quoted(line) : NULL;
    if (value == NULL || len != strlen("command") || strncasecmp(name, "command", len) != 0) {
        free(value);
        return false;
    }
    free(restrictions->command);
    restrictions->command = value;
    return true;
}

static bool read_options(const char **line, struct restrictions *restrictions)
{
    while (read_option(line, restrictions)) {
        if (**line != ',')
            return **line == ' ' || **line == '\t';
        ++*line;
    }
    return false;
}

static ssh_key_t *read_key(const char *text)
{
    ssh_key_t *key = NULL;

    return ssh_key_load_public_memory(text, strlen(text), &key) == SSH_OK ? key : NULL;
}

/* Whether the line lets this key in. */
static bool line_allows(const char *line, const ssh_key_t *key, struct restrictions *out, const char **complaint)
{
    ssh_key_t *listed = read_key(line);
    bool ok = true;

    if (listed == NULL) {
        ok = read_options(&line, out);
        listed = ok ? read_key(line + strspn(line, " \t")) : NULL;
    }
    if (listed == NULL)
        *complaint = ok ? "no public key" : "an option that is not supported";
    ok = listed != NULL && ssh_key_is_equal(listed, key);
    ssh_key_free(listed);
    return ok;
}

static bool find_in_file(FILE *file, const char *path, const ssh_key_t *key, struct restrictions *out)
{
    char *line = NULL;
    size_t size = 0;
    int number = 0;
    bool found = false;

    while (!found && getline(&line, &size, file) >= 0) {
        const char *text = line + strspn(line, " \t");
        const char *complaint = NULL;

        number++;
        line[strcspn(line, "\r\n")] = '\0';
        if (*text == '\0' || *text == '#')
            continue;
        memset(out, 0, sizeof *out);
        found = line_allows(text, key, out, &complaint);
        if (complaint != NULL)
            report_progress("%s line %d is passed over: %s", path, number, complaint);
        if (!found)
            free(out->command);
    }
    free(line);
    if (!found)
        memset(out, 0, sizeof *out);
    return found;
}

bool authorized_keys_find(const char *path, const ssh_key_t *key, struct restrictions *out)
{
    FILE *file = fopen(path, "re");
    bool found;

    if (file == NULL) {
        report_error(path, strerror(errno), "nobody can log in with a key");
        return false;
    }
    found = find_in_file(file, path, key, out);
    fclose(file);
    return found;
}
