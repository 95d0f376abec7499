/* What the tables of commands and settings say, as help, manual page and completion. */
#include "model/config.h"
#include "tools/tool.h"

#include <stdio.h>
#include <string.h>

/* "--name" with - for _. */
static void dashed(char *out, size_t size, const char *name) {
    snprintf(out, size, "%s", name);
    for (char *at = out; *at; at++)
        if (*at == '_') *at = '-';
}

static const char *type_word(const struct hny_config_key *key) {
    switch (key->type) {
    case HNY_CONFIG_COUNT:
        return "N";
    case HNY_CONFIG_REAL:
        return "X";
    case HNY_CONFIG_SWITCH:
        return NULL;
    case HNY_CONFIG_WORD:
        return key->choices ? key->choices : "TEXT";
    }
    return NULL;
}

static void option_label(char *out, size_t size, const struct hny_option *option) {
    char letter[8] = "";
    if (option->letter) snprintf(letter, sizeof letter, "-%c, ", option->letter);
    const char *before = !option->value ? "" : option->optional ? "[=" : " ";
    const char *behind = option->optional ? "]" : option->list ? "…" : "";
    snprintf(out, size, "%s--%s%s%s%s", letter, option->name, before, option->value ? option->value : "",
             option->value ? behind : "");
}

static void setting_label(char *out, size_t size, const struct hny_config_key *key) {
    char name[64];
    dashed(name, sizeof name, key->name);
    const char *word = type_word(key);
    if (word)
        snprintf(out, size, "--%s %s", name, word);
    else
        snprintf(out, size, "--%s, --no-%s", name, name);
}

/* Characters, not bytes, so that columns stand below each other. */
static int width(const char *label) {
    int characters = 0;
    for (; *label; label++) characters += (*label & 0xC0) != 0x80;
    return characters;
}

static void row(const char *label, const char *help, const char *standard) {
    enum { COLUMN = 34 };
    if (width(label) > COLUMN - 2)
        printf("  %s\n%*s", label, COLUMN + 2, "");
    else
        printf("  %s%*s", label, COLUMN - width(label), "");
    printf("%s", help);
    if (standard && *standard) printf(" [%s]", standard);
    printf("\n");
}

static void settings_help(void) {
    char label[160];
    printf("\nSettings, also from a file (--config), with _ for - there; [standard value]:\n");
    for (size_t i = 0; i < hny_config_key_count; i++) {
        setting_label(label, sizeof label, &hny_config_keys[i]);
        row(label, hny_config_keys[i].help, hny_config_keys[i].standard);
    }
    printf("\nPresets (--preset):\n");
    for (const struct hny_preset *preset = hny_presets; preset->name; preset++) {
        row(preset->name, preset->help, NULL);
        printf("%36s%s\n", "", preset->settings);
    }
}

void hny_help_print(const struct hny_command *command) {
    char label[160];
    printf("usage: honyaku %s [OPTIONS]%s%s\n\n%s\n", command->name, *command->arguments ? " " : "",
           command->arguments, command->summary);
    if (command->description) printf("\n%s\n", command->description);
    printf("\nOptions:\n");
    for (const struct hny_option *option = command->options; option && option->name; option++) {
        option_label(label, sizeof label, option);
        row(label, option->help, NULL);
    }
    row("-h, --help", "this text", NULL);
    if (command->settings) settings_help();
    printf("\nExample:\n");
    for (const char *at = command->example; at && *at;) {
        size_t length = strcspn(at, "\n");
        printf("  %.*s\n", (int)length, at);
        at += length + (at[length] == '\n');
    }
}

void hny_help_overview(void) {
    printf("honyaku trains LSTM translators and translates with them.\n\nusage: honyaku COMMAND [OPTIONS]\n\n"
           "Commands (honyaku COMMAND --help tells more):\n");
    for (const struct hny_command *const *at = hny_commands; *at; at++)
        printf("  %-20s %s\n", (*at)->name, (*at)->summary);
    printf("\n  --help, --version, --man (this program's manual page), --completion (for bash)\n\n"
           "Example:\n  honyaku train --src train.en --tgt train.de --valid-src val.en --valid-tgt val.de "
           "--out model/\n  honyaku translate --model model/ < test.en > test.de\n");
}

/* Text in roff: backslashes, leading dots and quotes kept as they are meant; - printed as it is typed. */
static void roff(const char *text) {
    bool start = true;
    for (const char *at = text; *at; at++) {
        if (start && (*at == '.' || *at == '\'')) fputs("\\&", stdout);
        if (*at == '\\')
            fputs("\\e", stdout);
        else if (*at == '-')
            fputs("\\-", stdout);
        else
            putchar(*at);
        start = *at == '\n';
    }
}

static void roff_item(const char *label, const char *help, const char *standard) {
    printf(".TP\n.B ");
    roff(label);
    printf("\n");
    roff(help);
    if (standard && *standard) {
        printf(" [");
        roff(standard);
        printf("]");
    }
    printf("\n");
}

static void manual_command(const struct hny_command *command) {
    char label[160];
    printf(".SS honyaku %s\n", command->name);
    roff(command->summary);
    printf("\n");
    if (command->description) {
        printf(".PP\n");
        roff(command->description);
        printf("\n");
    }
    for (const struct hny_option *option = command->options; option && option->name; option++) {
        option_label(label, sizeof label, option);
        roff_item(label, option->help, NULL);
    }
    printf(".PP\nExample:\n.PP\n.nf\n.RS\n");
    roff(command->example);
    printf("\n.RE\n.fi\n");
}

void hny_manual_print(void) {
    char label[160];
    printf(".TH HONYAKU 1 \"\" \"honyaku %s\" \"User Commands\"\n.SH NAME\nhonyaku \\- train LSTM "
           "translators and "
           "translate with them\n.SH SYNOPSIS\n.B honyaku\n.I COMMAND\n[\\fIOPTIONS\\fR]\n.SH COMMANDS\n",
           HNY_VERSION);
    for (const struct hny_command *const *at = hny_commands; *at; at++) manual_command(*at);
    printf(".SH SETTINGS\nOf\n.B honyaku train\non the command line, or in the JSON file given by\n.B "
           "\\-\\-config\nwith _ for \\-. In brackets the standard value.\n");
    for (size_t i = 0; i < hny_config_key_count; i++) {
        setting_label(label, sizeof label, &hny_config_keys[i]);
        roff_item(label, hny_config_keys[i].help, hny_config_keys[i].standard);
    }
    printf(".SH PRESETS\nOf\n.BR \"honyaku train \\-\\-preset\" .\n");
    for (const struct hny_preset *preset = hny_presets; preset->name; preset++) {
        roff_item(preset->name, preset->help, NULL);
        printf(".br\n");
        roff(preset->settings);
        printf("\n");
    }
    printf(".SH EXIT STATUS\n0 done; 1 failed; 2 wrong use; 130 stopped by a signal after saving.\n");
}

static void complete_command(const struct hny_command *command) {
    char name[64];
    printf("    '%s') words='--help", command->name);
    for (const struct hny_option *option = command->options; option && option->name; option++)
        printf(" --%s", option->name);
    for (size_t i = 0; command->settings && i < hny_config_key_count; i++) {
        dashed(name, sizeof name, hny_config_keys[i].name);
        printf(hny_config_keys[i].type == HNY_CONFIG_SWITCH ? " --%s --no-%s" : " --%s", name, name);
    }
    printf("' ;;\n");
}

void hny_completion_print(void) {
    printf("# bash completion for honyaku\n_honyaku() {\n"
           "    local word=${COMP_WORDS[COMP_CWORD]} command=${COMP_WORDS[1]} words=''\n"
           "    case \"${COMP_WORDS[1]} ${COMP_WORDS[2]}\" in\n");
    for (const struct hny_command *const *at = hny_commands; *at; at++)
        if (strchr((*at)->name, ' ')) printf("    '%s') command='%s' ;;\n", (*at)->name, (*at)->name);
    printf("    esac\n    if [ \"$COMP_CWORD\" -eq 1 ]; then\n        COMPREPLY=($(compgen -W '--help "
           "--version");
    for (const struct hny_command *const *at = hny_commands; *at; at++)
        printf(" %.*s", (int)strcspn((*at)->name, " "), (*at)->name);
    printf("' -- \"$word\"))\n        return\n    fi\n");
    for (const struct hny_command *const *at = hny_commands; *at; at++) {
        const char *second = strchr((*at)->name, ' ');
        if (!second) continue;
        printf("    [ \"$COMP_CWORD ${COMP_WORDS[1]}\" = '2 %.*s' ] && words+=' %s'\n",
               (int)(second - (*at)->name), (*at)->name, second + 1);
    }
    printf("    if [ -n \"$words\" ]; then\n        COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n"
           "        return\n    fi\n    case \"$command\" in\n");
    for (const struct hny_command *const *at = hny_commands; *at; at++) complete_command(*at);
    printf("    esac\n    case \"$word\" in\n    -*) COMPREPLY=($(compgen -W \"$words\" -- \"$word\")) ;;\n"
           "    *) compopt -o filenames; COMPREPLY=($(compgen -f -- \"$word\")) ;;\n    esac\n}\n"
           "complete -F _honyaku honyaku\n");
}
