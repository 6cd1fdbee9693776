package localpg

import "syscall"

// dieWithParent has the kernel tell the server to end (SIGINT) when the thread
// that started it ends.
func dieWithParent(attr *syscall.SysProcAttr) *syscall.SysProcAttr {
	attr.Pdeathsig = syscall.SIGINT
	return attr
}
