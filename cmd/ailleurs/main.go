// Command ailleurs is the whole alliance in one binary: the hub that towns connect to, and the tools of those who run it,
// check it, or match households with homes and jobs.
//
// It exits with 0 when done, 2 after a refusal (the input or a rule stands in the way; the sentence on standard error
// says which, in the reader's language) and 1 after a fault.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/alecthomas/kong"

	"codeberg.org/ailleurs/ailleurs"
)

// commands is the table of contents: one line and one file per command.
type commands struct {
	Backup   backupCommand   `cmd:"" help:"Write the whole database, as of one instant, into a new directory."`
	Coffre   coffreCommand   `cmd:"" help:"Use the vault with files alone: keys, folders, register."`
	Demo     demoCommand     `cmd:"" help:"Serve a fictitious alliance on this machine, to try everything."`
	Init     initCommand     `cmd:"" help:"Found a hub: log keys, coordination, three invitations."`
	Match    matchCommand    `cmd:"" help:"Place households into homes and their workers into jobs, or check a plan."`
	Restore  restoreCommand  `cmd:"" help:"Make a database out of a backup, verified before it can be served."`
	Serve    serveCommand    `cmd:"" help:"Serve a hub."`
	Simulate simulateCommand `cmd:"" help:"Play a year of arrivals by five policies, on the same towns and days."`
	Verify   verifyCommand   `cmd:"" help:"Re-check a database offline: logs, rows, invariants, checkpoints."`
	Version  versionCommand  `cmd:"" help:"Print the version."`
}

// world is what a command may use of the outside: its streams, the clock, the wish to stop, the reader's language.
type world struct {
	context.Context
	in       io.Reader
	out, err io.Writer
	now      func() time.Time
	language language
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	w := world{ctx, os.Stdin, os.Stdout, os.Stderr, time.Now, languageOf(os.Getenv)}
	status := run(w, os.Args[1:])
	stop()
	os.Exit(status)
}

// The exit statuses.
const (
	done    = 0
	fault   = 1
	refused = 2
)

// run carries out one command line and returns the exit status.
func run(w world, args []string) int {
	err := dispatch(w, args)
	var asked helpAsked
	switch refusal := ailleurs.AsRefusal(err); {
	case err == nil, errors.As(err, &asked):
		return done
	case refusal != nil:
		fmt.Fprintln(w.err, "ailleurs:", w.language.sentence(refusal))
		return refused
	default:
		fmt.Fprintln(w.err, "ailleurs:", err)
		return fault
	}
}

// helpAsked ends a command line that wanted the help text, which has been printed by then.
type helpAsked struct{}

func (helpAsked) Error() string { return "help asked" }

func dispatch(w world, args []string) (err error) {
	var c commands
	parser, err := kong.New(&c,
		kong.Name("ailleurs"),
		kong.Description("The exchange through which communes help a young person leave: a job and a home in another town."),
		kong.Writers(w.out, w.err),
		kong.Configuration(kong.JSON),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		// Kong ends the process after printing the help; unwinding instead keeps run testable and deferred calls honoured.
		kong.Exit(func(int) { panic(helpAsked{}) }),
		kong.Bind(w),
	)
	if err != nil {
		return err
	}
	defer func() {
		switch p := recover().(type) {
		case nil:
		case helpAsked:
			err = p
		default:
			panic(p)
		}
	}()
	chosen, err := parser.Parse(args)
	if err != nil {
		return misread(err)
	}
	return chosen.Run(w)
}
