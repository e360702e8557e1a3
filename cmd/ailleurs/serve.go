package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net"

	"github.com/alecthomas/kong"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/hub"
	"codeberg.org/ailleurs/ailleurs/internal/mail"
	"codeberg.org/ailleurs/ailleurs/internal/protection"
)

type serveCommand struct {
	Data   string `required:"" env:"AILLEURS_DATA" placeholder:"DIR|URL" help:"Data directory, or URL of a PostgreSQL database."`
	Keys   string `env:"AILLEURS_KEYS" placeholder:"DIR" help:"Directory of the log keys; the data directory unless the database is elsewhere."`
	Origin string `required:"" env:"AILLEURS_ORIGIN" placeholder:"URL" help:"Where browsers find the hub, as https://hub.example."`
	Addr   string `default:"127.0.0.1:8080" env:"AILLEURS_ADDR" help:"Address to listen on, behind the TLS proxy."`

	Proxies []string `env:"AILLEURS_PROXIES" placeholder:"CIDR,…" help:"Networks of the proxies in front of the hub, whose X-Forwarded-For is believed."`

	AlertCommand string `env:"AILLEURS_ALERT_COMMAND" placeholder:"PATH" help:"Program that makes a duty phone ring; its one argument is the line."`
	AlertHook    string `env:"AILLEURS_ALERT_HOOK" placeholder:"URL" help:"HTTPS address that makes a duty phone ring; it is posted the line as JSON."`

	MailHost     string        `env:"AILLEURS_MAIL_HOST" placeholder:"HOST" help:"Mail relay for notices. Without one nobody is written to."`
	MailPort     int           `default:"587" env:"AILLEURS_MAIL_PORT" help:"Port of the relay."`
	MailFrom     string        `env:"AILLEURS_MAIL_FROM" placeholder:"ADDRESS" help:"Sender of the notices."`
	MailUser     string        `env:"AILLEURS_MAIL_USER" placeholder:"NAME" help:"Account at the relay."`
	MailPassword mail.Password `env:"AILLEURS_MAIL_PASSWORD" placeholder:"SECRET" help:"Its password; better in the environment or the file than on the command line."`
	MailPlain    bool          `env:"AILLEURS_MAIL_PLAIN" help:"Speak to the relay without encryption: only when it is on this machine."`

	Config kong.ConfigFlag `placeholder:"FILE" help:"JSON file with any of these settings, by their names."`
}

// Run serves a real hub until it is asked to stop. A demonstration's directory is refused.
func (c serveCommand) Run(w world) error {
	ringer, err := c.ringer()
	if err != nil {
		return err
	}
	post, err := c.post()
	if err != nil {
		return err
	}
	h, err := hub.Open(w, hub.Config{
		Data: c.Data, Keys: c.Keys, Origin: c.Origin, Now: w.now, Ringer: ringer, Post: post, Proxies: c.Proxies, Log: slog.New(slog.NewJSONHandler(w.err, nil)),
	})
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", c.Addr)
	if err != nil {
		return errors.Join(ailleurs.Refuse("serve.address_taken", "addr", "got", c.Addr), h.Close())
	}
	fmt.Fprintln(w.err, w.language.say("serve.ready", "origin", c.Origin, "addr", l.Addr().String()))
	return errors.Join(h.Serve(w, l), h.Close())
}

// ringer is what makes duty phones ring; nil without either setting.
func (c serveCommand) ringer() (protection.Ringer, error) {
	switch {
	case c.AlertCommand != "" && c.AlertHook != "":
		return nil, ailleurs.Refuse("alert.two_ringers", "alert-hook")
	case c.AlertCommand != "":
		command := protection.Command{Path: c.AlertCommand}
		return command, command.Check()
	case c.AlertHook != "":
		hook := protection.Hook{URL: c.AlertHook}
		return hook, hook.Check()
	}
	return nil, nil
}

// post is what takes notices by e-mail; nil without a relay.
func (c serveCommand) post() (mail.Sender, error) {
	if c.MailHost == "" {
		return nil, nil
	}
	relay := mail.SMTP{
		Host: c.MailHost, Port: c.MailPort, From: c.MailFrom, User: c.MailUser, Password: c.MailPassword, Plain: c.MailPlain,
	}
	return relay, relay.Check()
}
