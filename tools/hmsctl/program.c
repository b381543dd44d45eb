// SPDX-License-Identifier: GPL-2.0
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "program.h"

/* As many scripts that run scripts as the kernel takes. */
#define MAX_SCRIPTS	5

static int can_run(const char *path)
{
	struct stat st;

	if (stat(path, &st))
		return errno;
	if (!S_ISREG(st.st_mode))
		return EACCES;
	return access(path, X_OK) ? errno : 0;
}

int program_find(const char *name, char path[PATH_MAX])
{
	const char *dir = getenv("PATH") ?: "/bin:/usr/bin";
	int error = ENOENT, length, ret;

	if (!*name)
		return ENOENT;
	if (strchr(name, '/')) {
		if (snprintf(path, PATH_MAX, "%s", name) >= PATH_MAX)
			return ENAMETOOLONG;
		return can_run(path);
	}
	for (; dir; dir = dir[length] ? dir + length + 1 : NULL) {
		length = strcspn(dir, ":");
		if (snprintf(path, PATH_MAX, "%.*s%s%s", length, dir, length ? "/" : "", name) >=
		    PATH_MAX)
			continue;
		ret = can_run(path);
		if (!ret)
			return 0;
		/* What is found and can't be run says more than what is not found. */
		if (ret == EACCES)
			error = ret;
	}
	return error;
}

static bool read_at(int fd, void *to, size_t size, off_t offset)
{
	return pread(fd, to, size, offset) == (ssize_t)size;
}

/* The dynamic linker that an ELF file asks for, "" when none. Returns why that can't be told. */
static const char *read_linker(int fd, char linker[PATH_MAX])
{
	ElfW(Ehdr) ehdr;
	ElfW(Phdr) phdr;

	linker[0] = 0;
	if (!read_at(fd, &ehdr, sizeof(ehdr), 0) || memcmp(ehdr.e_ident, ELFMAG, SELFMAG))
		return "it is neither an ELF file nor a script";
	if (ehdr.e_ident[EI_CLASS] != (sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32))
		return "its word size is not that of hmsctl";
	for (int i = 0; i < ehdr.e_phnum; i++) {
		if (!read_at(fd, &phdr, sizeof(phdr), ehdr.e_phoff + i * sizeof(phdr)))
			return "its program headers can't be read";
		if (phdr.p_type != PT_INTERP)
			continue;
		if (phdr.p_filesz >= PATH_MAX || !read_at(fd, linker, phdr.p_filesz, phdr.p_offset))
			return "its program headers can't be read";
		linker[phdr.p_filesz] = 0;
	}
	return NULL;
}

static const char *is_of_our_kind(int fd)
{
	char linker[PATH_MAX], ours[PATH_MAX];
	const char *why;
	int self;

	why = read_linker(fd, linker);
	if (why)
		return why;
	if (!linker[0])
		return "it is linked statically";
	self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	if (self < 0)
		return "/proc is not there";
	why = read_linker(self, ours);
	close(self);
	if (!why && strcmp(linker, ours))
		why = "its dynamic linker is not that of hmsctl";
	return why;
}

/* The dynamic linker takes no library from the environment for a program with more rights. */
static const char *has_more_rights(int fd)
{
	struct stat st;

	if (fstat(fd, &st))
		return strerror(errno);
	if ((st.st_mode & S_ISUID) && st.st_uid != getuid())
		return "it is setuid";
	/* Without x for the group it meant a lock once. */
	if ((st.st_mode & 02010) == 02010 && st.st_gid != getgid())
		return "it is setgid";
	if (getuid() && fgetxattr(fd, "security.capability", NULL, 0) > 0)
		return "it has file capabilities";
	return NULL;
}

/* The interpreter of a script; false when it is none. */
static bool read_script(int fd, char interpreter[PATH_MAX])
{
	char line[PATH_MAX] = "";
	char *name = line + 2;

	if (pread(fd, line, sizeof(line) - 1, 0) < 2 || strncmp(line, "#!", 2))
		return false;
	name += strspn(name, " \t");
	name[strcspn(name, " \t\n")] = 0;
	snprintf(interpreter, PATH_MAX, "%s", name);
	return true;
}

const char *program_refuses_preload(const char *path)
{
	char file[PATH_MAX];
	const char *why;
	bool script;
	int fd;

	snprintf(file, sizeof(file), "%s", path);
	for (int i = 0; i < MAX_SCRIPTS; i++) {
		fd = open(file, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			return i ? "its interpreter can't be read" : "it can't be read";
		script = read_script(fd, file);
		why = script ? NULL : has_more_rights(fd) ?: is_of_our_kind(fd);
		close(fd);
		if (!script)
			return why;
	}
	return "it is a script of a script of a script";
}
