#include "pipeline/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

/* Refused whatever their arguments. */
static const int refused[] = {
    SCMP_SYS(execve),
    SCMP_SYS(execveat),
    SCMP_SYS(creat),
    SCMP_SYS(truncate),
    SCMP_SYS(rename),
    SCMP_SYS(renameat),
    SCMP_SYS(renameat2),
    SCMP_SYS(unlink),
    SCMP_SYS(unlinkat),
    SCMP_SYS(link),
    SCMP_SYS(linkat),
    SCMP_SYS(symlink),
    SCMP_SYS(symlinkat),
    SCMP_SYS(mkdir),
    SCMP_SYS(mkdirat),
    SCMP_SYS(rmdir),
    SCMP_SYS(mknod),
    SCMP_SYS(mknodat),
    SCMP_SYS(chmod),
    SCMP_SYS(fchmod),
    SCMP_SYS(fchmodat),
    SCMP_SYS(chown),
    SCMP_SYS(fchown),
    SCMP_SYS(lchown),
    SCMP_SYS(fchownat),
    SCMP_SYS(setxattr),
    SCMP_SYS(lsetxattr),
    SCMP_SYS(fsetxattr),
    SCMP_SYS(removexattr),
    SCMP_SYS(lremovexattr),
    SCMP_SYS(fremovexattr),
    SCMP_SYS(utime),
    SCMP_SYS(utimes),
    SCMP_SYS(futimesat),
    SCMP_SYS(utimensat),
    SCMP_SYS(mq_open),
#ifndef __SANITIZE_ADDRESS__ /* whose leak checker traces its own process */
    SCMP_SYS(ptrace),
#endif
    SCMP_SYS(process_vm_readv),
    SCMP_SYS(process_vm_writev),
    SCMP_SYS(pidfd_getfd),
    SCMP_SYS(mount),
    SCMP_SYS(open_tree),
    SCMP_SYS(move_mount),
    SCMP_SYS(fsopen),
    SCMP_SYS(fsmount),
    SCMP_SYS(fspick),
    SCMP_SYS(mount_setattr),
    SCMP_SYS(umount2),
    SCMP_SYS(pivot_root),
    SCMP_SYS(chroot),
    SCMP_SYS(init_module),
    SCMP_SYS(finit_module),
    SCMP_SYS(delete_module),
    SCMP_SYS(kexec_load),
    SCMP_SYS(kexec_file_load),
    SCMP_SYS(bpf),
    SCMP_SYS(perf_event_open),
    SCMP_SYS(keyctl),
    SCMP_SYS(add_key),
    SCMP_SYS(request_key),
    SCMP_SYS(userfaultfd),
    SCMP_SYS(unshare),
    SCMP_SYS(setns),
    SCMP_SYS(name_to_handle_at),
    SCMP_SYS(open_by_handle_at),
};

static int refuse(scmp_filter_ctx filter, int call, struct scmp_arg_cmp condition) {
    return seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), call, 1, condition);
}

/* Opening to write, however that is said; argument NUMBER of CALL holds the flags. */
static int refuse_writing(scmp_filter_ctx filter, int call, unsigned number) {
    static const scmp_datum_t modes[][2] = {
        {O_ACCMODE, O_WRONLY}, {O_ACCMODE, O_RDWR}, {O_CREAT, O_CREAT}, {O_TRUNC, O_TRUNC}};
    int wrong = 0;
    for (size_t i = 0; i < sizeof modes / sizeof *modes && !wrong; i++)
        wrong = refuse(filter, call, SCMP_CMP(number, SCMP_CMP_MASKED_EQ, modes[i][0], modes[i][1]));
    return wrong;
}

static int fill(scmp_filter_ctx filter, bool network) {
    int wrong = 0;
#ifdef SYS_fchmodat2 /* newer than the filter's library may be */
    wrong = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SYS_fchmodat2, 0);
#endif
    for (size_t i = 0; i < sizeof refused / sizeof *refused && !wrong; i++)
        wrong = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), refused[i], 0);
    /* Calls whose flags lie behind a pointer cannot be looked into; libraries that find none use the older
     * ones. */
    if (!wrong) wrong = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(openat2), 0);
    if (!wrong) wrong = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(io_uring_setup), 0);
    if (!wrong) wrong = refuse_writing(filter, SCMP_SYS(open), 1);
    if (!wrong) wrong = refuse_writing(filter, SCMP_SYS(openat), 2);
    if (!wrong && !network) wrong = refuse(filter, SCMP_SYS(socket), SCMP_A0(SCMP_CMP_NE, AF_UNIX));
    return wrong;
}

hny_status hny_confine(bool network) {
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return hny_fail_errno("cannot give up new privileges");
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    if (!filter) return hny_fail(HNY_ERROR_MEMORY, "out of memory for a filter of system calls");
    int wrong = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1); /* for all threads */
    if (!wrong) wrong = fill(filter, network);
    if (!wrong) wrong = seccomp_load(filter);
    seccomp_release(filter);
    return wrong ? hny_fail(HNY_ERROR_IO, "cannot load a filter of system calls: %s", strerror(-wrong))
                 : HNY_OK;
}
