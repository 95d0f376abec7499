/* Marks of functions whose loops are compiled for several instruction sets, of which the program chooses one
 * when it starts. */
#ifndef HNY_BASE_KERNEL_H
#define HNY_BASE_KERNEL_H

/* Marks a function whose loops are worth compiling for every instruction set. The names are of levels, not of
 * models such as "haswell", which only that model would match. */
#if defined(__x86_64__) && !defined(HNY_DOUBLE) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__) &&  \
    !defined(__SANITIZE_THREAD__)
#define HNY_KERNELS_CLONED 1
#define HNY_KERNEL __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define HNY_KERNEL
#endif

/* Functions that kernels call are inlined before the compiler makes a kernel's copies: afterwards it would
 * refuse, since their instruction sets differ, and the loop would not vectorise. */
#define HNY_INLINE static inline __attribute__((always_inline))

#endif
