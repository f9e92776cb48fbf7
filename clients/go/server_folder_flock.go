//go:build unix && !aix && !solaris

package bowshot

import (
	"os"
	"syscall"
)

// tryLock takes the lock, which ends with this process, unless another process has it.
func tryLock(file *os.File) bool {
	return syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil
}

func isOwnFolder(info os.FileInfo) bool {
	facts, isKnown := info.Sys().(*syscall.Stat_t)
	return info.IsDir() && info.Mode().Perm() == 0o700 && isKnown && int(facts.Uid) == os.Getuid()
}
