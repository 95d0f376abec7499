#include "pipeline/page.h"

#include <string.h>

/* The assembler takes the bytes of FILE in; NAME and NAME_end are where they lie. */
#define EMBED(name, file)                                                                                    \
    __asm__(".pushsection .rodata\n" #name ": .incbin \"pipeline/page/" file "\"\n" #name                    \
            "_end: .byte 0\n.popsection\n");                                                                 \
    extern const char name[] __attribute__((visibility("hidden")));                                          \
    extern const char name##_end[] __attribute__((visibility("hidden")))

EMBED(hny_page_html, "index.html");
EMBED(hny_page_css, "page.css");
EMBED(hny_page_js, "page.js");

const struct hny_page_file *hny_page_find(const char *path) {
    static struct hny_page_file files[] = {
        {"/", "text/html; charset=utf-8", hny_page_html, 0},
        {"/page.css", "text/css; charset=utf-8", hny_page_css, 0},
        {"/page.js", "text/javascript; charset=utf-8", hny_page_js, 0},
    };
    static const char *const ends[] = {hny_page_html_end, hny_page_css_end, hny_page_js_end};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        if (strcmp(files[i].path, path) != 0) continue;
        files[i].size = (size_t)(ends[i] - files[i].data);
        return &files[i];
    }
    return NULL;
}
