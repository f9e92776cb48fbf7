package bowshot

import (
	"os/exec"
	"syscall"
)

func inOwnGroup(command *exec.Cmd) {
	command.SysProcAttr = &syscall.SysProcAttr{CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP}
}

// Windows has no signal that asks a process to end.
func (s *Server) terminate() { s.kill() }
func (s *Server) kill()      { _ = s.command.Process.Kill() }
