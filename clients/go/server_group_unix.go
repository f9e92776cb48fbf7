//go:build unix && !linux

package bowshot

import (
	"os/exec"
	"syscall"
)

// inOwnGroup: this system has no signal for a parent's death, so a program that is killed leaves the
// server behind.
func inOwnGroup(command *exec.Cmd) {
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
}
