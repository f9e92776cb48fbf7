package bowshot

import (
	"os/exec"
	"syscall"
)

// inOwnGroup: and it ends with this program, also when that is killed.
func inOwnGroup(command *exec.Cmd) {
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
}
