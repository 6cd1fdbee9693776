// Package localpg keeps a private PostgreSQL in a data folder: it finds an
// installed PostgreSQL, makes a cluster of its own, runs it and stops it.
//
// It promises that a cluster is whole or absent (it is made under another name
// and renamed), that one process at a time runs it (the lock file), that it
// dies with the process that runs it (on Linux at once, elsewhere at the next
// start), that it is started again when it dies alone, and that fsync,
// full_page_writes and synchronous_commit are on.
//
// It never listens on TCP, never runs PostgreSQL as root, never downloads
// anything, and never touches a cluster that it did not make.
package localpg
