//go:build unix

package bowshot

import "syscall"

// The group is the server's own, and all that it might have started.
func (s *Server) terminate() { _ = syscall.Kill(-s.PID(), syscall.SIGTERM) }
func (s *Server) kill()      { _ = syscall.Kill(-s.PID(), syscall.SIGKILL) }
