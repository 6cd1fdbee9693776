// Command proof runs the real gateway as a child process and tells what it
// measures, each claim by itself or all with a table of what holds (all): how fast mail comes in and is filed (bench) and goes out (drain), that
// no kill of the process or of PostgreSQL, at any moment or between two steps,
// loses, doubles or alters one (crash, points, deliver), nor an answer that nobody
// hears (commit, lost250), a slow database (odd), a clock that leaps (clock), or mail that breaks the parser
// (poison), how mail goes out after the next server was down (outage), that the time of an answer does
// not tell who has an account (timing), how long the pages of a help desk with years
// of conversations (fill, pages) and of a great Help Center (articles) take, and that neither slow clients (slow), nor
// nonsense (fuzz), nor great mails all at once (memory), nor sessions that wait (idle) harm an honest sender or
// make the gateway grow.
//
// It promises to stay on loopback, to be bounded in time and count, to end only
// processes that it started, and to take its folder away again. It never knows a
// result before it has measured it, never calls the gateway's code, and never
// touches another database than that of its own temporary folder or, when it fills
// one, the empty one that it was told.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
)

type commands struct {
	Binary string `help:"A built gateway; it is built first if not given." placeholder:"FILE"`
	Dir    string `help:"Where the temporary folder is made. A folder in memory makes every commit free." placeholder:"DIR"`

	All allCommand `cmd:"" help:"Every proof, one after the other, and a table of what holds."`

	Bench benchCommand `cmd:"" help:"Messages a second from SMTP to a filed conversation, with CPU and memory."`
	Crash crashCommand `cmd:"" help:"Kill the gateway while mail comes in, then count what was lost or doubled."`

	Dbdown    dbdownCommand    `cmd:"" help:"Take PostgreSQL away, look at what the gateway says, and count what a Postfix before it has kept."`
	Clock     clockCommand     `cmd:"" help:"Let the clock of PostgreSQL leap while mail comes in and goes out, and see that nothing is stuck, given up or alive for too long."`
	Diskfull  diskfullCommand  `cmd:"" help:"Fill the disk below PostgreSQL while mail comes in: when it is refused, whether any is lost, when it is taken again."`
	Restore   restoreCommand   `cmd:"" help:"Restore a backup that was made under mail, and see that all is there and nothing is sent again."`
	Guard     guardCommand     `cmd:"" help:"Start the gateway on servers and settings that it must refuse."`
	Powerloss powerlossCommand `cmd:"" help:"Let the disk below PostgreSQL lose what was not flushed while mail comes in, then count what was lost."`

	Points  pointsCommand  `cmd:"" help:"Let the gateway kill itself between each two steps of a mail's way, in and out."`
	Commit  commitCommand  `cmd:"" help:"Keep from the gateway that its database has committed, and see what it answers."`
	Poison  poisonCommand  `cmd:"" help:"Break the parser with mail, and see what becomes of it and of other mail."`
	Odd     oddCommand     `cmd:"" help:"Let the database be slow, cut off and come back, and see how long clients wait and what is lost."`
	Lost250 lost250Command `cmd:"" name:"lost250" help:"Cut the 250 off, and let senders come again as mail servers do."`

	Deliver deliverCommand `cmd:"" help:"Kill gateways while mail goes out, then count what was lost, or sent twice without need."`
	Drain   drainCommand   `cmd:"" help:"Mails a second from a full queue to a sink, beside Postfix's own client."`
	Outage  outageCommand  `cmd:"" help:"Let the next server be down while mail is queued, and see how it is delivered afterwards."`

	Cluster clusterCommand `cmd:"" help:"Several gateways over one PostgreSQL, killed under mail: nothing twice, all in order, one desk to look at."`
	Standby standbyCommand `cmd:"" help:"Kill the primary PostgreSQL while mail comes in, promote its standby, and count what was lost."`
	Pooler  poolerCommand  `cmd:"" help:"Mail in, panel and mail out through PgBouncer in transaction mode, and how fast that is."`
	Migrate migrateCommand `cmd:"" help:"Start gateways at once on one database, and kill migrations in the middle."`
	Upgrade upgradeCommand `cmd:"" help:"Run an older program beside a newer one that has migrated its database, under mail."`
	Rolling rollingCommand `cmd:"" help:"Restart gateways one after the other while mail comes in, and count what was refused, cut short or lost."`

	Acme acmeCommand `cmd:"" help:"Let two gateways get a certificate from a real ACME server, serve it for mail and pages, and renew it."`

	Fill fillCommand `cmd:"" help:"Fill an empty help desk with years of conversations, to look at or to measure."`

	Pages    pagesCommand    `cmd:"" help:"How long the pages of a help desk with years of conversations take."`
	Articles articlesCommand `cmd:"" help:"How long the search and the pages of a Help Center with 10,000 articles take."`

	Timing timingCommand `cmd:"" help:"How long sign-in and reset take for addresses with and without an account."`
	Slow   slowCommand   `cmd:"" help:"How long an honest sender waits for its 250 while thousands of clients are idle or drip."`
	Fuzz   fuzzCommand   `cmd:"" help:"Talk nonsense to the gateway, and look each minute whether it lives, grows or forgets mail."`
	Memory memoryCommand `cmd:"" help:"How much memory great mails take that come all at once."`
	Idle   idleCommand   `cmd:"" help:"How much memory a session takes that waits."`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var cli commands
	command := kong.Parse(&cli, kong.Name("proof"), kong.UsageOnError(), kong.BindTo(ctx, (*context.Context)(nil)))
	if err := command.Run(&cli); err != nil {
		fmt.Fprintln(os.Stderr, "proof:", err)
		stop()
		if errors.As(err, new(notRun)) {
			os.Exit(notRunStatus)
		}
		os.Exit(1)
	}
}

// workshop is a temporary folder with a built gateway in it.
type workshop struct {
	dir    string
	binary string
}

func openWorkshop(ctx context.Context, c *commands) (*workshop, error) {
	dir, err := os.MkdirTemp(c.Dir, "postdesk-proof-")
	if err != nil {
		return nil, err
	}
	w := &workshop{dir: dir, binary: c.Binary}
	// PostgreSQL runs as another user when this program runs as root.
	if err = os.Chmod(dir, 0o711); err == nil && w.binary == "" {
		w.binary, err = build(ctx, dir)
	}
	if err != nil {
		w.close()
		return nil, err
	}
	return w, nil
}

// close takes the folder away. A killed gateway's PostgreSQL may write a moment
// longer.
func (w *workshop) close() {
	for range 50 {
		if os.RemoveAll(w.dir) == nil {
			return
		}
		pause(100)
	}
	fmt.Fprintln(os.Stderr, "proof: could not remove", w.dir)
}
