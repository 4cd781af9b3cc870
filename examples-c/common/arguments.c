#include "arguments.h"

#include <string.h>

/* Splits "--name" or "--name=value"; the value, if any, is left in cluster for arguments_value. */
static int take_long(struct arguments *arguments, const char *text)
{
    size_t len = strcspn(text, "=");

    if (len >= sizeof arguments->name)
        len = sizeof arguments->name - 1;
    memcpy(arguments->name, text, len);
    arguments->name[len] = '\0';
    arguments->cluster = strchr(text, '=');
    if (arguments->cluster != NULL)
        arguments->cluster++;
    return ARGUMENTS_LONG;
}

int arguments_next(struct arguments *arguments)
{
    const char *argument;

    if (arguments->cluster == NULL || *arguments->cluster == '\0') {
        argument = *arguments->rest;
        if (arguments->only_plain || argument == NULL || argument[0] != '-' || argument[1] == '\0')
            return ARGUMENTS_END;
        arguments->rest++;
        if (strcmp(argument, "--") == 0) {
            arguments->only_plain = true;
            return ARGUMENTS_END;
        }
        if (argument[1] == '-')
            return take_long(arguments, argument + 2);
        arguments->cluster = argument + 1;
    }
    return (unsigned char)*arguments->cluster++;
}

const char *arguments_value(struct arguments *arguments)
{
    const char *value = arguments->cluster;

    arguments->cluster = NULL;
    if (value != NULL && *value != '\0')
        return value;
    return *arguments->rest == NULL ? NULL : *arguments->rest++;
}

const char *arguments_plain(struct arguments *arguments)
{
    return *arguments->rest == NULL ? NULL : *arguments->rest++;
}
