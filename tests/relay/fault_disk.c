/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/relay/fault_disk.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NAMES_MAX = 16, OPERATIONS_MAX = 4096, FDS_MAX = 1024, PATH_BYTES = 256, SECTOR = 512, WHILE = 40 };

/* The calls that change something, below SQLite and of the rooms themselves. */
enum call { CALL_MAKE, CALL_WRITE, CALL_TRUNCATE, CALL_SYNC, CALL_SYNC_FOLDER, CALL_DELETE, CALL_RENAME, CALL_RESERVE };

/* What was done to a file since it was synced. */
struct change {
    struct change *next;
    bool truncate; /* to `offset` */
    bool dropped;  /* by a sync that failed: seen by readers, never durable */
    uint64_t offset;
    size_t len;
    uint8_t bytes[];
};

struct inode {
    struct inode *next;
    uint8_t *durable;
    size_t len, capacity;
    struct change *changes, **last;
    bool syncs_folder; /* SQLite syncs the folder of a journal with its first sync */
};

static struct {
    char folder[PATH_BYTES];
    enum fault_kind kind;
    uint64_t at, count, random;
    bool struck, stopped;
    uint8_t calls[OPERATIONS_MAX]; /* which call each operation was, and on which file */
    struct {
        char path[PATH_BYTES];
        struct inode *now, *durable;
    } names[NAMES_MAX];
    size_t name_count;
    struct inode *inodes;
    struct inode *of_fd[FDS_MAX];
    bool folder_fd[FDS_MAX];
} disk;

int __real_open(const char *path, int flags, ...);
int __real_close(int fd);
ssize_t __real_write(int fd, const void *bytes, size_t len);
int __real_rename(const char *from, const char *to);
int __real_unlink(const char *path);
int __real_posix_fallocate(int fd, off_t offset, off_t len);
int __wrap_open(const char *path, int flags, ...);
int __wrap_close(int fd);
ssize_t __wrap_write(int fd, const void *bytes, size_t len);
int __wrap_fsync(int fd);
int __wrap_rename(const char *from, const char *to);
int __wrap_unlink(const char *path);
int __wrap_posix_fallocate(int fd, off_t offset, off_t len);

static uint64_t draw(uint64_t below)
{
    disk.random ^= disk.random << 13; /* xorshift64: any will do that can be repeated */
    disk.random ^= disk.random >> 7;
    disk.random ^= disk.random << 17;
    return disk.random % below;
}

/* The file's place among the names; the last one: none of them. */
static unsigned place_of(const struct inode *inode, const char *path)
{
    for (unsigned i = 0; i < disk.name_count; i++)
        if (path ? !strcmp(disk.names[i].path, path) : inode && disk.names[i].now == inode)
            return i;
    return NAMES_MAX - 1;
}

/* Counts an operation, of which either may be NULL; what happens to it. */
static enum fault_kind strike(enum call call, const struct inode *inode, const char *path)
{
    if (disk.stopped)
        return FAULT_STOP;
    if (disk.count < OPERATIONS_MAX)
        disk.calls[disk.count] = (uint8_t)((unsigned)call * NAMES_MAX + place_of(inode, path) + 1);
    disk.count++;
    if (disk.kind == FAULT_NONE || disk.count < disk.at)
        return FAULT_NONE;
    if (disk.count > disk.at && (disk.kind != FAULT_FULL_A_WHILE || disk.count >= disk.at + WHILE))
        return FAULT_NONE;
    disk.struck = true;
    disk.stopped = disk.kind == FAULT_STOP;
    return disk.kind;
}

static bool is_full(enum fault_kind kind)
{
    return kind == FAULT_FULL || kind == FAULT_FULL_A_WHILE;
}

/* ---- what is durable ---- */

static bool watched(const char *path)
{
    size_t len = strlen(disk.folder);

    return len && strncmp(path, disk.folder, len) == 0 && path[len] == '/' && !strstr(path, "-shm") &&
           !strstr(path, "/reserve") && !strstr(path, "/writer.lock");
}

static size_t name_of(const char *path)
{
    for (size_t i = 0; i < disk.name_count; i++)
        if (strcmp(disk.names[i].path, path) == 0)
            return i;
    assert(disk.name_count < NAMES_MAX);
    snprintf(disk.names[disk.name_count].path, PATH_BYTES, "%s", path);
    return disk.name_count++;
}

static struct inode *inode_new(void)
{
    struct inode *inode = calloc(1, sizeof *inode);

    assert(inode);
    inode->last = &inode->changes;
    inode->next = disk.inodes;
    disk.inodes = inode;
    return inode;
}

static void change_add(struct inode *inode, bool truncate, uint64_t offset, const void *bytes, size_t len)
{
    struct change *change = malloc(sizeof *change + len);

    assert(change);
    *change = (struct change){.truncate = truncate, .offset = offset, .len = len};
    if (len)
        memcpy(change->bytes, bytes, len);
    *inode->last = change;
    inode->last = &change->next;
}

static void reach(struct inode *inode, size_t len)
{
    if (len > inode->capacity) {
        inode->capacity = len * 2;
        inode->durable = realloc(inode->durable, inode->capacity);
        assert(inode->durable);
    }
    if (len > inode->len) {
        memset(inode->durable + inode->len, 0, len - inode->len);
        inode->len = len;
    }
}

static void put(struct inode *inode, uint64_t offset, const uint8_t *bytes, size_t len)
{
    reach(inode, (size_t)offset + len);
    memcpy(inode->durable + offset, bytes, len);
}

/* Any sectors of a write, or all. */
static void change_apply(struct inode *inode, const struct change *change, bool any)
{
    if (change->truncate) {
        if (any && draw(2))
            return;
        if (change->offset < inode->len)
            inode->len = (size_t)change->offset;
        else
            reach(inode, (size_t)change->offset);
        return;
    }
    for (size_t at = 0; at < change->len;) {
        size_t part = SECTOR - (size_t)((change->offset + at) % SECTOR);
        if (part > change->len - at)
            part = change->len - at;
        if (!any || draw(2))
            put(inode, change->offset + at, change->bytes + at, part);
        at += part;
    }
}

enum settle { FORGET, KEEP_ANY, KEEP_ALL };
static void settle(struct inode *inode, enum settle how)
{
    while (inode->changes) {
        struct change *change = inode->changes;
        inode->changes = change->next;
        if (how != FORGET && !(change->dropped && how == KEEP_ALL))
            change_apply(inode, change, how == KEEP_ANY);
        free(change);
    }
    inode->last = &inode->changes;
}

static void sync_names(void)
{
    for (size_t i = 0; i < disk.name_count; i++)
        disk.names[i].durable = disk.names[i].now;
}

static enum fault_kind sync_inode(struct inode *inode)
{
    enum fault_kind kind = strike(CALL_SYNC, inode, NULL);

    if (kind == FAULT_NONE) {
        settle(inode, KEEP_ALL);
        if (inode->syncs_folder)
            sync_names();
        inode->syncs_folder = false;
    }
    for (struct change *change = inode->changes; kind != FAULT_STOP && change; change = change->next)
        change->dropped = draw(2);
    return kind;
}

/* The inode behind a path that was just opened; `made` when it was not there. */
static struct inode *inode_at(const char *path, bool made)
{
    size_t name = name_of(path);

    if (!disk.names[name].now || made)
        disk.names[name].now = inode_new();
    return disk.names[name].now;
}

static bool exists(const char *path)
{
    struct stat about;

    return stat(path, &about) == 0;
}

/* ---- the VFS ---- */

struct fault_file {
    sqlite3_file base;
    struct inode *inode; /* NULL: not watched */
    sqlite3_file *real;
};

static sqlite3_vfs *real_vfs;

#define REAL(file) (((struct fault_file *)(file))->real)
#define INODE(file) (((struct fault_file *)(file))->inode)

static int answer(enum fault_kind kind, int error)
{
    return is_full(kind) ? SQLITE_FULL : error;
}

static int vfs_close(sqlite3_file *file)
{
    return REAL(file)->pMethods ? REAL(file)->pMethods->xClose(REAL(file)) : SQLITE_OK;
}

static int vfs_read(sqlite3_file *file, void *out, int len, sqlite3_int64 offset)
{
    return REAL(file)->pMethods->xRead(REAL(file), out, len, offset);
}

/* The operation at which the disk stops gets a part of its bytes there. */
static size_t torn(struct inode *inode, uint64_t offset, const void *bytes, size_t len)
{
    size_t part = (size_t)draw(len);

    if (part)
        change_add(inode, false, offset, bytes, part);
    return part;
}

static int vfs_write(sqlite3_file *file, const void *bytes, int len, sqlite3_int64 offset)
{
    struct inode *inode = INODE(file);
    bool stopped = disk.stopped;
    enum fault_kind kind = inode ? strike(CALL_WRITE, inode, NULL) : FAULT_NONE;

    if (kind == FAULT_STOP && !stopped) {
        size_t part = torn(inode, (uint64_t)offset, bytes, (size_t)len);
        if (part)
            REAL(file)->pMethods->xWrite(REAL(file), bytes, (int)part, offset);
    }
    if (kind != FAULT_NONE)
        return answer(kind, SQLITE_IOERR_WRITE);
    if (inode)
        change_add(inode, false, (uint64_t)offset, bytes, (size_t)len);
    return REAL(file)->pMethods->xWrite(REAL(file), bytes, len, offset);
}

static int vfs_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    enum fault_kind kind = INODE(file) ? strike(CALL_TRUNCATE, INODE(file), NULL) : FAULT_NONE;

    if (kind != FAULT_NONE)
        return answer(kind, SQLITE_IOERR_TRUNCATE);
    if (INODE(file))
        change_add(INODE(file), true, (uint64_t)size, NULL, 0);
    return REAL(file)->pMethods->xTruncate(REAL(file), size);
}

static int vfs_sync(sqlite3_file *file, int flags)
{
    (void)flags; /* nothing real is synced: the model is what survives */
    return !INODE(file) || sync_inode(INODE(file)) == FAULT_NONE ? SQLITE_OK : SQLITE_IOERR_FSYNC;
}

static int vfs_size(sqlite3_file *file, sqlite3_int64 *size)
{
    return REAL(file)->pMethods->xFileSize(REAL(file), size);
}

static int vfs_lock(sqlite3_file *file, int level)
{
    return REAL(file)->pMethods->xLock(REAL(file), level);
}

static int vfs_unlock(sqlite3_file *file, int level)
{
    return REAL(file)->pMethods->xUnlock(REAL(file), level);
}

static int vfs_reserved(sqlite3_file *file, int *out)
{
    return REAL(file)->pMethods->xCheckReservedLock(REAL(file), out);
}

static int vfs_control(sqlite3_file *file, int op, void *argument)
{
    return REAL(file)->pMethods->xFileControl(REAL(file), op, argument);
}

static int vfs_sector(sqlite3_file *file)
{
    return REAL(file)->pMethods->xSectorSize(REAL(file));
}

static int vfs_traits(sqlite3_file *file)
{
    return REAL(file)->pMethods->xDeviceCharacteristics(REAL(file));
}

static int vfs_shm_map(sqlite3_file *file, int page, int size, int extend, void volatile **out)
{
    return REAL(file)->pMethods->xShmMap(REAL(file), page, size, extend, out);
}

static int vfs_shm_lock(sqlite3_file *file, int offset, int n, int flags)
{
    return REAL(file)->pMethods->xShmLock(REAL(file), offset, n, flags);
}

static void vfs_shm_barrier(sqlite3_file *file)
{
    REAL(file)->pMethods->xShmBarrier(REAL(file));
}

static int vfs_shm_unmap(sqlite3_file *file, int remove)
{
    return REAL(file)->pMethods->xShmUnmap(REAL(file), remove);
}

/* Version 2: without xFetch, so that nothing is read past this. */
static const sqlite3_io_methods methods = {
    2,          vfs_close,   vfs_read,     vfs_write,       vfs_truncate,  vfs_sync,
    vfs_size,   vfs_lock,    vfs_unlock,   vfs_reserved,    vfs_control,   vfs_sector,
    vfs_traits, vfs_shm_map, vfs_shm_lock, vfs_shm_barrier, vfs_shm_unmap, NULL,
    NULL,
};

static int vfs_open(sqlite3_vfs *vfs, sqlite3_filename path, sqlite3_file *file, int flags, int *out_flags)
{
    struct fault_file *f = (struct fault_file *)file;
    bool watch = path && watched(path), makes = watch && !exists(path);

    (void)vfs;
    *f = (struct fault_file){.real = (sqlite3_file *)(f + 1)};
    f->real->pMethods = NULL;
    if (makes) {
        enum fault_kind kind = strike(CALL_MAKE, NULL, path);
        if (kind != FAULT_NONE)
            return SQLITE_CANTOPEN;
    }
    int rc = real_vfs->xOpen(real_vfs, path, f->real, flags, out_flags);
    if (f->real->pMethods)
        f->base.pMethods = &methods;
    if (rc == SQLITE_OK && watch) {
        f->inode = inode_at(path, makes);
        f->inode->syncs_folder = makes;
    }
    return rc;
}

static int vfs_delete(sqlite3_vfs *vfs, const char *path, int sync_folder)
{
    (void)vfs;
    if (watched(path) && exists(path)) {
        enum fault_kind kind = strike(CALL_DELETE, NULL, path);
        if (kind != FAULT_NONE)
            return answer(kind, SQLITE_IOERR_DELETE);
        disk.names[name_of(path)].now = NULL;
        if (sync_folder)
            sync_names();
    }
    return real_vfs->xDelete(real_vfs, path, 0);
}

void fault_disk_install(void)
{
    static sqlite3_vfs vfs;

    real_vfs = sqlite3_vfs_find(NULL);
    vfs = *real_vfs;
    vfs.zName = "fault";
    vfs.szOsFile = (int)sizeof(struct fault_file) + real_vfs->szOsFile;
    vfs.xOpen = vfs_open;
    vfs.xDelete = vfs_delete;
    sqlite3_vfs_register(&vfs, 1);
}

/* ---- the file calls of the rooms under test ---- */

static int fail(enum fault_kind kind)
{
    errno = is_full(kind) ? ENOSPC : EIO;
    return -1;
}

int __wrap_open(const char *path, int flags, ...)
{
    bool watch = watched(path), makes = watch && (flags & O_CREAT) && !exists(path);
    mode_t mode = 0;
    enum fault_kind kind =
        makes || (watch && (flags & O_TRUNC)) ? strike(makes ? CALL_MAKE : CALL_TRUNCATE, NULL, path) : FAULT_NONE;

    if (flags & O_CREAT) {
        va_list arguments;
        va_start(arguments, flags);
        mode = va_arg(arguments, mode_t);
        va_end(arguments);
    }
    if (kind != FAULT_NONE)
        return fail(kind);
    int fd = __real_open(path, flags, mode);
    assert(fd < FDS_MAX);
    if (fd < 0 || !disk.folder[0])
        return fd;
    disk.folder_fd[fd] = (flags & O_DIRECTORY) && strcmp(path, disk.folder) == 0;
    disk.of_fd[fd] = watch ? inode_at(path, makes) : NULL;
    if (watch && !makes && (flags & O_TRUNC))
        change_add(disk.of_fd[fd], true, 0, NULL, 0);
    return fd;
}

int __wrap_close(int fd)
{
    if (fd >= 0 && fd < FDS_MAX) {
        disk.of_fd[fd] = NULL;
        disk.folder_fd[fd] = false;
    }
    return __real_close(fd);
}

ssize_t __wrap_write(int fd, const void *bytes, size_t len)
{
    struct inode *inode = fd >= 0 && fd < FDS_MAX ? disk.of_fd[fd] : NULL;
    uint64_t offset = inode ? (uint64_t)lseek(fd, 0, SEEK_CUR) : 0;
    bool stopped = disk.stopped;
    enum fault_kind kind = inode ? strike(CALL_WRITE, inode, NULL) : FAULT_NONE;

    if (kind == FAULT_STOP && !stopped) {
        size_t part = torn(inode, offset, bytes, len);
        if (part && __real_write(fd, bytes, part) < 0)
            return -1;
    }
    if (kind != FAULT_NONE)
        return fail(kind);
    if (inode)
        change_add(inode, false, offset, bytes, len);
    return __real_write(fd, bytes, len);
}

int __wrap_fsync(int fd)
{
    enum fault_kind kind = FAULT_NONE;

    if (fd >= 0 && fd < FDS_MAX && disk.of_fd[fd]) {
        kind = sync_inode(disk.of_fd[fd]);
    } else if (fd >= 0 && fd < FDS_MAX && disk.folder_fd[fd]) {
        kind = strike(CALL_SYNC_FOLDER, NULL, NULL);
        if (kind == FAULT_NONE)
            sync_names();
    } else {
        return 0; /* not watched: the test's own beginnings and ends */
    }
    return kind == FAULT_NONE ? 0 : fail(FAULT_IOERR);
}

int __wrap_rename(const char *from, const char *to)
{
    if (watched(from) || watched(to)) {
        enum fault_kind kind = strike(CALL_RENAME, NULL, to);
        if (kind != FAULT_NONE)
            return fail(kind);
        disk.names[name_of(to)].now = disk.names[name_of(from)].now;
        disk.names[name_of(from)].now = NULL;
    }
    return __real_rename(from, to);
}

int __wrap_unlink(const char *path)
{
    if (watched(path) && exists(path)) {
        enum fault_kind kind = strike(CALL_DELETE, NULL, path);
        if (kind != FAULT_NONE)
            return fail(kind);
        disk.names[name_of(path)].now = NULL;
    }
    return __real_unlink(path);
}

/* The reserve: counted, but no bytes of it need be there. */
int __wrap_posix_fallocate(int fd, off_t offset, off_t len)
{
    enum fault_kind kind = disk.folder[0] ? strike(CALL_RESERVE, NULL, NULL) : FAULT_NONE;

    if (kind != FAULT_NONE)
        return is_full(kind) ? ENOSPC : EIO;
    return disk.folder[0] ? 0 : __real_posix_fallocate(fd, offset, len);
}

/* ---- the watch ---- */

static void adopt(const char *path)
{
    struct inode *inode = inode_at(path, true);
    FILE *file = fopen(path, "rb");
    uint8_t bytes[4096];
    size_t len;

    assert(file);
    while ((len = fread(bytes, 1, sizeof bytes, file)) > 0)
        put(inode, inode->len, bytes, len);
    fclose(file);
}

static void each_file(void (*visit)(const char *path))
{
    DIR *folder = opendir(disk.folder);
    char path[PATH_BYTES + 256];

    assert(folder);
    for (struct dirent *file; (file = readdir(folder));) {
        if (file->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "%s/%s", disk.folder, file->d_name);
        visit(path);
    }
    closedir(folder);
}

static void adopt_watched(const char *path)
{
    if (watched(path))
        adopt(path);
}

void fault_disk_begin(const char *folder, enum fault_kind kind, uint64_t at, uint64_t seed)
{
    assert(!disk.folder[0]);
    memset(&disk, 0, sizeof disk);
    snprintf(disk.folder, sizeof disk.folder, "%s", folder);
    disk.kind = kind;
    disk.at = at;
    disk.random = seed * 0x9E3779B97F4A7C15u + 1;
    each_file(adopt_watched);
    sync_names();
}

uint64_t fault_disk_operations(void)
{
    return disk.count;
}

unsigned fault_disk_call(uint64_t at)
{
    return at && at <= disk.count && at <= OPERATIONS_MAX ? disk.calls[at - 1] : 0;
}

bool fault_disk_struck(void)
{
    return disk.struck;
}

bool fault_disk_stopped(void)
{
    return disk.stopped;
}

static void remove_file(const char *path)
{
    __real_unlink(path);
}

static void leave(const char *path, const struct inode *inode)
{
    FILE *file = fopen(path, "wb");

    assert(file);
    assert(inode->len == 0 || fwrite(inode->durable, 1, inode->len, file) == inode->len);
    fclose(file);
}

static void power_off(enum fault_loss loss)
{
    each_file(remove_file);
    for (struct inode *inode = disk.inodes; inode; inode = inode->next)
        settle(inode, loss == FAULT_MIXED ? KEEP_ANY : FORGET);
    for (size_t i = 0; i < disk.name_count; i++) {
        bool newer = loss == FAULT_MIXED && draw(2);
        const struct inode *inode = newer ? disk.names[i].now : disk.names[i].durable;
        if (inode)
            leave(disk.names[i].path, inode);
    }
}

void fault_disk_lose(enum fault_loss loss)
{
    if (loss != FAULT_KILLED)
        power_off(loss);
    while (disk.inodes) {
        struct inode *inode = disk.inodes;
        disk.inodes = inode->next;
        settle(inode, FORGET);
        free(inode->durable);
        free(inode);
    }
    disk.folder[0] = '\0';
}
