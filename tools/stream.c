/* honyaku stream: one process of a stream. */
#include "base/progress.h"
#include "pipeline/stage.h"
#include "tools/commands.h"

static const struct hny_option options[] = {
    {"in", 'i', "EDGE", false, false, "where records come from (default: -, standard input)"},
    {"out", 'o', "EDGE", false, false, "where they go (default: -, standard output)"},
    {"do", 'd', "WHAT", false, false, "translate, split, join or copy (default: translate)"},
    {"model", 'm', "NAME", false, false, "model or pair, as en-ja (default: the broker's first)"},
    {"connect", 'c', "ENDPOINT", false, false,
     "the broker's endpoint for clients (default: tcp://127.0.0.1:5555)"},
    {"unordered", 'u', NULL, false, false, "write what is done at once, not in the order of the input"},
    {"follow", 'f', NULL, false, false, "a file that is read has no end: lines added to it come too"},
    {"position", 0, "FILE", false, false,
     "where a file that is read keeps its position (default: PATH.read-position)"},
    {"report", 0, "FILE", false, false,
     "write how many records were refused there, and do not fail because of them"},
    {"key", 'k', "FILE", false, false, "one's own keys, for broker and links, from honyaku keygen curve"},
    {"server-key", 0, "KEY", false, false, "the broker's public key, or the file with it"},
    {"link-key", 0, "KEY", false, false,
     "the public key of the stage that --out link: leads to, or the file with it"},
    {"allow", 0, "FILE", false, false,
     "public keys of stages, a line each, that --in link: lets in; read again after SIGHUP"},
    {"insecure", 0, NULL, false, false,
     "bind addresses that other machines reach, and links there, without keys"},
    {NULL, 0, NULL, false, false, NULL},
};

static hny_status read_edge(const struct hny_arguments *arguments, const char *name, bool out,
                            struct hny_edge *edge) {
    const char *text = hny_argument_text(arguments, name);
    return hny_edge_read(out ? "--out" : "--in", text ? text : "-", out, edge);
}

/* One's own keys are good for broker and links alike; which of them have keys is said one by one. */
static hny_status check_keys(const struct hny_stage_options *stage, const char *server) {
    const struct hny_edge_trust *trust = &stage->trust;
    if (!trust->key != !(server || trust->server || trust->allow))
        return hny_fail(HNY_ERROR_USAGE,
                        "--key goes together with --server-key for the broker, --link-key or "
                        "--allow for links");
    if (trust->server && stage->out.kind != HNY_EDGE_LINK)
        return hny_fail(HNY_ERROR_USAGE, "--link-key is for --out link:ENDPOINT");
    if (trust->allow && stage->in.kind != HNY_EDGE_LINK)
        return hny_fail(HNY_ERROR_USAGE, "--allow is for --in link:ENDPOINT");
    return HNY_OK;
}

static hny_status run(const struct hny_arguments *arguments) {
    const char *key = hny_argument_text(arguments, "key"),
               *server = hny_argument_text(arguments, "server-key");
    struct hny_stage_options stage = {
        .work = HNY_WORK_TRANSLATE,
        .with = {.model = hny_argument_text(arguments, "model"),
                 .broker = hny_argument_text(arguments, "connect"),
                 .key = server ? key : NULL,
                 .server = server},
        .unordered = hny_argument_given(arguments, "unordered"),
        .follow = hny_argument_given(arguments, "follow"),
        .trust = {.key = key,
                  .server = hny_argument_text(arguments, "link-key"),
                  .allow = hny_argument_text(arguments, "allow"),
                  .insecure = hny_argument_given(arguments, "insecure")},
        .position = hny_argument_text(arguments, "position"),
        .report = hny_argument_text(arguments, "report"),
    };
    const char *work = hny_argument_text(arguments, "do");
    HNY_TRY(read_edge(arguments, "in", false, &stage.in));
    HNY_TRY(read_edge(arguments, "out", true, &stage.out));
    if (work) HNY_TRY(hny_work_read("--do", work, &stage.work));
    HNY_TRY(check_keys(&stage, server));
    if (stage.follow && stage.in.kind != HNY_EDGE_FILE)
        return hny_fail(HNY_ERROR_USAGE, "--follow: only a file can be followed, --in file:PATH");
    hny_stop_catch();
    return hny_stage_run(&stage);
}

const struct hny_command hny_command_stream = {
    .name = "stream",
    .arguments = "",
    .summary = "one stage of an endless stream: read records, do one thing with each, write them",
    .description =
        "An edge is one of file:PATH, - (standard input or output), link:ENDPOINT (another stage: "
        "the one that writes connects, "
        "the one that reads binds), pull:ENDPOINT and sub:ENDPOINT to read, push:ENDPOINT and "
        "pub:ENDPOINT to write; the last four "
        "connect, or bind where @ stands before the endpoint. A record is a line.\n\n"
        "From file to file, through any number of links, each line comes out exactly once, "
        "although any process is killed at any "
        "time and started again: a position is kept beside each file (PATH.read-position, "
        "PATH.position), and "
        "whatever is not stored at the end of "
        "the stream is read and sent again. Standard input, pull and sub: at most once, since "
        "what a killed process had read "
        "cannot be read again. Standard output: at least once, what a killed process had written "
        "and not confirmed is written again. "
        "push and pub: the same, and ZeroMQ may lose what a peer that dies had not received.\n\n"
        "A link to another machine wants keys, as a broker does: the stage that reads names those "
        "that it lets in (--key, --allow), the one that writes the stage that it means (--key, "
        "--link-key). A link that does not come about is told after 2 seconds where keys do not go "
        "together, after 10 where nobody answers, and waited for.\n\n"
        "Translation is a broker's, as with honyaku send: refused records become empty lines, and "
        "the exit status is not 0. A stage "
        "holds at most 1,024 records, and 16 MiB of those that came in.",
    .example = "honyaku stream --in file:in.en --out file:out.ja --model en-ja",
    .options = options,
    .least = 0,
    .most = 0,
    .run = run,
};
