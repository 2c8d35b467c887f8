package main

import (
	"os/exec"
	"syscall"
)

// dieWithParent has the kernel kill the command when this program dies, however it does.
func dieWithParent() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}

func withTerminal(attributes *syscall.SysProcAttr) *syscall.SysProcAttr {
	attributes.Setsid = true
	attributes.Setctty = true
	return attributes
}

func endedBySignal(exit *exec.ExitError) (int, bool) {
	status, ok := exit.Sys().(syscall.WaitStatus)
	if !ok || !status.Signaled() {
		return 0, false
	}
	return int(status.Signal()), true
}
