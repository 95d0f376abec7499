/* Two threads that write the same number without a lock: ThreadSanitizer has to say so. */
#include <pthread.h>
#include <stdio.h>

static long number;

static void *add(void *argument) {
    for (int i = 0; i < 10000; i++) number++;
    return argument;
}

int main(void) {
    pthread_t one, other;
    if (pthread_create(&one, NULL, add, NULL) != 0 || pthread_create(&other, NULL, add, NULL) != 0) return 2;
    pthread_join(one, NULL);
    pthread_join(other, NULL);
    printf("%ld\n", number);
    return 0;
}
