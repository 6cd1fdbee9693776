// Command postdesk is the whole gateway in one program: it takes mail, files it,
// shows it and sends answers. This package wires the others together and owns the
// settings; it decides nothing about mail itself.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
)

// version is what `postdesk version` prints; releases set it when linking.
const version = "0.1-dev"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// Exit codes that scripts rely on.
const (
	exitWell   = 0
	exitFailed = 1 // one line on stderr says why
	exitUsage  = 2
)

// console is what a command reads from and writes to.
type console struct {
	in       io.Reader
	out, err io.Writer
}

// run is main without the process: it returns the exit code.
func run(ctx context.Context, args []string, in io.Reader, out, errOut io.Writer) int {
	var cli commands
	exited := -1
	parser, err := kong.New(&cli, kong.Name("postdesk"), kong.Description("An email-centric help desk gateway."),
		kong.Writers(out, errOut), kong.Vars{"datadir": defaultDataDir()},
		kong.Exit(func(code int) { exited = code }),
		kong.BindTo(ctx, (*context.Context)(nil)), kong.Bind(console{in, out, errOut}))
	if err != nil {
		fmt.Fprintln(errOut, "postdesk:", err)
		return exitFailed
	}
	command, err := parser.Parse(args)
	if exited >= 0 {
		return exited // --help was asked for
	}
	if err != nil {
		fmt.Fprintf(errOut, "postdesk: %v; see postdesk --help\n", err)
		return exitUsage
	}
	err = command.Run(&cli.Database)
	var usage usageError
	switch {
	case err == nil:
		return exitWell
	case errors.As(err, &usage):
		fmt.Fprintln(errOut, "postdesk:", err)
		return exitUsage
	}
	fmt.Fprintln(errOut, "postdesk:", oneLine(err))
	return exitFailed
}

// usageError is a setting or an argument that cannot be used.
type usageError struct{ error }

// oneLine is an error as one line: the exit code promises one.
func oneLine(err error) string {
	text := []byte(err.Error())
	for i, c := range text {
		if c == '\n' || c == '\r' {
			text[i] = ' '
		}
	}
	return string(text)
}
