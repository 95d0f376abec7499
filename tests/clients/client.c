/* A client in C: sends the lines of standard input to a broker, and prints their translations as they come.
 *
 *     cc client.c $(pkg-config --cflags --libs honyaku-client) -o client && ./client ENDPOINT < sentences */
#include <honyaku/pipeline/client.h>
#include <stdio.h>
#include <string.h>

int main(int count, char **arguments) {
    struct hny_client *client = NULL;
    char line[4096];
    hny_status status = count == 2 ? hny_client_open(&client, arguments[1]) : HNY_ERROR_USAGE;
    while (status == HNY_OK && fgets(line, sizeof line, stdin)) {
        uint64_t number;
        status = hny_client_translate(client, "{}", line, strcspn(line, "\n"), &number);
    }
    while (status == HNY_OK && hny_client_pending(client) > 0) {
        struct hny_answer answer;
        bool taken;
        status = hny_client_take(client, 10000, &answer, &taken);
        if (status != HNY_OK || !taken) continue;
        printf("%llu\t%.*s\n", (unsigned long long)answer.number, (int)answer.size,
               answer.refusal ? hny_refusal_name(answer.refusal) : answer.text);
        hny_answer_free(&answer);
    }
    if (status != HNY_OK) fprintf(stderr, "%s\n", hny_message());
    hny_client_close(&client);
    return status != HNY_OK;
}
