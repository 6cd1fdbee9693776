//go:build !linux

package localpg

import "syscall"

// dieWithParent does nothing here: the next start ends what was left behind.
func dieWithParent(attr *syscall.SysProcAttr) *syscall.SysProcAttr { return attr }
