/* A program of somebody who has honyaku installed. */
#include <honyaku/base/status.h>
#include <honyaku/model/folder.h>
#include <honyaku/model/translator.h>
#include <stdio.h>

int main(void) {
    hny_status status = hny_fail(HNY_ERROR_USAGE, "as wanted");
    puts(hny_message());
    return status == HNY_ERROR_USAGE ? 0 : 1;
}
